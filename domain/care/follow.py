"""Care at the end of an event or a due time: what was proposed, done and is to come.

Where a calendar day fell between an event that comes late and now, it is judged with what the event
tells: within 24 hours of lateness the order of arrival does not matter for who gets a task.
"""

from __future__ import annotations

from typing import Final

from domain.care import book, planning
from domain.care.occasions import Occasion, is_over, local_time, next_occasions
from domain.complaints.judged import judged
from domain.customer.cause import AnyEvent, Cause
from domain.customer.consent import zone_for
from domain.customer.lived import RESOLVED
from domain.customer.state import CARE, DESK, FILE, Customer
from domain.kernel.local_time import offset_at
from domain.kernel.units import LATENESS_MS, MS_PER_DAY
from domain.policy import Policy
from schemas.outputs import CareTask
from schemas.quick import QuickTransaction
from schemas.touchpoints import Care, Complaint, Feedback, ServiceContact, Survey, Transaction

TELLS: Final = FILE | DESK
"""Parts whose change may move what a customer is to get: the profile, the customer's own word."""
TAKES_PART: Final = (Transaction, QuickTransaction, ServiceContact, Survey, Feedback)
"""What somebody does who is at an event."""


def look(
    customer: Customer, cause: Cause, event: AnyEvent | None = None, *, moved: bool = False
) -> None:
    """Follow one event through: ``moved`` says that its tier, state, first purchase or id moved."""
    core = customer.core
    kind = type(event)
    proposed = any(type(each) is CareTask for each in cause.outputs)
    follows = kind is Complaint or (cause.channel == "event" and kind in TAKES_PART)
    if not (
        moved or proposed or follows or kind is Care or not core.care_due
        or customer.touched & TELLS or cause.at <= core.first
    ):  # fmt: skip
        return
    if follows and event is not None and not cause.quiet:
        _after_event(customer, event, cause)
    if cause.outputs:
        book.adopt(customer, cause)
    book.tidy(customer, cause)
    schedule(customer, max(cause.at, core.newest - LATENESS_MS), cause.policy)


def adopt(customer: Customer, cause: Cause) -> None:
    """Keep what was proposed at a due time of another rule."""
    if cause.outputs and book.adopt(customer, cause):
        book.tidy(customer, cause)
        schedule(customer, cause.at, cause.policy)


def fall_due(customer: Customer, cause: Cause) -> None:
    """Judge the occasions and tell the tasks that are due at ``cause.at`` (ms)."""
    due, policy = cause.at, cause.policy
    if customer.has(CARE):
        customer.care.judged = max(customer.care.judged, due)
        customer.touch(CARE)
    for occasion in next_occasions(customer, due - 1, policy):
        if occasion.at > due or is_over(customer, due, policy):
            break
        planning.judge(customer, occasion, cause)
    if customer.has(CARE):
        if any(at <= due for at, _ in customer.care.later):
            planning.retry(customer, cause)
        customer.care.judged = max(customer.care.judged, due)
    book.tidy(customer, cause)
    schedule(customer, due, policy)


def schedule(customer: Customer, after: int, policy: Policy) -> None:
    """Set when care next has something to do, its occasions behind ``after`` (ms)."""
    dues = [book.next_due(customer)]
    if customer.has(CARE):
        dues += [at for at, _ in customer.care.later]
    dues += [each.at for each in next_occasions(customer, after, policy)[:1]]
    customer.core.care_due = min((due for due in dues if due), default=0)
    customer.reschedule()


# -- inside ------------------------------------------------------------------------------


def _after_event(customer: Customer, event: AnyEvent, cause: Cause) -> None:
    """The occasions that an event makes: a complaint was resolved, somebody took part."""
    plans = cause.policy.care.by_occasion
    if type(event) is Complaint:
        if "complaint_resolved" in plans:
            _after_complaint(customer, event, cause)
    elif "took_part" in plans:
        zone = zone_for(customer, cause.policy)
        day = (cause.at + offset_at(zone, cause.at)) // MS_PER_DAY
        began = local_time(day, 0, zone)
        occasion = Occasion(max(began, cause.at), day, "took_part", "took_part", "took_part")
        planning.judge(customer, occasion, cause)


def _after_complaint(customer: Customer, event: Complaint, cause: Cause) -> None:
    """A call after each time of waiting that this event resolved, or began before its end."""
    for each in judged(customer, cause.policy):
        if each.case.complaint_id != event.complaint_id:
            continue
        key = f"complaint_resolved:{event.complaint_id}"
        for cycle in each.life.cycles:
            at = cycle.ended
            if at is None or cycle.end_status != RESOLVED:
                continue
            if cause.mark in (cycle.event_id, cycle.end_event_id):
                day = at // MS_PER_DAY
                occasion = Occasion(at, day, "complaint_resolved", key, "complaint_resolved")
                planning.judge(customer, occasion, cause)
