"""The grade of a customer's health record: good, to be watched, or poor, and by what.

Each count of the record has two lines in the policy, our defaults. The worst grade that any of
them gives is the customer's; its reason is the first of these in the order below.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.kernel.wording import Wording
from domain.policy.proactive import GradeRules
from schemas.figures.health import Grade
from schemas.told import Told

GOOD: Final = Wording("health.good", "Nothing went wrong within {days} days that a line names.")
COMPLAINTS: Final = Wording(
    "health.complaints", "{count:count open complaint}; from {line} on the service is {grade}."
)
PROMISES: Final = Wording(
    "health.promises",
    "{count:count callback promise} broken within {days} days; from {line} on the service is"
    " {grade}.",
)
CONTACTS: Final = Wording(
    "health.contacts",
    "{count:count failed contact} within {days} days; from {line} on the service is {grade}.",
)
WAITS: Final = Wording(
    "health.waits",
    "{count:count long wait} within {days} days; from {line} on the service is {grade}.",
)
ERRORS: Final = Wording(
    "health.errors",
    "{count:count app error} within {days} days; from {line} on the service is {grade}.",
)
INSPECTION: Final = Wording("health.inspection", "An inspection is overdue since {due}.")


class Record(NamedTuple):
    """What the grade goes by; ``overdue`` is when an inspection was due (RFC 3339), "" for none."""

    complaints: int = 0
    promises: int = 0
    contacts: int = 0
    waits: int = 0
    errors: int = 0
    overdue: str = ""


def grade(record: Record, days: int, rules: GradeRules) -> tuple[Grade, Told]:
    """The grade and why.

    >>> grade(Record(errors=3, contacts=3), 30, GradeRules())
    ('poor', '3 failed contacts within 30 days; from 3 on the service is poor.')
    >>> grade(Record(errors=3, overdue="2026-03-02T00:00:00.000Z"), 30, GradeRules())
    ('watch', '3 app errors within 30 days; from 3 on the service is watch.')
    >>> grade(Record(errors=2), 30, GradeRules())[0]
    'good'
    """
    lines = (
        (COMPLAINTS, record.complaints, rules.complaints),
        (PROMISES, record.promises, rules.promises),
        (CONTACTS, record.contacts, rules.contacts),
        (WAITS, record.waits, rules.waits),
        (ERRORS, record.errors, rules.errors),
    )
    for wording, count, line in lines:
        if count >= line.poor:
            return "poor", _told(wording, count, line.poor, days, "poor")
    for wording, count, line in lines:
        if count >= line.watch:
            return "watch", _told(wording, count, line.watch, days, "watch")
    if record.overdue:
        return "watch", INSPECTION(due=record.overdue)
    return "good", GOOD(days=days)


def _told(wording: Wording, count: int, line: int, days: int, grade: Grade) -> Told:
    if wording is COMPLAINTS:
        return wording(count=count, line=line, grade=grade)
    return wording(count=count, line=line, days=days, grade=grade)
