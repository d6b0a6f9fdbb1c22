"""Whether the matter of an alert is settled: then nobody need be told of it again.

A complaint is once it is resolved or withdrawn: the time of waiting that the alert is of, for a
complaint that is reopened has an alert of its own. A broken promise is once the callback was made,
late as it was. Whatever was erased is not there to be raised.
"""

from __future__ import annotations

from domain.complaints.judged import judged
from domain.customer.parts import Open
from domain.customer.state import CASES, MOOD, Customer
from domain.experience.promises import BROKEN, called_back
from domain.policy import Policy
from domain.policy.alerts import ALERT_KINDS


def is_settled(customer: Customer, opened: Open, policy: Policy) -> bool:
    """Whether what the alert asks for has been done, or is not asked for any more."""
    if opened.complaint_id:
        return _complaint_is(customer, opened.complaint_id, opened.at, policy)
    if ALERT_KINDS[opened.kind] == BROKEN and customer.has(MOOD):
        return any(called_back(customer, event_id) for event_id in opened.cause)
    return False


def _complaint_is(customer: Customer, complaint_id: str, at: int, policy: Policy) -> bool:
    """Whether the time of waiting that a complaint was in at ``at`` (ms) is over.

    One that is no longer kept is watched no more.
    """
    for each in judged(customer, policy) if customer.has(CASES) else ():
        if each.case.complaint_id == complaint_id:
            cycles = [cycle for cycle in each.life.cycles if cycle.start <= at]
            return cycles[-1].ended is not None if cycles else not each.life.open
    return True
