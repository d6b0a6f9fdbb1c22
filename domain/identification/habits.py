"""What special customers are told by: kept from the events as they come, whatever their order.

Everything kept is the newest or the smallest of a set, or a count, so it does not depend on the
order of arrival. Of clicks and conversions those after the first purchase are left out but for the
day in which a conversion may still be told: who bought again is asked no more.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import Final

from xxhash import xxh3_64_intdigest

from domain.customer.cause import Cause
from domain.customer.parts import Habits
from domain.customer.state import HABITS, Customer
from domain.kernel.units import LATENESS_MS
from domain.policy.identification import FEEDBACKS_KEPT, TASKS_KEPT
from schemas.touchpoints import Campaign, Care, Feedback, ServiceContact

OFFERS_KEPT: Final = 32
OF_CUSTOMERS: Final = ("praise", "suggestion", "comment_card")
"""Feedback that is the customer's; the other kinds tell what we did."""
_MASK: Final = (1 << 63) - 1


def take_feedback(customer: Customer, event: Feedback, cause: Cause) -> None:
    """Keep when the customer gave feedback."""
    if event.kind in OF_CUSTOMERS:
        customer.touch(HABITS)
        _keep(customer.habits.feedback, cause.at, FEEDBACKS_KEPT)


def take_campaign(customer: Customer, event: Campaign, cause: Cause) -> None:
    """Keep when a campaign was clicked or bought through, while the first purchase may follow."""
    if event.action not in ("clicked", "converted"):
        return
    bought = customer.core.first_purchase
    if bought is not None and cause.at > bought + LATENESS_MS:
        return
    customer.touch(HABITS)
    habits = customer.habits
    _keep(habits.clicked if event.action == "clicked" else habits.converted, cause.at, OFFERS_KEPT)


def take_care(customer: Customer, event: Care, cause: Cause) -> None:
    """Keep which care task was declined."""
    if event.action == "declined" and event.task_id is not None:
        customer.touch(HABITS)
        task = xxh3_64_intdigest(event.task_id.encode()) & _MASK
        customer.habits.declined = _tasks((*customer.habits.declined, task))


def take_contact(customer: Customer, event: ServiceContact, cause: Cause) -> None:
    """Count a wait that was given up."""
    if event.outcome == "abandoned":
        customer.touch(HABITS)
        customer.habits.abandoned += 1


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let another id's habits be of this one."""
    customer.touch(HABITS)
    mine, theirs = customer.habits, other.habits
    mine.feedback = sorted(mine.feedback + theirs.feedback)[-FEEDBACKS_KEPT:]
    mine.clicked = sorted(mine.clicked + theirs.clicked)[-OFFERS_KEPT:]
    mine.converted = sorted(mine.converted + theirs.converted)[-OFFERS_KEPT:]
    mine.declined = _tasks((*mine.declined, *theirs.declined))
    mine.abandoned += theirs.abandoned


def habits_of(customer: Customer) -> Habits:
    """What is kept of the customer, to be read alone."""
    return customer.habits if customer.has(HABITS) else Habits()


def _keep(times: list[int], at: int, most: int) -> None:
    """Let ``at`` (ms) be among the newest ``most``, ascending.

    >>> times = [1, 5]
    >>> _keep(times, 3, 2), times
    (None, [3, 5])
    """
    insort(times, at)
    if len(times) > most:
        del times[0]


def _tasks(digests: Sequence[int]) -> list[int]:
    """The smallest of them, each once."""
    return sorted(set(digests))[:TASKS_KEPT]
