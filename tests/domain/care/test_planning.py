"""Plans and occasions: whom they are for, when, how many, and why."""

from __future__ import annotations

from typing import Any

import pytest

from domain.care.occasions import local_time
from domain.kernel.local_time import zone_of
from domain.policy import Policy
from domain.policy.care import PLANS, CareRules, Festival, Plan
from schemas.figures.relationship import State
from schemas.outputs import CareTask
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events, Task, after_start

SHANGHAI: dict[str, Any] = {"time_zone": "Asia/Shanghai"}
AT_NINE = 1 * HOUR  # 09:00 in Shanghai; alice's is not later than that of others
PUNCTUAL = Policy.model_validate({"care": {"spread_minutes": 0}})


def known(make: Events, at: int = 0, **fields: Any) -> Any:
    given = {"consent": {"sms": True}, **SHANGHAI, **fields}
    return make.profile(at, **given)


def made(task: Task, *occasions: str) -> list[tuple[str, int]]:
    """Occasion and UTC hour after the start of each task proposed."""
    return [(each.occasion, after_start(each) // HOUR) for each in task.proposed(*occasions)]


def test_a_birthday_message_goes_out_on_the_birthday_in_the_customers_morning() -> None:
    make = Events()
    task = Task(PUNCTUAL).take(known(make, birth_date="1990-03-20")).until(30 * DAY)
    [message] = task.proposed("birthday")
    # 2026-03-20T09:00+08:00 is 18 days and an hour after 2026-03-02T00:00Z
    assert after_start(message) == 18 * DAY + AT_NINE
    assert (message.means, message.channel, message.approver) == ("message", "sms", "owner")
    assert (message.due_at, message.state) == (message.occurred_at, "proposed")
    assert message.reason == (
        "For birthday on 2026-03-20: the plan birthday message is for everybody."
    )


@pytest.mark.parametrize(("year", "day"), [(2027, "02-28"), (2028, "02-29"), (2029, "02-28")])
def test_who_was_born_on_29_february_has_a_birthday_every_year(year: int, day: str) -> None:
    make = Events()
    task = Task(PUNCTUAL).take(known(make, birth_date="1992-02-29", time_zone="UTC"))
    for month in range(1, 48):  # heard of every month
        task.take(make.click(month * 30 * DAY)).until(month * 30 * DAY)
    days = [each.occurred_at[:10] for each in task.proposed("birthday")]
    assert [each for each in days if each.startswith(str(year))] == [f"{year}-{day}"]
    assert len(days) == 3


def test_festivals_fall_where_the_calendar_has_them() -> None:
    make = Events()
    task = Task(PUNCTUAL).take(known(make, sex="female")).until(360 * DAY)
    days = [(each.occasion, each.occurred_at[:10]) for each in task.proposed()]
    assert days == [
        ("women_day", "2026-03-08"), ("mother_day", "2026-05-10"), ("dragon_boat", "2026-06-19"),
        ("mid_autumn", "2026-09-25"), ("national_day", "2026-10-01"),
        ("thanksgiving", "2026-11-26"), ("christmas", "2026-12-25"), ("year_end", "2026-12-31"),
    ]  # fmt: skip


@pytest.mark.parametrize("sex", ["male", None])
def test_womens_day_is_womens(sex: str | None) -> None:
    task = Task(PUNCTUAL).take(known(Events(), sex=sex)).until(20 * DAY)
    assert task.proposed() == []


@pytest.mark.parametrize(
    "fields", [{"consent": {"sms": False}}, {"consent": None}, {"consent": {"call_centre": True}}]
)
def test_nobody_gets_a_message_without_consent(fields: dict[str, Any]) -> None:
    task = Task(PUNCTUAL).take(known(Events(), birth_date="1990-03-20", **fields)).until(300 * DAY)
    assert task.proposed() == []


def test_who_opted_out_before_gets_none_and_who_opted_in_does() -> None:
    make = Events()
    task = Task(PUNCTUAL).take(known(make, birth_date="1990-03-20"))
    task.take(make.campaign(10 * DAY, "opted_out")).until(30 * DAY)
    assert task.proposed() == []


def test_quiet_hours_move_the_time_to_the_end_of_them() -> None:
    quiet = {"start": "22:00", "end": "10:30"}
    task = Task(PUNCTUAL).take(known(Events(), birth_date="1990-03-20", quiet_hours=quiet))
    [message] = task.until(30 * DAY).proposed("birthday")
    assert message.due_at == "2026-03-20T02:30:00.000Z"


def test_a_key_customer_gets_a_cake_and_nothing_beside_it() -> None:
    make = Events()
    task = Task(PUNCTUAL).take(known(make, birth_date="1990-03-20"))
    task.take(make.transaction(HOUR, 250_000.0)).until(20 * DAY)
    [cake] = task.proposed("birthday")
    assert (cake.means, cake.budget, cake.approver) == ("birthday cake", 500.0, "branch manager")
    assert cake.reason.endswith("is for customers from tier key on, and this one is key.")
    refused = Task(PUNCTUAL).take(
        known(make, birth_date="1990-03-20", consent={"sms": True, "delivery": False})
    )
    refused.take(make.transaction(HOUR, 250_000.0)).until(20 * DAY)
    assert [each.means for each in refused.proposed("birthday")] == ["message"]


def test_who_has_an_owner_is_called_every_quarter() -> None:
    make = Events()
    task = Task(PUNCTUAL).take(known(make, owner_id="wu", consent=None)).until(200 * DAY)
    assert made(task) == [("quarterly_call", 91 * 24 + 1), ("quarterly_call", 182 * 24 + 1)]
    [first, _] = task.proposed()
    assert first.due_at == "2026-06-15T01:00:00.000Z"
    assert first.reason.endswith("is for everybody with an owner, here wu.")


def test_a_vip_is_visited_at_home() -> None:
    make = Events()
    task = Task(PUNCTUAL).take(known(make, consent=None), make.transaction(HOUR, 400_000.0))
    assert made(task.until(200 * DAY), "home_visit") == [("home_visit", 182 * 24 + 1)]


def test_ten_years_a_customer_and_the_anniversary_of_an_organisation() -> None:
    make = Events()
    fields: dict[str, Any] = {"first_seen": "2016-04-01", "consent": None}
    task = Task(PUNCTUAL).take(known(make, **fields)).until(60 * DAY)
    assert made(task) == [("ten_years", 30 * 24 + 1)]
    person = Task(PUNCTUAL).take(
        known(make, first_seen="2020-04-01", consent=None, organisation_id="acme", key_person=True)
    )
    [visit] = person.until(60 * DAY).proposed()
    assert (visit.occasion, visit.means) == ("anniversary", "visit by representative")
    assert visit.reason.endswith("is for the key person of acme.")
    other = known(make, first_seen="2020-04-01", consent=None, organisation_id="acme")
    assert Task(PUNCTUAL).take(other).until(60 * DAY).proposed() == []


def test_a_call_follows_a_resolved_complaint_whatever_the_week_holds() -> None:
    make = Events()
    task = Task(Policy.model_validate({"care": {"week_cap": 0}}))
    task.take(make.complaint(0, "opened"), make.complaint(HOUR, "resolved"))
    [call] = task.proposed("complaint_resolved")
    assert (after_start(call), call.channel) == (HOUR, "call_centre")
    assert call.due_at == "2026-03-04T01:00:00.000Z"


def test_who_took_part_in_an_event_gets_one_gift() -> None:
    make = Events()
    task = Task(PUNCTUAL).take(
        make.survey(HOUR, "csat", 5.0, channel="event"),
        make.survey(2 * HOUR, "nps", 9.0, channel="event"),
        make.survey(3 * HOUR, "nps", 9.0, channel="email"),
    )
    [gift] = task.proposed("took_part")
    assert (gift.means, gift.budget, after_start(gift)) == ("gift", 100.0, HOUR)


def daily(name: str, *days: int, month: int = 3) -> dict[str, Any]:
    """A policy of festivals on these days of March."""
    festivals = [{"name": f"{name}_{day}", "month": month, "day": day} for day in days]
    plans = [
        {"name": "card", "occasion": "holiday", "means": "card", "text_key": "care.holiday"},
        {"name": "message", "occasion": "birthday", "means": "card", "text_key": "care.birthday"},
        {
            "name": "call", "occasion": "regular", "means": "call", "text_key": "care.call",
            "every_days": 6,
        },
    ]  # fmt: skip
    return {"care": {"festivals": festivals, "plans": plans, "spread_minutes": 0}}


def test_no_seven_days_have_more_than_the_cap_and_a_birthday_has_its_place() -> None:
    policy = Policy.model_validate(daily("feast", 4, 5, 6, 7, 9, 12, 13, 14, 15, 16))
    make = Events()
    task = Task(policy).take(known(make, birth_date="1990-03-10")).until(40 * DAY)
    days = sorted(after_start(each) // DAY for each in task.proposed())
    assert all(later - first >= 7 for first, later in zip(days, days[2:], strict=False))
    assert made(task, "birthday") == [("birthday", 8 * 24 + 1)]
    assert task.figures()["care"]["left_out"] > 0


def test_a_regular_task_waits_for_room_in_the_week() -> None:
    policy = Policy.model_validate(daily("feast", 6, 7))
    task = Task(policy).take(known(Events())).until(12 * DAY)
    # both places are taken on 6 and 7 March; the call of 8 March has one from 13 March on
    assert made(task) == [
        ("feast_6", 4 * 24 + 1), ("feast_7", 5 * 24 + 1), ("call", 11 * 24 + 1),
    ]  # fmt: skip


@pytest.mark.parametrize("late_days", [0, 3])
def test_what_is_found_after_an_outage_is_told_as_expired_and_not_sent(late_days: int) -> None:
    task = Task(PUNCTUAL).take(known(Events(), birth_date="1990-03-04"))
    due = 2 * DAY + AT_NINE
    task.ctx.wall = START + due + late_days * DAY
    task.until(due + MINUTE)
    [told] = [each for each in task.outputs if isinstance(each, CareTask)]
    assert told.state == ("expired" if late_days else "proposed")
    if late_days:
        assert told.reason == (
            "For birthday on 2026-03-04 this was found 3 d later, too late for the plan birthday"
            " message: not sent."
        )
        assert task.until(20 * DAY).figures()["care"]["expired"] == 1
    assert task.proposed("birthday") == ([] if late_days else [told])


def test_who_is_silent_for_a_year_gets_nothing_any_more() -> None:
    make = Events()
    task = Task(PUNCTUAL).take(known(make, birth_date="1990-03-20", owner_id="wu"))
    task.until(2_000 * DAY)
    assert max(after_start(each) for each in task.proposed()) <= 365 * DAY
    assert task.customer.next_due is None
    task.take(make.click(2_000 * DAY), make.profile(2_000 * DAY, region="Zhejiang"))
    # on days 91, 182, 273 and 364, then on 2,002 and 2,093
    assert len(task.until(2_100 * DAY).proposed("quarterly_call")) == 6


def test_what_was_planned_stays_planned_under_another_policy() -> None:
    make = Events()
    task = Task(PUNCTUAL).take(known(make, birth_date="1990-03-04")).until(2 * DAY + AT_NINE)
    assert len(task.proposed("birthday")) == 1
    plans = [plan.model_copy(update={"name": f"other_{plan.name}"}) for plan in PLANS]
    task.ctx.policy = Policy(care=CareRules(plans=tuple(plans), at="11:00", spread_minutes=0))
    task.take(make.profile(2 * DAY + 2 * HOUR, region="Zhejiang")).until(5 * DAY)
    assert len(task.proposed("birthday")) == 1


def test_consent_that_comes_late_counts_for_the_day_it_was_given_before() -> None:
    make = Events()
    born = known(make, birth_date="1990-03-04", consent=None)
    consent = make.profile(2 * DAY, consent={"sms": True})
    after = make.click(2 * DAY + 5 * HOUR)
    late = Task(PUNCTUAL).take(born, after, consent).until(5 * DAY)
    assert late.proposed() == Task(PUNCTUAL).take(born, consent, after).until(5 * DAY).proposed()
    assert made(late) == [("birthday", 2 * 24 + 1)]
    given_after = make.profile(2 * DAY + 2 * HOUR, consent={"sms": True})
    assert Task(PUNCTUAL).take(born, after, given_after).until(5 * DAY).proposed() == []


def test_each_customers_time_is_its_own_within_the_spread() -> None:
    zone = zone_of("America/St_Johns")
    assert zone is not None
    nine = local_time((START + 20 * DAY) // DAY, 9 * HOUR, zone)
    assert (nine - START) % DAY == 11 * HOUR + 30 * MINUTE
    task = Task().take(known(Events(), birth_date="1990-03-20")).until(30 * DAY)
    [message] = task.proposed("birthday")
    assert 18 * DAY + AT_NINE <= after_start(message) < 18 * DAY + AT_NINE + 2 * HOUR


@pytest.mark.parametrize(
    ("festival", "said"),
    [({"day": 3, "nth": 1, "weekday": 1}, "by day"), ({}, "by day"), ({"nth": 2}, "by day")],
)
def test_a_festival_is_given_in_one_way(festival: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Festival(name="feast", **festival)


def test_plans_name_known_festivals_and_each_once() -> None:
    plan = Plan(name="a", occasion="holiday", means="card", text_key="k", festivals=("nowhere",))
    with pytest.raises(ValueError, match="must be among the festivals, not nowhere"):
        CareRules(plans=(plan,))
    with pytest.raises(ValueError, match="must name each plan once"):
        CareRules(plans=(PLANS[0], PLANS[0]))


def test_a_plan_may_be_for_customer_states() -> None:
    states: tuple[State, ...] = ("loyal",)
    plan = Plan(
        name="thanks", occasion="birthday", means="card", text_key="care.thanks", states=states
    )
    policy = Policy(care=CareRules(plans=(plan,), spread_minutes=0))
    make = Events()
    assert Task(policy).take(known(make, birth_date="1990-03-20")).until(30 * DAY).proposed() == []
    loyal = Task(policy).take(known(make, birth_date="1990-03-20"))
    loyal.take(*(make.transaction(day * DAY) for day in range(1, 5)))
    loyal.take(make.survey(5 * DAY, "nps", 9.0)).until(20 * DAY)
    [card] = loyal.proposed()
    assert card.reason.endswith("is for customers who are loyal.")


def test_an_event_that_one_took_part_in_makes_one_gift_although_the_week_is_full() -> None:
    make = Events()
    task = Task()
    for number, day in enumerate((0, 2)):
        name = f"k-{number}"
        task.take(
            make.complaint(day * DAY, "opened", complaint_id=name),
            make.complaint(day * DAY + MINUTE, "resolved", complaint_id=name),
        )
    task.take(*(make.transaction(3 * DAY + n * MINUTE, channel="event") for n in range(12)))
    task.until(120 * DAY)
    # the call of day 0 leaves the week on day 7
    assert [after_start(each) // DAY for each in task.proposed("took_part")] == [7]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_call_follows_a_complaint_in_whatever_order_its_steps_come(*, backwards: bool) -> None:
    make = Events()
    steps = [make.complaint(0, "opened"), make.complaint(HOUR, "resolved")]
    task = Task(PUNCTUAL).take(*(steps[::-1] if backwards else steps)).until(3 * DAY)
    assert made(task, "complaint_resolved") == [("complaint_resolved", 1)]


def test_who_comes_back_has_a_birthday_again_whatever_else_is_awaited() -> None:
    make = Events()
    task = Task(PUNCTUAL).take(known(make, birth_date="1990-04-16"))
    task.take(*(make.transaction((day + 1) * DAY, amount=50.0) for day in range(8)))
    task.until(30 * DAY).take(make.feedback(30 * DAY + HOUR, "suggestion", factor="service"))
    assert task.figures()["relationship"]["state"] == "lost"
    task.take(make.transaction(30 * DAY + 2 * HOUR, amount=50.0)).until(60 * DAY)
    assert [after_start(each) // DAY for each in task.proposed("birthday")] == [45]


def test_a_late_first_event_moves_the_quarterly_call() -> None:
    make = Events()
    first, late = make.click(HOUR), make.click(-HOUR)
    owned = known(make, at=2 * HOUR, owner_id="o-1")
    found = []
    for events in ([late, first, owned], [first, owned, late]):
        task = Task(PUNCTUAL).take(*events)
        for day in range(10, 120, 10):
            task.take(make.click(day * DAY)).until(day * DAY)
        found.append(made(task, "quarterly_call"))
    assert found[0] == found[1] != []


def test_a_festival_that_falls_on_another_one_is_kept_by_who_has_a_plan_for_it() -> None:
    rules = {
        "spread_minutes": 0,
        "festivals": [
            {"name": "mid_autumn", "statutory": "Mid-Autumn Festival"},
            {"name": "national_day", "month": 10, "day": 1},
        ],
        "plans": [
            {
                "name": "gift", "occasion": "holiday", "means": "gift", "text_key": "care.holiday",
                "festivals": ["national_day"],
            }
        ],
    }  # fmt: skip
    make, september = Events(), 2_035 * DAY  # of 2031, when both are on 1 October
    task = Task(Policy.model_validate({"care": rules}))
    task.take(known(make, september)).until(september + 60 * DAY)
    days = [(each.occasion, each.occurred_at[:10]) for each in task.proposed()]
    assert days == [("national_day", "2031-10-01")]


def test_a_regular_plan_must_not_be_named_like_an_occasion() -> None:
    plan = {"name": "birthday", "occasion": "regular", "means": "call", "text_key": "x"}
    with pytest.raises(ValueError, match="must not name a regular plan like an occasion"):
        CareRules.model_validate({"plans": [plan]})
