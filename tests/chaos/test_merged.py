"""The judge of ids of one person: right is passed, each fault is named."""

from __future__ import annotations

import pytest

from tests.chaos.expected import Money, Totals
from tests.chaos.lives import judge_ends, judge_money, judge_referrals
from tests.chaos.oracle import compare, judge_transitions
from tests.chaos.told import NOW, Json, Kinds, Told, alert, ended, escalated, faults, state, totals
from tests.chaos.verdict import Verdict


def two_ids(*, chained: bool = False) -> Told:
    """Ann is merged into ben, both busy; where it is chained ben was merged into cat before."""
    told = Told()
    told.pays(0, "v-ann", 200_000, balance_after=600_000)
    told.pays(0, "v-ben", 5, balance_after=700_000, direction="credit")
    if chained:
        told(8, "v-ben", "profile", merged_into="v-cat")
    told(9, "v-ann", "complaint", complaint_id="k", status="opened")
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


def test_two_who_are_not_merged_do_not_answer_for_each_other() -> None:
    told = Told()
    told(0, "ann", "complaint", complaint_id="k", status="opened")
    told(1, "ben", "complaint", complaint_id="k", status="acknowledged")
    assert told.expected.alerts["complaint_escalated", "k"] == 1
    told(2, "ann", "profile", merged_into="ben")
    assert told.expected.alerts["complaint_escalated", "k"] == 0


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
