"""The judge of erasures, refunds and opt-outs: right is passed, each fault is named."""

from __future__ import annotations

import pytest

from tests.chaos.expected import Money, Totals, expect
from tests.chaos.lives import judge_ends, judge_money, judge_referrals
from tests.chaos.oracle import compare
from tests.chaos.told import (
    NOW,
    PROMISE,
    Json,
    Kinds,
    Told,
    alert,
    ended,
    escalated,
    faults,
    state,
    totals,
)
from tests.chaos.verdict import Verdict


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


@pytest.mark.parametrize(("seconds", "found"), [(33.0, set()), (35.0, {"unexpected letters"})])
def test_what_is_older_than_a_week_may_be_refused_while_its_customer_may_live(
    seconds: float, found: Kinds
) -> None:
    told = erased()
    told.pays(seconds, "x", ago=8 * 86_400)
    letters = [{"source_topic": "transaction", "partition": 0, "offset": 5, "reason": "too_late"}]
    assert faults(compare(told.expected, {}, ERASED_ALERTS, letters)) == found


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


def test_where_the_order_of_topics_is_not_known_only_what_does_not_need_it_is_judged() -> None:
    for slow, found in (((1,), {"lost alerts", "wrong customers"}), ((0,), set[str]())):
        expected = expect(erased(anew=True).reads, PROMISE, slow)
        assert faults(compare(expected, {}, [], [])) == found
        consent = expect(campaigns().reads, PROMISE, slow)
        new = alert("vip_new", "e0", "v-o")
        kinds = {"lost alerts"} if found else set()
        assert faults(compare(consent, consent.totals, [new], [])) == kinds
        assert "wrong customers" in faults(compare(consent, {}, [new], []))


def test_who_named_one_who_was_erased_names_nobody() -> None:
    told = Told()
    told(0, "f", "profile", referred_by="x")
    told(30, "x", "profile", erase=True)
    assert told.expected.referrer_of == {}
    told(60, "f", "profile", referred_by="x")
    assert told.expected.referrer_of == {"f": "x"}


def test_whom_one_names_right_after_an_erasure_may_be_credited_or_not() -> None:
    told = erased()
    told.pays(0, "f")
    told(1, "f", "profile", referred_by="v")
    told(32, "x", "profile", referred_by="v")
    expected = told.expected
    assert (expected.undecided, expected.referrer_of) == ({"x"}, {"f": "v"})
    for count, worth, is_right in (
        (1, 10.0, True), (2, 30.0, True), (2, 10.0, False), (1, 30.0, False), (0, 0.0, False),
        (3, 30.0, False), (1, 9.0, False), (2, 31.0, False),
    ):  # fmt: skip
        verdict = Verdict()
        states = [
            {"customer_id": name, "value": {"clv": clv, "referrals": 0, "referral_value": 0.0}}
            for name, clv in (("f", 40.0), ("x", 80.0))
        ]
        of_v = {"clv": 0.0, "referrals": count, "referral_value": worth}
        judge_referrals(verdict, expected, [], [*states, {"customer_id": "v", "value": of_v}])
        assert (not verdict.faults) == is_right, (count, worth, verdict.faults)


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
    told(61, "v-a", "campaign", action="clicked")  # e7: no, by the same way as the opt-out
    told(62, "v-b", "campaign", action="clicked")  # e8: the opt-out may not have come there yet
    told(63, "v-b", "campaign", action="opted_out")
    told(64, "v-b", "campaign", action="clicked")  # e10
    expected = told.expected
    assert not any(kind == "offer_window" for kind, _ in expected.alerts)
    offers = {cause for cause in expected.maybe if cause[0] == "offer_window"}
    assert offers == {("offer_window", "e8")}


def test_what_a_producer_held_back_past_an_erasure_is_judged_in_neither_order() -> None:
    for appended, found in ((40, set[str]()), (20, {"lost alerts"})):
        told = Told()
        told.pays(0, "x")
        told.pays(appended, "x", 150_000, ago=appended - 19.5)
        told(30, "x", "profile", erase=True)
        assert faults(compare(told.expected, {}, [], [])) == found
        assert (
            faults(compare(told.expected, {}, [alert("large_transaction", "e1", "x")], [])) == set()
        )


def test_a_promise_that_was_broken_while_an_erasure_was_held_back_is_judged_in_neither_order() -> (
    None
):
    for ago, found in ((0, {"lost alerts"}), (20, set[str]())):
        told = Told()
        told(0, "x", "complaint", complaint_id="k", status="opened")
        told(35, "x", "profile", erase=True, ago=ago)
        assert faults(compare(told.expected, {}, [], [])) == found
