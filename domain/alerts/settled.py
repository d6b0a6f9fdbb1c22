"""Whether the matter of an alert is settled: then nobody need be told of it again.

A complaint is once it is resolved or withdrawn: the time of waiting that the alert is of, for a
complaint that is reopened has an alert of its own. A broken promise is once the callback was made,
late as it was; where its alert was reopened, by another callback after that. Whatever was erased is
not there to be raised.
"""

from __future__ import annotations

from domain.alerts import open_alerts
from domain.complaints.judged import judged
from domain.customer.cause import Cause
from domain.customer.parts import Open
from domain.customer.state import CASES, DESK, MOOD, Customer
from domain.experience.promises import BROKEN, called_back_at, contact_of
from domain.policy import Policy
from domain.policy.alerts import ALERT_KINDS
from schemas.touchpoints import Feedback


def judge(customer: Customer, opened: Open, policy: Policy) -> None:
    """Note since when the alert's matter is settled, as is known now."""
    if opened.complaint_id:
        _note(opened, _complaint_ended(customer, opened, policy), policy)
    elif ALERT_KINDS[opened.kind] == BROKEN and customer.has(MOOD):
        if not opened.contact[0] and opened.cause:
            opened.contact = contact_of(customer, opened.cause[0])
        _note_callback(opened, *called_back_at(customer, *opened.contact), policy)


def take_callback(customer: Customer, event: Feedback, cause: Cause) -> None:
    """Let a callback settle the alert of its contact's broken promise, late as it may be."""
    if event.kind != "callback_done" or not customer.has(DESK):
        return
    for opened in customer.desk.open:
        contact_id, promised = opened.contact
        if contact_id and contact_id == event.contact_id and cause.at >= promised:
            _note_callback(opened, cause.at, cause.at, cause.policy)
            customer.touch(DESK)


def _note_callback(opened: Open, first: int, newest: int, policy: Policy) -> None:
    """The first callback settles it, the newest one that was reopened since.

    They stay known when the promise no longer is, and are the same in whatever order they come.
    """
    if newest > opened.called:
        opened.called = newest
        open_alerts.plan(opened, policy)
    if first and not 0 < opened.settled <= first:
        _note(opened, first, policy)


def _note(opened: Open, at: int, policy: Policy) -> None:
    if at != opened.settled:
        opened.settled = at
        open_alerts.plan(opened, policy)


def _complaint_ended(customer: Customer, opened: Open, policy: Policy) -> int:
    """When (ms) the time of waiting that a complaint was in at the alert was over; 0: it is not.

    One that is no longer kept is watched no more.
    """
    at = opened.at
    for each in judged(customer, policy) if customer.has(CASES) else ():
        if each.case.complaint_id == opened.complaint_id:
            cycles = [cycle for cycle in each.life.cycles if cycle.start <= at]
            if cycles:
                return cycles[-1].ended or 0
            return 0 if each.life.open else at
    return opened.settled or at
