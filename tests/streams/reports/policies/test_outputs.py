"""Outputs of two replays are matched by their cause: what only one sends, and what is moved."""

from __future__ import annotations

import msgspec
import pytest

from schemas.topics import ALERTS, CUSTOMER_TRANSITIONS, DEAD_LETTERS, SEGMENT_UPDATES
from streams.reports.policies.outputs import NEW, OLD, Outputs, Tally


def alert(alert_id: str, kind: str = "vip_new", **fields: object) -> bytes:
    given = {
        "alert_id": alert_id, "kind": kind, "customer_id": "c-1", "tier": "vip", "priority": 2,
        "occurred_at": "2026-01-01T00:00:00.000Z", "reason": "one",
    }  # fmt: skip
    return msgspec.json.encode(given | fields)


def update(customer: str, at: str, to: str | None, name: str | None, was: str | None) -> bytes:
    given = {
        "update_id": f"{customer}{at}{to}", "customer_id": customer, "occurred_at": at,
        "from_segment": was, "to_segment": to, "segment_name": name, "reason": "moved",
    }  # fmt: skip
    return msgspec.json.encode(given)


def counts(tally: Tally) -> tuple[int, int, int, int]:
    return tally.only_old, tally.only_new, tally.both, tally.moved


def test_an_alert_of_one_cause_is_the_same_whatever_its_words() -> None:
    outputs = Outputs(3)
    outputs.add(OLD, ALERTS, alert("a1", reason="The balance reached 300,000."))
    outputs.add(NEW, ALERTS, alert("a1", reason="The balance reached 250,000."))
    assert counts(outputs.tallies()[ALERTS]["vip_new"]) == (0, 0, 1, 0)


@pytest.mark.parametrize("first", [OLD, NEW])
def test_which_side_comes_first_does_not_matter(first: int) -> None:
    outputs = Outputs(3)
    for side in (first, 1 - first):
        priority = 3 if side == OLD else 1
        outputs.add(side, ALERTS, alert("a1", priority=priority))
    (moved,) = outputs.tallies()[ALERTS]["vip_new"].examples_moved
    assert moved.differs == {"priority": (3, 1)}


def test_what_only_one_side_sends_is_counted_with_the_earliest_examples() -> None:
    outputs = Outputs(2)
    for day in (5, 3, 9):
        at = f"2026-01-0{day}T00:00:00.000Z"
        outputs.add(NEW, ALERTS, alert(f"a{day}", occurred_at=at, reason=f"day {day}"))
    outputs.add(OLD, ALERTS, alert("gone", kind="vip_long_wait"))
    tallies = outputs.tallies()[ALERTS]
    assert counts(tallies["vip_new"]) == (0, 3, 0, 0)
    assert [one.reason for one in tallies["vip_new"].examples_new] == ["day 3", "day 5"]
    assert counts(tallies["vip_long_wait"]) == (1, 0, 0, 0)


def test_a_cause_that_comes_twice_is_matched_twice() -> None:
    outputs = Outputs(3)
    for side in (OLD, OLD, NEW):
        outputs.add(side, ALERTS, alert("a1"))
    assert counts(outputs.tallies()[ALERTS]["vip_new"]) == (1, 0, 1, 0)


def test_transitions_are_told_by_dimension_and_where_they_go() -> None:
    outputs = Outputs(3)
    for side, tier in ((OLD, "key"), (NEW, "vip")):
        value = msgspec.json.encode(
            {
                "transition_id": f"t-{tier}", "customer_id": "c", "dimension": "tier",
                "to_state": tier, "occurred_at": "2026-01-01T00:00:00.000Z", "reason": "up",
            }
        )  # fmt: skip
        outputs.add(side, CUSTOMER_TRANSITIONS, value)
    found = outputs.tallies()[CUSTOMER_TRANSITIONS]
    assert {kind: counts(one) for kind, one in found.items()} == {
        "tier: key": (1, 0, 0, 0),
        "tier: vip": (0, 1, 0, 0),
    }


def test_segment_updates_are_matched_by_name_since_each_policy_has_its_own_ids() -> None:
    outputs = Outputs(3)
    outputs.add(OLD, SEGMENT_UPDATES, update("c", "t1", "s4", "lurkers", None))
    outputs.add(NEW, SEGMENT_UPDATES, update("c", "t1", "s9", "lurkers", None))
    outputs.add(OLD, SEGMENT_UPDATES, update("c", "t2", "s5", "quality", "s4"))
    outputs.add(NEW, SEGMENT_UPDATES, update("c", "t2", "s7", "readers", "s9"))
    outputs.add(OLD, SEGMENT_UPDATES, update("c", "t3", None, None, "s5"))
    outputs.add(NEW, SEGMENT_UPDATES, update("c", "t3", None, None, "s7"))
    found = outputs.tallies()[SEGMENT_UPDATES]
    assert {kind: counts(one) for kind, one in found.items()} == {
        "entered": (0, 0, 1, 0),
        "left": (0, 0, 1, 0),
        "moved": (1, 1, 0, 0),
    }


def test_dead_letters_are_not_compared() -> None:
    outputs = Outputs(3)
    outputs.add(OLD, DEAD_LETTERS, b"{}")
    assert not any(outputs.tallies().values())
