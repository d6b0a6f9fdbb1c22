"""Experience of one customer: whatever the order of arrival, it is what brute force says."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policy import Policy
from schemas.cases import TouchpointBase
from schemas.touchpoints import AppClick
from tests.domain import oracle, oracle_experience
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events, Task
from tests.domain.test_order_of_arrival import PATIENT, THOROUGH, agree, stable

CATEGORIES = ("fees", "fraud", "overcharge", "rudeness")
CHANNELS = ("app", "branch", "call_centre", "email")
GAPS = (0, MINUTE, HOUR, DAY, 3 * DAY, 7 * DAY - 1, 7 * DAY, 8 * DAY, 40 * DAY)


@st.composite
def histories(draw: st.DrawFn, *, most: int = 30, lateness: int = DAY) -> list[TouchpointBase]:
    """Events in an order of arrival in which none is later than ``lateness`` (ms)."""
    make = Events()
    at, made = 0, list[tuple[int, int, TouchpointBase]]()
    for number in range(draw(st.integers(1, most))):
        at += draw(st.sampled_from(GAPS))
        late = draw(st.sampled_from((0, 0, lateness)))
        event = draw(lived(make, at))
        made.append((at + (draw(st.integers(0, late)) if late else 0), number, event))
    return [event for *_, event in sorted(made, key=lambda each: each[:2])]


@st.composite
def lived(draw: st.DrawFn, make: Events, at: int) -> TouchpointBase:
    """Any event that moves a figure of experience."""
    kind = draw(st.integers(0, 9))
    which = draw(st.sampled_from(("1", "2", "3")))
    channel = draw(st.sampled_from(CHANNELS))
    if kind == 0:
        return make.click(at, draw(st.sampled_from(("error", "tab_switch"))))
    if kind == 1:
        return make.transaction(at, draw(st.sampled_from((50_000.0, 400_000.0))))
    if kind <= 3:
        # A closed complaint is forgotten after 40 days: no id is used again so late.
        complaint = f"k-{which}-{at // (20 * DAY)}"
        statuses = ("opened", "opened", "acknowledged", "resolved", "reopened", "withdrawn")
        return make.complaint(
            at, draw(st.sampled_from(statuses)), complaint_id=complaint, channel=channel,
            severity=draw(st.integers(1, 5)), category=draw(st.sampled_from(CATEGORIES)),
        )  # fmt: skip
    if kind <= 5:
        return make.contact(
            at, draw(st.sampled_from((30, 400, 700, 2_000))), contact_id=f"s-{which}",
            outcome=draw(st.sampled_from(("resolved", "unresolved", "unresolved", "abandoned"))),
            channel=channel, stage=draw(st.sampled_from((None, "before", "after"))),
        )  # fmt: skip
    if kind == 6:
        said = draw(st.sampled_from(("praise", "callback_done", "callback_done")))
        return make.feedback(at, said, contact_id=f"s-{which}")
    return draw(answers(make, at, channel))


@st.composite
def answers(draw: st.DrawFn, make: Events, at: int, channel: str) -> TouchpointBase:
    """An answer to any question that a figure of experience is made of."""
    kind = draw(st.integers(0, 5))
    score = float(draw(st.integers(1, 5)))
    if kind <= 2:
        instrument = draw(st.sampled_from(("csat", "csat", "nps", "ces")))
        stage = draw(st.sampled_from((None, "before", "purchase", "after")))
        return make.survey(at, instrument, score, channel=channel, stage=stage)
    if kind == 3:
        measure = draw(st.sampled_from(("experience", "expectation", "importance", "ideal")))
        factor = draw(st.sampled_from(("price", "convenience", "service")))
        return make.survey(at, "factor_rating", score, factor=factor, measure=measure)
    if kind == 4:
        item = draw(st.sampled_from(("overall", "expectancy", "ideal")))
        return make.survey(at, "acsi", score, item=item)
    measure = draw(st.sampled_from(("perception", "expectation")))
    dimension = draw(st.sampled_from(oracle_experience.DIMENSIONS))
    return make.survey(at, "servqual", score, dimension=dimension, measure=measure)


def story(chance: Random, make: Events, at: int) -> list[tuple[int, TouchpointBase]]:
    """What happens to a customer from ``at`` on: one event, or several that belong together."""
    pick, channel, number = chance.randrange(6), chance.choice(CHANNELS), make.made
    if pick == 0:
        which, hour = f"s-{number}", chance.choice((HOUR - 1, HOUR, 20 * MINUTE))
        contact = make.contact(
            at, chance.choice((30, 700)), "unresolved", contact_id=which, channel=channel
        )
        called = make.feedback(at + hour, "callback_done", contact_id=which)
        return [(at, contact)] + [(at + hour, called)] * (chance.random() < 0.7)
    if pick == 1:
        which, steps = f"k-{number}", list[tuple[int, TouchpointBase]]()
        ends = chance.choice(("withdrawn", "resolved", "acknowledged"))
        for status in ("opened", ends, *(("reopened",) if ends == "resolved" else ())):
            category, severity = chance.choice(CATEGORIES), chance.randint(1, 5)
            steps.append((at, make.complaint(
                at, status, complaint_id=which, category=category, severity=severity,
            )))  # fmt: skip
            at += chance.choice((HOUR, DAY, 20 * DAY))
        return steps[: chance.randint(1, 3)]
    if pick == 2:
        return [(at, make.transaction(at, chance.choice((50_000.0, 400_000.0))))]
    if pick == 3:
        return [(at, make.click(at, "error")), (at, make.feedback(at, "praise", factor="brand"))]
    instrument = chance.choice(("csat", "csat", "nps", "ces"))
    stage = chance.choice(("before", "after"))
    score = float(chance.randint(1, 5))
    return [(at, make.survey(at, instrument, score, channel=channel, stage=stage))]


def life(seed: int) -> list[TouchpointBase]:
    """A random customer's events in an order of arrival up to a day late."""
    chance, make = Random(seed), Events()
    at, made = 0, list[tuple[int, TouchpointBase]]()
    for _ in range(chance.randint(1, 25)):
        at += chance.choice(GAPS)
        made += story(chance, make, at)
    late = chance.choice((0, HOUR, DAY))
    arrivals = [(at + chance.randint(0, late), number) for number, (at, _) in enumerate(made)]
    return [made[number][1] for _, number in sorted(arrivals)]


@PATIENT
@pytest.mark.parametrize("seed", range(12))
def test_the_lives_of_many_customers_end_in_what_brute_force_says(seed: int) -> None:
    for number in range(25):
        events = life(seed * 1_000 + number)
        after = Random(number).choice((0, HOUR, 2 * DAY, 29 * DAY, 250 * DAY, 390 * DAY))
        end = last_of(events) + after
        task = Task().take(*events).until(end)
        agree(experience(task), oracle_experience.figures(events, START + end))


def last_of(events: list[TouchpointBase]) -> int:
    """The newest event, in ms after START."""
    return max(oracle.ms(event) for event in events) - START


def experience(task: Task) -> dict[str, Any]:
    """The figures of experience."""
    found: dict[str, Any] = task.figures()["experience"]
    return found


@PATIENT
@settings(THOROUGH, max_examples=150)
@given(histories(), st.sampled_from((0, HOUR, DAY, 29 * DAY, 31 * DAY, 250 * DAY, 420 * DAY)))
def test_any_order_of_arrival_ends_in_what_brute_force_says(
    events: list[TouchpointBase], after: int
) -> None:
    end = last_of(events) + after
    task = Task().take(*events).until(end)
    agree(experience(task), oracle_experience.figures(events, START + end))


@PATIENT
@settings(THOROUGH, max_examples=50)
@given(histories())
def test_every_figure_is_the_same_as_in_order_of_time(events: list[TouchpointBase]) -> None:
    end = last_of(events) + 2 * DAY
    shuffled = Task().take(*events).until(end).figures()
    sorted_ = Task().take(*oracle.in_order(events)).until(end).figures()
    agree(stable(shuffled), stable(sorted_))


@PATIENT
@settings(THOROUGH, max_examples=50)
@given(histories(lateness=9 * DAY))
def test_a_reload_after_every_event_changes_nothing(events: list[TouchpointBase]) -> None:
    end = last_of(events) + 2 * DAY
    steady = Task().take(*events).until(end)
    reloaded = Task(reload_always=True).take(*events).until(end)
    assert reloaded.figures() == steady.figures()
    assert reloaded.outputs == steady.outputs
    assert reloaded.ctx.scorecards.tallies == steady.ctx.scorecards.tallies


@given(st.lists(st.sampled_from(("launch", "tab_switch", "news_view")), max_size=20))
def test_clicks_but_errors_touch_neither_the_part_nor_the_scorecards(actions: list[str]) -> None:
    make = Events()
    task = Task().take(make.click(0, "error"))
    task.save()
    task.ctx.scorecards.changed_records()
    task.take(*(make.click(n * MINUTE, action) for n, action in enumerate(actions)))
    assert all(key[:1] != b"j" for key, _ in task.save())
    assert task.ctx.scorecards.changed_records() == []


def test_the_part_stays_small_however_much_is_lived_through() -> None:
    make, policy = Events(), Policy()
    task = Task(policy)
    for n in range(400):
        at = n * 8 * DAY
        task.take(
            make.survey(at, "csat", 4.0 + n % 2),
            make.contact(at + HOUR, 700.0, "unresolved", contact_id=f"s-{n}"),
            make.click(at + 2 * HOUR, "error"),
        )
    task.until(4_000 * DAY)
    task.reload()
    record = task.records[b"j" + task.customer.customer_id.encode()]
    assert len(record) < 700
    journey = task.customer.journey
    assert len(journey.runs) <= 3
    assert (len(journey.broken_at), len(journey.csat)) == (16, 16)
    figures = experience(task)
    assert figures["promises_broken"] == 400
    assert figures["good_moments"] + figures["bad_moments"] == 400 * 5


def test_a_late_moment_still_joins_two_journeys_when_older_ones_are_forgotten() -> None:
    make = Events()
    scores = {0: 1.0, 8 * DAY: 2.0, 15 * DAY + HOUR: 9.0}
    task = Task().take(*(make.survey(at, "nps", score) for at, score in scores.items()))
    task.take(make.click(15 * DAY + 2 * HOUR, "error"))
    assert experience(task)["journey_began_at"].startswith("2026-03-17T01")
    task.take(make.feedback(14 * DAY + 23 * HOUR, "praise"))
    figures = experience(task)
    assert figures["journey_began_at"].startswith("2026-03-10T00")
    assert (figures["journey_peak"], figures["journey_end"]) == (9.0, 3.0)


def test_runs_of_what_only_complaints_and_promises_say_stay_bounded_too() -> None:
    make = Events()
    task = Task()
    for n in range(100):
        at = n * 50 * DAY
        task.take(make.complaint(at, "opened", complaint_id=f"k-{n}"))
        task.take(make.complaint(at + HOUR, "withdrawn", complaint_id=f"k-{n}"))
    assert len(task.customer.journey.runs) <= 8


@pytest.mark.parametrize(
    ("given", "band", "source"),
    [
        (
            [("factor_rating", 6.0, "price"), ("factor_rating", 8.0, "price")],
            "dissatisfied", "factor ratings",
        ),
        ([("servqual", 7.0, "empathy"), ("servqual", 6.0, "empathy")], "delighted", "SERVQUAL"),
    ],
)  # fmt: skip
def test_the_ratio_band_names_the_answers_it_rests_on(
    given: list[tuple[str, float, str]], band: str, source: str
) -> None:
    make, task = Events(), Task()
    sides = {
        "factor_rating": ("experience", "expectation"),
        "servqual": ("perception", "expectation"),
    }
    for side, (instrument, score, about) in enumerate(given):
        field = "factor" if instrument == "factor_rating" else "dimension"
        measure = sides[instrument][side]
        task.take(make.survey(side, instrument, score, measure=measure, **{field: about}))
    figures = experience(task)
    assert figures["ratio_band"] == band
    assert figures["ratio_reason"].startswith(f"By {source}")
    assert figures["ratio"] == pytest.approx(given[0][1] / given[1][1])


def test_without_any_answer_the_reasons_name_what_is_missing() -> None:
    figures = experience(Task().take(Events().click(0)))
    assert figures["ratio"] is None
    assert figures["key_experience_reason"].startswith("No factor was rated for experience")
    assert figures["servqual_reason"].startswith("The mean is unknown without reliability")
    assert "overall, expectancy and ideal" in figures["acsi_reason"]
    assert figures["peak_end_reason"] == "Peak-end is unknown without moments."
    assert figures["promises_kept_reason"].endswith("without promises.")
    assert "without any benefit: product, service" in figures["delivered_value_reason"]
    assert figures["outrage"] is False


def test_visit_reasons_are_the_factors_that_were_named() -> None:
    make = Events()
    task = Task().take(
        make.survey(0, "visit_reason", 1.0, factor="price"),
        make.survey(1, "visit_reason", 8.0, factor="brand"),
        make.survey(2, "visit_reason", 0.0, factor="service"),
    )
    assert experience(task)["visit_reasons"] == ["brand", "price"]


def test_an_error_is_the_only_click_that_is_a_moment() -> None:
    make = Events()
    clicks: list[AppClick] = [make.click(n, action) for n, action in enumerate(("launch", "error"))]
    assert experience(Task().take(*clicks))["bad_moments"] == 1
