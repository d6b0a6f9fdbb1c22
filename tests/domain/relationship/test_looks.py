"""A look that is left out, since nothing moved that it goes by, would have found nothing new."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kernel.units import MS_PER_WEEK
from domain.policy.value import MbgNbd
from domain.value.alive import Fade, age_at
from domain.value.history import History
from schemas.cases import TouchpointBase
from schemas.fields import moment
from tests.domain.bank import DAY, HOUR, START, Events, Task

LONG = settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow]
)  # fmt: skip
START_DAY = moment(START).date()
STEPS = (1, HOUR, 7 * HOUR, DAY, 3 * DAY, 11 * DAY, 14 * DAY, 29 * DAY, 90 * DAY, 400 * DAY)


@st.composite
def lives(draw: st.DrawFn) -> list[TouchpointBase]:
    """Years of a customer's events, each up to a day late."""
    make = Events()
    at, made = 0, list[tuple[int, int, TouchpointBase]]()
    for number in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from(STEPS)) + draw(st.integers(0, 2)) * HOUR
        event = draw(events_at(make, at))
        made.append((at + draw(st.sampled_from((0, 0, HOUR, DAY))), number, event))
    return [event for *_, event in sorted(made, key=lambda each: each[:2])]


@st.composite
def events_at(draw: st.DrawFn, make: Events, at: int) -> TouchpointBase:
    """Any event after which the relationship is looked at; purchases are the half of them."""
    kind = draw(st.integers(0, 9))
    if kind <= 4:
        balance = draw(st.sampled_from((None, 1_000.0, 350_000.0)))
        amount, channel = draw(st.sampled_from((10.0, 900.0))), draw(st.sampled_from(CHANNELS))
        return make.transaction(at, balance, amount=amount, channel=channel)
    if kind <= 6:
        return make.transaction(at, direction="credit")
    if kind == 7:
        instrument = draw(st.sampled_from(("nps", "csat", "ces", "wallet_share")))
        high = 1.0 if instrument == "wallet_share" else 5.0
        return make.survey(at, instrument, draw(st.sampled_from((1.0, high))))
    if kind == 8:
        outcome = draw(st.sampled_from(("resolved", "unresolved")))
        return make.contact(at, draw(st.sampled_from((30, 700))), outcome)
    if draw(st.booleans()):
        return make.complaint(at, draw(st.sampled_from(("opened", "resolved"))))
    if draw(st.booleans()):
        return make.profile(at, first_seen=draw(st.sampled_from(SEEN)))
    return make.profile(at, tier_pin=draw(st.sampled_from((None, "vip"))))


CHANNELS = ("app", "branch")
SEEN = (None, date(2010, 5, 4), START_DAY - timedelta(days=30), START_DAY + timedelta(days=300))


@pytest.mark.long
@pytest.mark.timeout(900)
@LONG
@given(lives(), st.integers(0, 200))
def test_leaving_looks_out_changes_nothing(events: list[TouchpointBase], days: int) -> None:
    """What a customer remembers of its last look is gone with each reload."""
    end = max(each.occurred_at for each in events).timestamp() * 1000
    kept, reloaded = Task(), Task(reload_always=True)
    for task in (kept, reloaded):
        task.take(*events)
        task.until(round(end) - START + days * DAY)
    assert kept.outputs == reloaded.outputs
    kept.save()
    reloaded.save()
    assert kept.records == reloaded.records
    assert kept.figures() == reloaded.figures()


@LONG
@given(
    st.integers(0, 400),
    st.floats(0, 500),
    st.sampled_from((0.1, 0.4, 0.9)),
    st.builds(
        MbgNbd,
        r=st.floats(0.01, 50),
        alpha=st.floats(0.01, 50),
        a=st.floats(0.01, 50),
        b=st.floats(0.01, 50),
    ),
)
def test_no_silence_is_shorter_than_the_least(
    repeats: int, recency: float, probability: float, model: MbgNbd
) -> None:
    fade = Fade(model, probability)
    least = fade.least_weeks(repeats)
    for fewer in {0, repeats // 2, repeats}:
        assert fade.age(History(fewer, recency)) == age_at(
            model, History(fewer, recency), probability
        )
        silence = age_at(model, History(fewer, recency), probability) - recency
        assert max(0.0, silence) >= least * (1 - 1e-9) - 1e-9


def test_who_buys_daily_is_not_searched_for_losses() -> None:
    least = Fade(MbgNbd(), 0.4).least_weeks(20) * MS_PER_WEEK
    assert least > 2 * DAY
