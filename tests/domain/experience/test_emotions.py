"""Emotions as a survey instrument: one joyful, seven that a bad experience leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.experience.emotions import EMOTIONS
from domain.experience.portfolio import ExperiencePortfolio
from domain.policy import Policy
from schemas.touchpoints import Survey
from tests.domain.bank import DAY, HOUR, Events, Task


def told(make: Events, at: int, emotion: str, strength: float) -> Survey:
    return make.survey(at, "emotion", strength, emotion=emotion)


def test_the_eight_emotions_of_the_reference() -> None:
    assert EMOTIONS == (
        "joy", "anger", "disgust", "contempt", "pain", "fear", "shame", "guilt",
    )  # fmt: skip


def test_the_strongest_lately_prevails() -> None:
    make = Events()
    task = Task().take(
        told(make, 0, "anger", 9.0), told(make, HOUR, "joy", 4.0),
        told(make, 2 * HOUR, "joy", 7.0), told(make, 3 * HOUR, "fear", 0.0),
    )  # fmt: skip
    found = task.exported(DAY).experience
    assert found.emotions == {"joy": 7.0, "anger": 9.0, "fear": 0.0}
    assert found.emotion == "anger"
    assert found.emotion_reason == "Told 1 day ago with a strength of 9.0 of 10."
    assert task.exported(90 * DAY + 1).experience.emotion == "joy"
    late = task.exported(200 * DAY).experience
    assert late.emotion is None
    assert late.emotion_reason == "The emotion is unknown without an answer to emotion."


def test_an_emotion_moves_no_satisfaction() -> None:
    make = Events()
    task = Task().take(make.survey(0, "csat", 5.0), told(make, HOUR, "anger", 10.0))
    assert task.exported().satisfaction == pytest.approx(10.0)


@pytest.mark.parametrize(
    "fields", [{"score": 5}, {"emotion": "rage", "score": 5}, {"emotion": "joy", "score": 11},
               {"emotion": "joy"}]
)  # fmt: skip
def test_what_is_no_emotion_is_refused(fields: dict[str, object]) -> None:
    common = {
        "event_id": "e-1", "customer_id": "c-1", "occurred_at": "2026-03-02T10:00:00Z",
        "channel": "web", "instrument": "emotion",
    }  # fmt: skip
    with pytest.raises(ValidationError):
        Survey.model_validate(common | fields)
    with pytest.raises(ValidationError):
        Survey.model_validate(common | {"instrument": "nps", "score": 5, "emotion": "joy"})


@given(st.permutations(range(4)))
def test_the_order_of_arrival_within_a_day_does_not_matter(order: list[int]) -> None:
    make = Events()
    events = [
        told(make, 0, "anger", 9.0), told(make, HOUR, "anger", 2.0),
        told(make, HOUR, "joy", 2.0), told(make, 2 * HOUR, "pain", 1.0),
    ]  # fmt: skip
    found = Task().take(*(events[place] for place in order)).exported(DAY).experience
    assert found.emotions == {"joy": 2.0, "anger": 2.0, "pain": 1.0}
    assert found.emotion == "joy"  # of equals at the same time the name decides


def test_reports_tell_in_whom_each_prevails() -> None:
    make, other = Events(), Events()
    one = Task().take(told(make, 0, "joy", 8.0), told(make, HOUR, "fear", 2.0))
    two = Task().take(told(other, 0, "fear", 5.0))
    nobody = Task().take(make.click(0))
    rows = ExperiencePortfolio.of(
        [each.exported(DAY) for each in (one, two, nobody)], Policy()
    ).report().emotions  # fmt: skip
    assert [(row.name, row.customers, row.strength, row.prevailing, row.share) for row in rows] == [
        ("joy", 1, 8.0, 1, 0.5), ("fear", 2, 3.5, 1, 0.5),
    ]  # fmt: skip
