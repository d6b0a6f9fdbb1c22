"""Timers under another policy than the one they were set by.

What falls due is stored as a time. Where a promise was made shorter since, its time would come
too late, and an alert with it; so what follows from complaints and balances is timed anew when a
partition is opened under another policy. Nothing is told here: what is due by then falls due at
once, as any other time that has passed. So are the states of alerts, which a version before did not
tell.
"""

from __future__ import annotations

from domain.alerts import states
from domain.complaints.escalation import next_due
from domain.customer.state import CASES, CORE, Customer
from domain.policy import Policy
from domain.proactive import inspections
from domain.propensity import awaited
from domain.tiers.known import tier_history


def replan(customer: Customer, policy: Policy) -> bool:
    """Time complaints, the fall of the tier and answers to mailings anew; whether a time is
    another.
    """
    core = customer.core
    complaint_due, tier_due = core.complaint_due, core.tier_due
    if customer.has(CASES):
        customer.judged = None
        complaint_due = next_due(customer, policy)
    if tier_due:
        history, clock = tier_history(customer, policy), max(core.newest, core.judged)
        fallen = history.tier_at(clock) < core.tier
        tier_due = clock if fallen else history.next_fall(clock)
    planned_anew = inspections.replan(customer, policy)
    shown_anew = states.replan(customer, policy) or planned_anew
    answer_due = awaited.next_due(customer, policy.propensity)
    dues = complaint_due, tier_due, answer_due
    if dues == (core.complaint_due, core.tier_due, core.answer_due):
        return shown_anew
    core.complaint_due, core.tier_due, core.answer_due = dues
    customer.touched |= CORE
    customer.reschedule()
    return True
