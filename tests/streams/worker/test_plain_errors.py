"""What Kafka does is logged in one line; a fault of the program keeps its traceback."""

from __future__ import annotations

import socket

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.engine.admin import plain
from streams.engine.defects import RuleFailed
from streams.errors import WorkerFailed
from streams.worker.plain_errors import plainly


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (WorkerFailed("partition 1 could not be opened"), "partition 1 could not be opened"),
        (TimeoutError(), "TimeoutError"),
        (KafkaConnectionError("gone"), "KafkaConnectionError: gone"),
    ],
)
def test_an_error_of_operation_is_one_line(error: Exception, why: str) -> None:
    assert plainly(None, "error", {"event": "failed", "exc_info": error}) == {
        "event": "failed", "why": why,
    }  # fmt: skip
    try:
        raise error
    except type(error):
        told = plainly(None, "error", {"event": "failed", "exc_info": True})
    assert told == {"event": "failed", "why": why}


def test_any_other_keeps_its_traceback() -> None:
    given = {"event": "failed", "exc_info": KeyError("a rule's fault")}
    assert plainly(None, "error", dict(given)) == given
    assert plainly(None, "error", {"event": "fine"}) == {"event": "fine"}


def test_a_rule_that_failed_keeps_its_traceback() -> None:
    failed = RuleFailed(KeyError("x"), sorted, key="c-1", partition=0, event_id="e-1")
    given = {"event": "rule failed", "exc_info": failed}
    assert plainly(None, "error", dict(given)) == given


def test_addresses_that_could_not_be_bootstrapped_from_are_shown_as_they_are_set() -> None:
    tried = [("127.0.0.1", 9092, socket.AF_INET), ("kafka-2", 9093, socket.AF_UNSPEC)]
    told = plain(KafkaConnectionError(f"Unable to bootstrap from {tried}"))
    assert told == "KafkaConnectionError: Unable to bootstrap from 127.0.0.1:9092,kafka-2:9093"
