"""Mailings and their answers: when it is known whether there was one, and what was known before."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.customer.state import MAILINGS
from domain.propensity.awaited import MAX_WAITING
from domain.propensity.examples import Example
from domain.propensity.features import Known
from schemas.cases import TouchpointBase
from schemas.figures import MailingFigures
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events, Task

decode = msgspec.msgpack.Decoder(Example).decode


def examples(task: Task) -> list[Example]:
    """What there is to learn from, in order of time."""
    return sorted(decode(value) for value in task.ctx.propensity.examples.kept.values())


def figures(task: Task) -> MailingFigures:
    found = task.exported().mailings
    assert found is not None
    return found


def test_a_mailing_without_an_answer_is_known_so_after_seven_days_and_one_of_lateness() -> None:
    make = Events()
    task = Task().take(make.campaign(HOUR, "sent", channel="email"))
    task.until(HOUR + 8 * DAY - 1)
    assert examples(task) == [] and figures(task).waiting == 1
    task.until(HOUR + 8 * DAY)
    # 01:00 UTC is 09:00 in Shanghai; nothing was ever bought, and nothing said
    known = Known(5, 9, 0, "", 365, 0, 0, 5.0, 0, 0)
    assert examples(task) == [Example(START + HOUR + 8 * DAY, False, known)]
    assert (figures(task).sent, figures(task).answered, figures(task).waiting) == (1, 0, 0)


@pytest.mark.parametrize("action", ["clicked", "converted"])
def test_an_answer_is_learnt_with_the_other_mailings_of_its_day_and_not_before(action: str) -> None:
    make = Events()
    task = Task().take(make.campaign(0, "sent"), make.campaign(5 * HOUR, action))
    assert figures(task).answered == 1
    task.until(8 * DAY - 1)
    assert examples(task) == []
    task.until(8 * DAY)
    assert [(each.at, each.answered) for each in examples(task)] == [(START + 8 * DAY, True)]


@pytest.mark.parametrize(
    ("after", "campaign", "action", "answered"),
    [
        (7 * DAY, "m-1", "clicked", True),
        (7 * DAY + 1, "m-1", "clicked", False),
        (DAY, "m-2", "clicked", False),
        (DAY, "m-1", "opened", False),
        (DAY, "m-1", "opted_out", False),
    ],
)
def test_what_is_an_answer(after: int, campaign: str, action: str, answered: bool) -> None:
    make = Events()
    task = Task().take(make.campaign(0, "sent"), make.campaign(after, action, campaign_id=campaign))
    task.until(20 * DAY)
    assert [each.answered for each in examples(task)] == [answered]


def test_earlier_mailings_and_answers_count_as_they_stood_when_it_was_sent() -> None:
    make = Events()
    task = Task().take(
        make.campaign(0, "sent", campaign_id="a"),
        make.campaign(HOUR, "clicked", campaign_id="a"),
        make.campaign(2 * HOUR, "sent", campaign_id="b"),
        make.campaign(3 * DAY, "sent", campaign_id="c"),
        make.campaign(3 * DAY + HOUR, "clicked", campaign_id="b"),
        make.campaign(20 * DAY, "sent", campaign_id="d"),
    )
    task.until(40 * DAY)
    by_hour = {each.at: (each.answered, each.known.sent, each.known.answered)
               for each in examples(task)}  # fmt: skip
    assert by_hour == {
        START + 8 * DAY: (True, 0, 0),
        START + 8 * DAY + 2 * HOUR: (True, 1, 1),  # b: a was answered by then
        START + 11 * DAY: (False, 2, 1),  # c: b was not yet
        START + 28 * DAY: (False, 3, 2),  # d: all of them are settled
    }


def test_what_was_bought_and_felt_before_is_known_and_what_came_later_is_not() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 350_000.0, amount=120.0),
        make.survey(HOUR, "csat", 5.0),
        make.campaign(3 * DAY, "sent"),
        make.transaction(3 * DAY + HOUR, 10_000.0, amount=999.0),
        make.survey(3 * DAY + HOUR, "csat", 1.0),
    )
    task.until(12 * DAY)
    [example] = examples(task)
    assert example.known == Known(4, 8, 3, "", 3, 1, 12_000, 10.0, 0, 0)


def test_no_more_mailings_are_waited_for_than_the_bound_and_those_left_out_are_counted() -> None:
    make = Events()
    task = Task(reload_always=True)
    for n in range(MAX_WAITING + 3):
        task.take(make.campaign(n * MINUTE, "sent", campaign_id=f"c-{n}"))
    assert figures(task).waiting == MAX_WAITING
    assert figures(task).sent == MAX_WAITING + 3
    assert task.ctx.propensity.examples.head.dropped == 3
    task.until(20 * DAY)
    assert [each.known.sent for each in examples(task)] == list(range(3, MAX_WAITING + 3))


def test_an_erasure_drops_the_mailings_that_are_waited_for() -> None:
    make = Events()
    task = Task().take(make.campaign(0, "sent"), make.profile(HOUR, erase=True))
    task.save()
    assert not task.records and not task.customer.has(MAILINGS)
    task.until(20 * DAY)
    assert examples(task) == []


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[TouchpointBase], list[TouchpointBase]]:
    """Mailings and answers in order of time, and in an order of arrival within 24 hours of it."""
    make, made = Events(), []
    for _ in range(draw(st.integers(1, 15))):
        at = draw(st.integers(0, 24 * 12)) * HOUR + draw(st.sampled_from((0, 0, MINUTE)))
        action = draw(st.sampled_from(("sent", "sent", "clicked", "converted")))
        campaign = draw(st.sampled_from(("a", "a", "b")))
        made.append((make.campaign(at, action, campaign_id=campaign), at, draw(delays)))
    first = make.click(0)
    ordered = [each[0] for each in sorted(made, key=lambda each: each[1])]
    arrived = [each[0] for each in sorted(made, key=lambda each: each[1] + each[2])]
    return [first, *ordered], [first, *arrived]


delays = st.integers(0, DAY)


@given(arrivals(), st.booleans())
@settings(deadline=None, max_examples=150)
def test_the_order_of_arrival_within_a_day_does_not_matter(
    given_: tuple[list[TouchpointBase], list[TouchpointBase]], reload: bool
) -> None:
    ordered, arrived = given_
    found = [
        Task(reload_always=reload and events is arrived).take(*events).until(40 * DAY)
        for events in (ordered, arrived)
    ]
    assert examples(found[0]) == examples(found[1])
    assert figures(found[0]) == figures(found[1])
