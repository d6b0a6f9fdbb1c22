"""Customer states: whatever the order of arrival, they are what all purchases at once say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policy import Policy
from schemas.touchpoints import Transaction
from tests.domain import oracle_relationship as oracle
from tests.domain.bank import DAY, HOUR, START, Events, Task, after_start

MONTHS = 20 * 30


@st.composite
def shoppers(draw: st.DrawFn) -> tuple[list[Transaction], list[tuple[int, float, bool]]]:
    """Transactions in an order of arrival up to a day late, and (ms after START, amount, debit)."""
    make = Events()
    at, plan, arrivals = 0, list[tuple[int, float, bool]](), list[tuple[int, int, Transaction]]()
    for number in range(draw(st.integers(1, 60))):
        at += draw(st.sampled_from((HOUR, 5 * HOUR, DAY, 6 * DAY, 15 * DAY, 40 * DAY, 300 * DAY)))
        at += draw(st.integers(0, 3 * HOUR))
        amount, debit = float(draw(st.integers(1, 900))), draw(st.integers(0, 3)) > 0
        made = make.transaction(at, amount=amount, direction="debit" if debit else "credit")
        plan.append((at, amount, debit))
        arrivals.append((at + draw(st.integers(0, DAY)), number, made))
    return [made for *_, made in sorted(arrivals, key=lambda each: each[:2])], plan


@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=150)
@given(shoppers(), st.integers(0, MONTHS * 24), st.booleans())
def test_the_state_is_what_all_purchases_at_once_say(
    made: tuple[list[Transaction], list[tuple[int, float, bool]]], hours: int, fond: bool
) -> None:
    events, plan = made
    make = Events()
    task = Task(reload_always=True)
    if fond:
        task.take(make.survey(0, "nps", 9.0, event_id="nps"))
    task.take(*events)
    end = max(at for at, *_ in plan) + hours * HOUR
    figures = task.until(end).figures()
    now = START + end
    purchases = [(START + at, amount) for at, amount, debit in plan if debit]
    times = sorted(at for at, _ in purchases)
    attitude = 9.0 if fond and now - START < 365 * DAY else None
    if fond and attitude is None:
        attitude = 9.0  # satisfaction: the one moment there is
    expected = oracle.state(times, now, attitude, campaign=False)
    assert figures["relationship"]["state"] == expected
    if times:
        days = sorted({at // DAY for at in times})
        assert figures["relationship"]["p_alive"] == pytest.approx(oracle.alive(days, now))
        point = oracle.lapse_point(times)
        lapse = figures["relationship"]["lapse_days"]
        assert lapse == (None if point is None else pytest.approx(point / DAY, abs=1e-6))
    moved = [(START + at, amount) for at, amount, _ in plan]
    for name, value in oracle.value(purchases, moved, now).items():
        assert figures["value"][name] == pytest.approx(value), name
    chain = [(each.from_state, each.to_state) for each in task.transitions("relationship")]
    assert [to for _, to in chain][:-1] == [since for since, _ in chain][1:]
    # what no midnight has looked at yet is not announced
    announced = chain[-1][1] if chain else "potential"
    midnight = now // DAY * DAY
    seen = max(midnight, max(times, default=0), START)
    assert announced in {expected, oracle.state(times, seen, attitude, campaign=False)}


def test_silence_is_told_at_the_midnight_after_the_line_was_crossed() -> None:
    make = Events()
    task = Task().take(*(make.transaction(n * 7 * DAY + HOUR) for n in range(8)))
    task.until(200 * DAY)
    told = [
        (each.from_state, each.to_state, after_start(each) / DAY)
        for each in task.transitions("relationship")
    ]
    last = 49 + 1 / 24
    assert told[:2] == [("potential", "first_time", 1 / 24), ("first_time", "repeat", 7 + 1 / 24)]
    assert [each[:2] for each in told[2:]] == [("repeat", "at_risk"), ("at_risk", "lost")]
    for _, _, day in told[2:]:
        assert day == int(day) > last
    risk, lost = task.transitions("relationship")[2:]
    assert risk.reason == "No purchase for 15 days; the lapse point is 14 days."
    assert lost.reason.startswith("No purchase for 29 days; 2 times the lapse point is 28 days.")


def test_who_comes_back_is_reactivated_for_30_days() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0), make.transaction(400 * DAY), make.transaction(401 * DAY)
    )
    task.until(425 * DAY)
    assert task.figures()["relationship"]["state"] == "reactivated"
    assert "after being lost for" in task.figures()["relationship"]["state_reason"]
    task.until(433 * DAY)
    assert task.figures()["relationship"]["state"] == "repeat"
    ends = [each.to_state for each in task.transitions("relationship")]
    assert ends == ["first_time", "at_risk", "lost", "reactivated", "repeat"]


def test_a_return_is_judged_by_the_20_gaps_before_it_however_much_is_bought_since() -> None:
    make = Events()
    task = Task(reload_always=True)
    # bought each 20 days, so 41 days of silence are a loss; a monthly rhythm would not be
    task.take(*(make.transaction(n * 20 * DAY) for n in range(22)))
    back = (21 * 20 + 41) * DAY
    task.take(make.transaction(back))
    assert task.figures()["relationship"]["state"] == "reactivated"
    task.take(*(make.transaction(back + n * DAY) for n in range(1, 30)))
    assert task.figures()["relationship"]["state"] == "reactivated"
    task.take(make.transaction(back + 30 * DAY))
    assert task.figures()["relationship"]["state"] == "repeat"
    assert len(task.customer.ledger.times) <= 23


def test_who_was_never_lost_never_came_back() -> None:
    make = Events()
    task = Task()
    # one long gap in five: the 80th percentile of 20 gaps is 40 days, of the newest 4 it is 14
    gaps = (40, 2, 40, 2, 2) * 6 + (60, *(1,) * 20)
    days = [sum(gaps[:n]) for n in range(len(gaps) + 1)]
    task.take(*(make.transaction(day * DAY) for day in days))
    told = {each.to_state for each in task.transitions("relationship")}
    assert told == {"first_time", "repeat", "at_risk"}


def test_the_end_of_a_grace_is_no_time_to_look_at_silence() -> None:
    make = Events()
    task = Task().take(*(make.transaction(n * 7 * DAY, 150_000.0) for n in range(5)))
    # the tier falls at 63 days and 9 hours, the lapse point is passed an hour before
    task.take(make.transaction(33 * DAY + 9 * HOUR, 100.0))
    task.take(*(make.transaction(n * 7 * DAY + 8 * HOUR, 100.0) for n in (5, 6, 7)))
    task.until(70 * DAY)
    [fall] = [each for each in task.transitions() if each.from_state == "prospect"]
    assert after_start(fall) == 63 * DAY + 9 * HOUR
    told = [after_start(each) for each in task.transitions("relationship") if not each.cause]
    assert told == [64 * DAY]


def test_a_vip_at_risk_of_leaving_is_told_once_with_the_reasons() -> None:
    make = Events()
    task = Task().take(*(make.transaction(n * 7 * DAY, 500_000.0) for n in range(8)))
    task.take(make.complaint(50 * DAY, "opened", severity=2))
    assert task.alerts("vip_churn_risk") == []
    task.until(100 * DAY)
    [alert] = task.alerts("vip_churn_risk")
    assert after_start(alert) % DAY == 0
    assert alert.figures is not None
    assert alert.figures["churn_risk"] >= Policy().alerts.churn_risk
    assert "complaint is overdue" in alert.reason
    assert "The probability of being alive is 0.79." in alert.reason


def test_a_standard_customer_at_risk_raises_no_alert() -> None:
    make = Events()
    task = Task().take(*(make.transaction(n * 7 * DAY, 500.0) for n in range(8))).until(100 * DAY)
    assert task.alerts("vip_churn_risk") == []
    assert task.figures()["relationship"]["churn_risk"] > 0.6


def test_the_fall_of_satisfaction_counts_whatever_the_order() -> None:
    make = Events()
    good = [make.survey(n * DAY, "nps", 9.0) for n in range(20)]
    bad = [make.survey((60 + n) * DAY, "nps", 1.0) for n in range(10)]
    late = [*good, *bad[:5], bad[6], bad[5], *bad[7:]]
    one = Task().take(*good, *bad).figures()["relationship"]
    other = Task().take(*late).figures()["relationship"]
    assert one["churn_terms"] == pytest.approx(other["churn_terms"])
    assert one["churn_terms"]["satisfaction_fall"] > 0.1
    assert "Satisfaction fell from 9.0 to" in one["churn_reason"]


def test_a_broken_promise_is_told_when_it_was_due() -> None:
    make = Events()
    task = Task().take(make.contact(0, outcome="unresolved")).until(DAY)
    [alert] = task.alerts("promise_broken")
    assert after_start(alert) == HOUR
    assert "was not made" in alert.reason


def test_an_amount_far_from_the_usual_is_told_and_an_ordinary_one_is_not() -> None:
    make = Events()
    usual = [make.transaction(n * HOUR, amount=100.0 + n) for n in range(30)]
    task = Task().take(*usual, make.transaction(31 * HOUR, amount=140.0))
    assert task.alerts("account_anomaly") == []
    odd = make.transaction(32 * HOUR, amount=9_000.0)
    [alert] = task.take(odd).alerts("account_anomaly")
    assert alert.cause == (odd.event_id,)
    assert "A debit of 9,000.00 CNY is" in alert.reason
    assert task.take(make.transaction(33 * HOUR, amount=9.0, direction="credit")).alerts(
        "account_anomaly"
    ) == [alert]
