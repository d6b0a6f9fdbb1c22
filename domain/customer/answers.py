"""What a customer last said in surveys: for each question the newest answer by (time, event id).

Questions are named `instrument`, or `instrument.of` and `instrument.of.measure` where an answer
is about a factor, a dimension, an aspect or an item. Beside them stand two notes of what was done:
the newest offer opened, and the first failure. Bound: the questions there are, 64, and the notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.customer.cause import Cause
from domain.customer.state import ANSWERS, Customer
from domain.kernel.order import before, is_newer
from schemas.touchpoints import Survey

OFFER: Final = "offer_opened"
FAILURE: Final = "first_failure"


class Answer(NamedTuple):
    """A score on the instrument's own scale and when it was given (ms)."""

    at: int
    score: float


def question_of(event: Survey) -> str:
    """The name of the question that a survey event answers.

    >>> from types import SimpleNamespace as Given
    >>> question_of(Given(instrument="nps", factor="price", measure=None, dimension=None,
    ...     aspect=None, item=None))
    'nps'
    """
    parts: list[str | None] = [event.instrument]
    if event.instrument == "factor_rating":
        parts += [event.factor, event.measure]
    elif event.instrument == "servqual":
        parts += [event.dimension, event.measure]
    elif event.instrument == "trust":
        parts.append(event.aspect)
    elif event.instrument == "acsi":
        parts.append(event.item)
    elif event.instrument == "emotion":
        parts.append(event.emotion)
    elif event.instrument == "visit_reason":
        parts.append(event.factor)
    return ".".join(filter(None, parts))


def take_answer(customer: Customer, event: Survey, at: int, mark: str) -> None:
    """Keep an answer of (``at`` in ms, ``mark``) if it is the newest to its question.

    One without a score is a 1.
    """
    customer.touch(ANSWERS)
    newest, question = customer.answers.newest, question_of(event)
    kept = newest.get(question)
    if is_newer(at, mark, kept):
        score = 1.0 if event.score is None else event.score
        newest[question] = (at, mark, score)


def note_offer(customer: Customer, mark: str, at: int) -> None:
    """Remember the newest offer that the customer opened, at ``at`` (ms)."""
    kept = customer.answers.newest.get(OFFER)
    if is_newer(at, mark, kept):
        customer.touch(ANSWERS)
        customer.answers.newest[OFFER] = (at, mark, 1.0)


def note_failure(customer: Customer, mark: str, at: int) -> None:
    """Remember the first failure (a complaint, or a contact that ended badly), at ``at`` (ms)."""
    kept = customer.answers.newest.get(FAILURE)
    if kept is None or before(at, mark, *kept[:2]):
        customer.touch(ANSWERS)
        customer.answers.newest[FAILURE] = (at, mark, 1.0)


def told_at(customer: Customer, note: str) -> int | None:
    """When (ms) what is remembered under ``OFFER`` or ``FAILURE`` happened; ``None``: never."""
    found = answer(customer, note)
    return None if found is None else found.at


def answer(customer: Customer, question: str, since: int = 0) -> Answer | None:
    """The newest answer to a question, if it was given at or after ``since`` (ms)."""
    kept = customer.answers.newest.get(question) if customer.has(ANSWERS) else None
    return None if kept is None or kept[0] < since else Answer(kept[0], kept[2])


def score(customer: Customer, question: str, since: int = 0) -> float | None:
    """The score of :func:`answer`."""
    found = answer(customer, question, since) if customer.core.other_parts & ANSWERS else None
    return None if found is None else found.score


def scores(customer: Customer, questions: Sequence[str]) -> list[float | None]:
    """The score of each of these questions, in their order."""
    if not customer.core.other_parts & ANSWERS:
        return [None] * len(questions)
    newest = customer.answers.newest
    return [kept[2] if (kept := newest.get(question)) else None for question in questions]


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let another id's answers and notes be of this one: of each question the newest."""
    newest = customer.answers.newest
    for question, said in other.answers.newest.items():
        kept = newest.get(question)
        if kept is None or before(*kept[:2], *said[:2]) != (question == FAILURE):
            newest[question] = said
    customer.touch(ANSWERS)
