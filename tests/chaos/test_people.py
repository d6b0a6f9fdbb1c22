"""The judge of merges, erasures, refunds and opt-outs: right is passed, each fault is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import xxhash

from tests.chaos.expected import Expected, Money, Read, Totals, expect
from tests.chaos.load import GOOD, Maker
from tests.chaos.oracle import (
    Verdict,
    compare,
    judge_ends,
    judge_money,
    judge_referrals,
    judge_transitions,
)
from tests.chaos.stories import Stories

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PROMISE = timedelta(seconds=20)
Json = dict[str, Any]
Kinds = set[str]


class Told:
    """Events as they lie in Kafka; each is appended at ``seconds``, and occurred then or before."""

    def __init__(self) -> None:
        self.reads: list[Read] = []

    def __call__(
        self, seconds: float, customer: str, kind: str, *, ago: float = 0.0, **fields: Any
    ) -> str:
        """The event's id: e0, e1 and so on."""
        number = len(self.reads)
        at = NOW + timedelta(seconds=seconds - ago)
        event = {
            "event_id": f"e{number}", "customer_id": customer, "occurred_at": at.isoformat(),
            "channel": "app", "type": kind, **fields,
        }  # fmt: skip
        appended = int((NOW.timestamp() + seconds) * 1000)
        value = json.dumps(event).encode()
        self.reads.append(Read(kind, 0, number, appended, customer.encode(), value, GOOD))
        return f"e{number}"

    def pays(self, seconds: float, customer: str, amount: float = 1.0, **fields: Any) -> str:
        """A debit, unless the fields say otherwise."""
        given = {"direction": "debit", "account_id": customer, **fields}
        return self(seconds, customer, "transaction", amount=amount, **given)

    @property
    def expected(self) -> Expected:
        return expect(self.reads, PROMISE)


def totals(ids: str, transactions: int, amount: float) -> Totals:
    """Of the events e0, e1 ... with these numbers."""
    xor = 0
    for number in ids.split():
        xor ^= xxhash.xxh3_64_intdigest(f"e{number}".encode())
    return Totals(len(ids.split()), transactions, amount, xor)


def alert(kind: str, event_id: str, customer: str, **fields: Any) -> Json:
    named = f"{kind}-{event_id}-{customer}"
    return {"alert_id": named, "kind": kind, "cause": [event_id], "customer_id": customer, **fields}


def escalated(complaint: str, customer: str) -> Json:
    return alert("complaint_escalated", complaint, customer, complaint_id=complaint, level=1)


def ended(customer: str, to_state: str) -> Json:
    return {
        "transition_id": f"{customer}-{to_state}", "customer_id": customer,
        "dimension": "customer", "from_state": "known", "to_state": to_state,
    }  # fmt: skip


def state(customer: str, money: Money, referrals: int = 0) -> Json:
    last = None if money.last is None else datetime.fromtimestamp(money.last, UTC).isoformat()
    return {
        "customer_id": customer,
        "complaints": money.complaints,
        "balance": money.balance,
        "value": {
            "purchases": money.purchases, "total": money.total, "last_purchase_at": last,
            "clv": 4.0, "referrals": referrals, "referral_value": float(referrals),
        },
    }  # fmt: skip


def faults(verdict: Verdict) -> Kinds:
    """The kinds of fault that were found."""
    return {line.split(":")[0] for line in verdict.faults}


# -- merges -------------------------------------------------------------------------------


def two_ids(*, chained: bool = False) -> Told:
    """Ann is merged into ben, both busy; where it is chained ben was merged into cat before."""
    told = Told()
    told.pays(0, "v-ann", 200_000, balance_after=600_000)
    told.pays(0, "v-ben", 5, balance_after=700_000, direction="credit")
    if chained:
        told(8, "v-ben", "profile", merged_into="v-cat")
    opened = {"complaint_id": "k", "status": "opened"}
    told(9, "v-ann", "complaint", **opened)
    told(10, "v-ann", "profile", merged_into="v-ben")
    told.pays(11, "v-ann", 300_000)
    told.pays(12, "v-ben", 7)
    told.reads.append(told.reads[-2]._replace(offset=99))
    return told


TWO = {"v-ben": totals("0 1 2 3 4 5", 4, 500_012.0)}
TWO_ALERTS = [
    alert("large_transaction", "e0", "v-ann"),
    alert("vip_new", "e0", "v-ann"),
    alert("vip_complaint", "e2", "v-ann"),
    alert("large_transaction", "e4", "v-ben"),
    escalated("k", "v-ben"),
]


def two_judged(found: dict[str, Totals] = TWO, alerts: list[Json] = TWO_ALERTS) -> Kinds:
    return faults(compare(two_ids().expected, found, alerts, []))


def test_all_ids_of_a_person_count_under_the_last_of_them() -> None:
    assert two_judged() == set()
    expected = two_ids(chained=True).expected
    assert expected.repeats == 1
    assert expected.totals == {"v-cat": totals("0 1 2 3 4 5 6", 4, 500_012.0)}
    assert expected.money == {
        "v-cat": Money(1, 1_300_000, 3, 500_007, NOW.timestamp() + 12),
    }


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ({"v-ben": totals("0 1 2 3 5", 3, 200_012.0)}, "a lost event of the old id"),
        ({"v-ben": totals("0 1 2 3 4 4 5", 5, 800_012.0)}, "a doubled one"),
        (TWO | {"v-ann": totals("4", 1, 300_000.0)}, "the old id lives"),
        ({"v-ann": totals("0 2 3", 1, 200_000.0), "v-ben": totals("1 5", 2, 12.0)}, "no merge"),
    ],
)
def test_a_wrong_figure_after_a_merge_is_named(found: dict[str, Totals], kind: str) -> None:
    assert two_judged(found) == {"wrong customers"}, kind


def test_an_alert_of_a_person_comes_once_under_whichever_id() -> None:
    assert two_judged(alerts=[one | {"customer_id": "v-ben"} for one in TWO_ALERTS]) == set()
    for again in (escalated("k", "v-ann"), alert("large_transaction", "e0", "v-ben")):
        assert two_judged(alerts=[*TWO_ALERTS, again]) == {"doubled alerts"}
    for number in range(len(TWO_ALERTS)):
        left = TWO_ALERTS[:number] + TWO_ALERTS[number + 1 :]
        assert two_judged(alerts=left) == {"lost alerts"}


def test_a_person_may_become_a_vip_under_each_id_but_must_under_one() -> None:
    other = alert("vip_new", "e1", "v-ben")
    assert two_judged(alerts=[*TWO_ALERTS, other]) == set()
    assert two_judged(alerts=[one for one in TWO_ALERTS if one["kind"] != "vip_new"] + [other]) == (
        set()
    )


@pytest.mark.parametrize("under", ["v-ann", "v-ben"])
def test_an_acknowledgement_under_another_id_may_come_too_late(under: str) -> None:
    told = two_ids()
    told(13, under, "complaint", complaint_id="k", status="acknowledged")
    found = told.expected
    assert ("complaint_escalated", "k") in found.maybe
    assert found.totals["v-ben"].events == 7


def test_a_balance_or_a_complaint_counted_twice_is_named() -> None:
    right = Money(1, 1_300_000, 3, 500_007, NOW.timestamp() + 12)
    wrongs = (
        right._replace(complaints=2),
        right._replace(balance=700_000),
        right._replace(purchases=4),
        right._replace(total=200_007),
        right._replace(last=NOW.timestamp() + 11),
    )
    for money in (right, *wrongs):
        verdict = Verdict()
        judge_money(verdict, two_ids().expected, [state("v-ben", money)])
        assert faults(verdict) == (set() if money is right else {"wrong money"})


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        ([ended("v-ann", "merged")], set()),
        ([], {"lost merges"}),
        ([ended("v-ann", "merged")] * 2, {"doubled ends"}),
        ([ended("v-ann", "merged"), ended("v-ben", "merged")], {"unexpected ends"}),
        ([ended("v-ann", "merged"), ended("v-ben", "erased")], {"unexpected ends"}),
    ],
)
def test_each_merge_is_told_once(ends: list[Json], found: Kinds) -> None:
    verdict = Verdict()
    judge_ends(verdict, two_ids().expected, ends)
    assert faults(verdict) == found


def test_what_was_told_of_the_old_id_need_not_be_told_again() -> None:
    def tier(number: int, customer: str, before: str, after: str) -> Json:
        return {
            "transition_id": f"t{number}", "customer_id": customer, "dimension": "tier",
            "from_state": before, "to_state": after,
        }  # fmt: skip

    def stands(at: str) -> list[Json]:
        same = {"state": "potential", "lifecycle_phase": "exploration", "stage": "basic"}
        return [{"customer_id": "v-ben", "tier": at, "relationship": same}]

    people = two_ids().expected.people
    merged = [tier(1, "v-ann", "standard", "vip"), ended("v-ann", "merged")]
    for told, at, found in (
        (merged, "vip", set()),
        ([*merged, tier(2, "v-ben", "vip", "private")], "private", set()),
        ([*merged, tier(2, "v-ben", "key", "private")], "private", {"broken transitions"}),
        (merged, "private", {"wrong states"}),
        ([*merged, tier(2, "v-ann", "vip", "private")], "vip", {"broken transitions"}),
    ):
        verdict = Verdict()
        judge_transitions(verdict, told, stands(at), people)
        assert faults(verdict) == found


def test_who_named_the_old_id_is_referred_by_the_person() -> None:
    told = two_ids()
    told(20, "f", "profile", referred_by="v-ann")
    told(20, "v-ben", "profile", referred_by="v-ann")  # nobody refers themselves
    friend = state("f", Money(0, None, 1, 4.0, None))
    for referrals, found in ((1, set()), (0, {"wrong referral values"})):
        verdict = Verdict()
        person = state("v-ben", Money(0, None, 1, 4.0, None), referrals)
        judge_referrals(verdict, told.expected, [], [friend, person])
        assert faults(verdict) == found


# -- erasure ------------------------------------------------------------------------------


def erased(*, anew: bool = False) -> Told:
    """Of e0 to e2 before the erasure at 30 s; e4 occurred before and comes after; e5 is new."""
    told = Told()
    told.pays(0, "x", 200_000)
    told(1, "x", "complaint", complaint_id="early", status="opened")
    told(20, "x", "complaint", complaint_id="late", status="opened")
    told(30, "x", "profile", erase=True)
    told.pays(40, "x", 300_000, ago=3600)
    if anew:
        told.pays(50, "x", 150_000)
        told.reads.append(told.reads[0]._replace(offset=99))
    return told


ERASED_ALERTS = [alert("large_transaction", "e0", "x"), escalated("early", "x")]
ANEW = totals("5", 1, 150_000.0)


def erased_judged(found: dict[str, Totals], alerts: list[Json], *, anew: bool = False) -> Kinds:
    return faults(compare(erased(anew=anew).expected, found, alerts, []))


def test_what_occurred_before_an_erasure_counts_nowhere() -> None:
    assert erased_judged({}, ERASED_ALERTS) == set()
    expected = erased().expected
    assert (expected.events, expected.dropped, expected.repeats) == (0, 5, 0)
    new = [*ERASED_ALERTS, alert("large_transaction", "e5", "x")]
    assert erased_judged({"x": ANEW}, new, anew=True) == set()


@pytest.mark.parametrize(
    ("found", "anew"),
    [
        ({"x": totals("4", 1, 300_000.0)}, False),
        ({"x": totals("0 1 2", 1, 200_000.0)}, False),
        ({"x": totals("4 5", 2, 450_000.0)}, True),
        ({"x": totals("0 1 2 4 5", 3, 650_000.0)}, True),
        ({}, True),
    ],
)
def test_an_erased_customer_who_comes_to_life_is_named(
    found: dict[str, Totals], anew: bool
) -> None:
    alerts = [*ERASED_ALERTS, *([alert("large_transaction", "e5", "x")] if anew else [])]
    assert erased_judged(found, alerts, anew=anew) == {"wrong customers"}


def test_alerts_of_one_who_was_erased_are_judged_too() -> None:
    for number in range(len(ERASED_ALERTS)):
        left = ERASED_ALERTS[:number] + ERASED_ALERTS[number + 1 :]
        assert erased_judged({}, left) == {"lost alerts"}
    for wrong in (alert("large_transaction", "e4", "x"), escalated("late", "x")):
        assert erased_judged({}, [*ERASED_ALERTS, wrong]) == {"unexpected alerts"}


def test_what_was_dropped_is_no_dead_letter() -> None:
    letters = [{"source_topic": "transaction", "partition": 0, "offset": 4}]
    verdict = compare(erased().expected, {}, ERASED_ALERTS, letters)
    assert faults(verdict) == {"unexpected letters"}


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        ([ended("x", "erased")], set()),
        ([], {"lost erasures"}),
        ([ended("x", "erased")] * 2, {"doubled ends"}),
    ],
)
def test_each_erasure_is_told_once(ends: list[Json], found: Kinds) -> None:
    verdict = Verdict()
    judge_ends(verdict, erased().expected, ends)
    assert faults(verdict) == found


def test_who_named_one_who_was_erased_names_nobody() -> None:
    told = Told()
    told(0, "f", "profile", referred_by="x")
    told(30, "x", "profile", erase=True)
    assert told.expected.referrer_of == {}
    told(60, "f", "profile", referred_by="x")
    assert told.expected.referrer_of == {"f": "x"}


def test_what_came_right_after_an_erasure_is_not_judged() -> None:
    told = erased()
    told.pays(32, "x", 170_000)
    expected = told.expected
    assert expected.undecided == {"x"}
    for found in ({}, {"x": totals("5", 1, 170_000.0)}):
        assert faults(compare(expected, found, ERASED_ALERTS, [])) == set()


def test_an_erasure_under_one_id_is_of_all_ids() -> None:
    told = Told()
    told.pays(0, "ann")
    told.pays(0, "ben")
    told(1, "ann", "profile", merged_into="ben")
    told(30, "ann", "profile", erase=True)
    told.pays(31, "ben", ago=20)
    expected = told.expected
    assert (expected.totals, expected.undecided, expected.dropped) == ({}, set(), 5)


# -- refunds ------------------------------------------------------------------------------


def test_a_refund_lowers_the_value_and_is_no_purchase() -> None:
    told = Told()
    told.pays(0, "a", 100.0)
    told.pays(1, "a", 30.0, direction="credit", refund_of="e0")
    told.pays(2, "a", 20.0, direction="credit", category="refund")
    told.pays(3, "a", 10.0, category="refund")  # a debit gives nothing back
    told.pays(4, "a", 5.0, direction="credit")
    right = Money(0, None, 2, 60.0, NOW.timestamp() + 3)
    assert told.expected.refunds == 2
    for money, found in (
        (right, set()),
        (right._replace(purchases=3, total=120.0), {"wrong money"}),
        (right._replace(total=110.0), {"wrong money"}),
        (right._replace(purchases=1, total=50.0), {"wrong money"}),
        (right._replace(last=NOW.timestamp() + 2), {"wrong money"}),
    ):
        verdict = Verdict()
        judge_money(verdict, told.expected, [state("a", money)])
        assert faults(verdict) == found


# -- opt-outs -----------------------------------------------------------------------------


def campaigns() -> Told:
    told = Told()
    told.pays(0, "v-o", balance_after=600_000)
    told(0, "v-o", "profile", consent={"app": True})
    told(10, "v-o", "campaign", action="clicked")  # e2: yes
    told(11, "v-o", "campaign", action="opted_out")
    told(12, "v-o", "profile", consent={"app": True})  # a nightly copy
    told(13, "v-o", "campaign", action="clicked")  # e5: no
    told(14, "v-o", "campaign", action="opted_in")
    told(15, "v-o", "campaign", action="clicked")  # e7: yes
    told(20, "v-o", "profile", consent={"app": False})
    told(22, "v-o", "campaign", action="clicked")  # e9: too near
    told(30, "v-o", "campaign", action="clicked")  # e10: no
    told(40, "v-o", "profile", consent={"app": True})
    told(50, "v-o", "campaign", action="clicked")  # e12: yes
    return told


OFFERS = [alert("offer_window", one, "v-o") for one in ("e2", "e7", "e12")]


def test_an_offer_after_an_opt_out_is_named_and_one_that_is_missing() -> None:
    expected, new = campaigns().expected, alert("vip_new", "e0", "v-o")

    def judged(alerts: list[Json]) -> Kinds:
        return faults(compare(expected, expected.totals, [new, *alerts], []))

    near = alert("offer_window", "e9", "v-o")
    assert judged(OFFERS) == judged([*OFFERS, near]) == set()
    assert judged([*OFFERS, near, near]) == {"doubled alerts"}
    for wrong in ("e5", "e10"):
        assert judged([*OFFERS, alert("offer_window", wrong, "v-o")]) == {"unexpected alerts"}
    for number in range(len(OFFERS)):
        assert judged(OFFERS[:number] + OFFERS[number + 1 :]) == {"lost alerts"}


def test_an_opt_out_under_one_id_holds_for_the_other() -> None:
    told = Told()
    for name in ("v-a", "v-b"):
        told.pays(0, name, balance_after=600_000)
        told(0, name, "profile", consent={"app": True})
    told(20, "v-a", "campaign", action="opted_out")
    told(25, "v-a", "profile", merged_into="v-b")
    told(60, "v-b", "profile", consent={"app": True})
    told(61, "v-b", "campaign", action="clicked")
    expected = told.expected
    assert expected.alerts["offer_window", "e7"] == 0
    assert ("offer_window", "e7") not in expected.maybe


# -- the load -----------------------------------------------------------------------------


def test_stories_have_every_kind_in_them_and_are_decided() -> None:
    clock, told = [0.0], Told()

    def make(topic: str, customer: str, age: timedelta, fields: Json) -> str:
        given = {name: value for name, value in fields.items() if name != "type"}
        return told(clock[0], customer, fields["type"], ago=age.total_seconds(), **given)

    stories = Stories(7, make, lambda: clock[0], ["v-1", "v-2"])
    while clock[0] < 120:
        next(stories)
        clock[0] += 0.01
    expected = told.expected
    assert len(expected.people.merged) > 100
    assert len(expected.people.erased) > 60
    assert not expected.undecided
    assert expected.dropped > 1_000
    offers = sum(kind == "offer_window" for kind, _ in expected.alerts)
    unsure = sum(kind == "offer_window" for kind, _ in expected.maybe)
    assert offers > 50
    assert unsure < offers / 2


def test_a_maker_tells_stories_among_its_records() -> None:
    maker = Maker(3)
    names = {record.key for _ in range(50) for record in maker.next()}
    assert any(name is not None and name.startswith((b"m", b"v-m")) for name in names)
