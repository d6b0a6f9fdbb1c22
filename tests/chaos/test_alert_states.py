"""The judge of states of alerts: it passes what is right and names every kind of fault."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.chaos.alert_states import judge_alert_states
from tests.chaos.expected import Read
from tests.chaos.record import GOOD
from tests.chaos.told import NOW, Told
from tests.chaos.verdict import Verdict

Json = dict[str, Any]
KEY = "a-1"
AT = NOW.isoformat()


def world() -> Told:
    """A complaint, an alert of it somebody acted on, and one that its complaint settled."""
    told = Told()
    told(0, "v-1", "complaint", complaint_id="k-1", status="opened")
    told(9, "v-1", "complaint", complaint_id="k-2", status="resolved")
    told(3, "v-1", "desk", alert_id=KEY, action="resolved", by="m-1")
    told(4, "v-1", "desk", alert_id=KEY, action="reopened", by="m-2", note="not yet")
    told(2, "v-1", "desk", alert_id=KEY, action="assigned", by="m-1", assign_to="m-9")
    told(5, "v-1", "desk", alert_id=KEY, action="acknowledged", by="m-3")
    return told


def alert(key: str, **more: Any) -> Json:
    return {
        "alert_id": key, "kind": "vip_complaint", "customer_id": "v-1", "priority": 1,
        "occurred_at": AT, "raised_at": AT, "late": False, "complaint_id": "k-1", **more,
    }  # fmt: skip


ALERTS = [
    alert(KEY),
    alert("a-2", complaint_id="k-2"),
    alert("a-1-2", raises_again=KEY, level=2),
]
RIGHT: dict[str, Json] = {
    KEY: alert(KEY) | {
        "newest_id": "a-1-2", "level": 2, "status": "acknowledged", "by": "m-3",
        "note": "not yet", "assignee": "m-9",
        "changed_at": (NOW + timedelta(seconds=5)).isoformat(),
    },
    "a-2": alert("a-2", complaint_id="k-2") | {
        "newest_id": "a-2", "level": 1, "status": "settled",
        "changed_at": (NOW + timedelta(seconds=9)).isoformat(),
    },
}  # fmt: skip


def records(*told: tuple[str, Json | None], partition: int = 0) -> list[Read]:
    return [
        Read("alert-states", partition, offset, 0, key.encode(),
             None if value is None else json.dumps(value).encode(), GOOD)
        for offset, (key, value) in enumerate(told)
    ]  # fmt: skip


def judged(told: list[Read]) -> Verdict:
    verdict, world_ = Verdict(), world()
    judge_alert_states(verdict, world_.expected, world_.reads, ALERTS, told)
    return verdict


def test_what_is_right_has_no_fault() -> None:
    before = RIGHT[KEY] | {"status": "open"}
    verdict = judged(records((KEY, before), *RIGHT.items(), ("a-3", before), ("a-3", None)))
    assert verdict.faults == []
    assert (verdict.alert_states, verdict.acted, verdict.settled) == (2, 1, 1)


def test_a_state_that_is_lost_doubled_or_of_no_alert_is_named() -> None:
    right = list(RIGHT.items())
    lost = judged(records(*right, (KEY, None)))
    assert lost.lost_alert_states == [f"v-1 has 1 of 2: ['{KEY}']"]
    doubled = judged([*records(*right), *records(right[0], partition=3)])
    assert doubled.doubled_alert_states == [f"{KEY} in partition 3 too"]
    unknown = judged(records(*right, ("a-3", RIGHT["a-2"] | {"alert_id": "a-3"})))
    assert unknown.unexpected_alert_states == ["a-3: no such alert came out"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "open"}, {"by": "m-1"}, {"note": "older"}, {"assignee": None}, {"level": 1},
        {"newest_id": KEY}, {"changed_at": AT}, {"customer_id": "v-2"}, {"priority": 2},
    ],
    ids=str,
)  # fmt: skip
def test_a_state_that_says_otherwise_is_named(wrong: Json) -> None:
    verdict = judged(records((KEY, RIGHT[KEY] | wrong), ("a-2", RIGHT["a-2"])))
    assert len(verdict.wrong_alert_states) == 1
    assert len(verdict.faults) == 1


def test_who_was_erased_has_no_state_and_who_has_many_alerts_has_32() -> None:
    told = world()
    told(20, "v-1", "profile", erase=True)
    verdict = Verdict()
    judge_alert_states(verdict, told.expected, told.reads, ALERTS, records(*RIGHT.items()))
    assert verdict.faults == ["unexpected alert states: 1: 2 of v-1, who was erased"]
    many = {
        f"b-{n}": alert(f"b-{n}", complaint_id=None)
        | {"newest_id": f"b-{n}", "level": 1, "status": "open", "changed_at": AT}
        for n in range(40)
    }
    for kept, faults in ((32, 0), (31, 1), (33, 1)):
        verdict = Verdict()
        states = list(many.items())[-kept:]
        judge_alert_states(verdict, Told().expected, [], list(many.values()), records(*states))
        assert len(verdict.lost_alert_states) == faults
