"""Moment scores, their weights, forward decay, callback promises, and the alert."""

from __future__ import annotations

from typing import Any

import pytest

from domain.experience.known_satisfaction import level
from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.fields import moment
from schemas.touchpoints import Care
from tests.domain.bank import CUSTOMER, DAY, HOUR, MINUTE, START, Events, Task, after_start


def score(*events: TouchpointBase) -> Any:
    """Satisfaction after the events."""
    return Task().take(*events).figures()["satisfaction"]


@pytest.mark.parametrize(
    ("instrument", "answer", "expected"),
    [
        ("csat", 1, 0.0),
        ("csat", 4, 7.5),
        ("nps", 0, 0.0),
        ("nps", 9, 9.0),
        ("ces", 1, 0.0),
        ("ces", 4, 5.0),
        ("ces", 7, 10.0),
    ],
)
def test_a_survey_is_scored_from_0_to_10(instrument: str, answer: float, expected: float) -> None:
    assert score(Events().survey(0, instrument, answer)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("wait_seconds", "expected"), [(0, 10), (60, 10), (345, 7.5), (630, 5), (1_200, 0), (9e3, 0)]
)
def test_a_wait_falls_linearly_from_60_to_1200_seconds(
    wait_seconds: float, expected: float
) -> None:
    assert score(Events().contact(0, wait_seconds)) == pytest.approx(expected)


def test_an_error_praise_and_care_have_their_scores() -> None:
    make = Events()
    care = Care(
        event_id="care-1", customer_id=CUSTOMER, occurred_at=moment(START), channel="mail",
        task_id="t-1", action="feedback", score=4.0,
    )  # fmt: skip
    assert score(make.click(0, "error")) == 3.0
    assert score(make.feedback(0, "praise")) == 9.0
    assert score(care) == pytest.approx(7.5)


def test_without_a_moment_satisfaction_is_missing_and_says_of_what() -> None:
    figures = Task().take(Events().click(0), Events().survey(1, "wallet_share", 0.5)).figures()
    assert figures["satisfaction"] is None
    assert figures["satisfaction_by_factor"] == {}
    assert figures["missing"]["satisfaction"].startswith("no moment")


def test_weights_halve_every_30_days() -> None:
    make = Events()
    got = score(make.survey(0, "nps", 10), make.survey(60 * DAY, "nps", 4))
    assert got == pytest.approx((10 * 0.25 + 4 * 1) / 1.25, rel=1e-12)


def test_a_long_wait_is_a_moment_of_truth_and_a_wait_of_600_seconds_is_not() -> None:
    make = Events()
    long = score(make.survey(0, "nps", 10), make.contact(0, 630))
    assert long == pytest.approx((10 + 3 * 5) / 4)
    make = Events()
    limit = score(make.survey(0, "nps", 10), make.contact(0, 600))
    assert limit == pytest.approx((10 + 10 * 600 / 1_140) / 2)


def test_contacts_and_surveys_within_7_days_of_the_first_purchase_weigh_3() -> None:
    make = Events()
    got = score(
        make.transaction(0, direction="debit"),
        make.survey(7 * DAY, "nps", 10),
        make.survey(7 * DAY + 1, "nps", 0),
    )
    assert got == pytest.approx(30 / 4, rel=1e-6)


def test_a_first_purchase_that_comes_late_still_makes_moments_of_truth() -> None:
    make = Events()
    survey, later = make.survey(12 * HOUR, "nps", 10), make.survey(10 * DAY, "nps", 0)
    purchase = make.transaction(0, direction="debit")
    in_order = score(purchase, survey, later)
    assert score(survey, purchase, later) == pytest.approx(in_order, rel=1e-12)
    halved = 0.5 ** (9.5 / 30)
    assert in_order == pytest.approx(30 * halved / (3 * halved + 1))


def test_a_complaint_weighs_3_and_ends_in_time_late_or_withdrawn() -> None:
    def ended(status: str, days: float) -> Any:
        make = Events()
        return score(
            make.complaint(0, "opened", severity=4),
            make.complaint(1, "acknowledged"),
            make.complaint(int(days * DAY), status),
        )

    def mean(end: float, days: float) -> float:
        faded: float = 0.5 ** (days / 30)
        return (1 * faded + end) / (faded + 1)

    assert ended("resolved", 14.999) == pytest.approx(mean(8, 14.999), rel=1e-6)
    assert ended("resolved", 15) == pytest.approx(mean(3, 15), rel=1e-6)
    assert ended("withdrawn", 1) == pytest.approx(mean(5, 1), rel=1e-6)


def test_satisfaction_is_kept_by_factor() -> None:
    make = Events()
    figures = Task().take(
        make.survey(0, "csat", 5, factor="brand"),
        make.contact(0, 630),
        make.complaint(0, "opened", severity=5, factor="price"),
        make.survey(0, "nps", 2),
    ).figures()  # fmt: skip
    assert figures["satisfaction_by_factor"] == {"convenience": 5.0, "brand": 10.0, "price": 0.0}
    assert figures["satisfaction"] == pytest.approx((10 + 3 * 5 + 3 * 0 + 2) / 8)


def test_decades_do_not_overflow_the_sums() -> None:
    make = Events()
    task = Task().take(make.survey(0, "nps", 10))
    for year in range(1, 120, 7):
        task.take(make.survey(year * 365 * DAY, "nps", 6))
        task.reload()
    assert task.figures()["satisfaction"] == pytest.approx(6.0)


def test_silence_however_long_takes_nothing_of_a_mean() -> None:
    hourly = Policy.model_validate({"satisfaction": {"half_life_days": 1 / 24}})
    make = Events()
    task = Task(hourly).take(make.survey(0, "nps", 7), make.survey(3 * DAY, "nps", 7))
    task.take(make.click(300 * DAY))
    assert task.figures()["satisfaction"] == pytest.approx(7.0)
    task.take(make.feedback(300 * DAY, "praise", factor="price"), make.click(600 * DAY))
    assert task.figures()["satisfaction_by_factor"] == {"price": pytest.approx(9.0)}
    daily = Policy.model_validate({"satisfaction": {"half_life_days": 1}})
    assert level(task.customer, daily) == pytest.approx(7.0)


def test_a_callback_promised_for_a_far_century_is_judged_then() -> None:
    make = Events()
    due = (2_199 - 2_026) * 365 * DAY
    task = Task().take(make.contact(0, 0, "unresolved", callback_by=due)).until(due - 1)
    assert task.figures()["satisfaction"] == pytest.approx(6.0)
    task.until(due)
    # all that was before has faded away: what is left is the broken promise
    assert task.figures()["satisfaction"] == pytest.approx(1.0)
    assert len(task.alerts("promise_broken")) == 1
    task.reload()
    task.take(make.survey(due + 3 * DAY, "nps", 9), make.survey(due + 6 * DAY, "nps", 9))
    faded = 0.5 ** (3 / 30)
    mean = (9 + 9 * faded + 3 * 1 * faded**2) / (1 + faded + 3 * faded**2)
    assert task.figures()["satisfaction"] == pytest.approx(mean)
    for days in (1 / 24, 365):
        policy = Policy.model_validate({"satisfaction": {"half_life_days": days}})
        assert level(task.customer, policy) is not None


# -- callback promises --------------------------------------------------------------------


def test_a_callback_not_made_in_an_hour_is_a_moment_of_truth_when_due() -> None:
    make = Events()
    task = Task().take(make.contact(0, 0, "unresolved"))
    kept = (10 + 2) / 2
    assert task.figures(HOUR - 1)["satisfaction"] == pytest.approx(kept)
    assert task.customer.next_due == START + HOUR
    task.until(HOUR)
    faded = 0.5 ** (1 / (24 * 30))
    expected = (12 * faded + 3 * 1) / (2 * faded + 3)
    assert task.figures()["satisfaction"] == pytest.approx(expected, rel=1e-12)
    assert not task.customer.core.promise_due


@pytest.mark.parametrize("reload", [False, True])
def test_a_callback_in_time_keeps_the_promise_whichever_event_comes_first(reload: bool) -> None:
    make = Events()
    contact = make.contact(0, 0, "unresolved", callback_by=3 * HOUR)
    done = make.feedback(3 * HOUR - 1, "callback_done", contact_id="s-1")
    for events in ((contact, done), (done, contact)):
        task = Task(reload_always=reload).take(*events).until(5 * HOUR)
        assert task.figures()["satisfaction"] == pytest.approx(6.0)


def test_a_callback_that_comes_late_but_was_in_time_mends_a_broken_promise() -> None:
    make = Events()
    task = Task().take(make.contact(0, 0, "unresolved"), make.click(5 * HOUR))
    assert task.figures()["satisfaction"] < 4
    task.take(make.feedback(HOUR - 1, "callback_done", contact_id="s-1"))
    assert task.figures()["satisfaction"] == pytest.approx(6.0)


def test_promises_stay_bounded_and_broken_ones_stay_counted() -> None:
    make = Events()
    task = Task()
    for n in range(100):
        task.take(make.contact(n * 3 * HOUR, 0, "unresolved", contact_id=f"s-{n}"))
    task.until(400 * HOUR)
    assert len(task.customer.mood.promises) <= 32
    assert len(task.customer.mood.pending) <= 64
    # Each call: a wait of 10, an outcome of 2 and a broken promise of 1 that weighs 3.
    assert task.figures()["satisfaction"] == pytest.approx((10 + 2 + 3) / 5, abs=0.02)


# -- vip_dissatisfied ---------------------------------------------------------------------


def vip() -> tuple[Task, Events]:
    """A VIP who bought long ago, and the maker of the next events."""
    make = Events()
    return Task().take(make.transaction(0, 500_000.0)), make


def test_falling_below_4_is_told_once() -> None:
    task, make = vip()
    task.take(make.survey(10 * DAY, "nps", 6), make.survey(10 * DAY + 1, "nps", 0))
    task.take(make.survey(12 * DAY, "nps", 0))
    (alert,) = task.alerts("vip_dissatisfied")
    assert after_start(alert) == 10 * DAY + 1
    assert alert.reason.startswith("Satisfaction of a vip customer is 3.0, from 6.0: below the")
    assert alert.figures is not None
    assert alert.figures["satisfaction"] == pytest.approx(3.0)
    assert alert.priority == 2


def test_falling_by_3_within_7_days_is_told() -> None:
    task, make = vip()
    task.take(make.survey(10 * DAY, "nps", 10), make.survey(12 * DAY, "nps", 5))
    assert task.alerts("vip_dissatisfied") == []  # 10 -> 7.4
    task.take(make.survey(14 * DAY, "nps", 5))  # -> 6.6
    (alert,) = task.alerts("vip_dissatisfied")
    assert "fell by 3.4 to 6.6 within 7 days; 3 is the line" in alert.reason


def test_a_fall_that_took_longer_than_7_days_is_not_told() -> None:
    task, make = vip()
    task.take(make.survey(10 * DAY, "nps", 10))
    for n in range(1, 40):
        task.take(make.survey((10 + 4 * n) * DAY, "nps", 6))
    assert task.figures()["satisfaction"] < 7
    assert task.alerts("vip_dissatisfied") == []


def test_a_lower_tier_has_no_such_alert_and_a_first_bad_moment_of_a_vip_has() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 250_000.0), make.survey(HOUR, "nps", 0))
    assert task.alerts("vip_dissatisfied") == []
    task, make = vip()
    task.take(make.survey(HOUR, "nps", 0))
    assert len(task.alerts("vip_dissatisfied")) == 1


def test_a_broken_promise_can_raise_it_when_due() -> None:
    task, make = vip()
    task.take(make.survey(10 * DAY, "nps", 8), make.contact(10 * DAY, 0, "unresolved"))
    assert task.alerts("vip_dissatisfied") == []
    task.until(11 * DAY)
    (alert,) = task.alerts("vip_dissatisfied")
    assert after_start(alert) == 10 * DAY + HOUR
    assert alert.cause == ()


def test_a_changed_half_life_keeps_the_mean_of_what_was() -> None:
    make = Events()
    task = Task().take(*(make.click(n * MINUTE, "error") for n in range(5)))
    task.take(make.feedback(HOUR, "praise"))
    before = level(task.customer, Policy())
    shorter = Policy.model_validate({"satisfaction": {"half_life_days": 1}})
    assert level(task.customer, shorter) == pytest.approx(before)
    task.ctx.policy = shorter
    task.take(make.feedback(HOUR + DAY, "praise"))
    after = level(task.customer, shorter)
    assert before is not None
    assert after == pytest.approx((before * 6 * 0.5 + 9) / (6 * 0.5 + 1), rel=1e-3)


def test_a_long_wait_of_a_vip_is_told() -> None:
    task, make = vip()
    task.take(make.contact(10 * DAY, 600), make.contact(11 * DAY, 601, contact_id="s-2"))
    (alert,) = task.alerts("vip_long_wait")
    assert alert.reason == "A vip customer waited 601 s; the line is 600 s."
    assert after_start(alert) == 11 * DAY


FLEETING = Policy.model_validate({"satisfaction": {"half_life_days": 1}})


def test_what_was_felt_long_ago_is_still_known_when_something_else_comes() -> None:
    make = Events()
    task = Task(FLEETING).take(make.survey(0, "csat", 4.0))
    # 1,400 half-lives later: 2 to that is no double.
    assert task.take(make.click(1_400 * DAY)).figures()["satisfaction"] == pytest.approx(7.5)


def test_a_promise_that_breaks_long_after_the_last_event_counts_most() -> None:
    make = Events()
    broken = make.contact(DAY, outcome="unresolved").model_copy(
        update={"callback_by": moment(START + 1_400 * DAY)}
    )
    task = Task(FLEETING).take(make.survey(0, "csat", 5.0), broken).until(1_401 * DAY)
    assert task.figures(1_401 * DAY)["satisfaction"] == pytest.approx(1.0)
