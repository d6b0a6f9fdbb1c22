"""What two ids of one person come to, worked out by hand: through partitions, as a worker does."""

from __future__ import annotations

from typing import Any

import pytest

from domain.alerts.open_alerts import MAX_HELD
from tests.domain.bank import DAY, HOUR, MINUTE, Events
from tests.domain.identification.test_approach import declined
from tests.streams.test_merges import Net, merged, of


class Two:
    """Ann and ben, two ids of one person."""

    def __init__(self) -> None:
        self.make, self.net = Events(), Net()

    def ann(self, event: Any) -> None:
        self._take(of("ann", event))

    def ben(self, event: Any) -> None:
        self._take(of("ben", event))

    def merge(self, at: int) -> None:
        self._take(merged(self.make, at, "ben", "ann"))

    def _take(self, event: Any) -> None:
        self.net.take(event)
        self.net.deliver_all()

    def figures(self, at: int) -> dict[str, Any]:
        self.net.advance(self.net.parts["ann"].now + at)
        found = self.net.figures()
        assert found.keys() == {"ann"}
        return found["ann"]

    def alerts(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.net.outputs("alerts") if one["kind"] == kind]


@pytest.fixture(params=["before", "after"])
def two(request: pytest.FixtureRequest) -> Two:
    """With the merge before all else happens, or after it (by ``two.merge``)."""
    two = Two()
    two.early = request.param == "before"  # type: ignore[attr-defined]
    if two.early:  # type: ignore[attr-defined]
        two.merge(0)
        two.merge = lambda at: None  # type: ignore[method-assign]
    return two


def test_balances_add_up_and_so_does_the_tier(two: Two) -> None:
    two.ann(two.make.transaction(HOUR, 200_000.0, account="x"))
    two.ben(two.make.transaction(2 * HOUR, 150_000.0, account="y"))
    two.merge(3 * HOUR)
    line = two.figures(0)
    assert (line["balance"], line["accounts"], line["tier"]) == (350_000.0, 2, "vip")


def test_one_account_told_under_two_ids_counts_once(two: Two) -> None:
    two.ben(two.make.transaction(HOUR, 200_000.0, account="joint"))
    two.ann(two.make.transaction(2 * HOUR, 150_000.0, account="joint"))
    two.merge(3 * HOUR)
    assert two.figures(0)["balance"] == 150_000.0


def test_a_callback_to_one_id_keeps_the_promise_made_to_the_other(two: Two) -> None:
    two.ben(two.make.contact(HOUR, 30, "unresolved", contact_id="s-1"))
    two.ann(two.make.feedback(HOUR + 10 * MINUTE, "callback_done", contact_id="s-1"))
    two.merge(HOUR + 20 * MINUTE)
    line = two.figures(DAY)
    assert (line["experience"]["promises_kept"], line["experience"]["promises_broken"]) == (1, 0)
    assert not two.alerts("promise_broken")


def test_the_newest_word_of_the_profile_counts_whichever_id_it_came_by(two: Two) -> None:
    two.ann(two.make.profile(HOUR, owner_id="old"))
    two.ben(two.make.profile(2 * HOUR, owner_id="new"))
    two.merge(3 * HOUR)
    assert two.figures(0)["owner_id"] == "new"


def test_a_complaint_that_moves_keeps_its_promises(two: Two) -> None:
    two.ann(two.make.profile(0, tier_pin="vip"))
    two.ben(two.make.complaint(HOUR, "opened", complaint_id="k-1", severity=4))
    two.merge(HOUR + 10 * MINUTE)
    two.figures(2 * HOUR)
    raised = two.alerts("complaint_escalated")
    assert [(one["customer_id"], one["level"]) for one in raised] == [("ann", 1)]
    # vip: within an hour; raised for ann, whoever it was told by
    assert raised[0]["occurred_at"].startswith("2026-03-02T02:00")


def test_purchases_of_both_on_one_day_are_one_day_with_a_purchase(two: Two) -> None:
    two.ann(two.make.transaction(HOUR, amount=10.0))
    two.ben(two.make.transaction(2 * HOUR, amount=20.0))
    two.ben(two.make.transaction(2 * DAY, amount=40.0))
    two.merge(2 * DAY + HOUR)
    value = two.figures(0)["value"]
    assert (value["purchases"], value["purchase_days"]) == (3, 2)


def test_a_refund_to_one_id_lowers_what_the_other_bought(two: Two) -> None:
    two.ann(two.make.transaction(HOUR, amount=10.0))
    two.ben(two.make.transaction(2 * HOUR, amount=20.0))
    refund = two.make.transaction(2 * DAY, amount=30.0, direction="credit", category="refund")
    two.ben(refund)
    two.merge(2 * DAY + HOUR)
    value = two.figures(0)["value"]
    assert (value["purchases"], value["purchase_days"]) == (2, 1)
    assert value["rfm"]["monetary"] == 0.0


def test_an_event_that_was_counted_for_one_id_is_a_repeat_for_the_other(two: Two) -> None:
    two.ben(two.make.click(HOUR, event_id="seen"))
    two.merge(2 * HOUR)
    two.ben(two.make.click(HOUR, event_id="seen"))
    two.ann(two.make.click(HOUR, event_id="seen"))
    line = two.figures(0)
    assert (line["events"], line["repeats"]) == (2, 2)


def test_an_erasure_under_the_old_id_erases_the_person(two: Two) -> None:
    two.ann(two.make.click(HOUR))
    two.ben(two.make.click(HOUR))
    two.merge(2 * HOUR)
    two.ben(two.make.profile(3 * HOUR, erase=True))
    two.ben(two.make.click(2 * HOUR))
    two.ann(two.make.click(2 * HOUR))
    assert two.net.figures() == {}
    erased = [o for o in two.net.outputs("customer-transitions") if o["to_state"] == "erased"]
    assert {one["customer_id"] for one in erased} == {"ann", "ben"}
    for store in two.net.stores.values():
        for key, value in store.records.items():
            assert b"ben" not in key + value
            assert b"ann" not in key + value


@pytest.mark.parametrize("anew", [False, True])
def test_what_comes_of_an_old_id_after_the_person_was_erased_does_not_come_to_life(
    anew: bool,
) -> None:
    # ben's partition stood still: its state comes after the erasure that it was before
    make, net = Events(), Net()
    friend = make.profile(0, referred_by="ben")
    for event in (of("cat", friend), of("ann", make.click(HOUR)), of("ben", make.click(HOUR))):
        net.take(event)
        net.deliver_all()
    net.take(merged(make, 2 * HOUR, "ben", "ann"))
    net.take(of("ben", make.click(HOUR + 1)))
    net.take(of("ann", make.profile(3 * HOUR, erase=True)))
    if anew:
        net.take(of("ann", make.click(4 * HOUR)))
    net.deliver_all()
    net.restart("ann")
    net.take(of("ann", make.click(HOUR + 2)))
    net.take(of("ben", make.click(HOUR + 3)))
    net.deliver_all()
    figures = net.figures()
    assert {name: line["events"] for name, line in figures.items()} == (
        {"ann": 1, "cat": 1} if anew else {"cat": 1}
    )
    erased = [o for o in net.outputs("customer-transitions") if o["to_state"] == "erased"]
    assert sorted(one["customer_id"] for one in erased) == ["ann", "ben"]
    assert not net.letters()
    for name, store in net.stores.items():
        for key, value in store.records.items():
            assert b"ben" not in key + value, name


def test_a_merge_after_the_erasure_brings_what_the_other_id_was() -> None:
    two = Two()
    two.ann(two.make.click(HOUR))
    two.ann(two.make.profile(2 * HOUR, erase=True))
    two.ben(two.make.click(HOUR))
    two.merge(3 * HOUR)
    two.ann(two.make.click(HOUR + 1))
    # ben's click and the merge; what occurred before ann was erased is still dropped
    assert two.figures(0)["events"] == 2


@pytest.mark.parametrize("name", ["ann", "ben"])
def test_an_open_alert_that_moved_is_acknowledged_under_either_id(name: str) -> None:
    two = Two()
    two.ben(two.make.profile(0, tier_pin="vip"))
    two.ben(two.make.complaint(HOUR, "opened", severity=5))
    [alert] = two.alerts("vip_complaint")
    two.merge(HOUR + MINUTE)
    act = two.make.desk(HOUR + 2 * MINUTE, alert["alert_id"], "acknowledged")
    two.net.take(of(name, act))
    two.net.deliver_all()
    assert not two.net.letters()
    assert two.figures(30 * MINUTE)["alerts_acknowledged"] == 1
    assert not [one for one in two.alerts("vip_complaint") if one.get("raises_again")]


def test_an_open_alert_that_moved_is_raised_again_where_nobody_acts() -> None:
    two = Two()
    two.ben(two.make.profile(0, tier_pin="vip"))
    two.ben(two.make.complaint(HOUR, "opened", severity=5))
    two.merge(HOUR + MINUTE)
    two.figures(30 * MINUTE)
    again = [one for one in two.alerts("vip_complaint") if one.get("raises_again")]
    assert [one["customer_id"] for one in again] == ["ann", "ann"]
    assert [one["level"] for one in again] == [2, 3]


# -- who referred whom ------------------------------------------------------------------------


def test_a_friend_s_purchase_does_not_make_an_erased_referrer_anew() -> None:
    net, make = Net(), Events()
    net.take(of("ann", make.click(0)))
    net.take(of("ben", make.profile(HOUR, referred_by="ann")))
    net.deliver_all()
    net.take(of("ann", make.profile(2 * HOUR, erase=True)))
    net.take(of("ben", make.transaction(3 * HOUR)))  # before it heard of the erasure
    net.deliver_all()
    net.take(of("ben", make.transaction(4 * HOUR)))
    net.deliver_all()
    assert net.figures().keys() == {"ben"}
    for store in net.stores.values():
        for key, value in store.records.items():
            assert b"ann" not in key + value


def test_whom_an_id_referred_counts_for_the_id_it_was_merged_into() -> None:
    net, make = Net(), Events()
    net.take(of("cat", make.profile(0, referred_by="ben")))
    net.take(merged(make, HOUR, "ben", "ann"))
    net.deliver_all()
    net.take(of("cat", make.transaction(2 * HOUR)))
    net.deliver_all()
    assert net.figures()["ann"]["value"]["referrals"] == 1


def test_who_was_referred_by_its_own_other_id_is_referred_by_nobody() -> None:
    net, make = Net(), Events()
    net.take(of("ben", make.profile(0, referred_by="ann")))
    net.take(of("ben", make.transaction(HOUR)))
    net.deliver_all()
    net.take(merged(make, 2 * HOUR, "ben", "ann"))
    net.deliver_all()
    assert net.figures()["ann"]["value"]["referrals"] == 0


def test_alerts_that_wait_for_the_morning_keep_their_bound(two: Two) -> None:
    for take in (two.ann, two.ben):
        night = {"start": "00:00", "end": "23:59"}
        consent = {"sms": True}
        take(two.make.profile(0, tier_pin="vip", consent=consent, quiet_hours=night))
        for number in range(6):
            at = HOUR + number * MINUTE
            take(two.make.campaign(at, "clicked", campaign_id=f"m-{two.make.made}"))
    two.merge(2 * HOUR)
    state = two.net.parts["ann"].state("ann")
    assert state is not None
    assert len(state.desk.held) == MAX_HELD


def test_who_stands_out_does_so_by_what_all_ids_did(two: Two) -> None:
    two.ann(declined(two.make, HOUR, 1))
    two.ben(declined(two.make, 2 * HOUR, 1))
    two.ben(declined(two.make, 3 * HOUR, 2))
    two.ben(two.make.feedback(4 * HOUR, "praise"))
    two.ann(two.make.feedback(5 * HOUR, "suggestion"))
    two.ben(two.make.campaign(6 * HOUR, "clicked"))
    two.ann(two.make.transaction(7 * HOUR))
    two.ann(two.make.survey(8 * HOUR, "brands_used", 4))
    two.merge(9 * HOUR)
    two.ann(two.make.profile(10 * HOUR, source="event"))
    out = two.figures(0)["identification"]
    assert (out["declined_tasks"], out["feedbacks"], out["source"]) == (2, 2, "event")
    assert [each["kind"] for each in out["approach"]] == ["bargain_hunter", "self_reliant"]


def test_complaints_of_both_reopened_once_forgotten_are_remembered_still(two: Two) -> None:
    two.ann(two.make.complaint(0, "opened", complaint_id="k-1"))
    two.ben(two.make.complaint(0, "opened", complaint_id="k-2"))
    two.ben(two.make.complaint(HOUR, "resolved", complaint_id="k-2"))
    two.ben(two.make.complaint(2 * HOUR, "reopened", complaint_id="k-2"))
    two.ben(two.make.complaint(3 * HOUR, "resolved", complaint_id="k-2"))
    two.ben(two.make.complaint(50 * DAY, "opened", complaint_id="k-3"))
    two.merge(51 * DAY)
    [found] = two.figures(0)["identification"]["approach"]
    assert found["reason"] == "A complaint was reopened 1 h after its end."


def test_a_step_ticked_off_under_the_other_id_counts_for_the_complaint(two: Two) -> None:
    two.ben(two.make.tick(HOUR, "accept", "k-1"))
    two.ann(two.make.complaint(HOUR + MINUTE, "opened", complaint_id="k-1"))
    two.ben(two.make.tick(2 * HOUR, "apologise", "k-1"))
    two.merge(3 * HOUR)
    [case] = two.figures(3 * DAY)["complaint_cases"]
    assert [step["step"] for step in case["steps"] if step["done_at"]] == ["accept", "apologise"]
    assert not two.net.outputs("signals")


def test_steps_of_one_complaint_told_under_two_ids_are_those_of_one(two: Two) -> None:
    two.ben(two.make.complaint(HOUR, "opened", complaint_id="k-1"))
    two.ann(two.make.complaint(2 * HOUR, "acknowledged", complaint_id="k-1"))
    two.ann(two.make.tick(4 * HOUR, "accept", "k-1", by="late"))
    two.ben(two.make.tick(3 * HOUR, "accept", "k-1", by="early"))
    two.merge(5 * HOUR)
    [case] = two.figures(DAY)["complaint_cases"]
    assert case["steps"][0]["by"] == "early"


def test_a_purchase_under_one_id_and_a_poor_moment_under_the_other_spoil_the_start(
    two: Two,
) -> None:
    two.ann(two.make.transaction(HOUR))
    two.ben(two.make.survey(2 * HOUR, "csat", 1.0))
    two.merge(3 * HOUR)
    assert two.figures(0)["experience"]["poor_first_impression"] is True
    tasks = [one["text_key"] for one in two.net.outputs("care-tasks")]
    assert tasks == ["care.apology.first_purchase"]
