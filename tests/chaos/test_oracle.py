"""The judge itself: it passes what is right and names every kind of fault."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import xxhash

from tests.chaos.expected import Expected, Read, Totals, expect
from tests.chaos.lives import judge_referrals
from tests.chaos.load import COMPLAINTS, TRANSACTIONS
from tests.chaos.oracle import (
    compare,
    judge_segments,
    judge_signals,
    judge_transitions,
)
from tests.chaos.record import BAD, GOOD, WRONG_PARTITION
from tests.chaos.verdict import Verdict

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
PROMISE = timedelta(seconds=20)
Json = dict[str, Any]


def _read(offset: int, event: Json | None, topic: str = TRANSACTIONS, seconds: float = 0) -> Read:
    value = b"spoilt" if event is None else json.dumps(event).encode()
    appended = NOW_MS + int(seconds * 1000)
    return Read(topic, 0, offset, appended, b"v-1", value, GOOD if event else BAD)


def _event(number: int, kind: str, at: datetime = NOW, **fields: Any) -> Json:
    return {
        "event_id": f"e{number}",
        "customer_id": "v-1",
        "occurred_at": at.isoformat(),
        "type": kind,
        **fields,
    }


def _of(customer: str, number: int, kind: str, at: datetime, **fields: Any) -> Json:
    return _event(number, kind, at, **fields) | {"customer_id": customer}


def _alert(kind: str, number: int, **fields: Any) -> Json:
    return {"alert_id": f"{kind}-{number}", "kind": kind, "cause": [f"e{number}"], **fields}


INPUTS = [
    _read(0, _event(1, "transaction", amount=150_000, balance_after=500_000), seconds=-60),
    _read(1, _event(2, "transaction", amount=7)),
    _read(2, _event(1, "transaction", amount=150_000, balance_after=500_000)),
    _read(3, None),
    _read(4, _event(3, "transaction", NOW - timedelta(hours=30), amount=200_000)),
    _read(0, _event(4, "complaint", complaint_id="k1", status="opened"), COMPLAINTS),
    _read(1, _event(5, "complaint", complaint_id="k2", status="opened"), COMPLAINTS),
    _read(2, _event(6, "complaint", complaint_id="k2", status="acknowledged"), COMPLAINTS, 1),
    _read(3, _event(7, "complaint", complaint_id="k3", status="opened"), COMPLAINTS),
    _read(4, _event(8, "complaint", complaint_id="k3", status="acknowledged"), COMPLAINTS, 18),
]
XOR = 0
for event_number in range(1, 9):
    XOR ^= xxhash.xxh3_64_intdigest(f"e{event_number}".encode())
TOTALS = {"v-1": Totals(8, 3, 350_007.0, XOR)}
ALERTS = [
    _alert("large_transaction", 1),
    _alert("vip_new", 1),
    *(_alert("vip_complaint", number) for number in (4, 5, 7)),
    _alert("complaint_escalated", 4, complaint_id="k1", level=1),
]
LETTERS: list[Json] = [
    {"source_topic": TRANSACTIONS, "partition": 0, "offset": 3, "reason": "not_json"}
]


def _judge(
    totals: dict[str, Totals] = TOTALS,
    alerts: list[Json] = ALERTS,
    letters: list[Json] = LETTERS,
) -> Verdict:
    return compare(expect(INPUTS, PROMISE), totals, alerts, letters)


def test_what_is_right_has_no_fault() -> None:
    verdict = _judge()
    assert verdict.faults == []
    assert (verdict.customers, verdict.events, verdict.repeats) == (1, 8, 1)


def test_an_acknowledgement_close_to_the_promise_may_be_too_late_for_it() -> None:
    late = _alert("complaint_escalated", 7, complaint_id="k3", level=1)
    assert _judge(alerts=[*ALERTS, late]).faults == []
    assert _judge(alerts=[*ALERTS, late, late]).doubled_alerts


@pytest.mark.parametrize(
    "wrong",
    [
        Totals(9, 3, 350_007.0, XOR),
        Totals(8, 4, 350_007.0, XOR),
        Totals(8, 3, 350_000.0, XOR),
        Totals(8, 3, 350_007.0, XOR ^ 1),
    ],
)
def test_a_wrong_figure_of_a_customer_is_named(wrong: Totals) -> None:
    assert len(_judge(totals={"v-1": wrong}).wrong_customers) == 1


def test_a_lost_and_an_invented_customer_are_named() -> None:
    assert len(_judge(totals={"v-2": Totals(1, 0, 0.0, 5)}).wrong_customers) == 2


def test_each_lost_alert_is_named() -> None:
    for number in range(len(ALERTS)):
        left = ALERTS[:number] + ALERTS[number + 1 :]
        assert len(_judge(alerts=left).lost_alerts) == 1


def test_a_doubled_alert_is_named_with_the_same_id_and_with_another() -> None:
    assert _judge(alerts=[*ALERTS, ALERTS[0]]).doubled_alerts
    assert _judge(alerts=[*ALERTS, ALERTS[0] | {"alert_id": "other"}]).doubled_alerts


@pytest.mark.parametrize(
    "alert",
    [
        _alert("large_transaction", 3),
        _alert("large_transaction", 2),
        _alert("complaint_escalated", 5, complaint_id="k2", level=1),
        _alert("complaint_escalated", 4, complaint_id="k1", level=2),
    ],
)
def test_an_alert_without_a_cause_is_named(alert: Json) -> None:
    assert len(_judge(alerts=[*ALERTS, alert]).unexpected_alerts) == 1


def test_lost_doubled_and_invented_dead_letters_are_named() -> None:
    assert len(_judge(letters=[]).lost_letters) == 1
    assert len(_judge(letters=LETTERS * 2).doubled_letters) == 1
    assert len(_judge(letters=[*LETTERS, LETTERS[0] | {"offset": 2}]).unexpected_letters) == 1


def test_what_was_too_late_under_a_merged_id_may_be_a_letter_of_the_move_to_the_other() -> None:
    lives = [
        _read(20, _of("a", 20, "transaction", NOW, amount=1)),
        _read(21, _of("a", 21, "profile", NOW, merged_into="b"), seconds=1),
        _read(22, _of("b", 22, "profile", NOW + timedelta(seconds=5), erase=True), seconds=5),
        _read(23, _of("a", 23, "transaction", NOW - timedelta(days=8), amount=1), seconds=6),
        _read(24, _of("a", 24, "transaction", NOW, amount=1), seconds=6),
    ]
    expected = expect([*INPUTS, *lives], PROMISE)
    assert expected.maybe_moved == {"e23"}

    def judged(event: str, reason: str = "too_late") -> list[str]:
        value = base64.b64encode(json.dumps({"cause": [event]}).encode()).decode()
        moved = {"source_topic": "customer-moves", "partition": 1, "offset": 7}
        letters = [*LETTERS, {**moved, "reason": reason, "value": value}]
        return compare(expected, TOTALS, ALERTS, letters).unexpected_letters

    assert judged("e23") == []
    assert judged("e23", "invalid") == judged("e24") == ["customer-moves[1]@7"]


def test_a_record_in_another_partition_must_be_refused_as_such_and_count_nowhere() -> None:
    misplaced = _read(9, _event(9, "profile", erase=True))._replace(mark=WRONG_PARTITION)
    letter: Json = {"source_topic": TRANSACTIONS, "partition": 0, "offset": 9}
    expected = expect([*INPUTS, misplaced], PROMISE)
    for reason, wrong in (("wrong_partition", 0), ("invalid", 1)):
        letters = [*LETTERS, letter | {"reason": reason}]
        verdict = compare(expected, TOTALS, ALERTS, letters)
        assert len(verdict.wrong_letters) == len(verdict.faults) == wrong
    assert compare(expected, TOTALS, ALERTS, LETTERS).lost_letters
    assert compare(expected, {}, ALERTS, [*LETTERS, letter]).wrong_customers


MOVES: list[Json] = [
    {"update_id": "1", "customer_id": "a", "to_segment": "s1"},
    {"update_id": "2", "customer_id": "a", "from_segment": "s1", "to_segment": "s2"},
    {"update_id": "3", "customer_id": "b", "to_segment": "s1"},
    {"update_id": "4", "customer_id": "b", "from_segment": "s1"},
]
SEGMENT_OF = {"a": "s2", "b": None, "c": None}


def _segments_judged(
    updates: list[Json], segment_of: dict[str, str | None], versions: tuple[int, ...] = (1, 2)
) -> Verdict:
    verdict = Verdict()
    judge_segments(verdict, updates, [{"version": version} for version in versions], segment_of)
    return verdict


def test_a_chain_of_updates_that_ends_in_the_state_passes() -> None:
    verdict = _segments_judged(MOVES, SEGMENT_OF)
    assert not verdict.faults
    assert (verdict.updates, verdict.moves) == (4, 1)


@pytest.mark.parametrize(
    ("updates", "segment_of", "versions", "fault"),
    [
        (MOVES[:1] + MOVES[2:], SEGMENT_OF, (1,), "wrong segments: 1: a"),
        (MOVES[1:], SEGMENT_OF, (1,), "broken chains: 1: a"),
        ([*MOVES[:2], MOVES[1], *MOVES[2:]], SEGMENT_OF, (1,), "doubled updates: 1: 2 2 times"),
        (MOVES, SEGMENT_OF | {"b": "s1"}, (1,), "wrong segments: 1: b"),
        (MOVES, SEGMENT_OF | {"d": "s1"}, (1,), "wrong segments: 1: d"),
        (MOVES, SEGMENT_OF, (1, 2, 2), "doubled models: 1: model 2 2 times"),
    ],
)
def test_a_fault_in_the_segments_is_named(
    updates: list[Json], segment_of: dict[str, str | None], versions: tuple[int, ...], fault: str
) -> None:
    found = _segments_judged(updates, segment_of, versions).faults
    assert any(one.startswith(fault) for one in found), found


def _told(number: int, dimension: str, before: str, after: str, customer: str = "a") -> Json:
    return {
        "transition_id": f"t{number}", "customer_id": customer, "dimension": dimension,
        "from_state": before, "to_state": after,
    }  # fmt: skip


TOLD = [
    _told(1, "tier", "standard", "vip"),
    _told(2, "relationship", "potential", "first_time"),
    _told(3, "relationship", "first_time", "repeat"),
]


def _states(tier: str = "vip", relationship: str = "repeat") -> list[Json]:
    same = {"lifecycle_phase": "exploration", "stage": "basic"}
    return [
        {"customer_id": "a", "tier": tier, "relationship": {"state": relationship, **same}},
        {"customer_id": "b", "tier": "standard", "relationship": {"state": "potential", **same}},
    ]


@pytest.mark.parametrize(
    ("told", "states", "fault"),
    [
        (TOLD, _states(), None),
        (TOLD[1:], _states(), "wrong states: 1: a: transitions end in standard"),
        ([TOLD[0], TOLD[2]], _states(), "broken transitions: 1: a: from first_time"),
        ([*TOLD[:2], TOLD[1], TOLD[2]], _states(), "doubled transitions: 1: t2 2 times"),
        (TOLD, _states(relationship="loyal"), "wrong states: 1: a: transitions end in repeat"),
        ([*TOLD, _told(4, "mood", "low", "high")], _states(), "broken transitions: 1: a: dim"),
    ],
)
def test_a_fault_in_the_transitions_is_named(
    told: list[Json], states: list[Json], fault: str | None
) -> None:
    verdict = Verdict()
    judge_transitions(verdict, told, states)
    assert verdict.transitions == len(told)
    if fault is None:
        assert not verdict.faults
    else:
        assert any(one.startswith(fault) for one in verdict.faults), verdict.faults


def test_lost_doubled_and_invented_signals_are_named() -> None:
    expected = Expected(signals={("a", "2026-05-01"), ("b", "2026-05-01")})
    kind = "unknown_currency"
    one = {"customer_id": "a", "occurred_at": "2026-05-01T12:00:00.000Z", "kind": kind}
    other, invented = one | {"customer_id": "b"}, one | {"customer_id": "c"}
    for told, faults in (
        ([one, other], []),
        ([one], ["lost signals: 1: ('b', '2026-05-01')"]),
        ([one, other, one], ["doubled signals: 1: ('a', '2026-05-01') 2 times"]),
        ([one, other, invented], ["unexpected signals: 1: ('c', '2026-05-01')"]),
    ):
        verdict = Verdict()
        judge_signals(verdict, expected, told)
        assert verdict.faults == faults


def _worth(
    customer: str, clv: float | None, referrals: int = 0, value: float | None = None
) -> Json:
    figures = {"clv": clv, "referrals": referrals, "referral_value": value}
    return {"customer_id": customer, "value": figures}


def test_lost_doubled_and_wrong_referrals_are_named() -> None:
    expected = Expected(referrer_of={"a": "v", "b": "v", "c": "w"})
    others = [_worth("a", 100.0), _worth("b", None), _worth("c", 20.0), _worth("w", 1.0, 1, 5.0)]
    told = [{"referral_id": "r1"}, {"referral_id": "r2"}]
    wrong = "wrong referral values: 1: v: must be 25.00 of 2 customers"
    doubled = "doubled referrals: 1: r1 2 times"
    for states, records, fault in (
        ([*others, _worth("v", 9.0, 2, 25.0)], told, None),
        ([*others, _worth("v", 9.0, 1, 25.0)], told, wrong),
        ([*others, _worth("v", 9.0, 2, 50.0)], told, wrong),
        (
            [*others, _worth("v", 9.0, 2, 25.0)],
            [*told, told[0]],
            doubled,
        ),
    ):
        verdict = Verdict()
        judge_referrals(verdict, expected, records, states)
        assert (verdict.faults == []) is (fault is None)
        assert all(one.startswith(fault or "") for one in verdict.faults), verdict.faults
