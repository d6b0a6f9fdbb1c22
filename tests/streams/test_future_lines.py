"""Lines of a file that lie in the future: refused by a replay as by a worker."""

from __future__ import annotations

import json
from typing import Any

from agents.customers import customers
from domain.policy import Policy
from schemas.fields import moment, rfc3339
from schemas.topics import DEAD_LETTERS
from streams.replay.events import Replay

NOW = 1_780_000_000_000
MINUTE = 60_000


def feedback(event_id: str, at: int) -> bytes:
    event = {
        "type": "feedback", "event_id": event_id, "customer_id": f"c-{event_id}", "channel": "web",
        "occurred_at": rfc3339(moment(at)), "kind": "praise",
    }  # fmt: skip
    return json.dumps(event).encode()


def refused(lines: list[bytes], wall: int | None) -> list[dict[str, Any]]:
    """What becomes a dead letter of a file replayed at ``wall``."""
    replay = Replay(customers(Policy()), 3, wall=wall)
    sent = [json.loads(value) for topic, value in replay.feed(lines) if topic == DEAD_LETTERS]
    return [letter for letter in sent if letter["reason"] == "in_future"]


def test_what_lies_more_than_five_minutes_ahead_is_refused() -> None:
    ahead = {"now": 0, "just": 5 * MINUTE, "over": 5 * MINUTE + 1, "2199": 10**12}
    lines = [feedback(name, NOW + by) for name, by in ahead.items()]
    assert [letter["customer_id"] for letter in refused(lines, NOW)] == ["c-over", "c-2199"]


def test_the_same_lines_are_refused_with_the_same_bytes_whenever_it_is() -> None:
    lines = [feedback("past", NOW), feedback("far", NOW + 10**11)]
    assert refused(lines, NOW) == refused(lines, NOW + 86_400_000) != []


def test_now_is_when_the_replay_is_made() -> None:
    lines = [feedback("past", NOW), feedback("2199", 7_226_582_400_000)]
    assert [letter["customer_id"] for letter in refused(lines, None)] == ["c-2199"]
