"""What a replay sends is, line by line, what the published models read and would write."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from agents.customers import customers
from agents.modellings import modellings
from domain.policy import Policy
from schemas.codec import encode
from schemas.jsonschema import OUTPUT_MODELS
from schemas.published import Published
from schemas.topics import (
    ALERT_STATES,
    ALERTS,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    DEAD_LETTERS,
    PORTFOLIO,
    SIGNALS,
)
from streams.replay.events import Replay
from streams.sources.bank import Bank

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "events.jsonl"
MODEL_OF_TOPIC: dict[str, type[Published]] = {
    model.topic: model for model in OUTPUT_MODELS if model.topic != PORTFOLIO
}
DAY_MS = 86_400_000


def sent(lines: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """What comes of these lines, the 20 days after them; without segments: they take long."""
    policy = Policy.model_validate({"segments": {"enabled": False}})
    replay = Replay(customers(policy), 2, modellings(policy))
    yield from replay.feed(lines)
    end = replay.now + 20 * DAY_MS
    yield from replay.until(end)
    yield from replay.until(end + 10 * DAY_MS)


def read(lines: list[bytes]) -> set[str]:
    """The topics of the outputs, each of which is read and written again."""
    topics = set[str]()
    told, deleted = set[str](), set[str]()
    for topic, value in sent(lines):
        if topic == ALERT_STATES and value.endswith(b'"deleted":true}'):
            alert_id = json.loads(value).pop("alert_id")
            assert json.loads(value) == {"alert_id": alert_id, "deleted": True}
            told.remove(alert_id)  # what is not there is not deleted
            deleted.add(alert_id)
            continue
        if topic == ALERT_STATES:
            told.add(json.loads(value)["alert_id"])
        found = MODEL_OF_TOPIC[topic].model_validate_json(value)
        assert encode(found) == value
        topics.add(topic)
    assert len(deleted) > len(told), "most alerts are closed and old by then, or given up"
    return topics


def test_every_output_of_a_simulated_bank_is_as_published() -> None:
    bank = Bank(seed=4, customers=80, vip_share=0.5, haste=60.0, late=0.02, bad=0.0, desk=0.5)
    records = [record.value for record in itertools.islice(bank.events(), 3_000)]
    bad = [b"{", b'{"type": "desk"}']
    assert read([*records, *bad]) >= {
        ALERTS, ALERT_STATES, CARE_TASKS, CUSTOMER_TRANSITIONS, DEAD_LETTERS,
    }  # fmt: skip


def test_every_output_of_the_example_is_as_published() -> None:
    assert read(EXAMPLE.read_bytes().splitlines()) == {
        ALERTS, ALERT_STATES, CARE_TASKS, CUSTOMER_TRANSITIONS, SIGNALS,
    }  # fmt: skip
