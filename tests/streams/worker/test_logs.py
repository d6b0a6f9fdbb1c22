"""What a worker prints: one form for ours and for the libraries', each thing told once."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import structlog
import uvloop
from aiokafka import TopicPartition
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import MessageAccumulator

from streams.worker.libraries import KNOWN
from streams.worker.repeats import MOST_KINDS, Line, Repeats

LINES = """
import asyncio, logging, sys, structlog, warnings
from streams.settings import load_settings
from streams.worker.logs import configure_logs

configure_logs(load_settings())
faust = logging.getLogger("streams.worker.process")
faust.info("[^App]: Starting...")
faust.info("[^App]: Wait for streams...")
faust.warning("[^App]: Missing sensor state for rebalance #%s", 2)
client = logging.getLogger("aiokafka")
client.info("not heard")
for number in range(500):
    client.error("Unable connect to node with id %s: %s", number % 3 + 1, OSError(111, "refused"))
    client.error("Failed fetch messages from %s: %s", 1, "NodeNotReadyError: not ready")
fetcher = logging.getLogger("aiokafka.consumer.fetcher")
fetcher.error("Failed fetch messages from %s: %s", 1, "TopicAuthorizationFailedError: no")
sender = logging.getLogger("aiokafka.producer.sender")
for number in range(40):
    text = "Got error produce response on topic-partition %s, retrying. Error: %s"
    sender.warning(text, ("alerts", number), "[Error 56] KafkaStorageError")
try:
    raise ValueError("two\\nlines")
except ValueError:
    logging.getLogger("mode.services").exception("Crashed reason=%r", 1)
warnings.warn("old", UserWarning)
log = structlog.get_logger("touchline.task")
for partition in (3, 1, 2):
    log.error("commit failed", partition=partition, why="no answer within 10 s")
    log.info("partition open", partition=partition)
    log.warning("merged without a slow topic", partition=partition)
"""


def _told(form: str) -> str:
    line = [sys.executable, "-c", LINES]
    env = {"TOUCHLINE_LOG_FORMAT": form, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=True)
    assert not done.stdout
    return done.stderr


def test_all_lines_have_one_form_and_each_thing_is_told_once() -> None:
    lines = [json.loads(line) for line in _told("json").splitlines()]
    assert all({"timestamp", "level", "event"} <= line.keys() for line in lines)
    short = [
        (line["level"], line["event"], line.get("library"), line.get("times")) for line in lines
    ]
    refused = "Unable connect to node with id {}: [Errno 111] refused"
    disk = "a broker's disk is full or has failed"
    assert short[:5] == [
        ("info", "Starting...", "faust", None),
        ("warning", refused.format(1), "aiokafka", None),
        (
            "error",
            "Failed fetch messages from 1: TopicAuthorizationFailedError: no",
            "aiokafka",
            None,
        ),
        ("error", disk, "aiokafka", None),
        ("error", "Crashed reason=1", "mode", None),
    ]
    assert "ValueError: two\nlines" in lines[4]["exception"]
    assert short[5][:3:2] == ("warning", "python")
    assert short[5][1].endswith("UserWarning: old")
    assert "disk" not in short[6][1]
    # Our own: everything below a warning, and a warning of each partition ...
    ours = [(line["event"], line["partition"]) for line in lines[6:] if "partition" in line]
    assert ours == [
        ("commit failed", 3),
        ("partition open", 3),
        ("merged without a slow topic", 3),
        ("partition open", 1),
        ("merged without a slow topic", 1),
        ("partition open", 2),
        ("merged without a slow topic", 2),
    ]
    # ... and at the end what was held back, with its number.
    assert [(line["event"], line["times"]) for line in lines[-3:]] == [
        (refused.format(2), 499),
        (disk, 39),
        ("commit failed", 2),
    ]
    assert lines[-1]["partitions"] == [1, 2]
    assert "goes on by itself" in lines[-2]["what_to_do"]
    assert len(lines) == 16


def test_as_text_a_traceback_follows_a_line_with_our_fields() -> None:
    lines = _told("text").splitlines()
    at = next(n for n, line in enumerate(lines) if "Crashed reason" in line)
    assert "[error    ] Crashed reason=1" in lines[at]
    assert "library=mode" in lines[at]
    assert lines[at + 1] == "Traceback (most recent call last):"
    assert not any(line.startswith("[^") for line in lines)


def test_nothing_known_is_quiet_without_a_reason_and_errors_of_rights_are_not_known() -> None:
    assert all(known.why for known in KNOWN)
    for text in (
        "Failed fetch messages from 1: TopicAuthorizationFailedError",
        "Topic alerts is not authorized for this client",
        "Unexpected error in fetcher routine",
        "Unexpected error in sender routine",
        "Cannot send <class 'InitProducerIdRequest'> to 1: TransactionalIdAuthorizationFailed()",
        "Future exception was never retrieved future: <Future finished exception=ValueError('x')>",
        "Task was destroyed but it is pending! task: <Task pending coro=<Fitting.run() done>",
        "Task exception was never retrieved future: <Task finished exception=KafkaError('x')>",
        "Heartbeat failed: GroupAuthorizationFailedError()",
        "Group Coordinator Request failed: GroupAuthorizationFailedError",
        "Attempt to join group failed due to fatal error: InconsistentGroupProtocolError",
    ):
        for logger in (
            "aiokafka.consumer.group_coordinator",
            "aiokafka.producer.sender",
            "asyncio",
        ):
            assert not [known for known in KNOWN if known.fits(logger, text)], text
        assert not [known for known in KNOWN if known.fits("asyncio", text)], text


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_batch_forgotten_twice_is_known_by_either_loops_words(
    new_loop: Callable[[], asyncio.AbstractEventLoop], caplog: pytest.LogCaptureFixture
) -> None:
    async def forget_twice() -> None:
        accumulator = MessageAccumulator(ClusterMetadata(), 1024, 0, 1.0)
        at = TopicPartition("alerts", 0)
        told = await accumulator.add_message(at, b"k", b"v", 1.0)
        batch = accumulator._pop_batch(at)
        accumulator._pending_batches.clear()
        batch.failure(KafkaError("given up"))
        assert isinstance(told.exception(), KafkaError)
        await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(forget_twice())
    lines = [(one.name, one.getMessage()) for one in caplog.records]
    assert [text[:21] for _, text in lines] == ["Exception in callback"]
    assert [known.level for known in KNOWN if known.fits(*lines[0])] == [logging.DEBUG]


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


def _passes(repeats: Repeats, **line: Any) -> bool:
    try:
        repeats(None, "", {"level": "warning", "event": "e", **line})
    except structlog.DropEvent:
        return False
    return True


def test_a_repetition_is_told_at_the_end_of_its_time_and_then_the_time_begins_anew(
    hand: Hand,
) -> None:
    told: list[Line] = []
    repeats = Repeats(told.append, 30.0, hand)
    assert _passes(repeats, why="offset 1")
    assert not _passes(repeats, why="offset 2")
    assert not _passes(repeats, why="offset 3")
    assert _passes(repeats, why="refused")
    hand.now = 31.0
    repeats._over()
    assert told == [{"level": "warning", "event": "e", "why": "offset 3", "times": 2}]
    assert not _passes(repeats, why="offset 4")
    assert _passes(repeats, why="refused")  # none was held back: its time is over
    hand.now = 62.0
    repeats._over()
    assert told[1:] == [{"level": "warning", "event": "e", "why": "offset 4", "times": 1}]
    hand.now = 93.0
    assert _passes(repeats, why="offset 5")
    repeats.flush()
    assert len(told) == 2


def test_what_is_held_back_is_told_by_itself() -> None:
    told: list[Line] = []
    repeats = Repeats(told.append, 0.05)
    assert _passes(repeats)
    assert not _passes(repeats)
    timer = repeats._timer
    assert timer is not None
    timer.join()
    assert [line["times"] for line in told] == [1]


def test_kinds_are_bounded_and_what_has_no_place_is_told(hand: Hand) -> None:
    repeats = Repeats(lambda _: None, 30.0, hand)
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(MOST_KINDS + 5)]
    for word in words * 2:
        _passes(repeats, why=word)
    assert len(repeats._kinds) == MOST_KINDS
    assert _passes(repeats, why=words[-1])


def test_what_is_logged_while_a_line_is_looked_at_goes_through(hand: Hand) -> None:
    """The collector may end an object in there whose end is logged, by the same thread."""
    told: list[Line] = []
    repeats = Repeats(told.append, 30.0, hand)
    with repeats._lock:
        assert _passes(repeats, why="an object was ended")


def test_a_word_may_be_long(hand: Hand) -> None:
    assert _passes(Repeats(lambda _: None, 30.0, hand), why="x" * 400_000)  # was quadratic


def test_libraries_debug_lines_stay_theirs() -> None:
    code = LINES.split("faust =", maxsplit=1)[0] + (
        'logging.getLogger("aiokafka").debug("each fetch")\n'
        'logging.getLogger("streams.worker.process").warning("Missing sensor state for rebalance")'
    )
    env = {"TOUCHLINE_LOG_LEVEL": "debug", "TOUCHLINE_LOG_FORMAT": "json", "PATH": "/usr/bin:/bin"}
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=True)
    [told] = [json.loads(line) for line in done.stderr.splitlines()]
    assert told["level"] == "debug"
    assert told["event"] == "Missing sensor state for rebalance"
    assert logging.getLogger("aiokafka").level == logging.NOTSET  # this process is not touched


AT_THE_END = """
class Pending:
    def __del__(self, log=logging.getLogger("asyncio")):
        for _ in range(3):
            log.error("Future exception was never retrieved")

kept = Pending()
kept.itself = kept
del log
"""


def test_what_is_logged_while_python_ends_holds_nothing_up() -> None:
    """A thread that begins then never comes to run: to wait for it would be for ever."""
    line = [sys.executable, "-c", LINES + AT_THE_END]
    env = {"TOUCHLINE_LOG_FORMAT": "json", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(line, env=env, capture_output=True, text=True, timeout=60, check=True)
    last = [json.loads(line)["event"] for line in done.stderr.splitlines()[-3:]]
    assert last == ["Future exception was never retrieved"] * 3
