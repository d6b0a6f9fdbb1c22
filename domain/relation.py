"""The state of a customer as it is known: announced when it moves, timed when it may next.

Everything follows from purchases, answers and moments as they are kept, not from what was said
before: also whether a customer had been lost before the purchase that brought it back. So the
order of arrival does not matter. Silence is looked at when a UTC midnight has passed a line.
"""

from __future__ import annotations

from domain import complaints, progress, satisfaction, win_back
from domain.alerts import raise_alert
from domain.answers import answer
from domain.cause import Cause
from domain.parts import Ledger
from domain.policy import MS_PER_DAY, TIERS, VIP, Policy
from domain.relationship.attitude import attitude as attitude_of
from domain.relationship.churn import Causes, ChurnRisk, churn_risk
from domain.relationship.customer_state import STATES, CustomerState, Facts, customer_state
from domain.relationship.finding import Finding
from domain.relationship.lapse import lapse
from domain.returns import falls_to, last_return
from domain.state import LEDGER, Customer
from domain.transitions import Move, announce
from domain.value.alive import p_alive
from domain.value.history import age_weeks, purchase_history


def look(customer: Customer, cause: Cause) -> None:
    """Work the state out anew after an event or a due time; announce a change, set the timer."""
    core, policy = customer.core, cause.policy
    clock = max(core.newest, core.judged)
    found = facts(customer, clock, policy)
    now = customer_state(found, policy.relationship)
    before, after = core.relation, STATES.index(now.state)
    core.relation_due = next_look(customer, found, policy)
    _watch_churn(customer, found, cause)
    if after != before:
        core.relation = after
        reason = now.reason
        if now.state == "lost":
            reason += f" {win_back.propose(customer, now.reason, cause)}"
        announce(customer, cause, Move("relationship", STATES[before], now.state, reason))
    progress.look(customer, clock, cause, is_loyal=now.state == "loyal")
    customer.reschedule()


def state(customer: Customer, clock: int, policy: Policy) -> CustomerState:
    """The state as of ``clock`` (ms), and why."""
    return customer_state(facts(customer, clock, policy), policy.relationship)


def facts(customer: Customer, clock: int, policy: Policy) -> Facts:
    """What the state follows from, as of ``clock`` (ms)."""
    rules, campaign = policy.relationship, customer.core.first_campaign or None
    if not customer.has(LEDGER) or not customer.ledger.purchases:
        return Facts(clock, first_campaign=campaign)
    ledger = customer.ledger
    came_back = last_return(ledger, clock, policy)
    return Facts(
        now=clock,
        purchases=ledger.purchases,
        recent_purchases=sum(1 for at in ledger.times if at > clock - rules.loyal_ms),
        last_purchase=ledger.times[-1],
        lapse_point=lapse(ledger.times, clock, rules).point_ms,
        p_alive=alive(ledger, clock, policy),
        attitude=attitude(customer, clock, policy).value,
        first_campaign=campaign,
        lost_since=came_back and came_back.lost_since,
        reactivated_at=came_back and came_back.reactivated_at,
    )


def attitude(customer: Customer, clock: int, policy: Policy) -> Finding[float]:
    """The attitude as of ``clock`` (ms), 0-10, and why."""
    nps, csat = answer(customer, "nps"), answer(customer, "csat")
    level = satisfaction.level(customer, policy, clock)
    return attitude_of(nps, csat, level, clock, policy.relationship)


def alive(ledger: Ledger, clock: int, policy: Policy) -> float:
    """The probability as of ``clock`` (ms) that a customer who bought will buy again."""
    history = purchase_history(ledger)
    return p_alive(policy.value.clv.mbg_nbd, history, age_weeks(ledger, clock))


def next_look(customer: Customer, found: Facts, policy: Policy) -> int:
    """The first UTC day at whose midnight the state may be another without an event; 0: never."""
    if found.last_purchase is None:
        return 0
    rules, ledger, last = policy.relationship, customer.ledger, found.last_purchase
    turns = [
        falls_to(ledger, purchase_history(ledger), probability, policy)
        for probability in (rules.states.at_risk_p_alive, rules.states.lost_p_alive)
    ]
    if found.lapse_point is not None:
        turns += [last + found.lapse_point]
        turns += [last + round(rules.states.lost_lapse_points * found.lapse_point)]
    if found.reactivated_at is not None:
        turns.append(found.reactivated_at + rules.reactivated_ms)
    least = rules.states.loyal_purchases
    if len(ledger.times) >= least:
        turns.append(ledger.times[-least] + rules.loyal_ms)
    for question in ("nps", "csat"):
        if (given := answer(customer, question)) is not None:
            turns.append(given.at + rules.attitude_ms)
    today = found.now // MS_PER_DAY
    return min((day for turn in turns if (day := turn // MS_PER_DAY + 1) > today), default=0)


def churn(customer: Customer, found: Facts, policy: Policy) -> ChurnRisk:
    """The churn risk as of ``found.now``, with its reasons."""
    rules = policy.relationship
    waiting, overdue = complaints.counts(customer, found.now, policy)
    day = found.now // MS_PER_DAY - round(rules.churn.fall_days)
    bought = found.last_purchase is not None
    causes = Causes(
        p_alive=found.p_alive,
        gap=found.now - found.last_purchase if found.last_purchase is not None else None,
        lapse_point=found.lapse_point if bought else None,
        complaint_open=waiting > 0,
        complaint_overdue=overdue > 0,
        satisfaction=satisfaction.level(customer, policy, found.now),
        satisfaction_before=satisfaction.level_before(customer, policy, day),
    )
    return churn_risk(causes, rules)


def _watch_churn(customer: Customer, found: Facts, cause: Cause) -> None:
    """Raise ``vip_churn_risk`` where a VIP's risk crosses its line; look again at midnight."""
    core, line = customer.core, cause.policy.alerts.churn_risk
    if core.tier < VIP:
        core.churn_high = False
        return
    risk = churn(customer, found, cause.policy)
    high, was_high = risk.risk is not None and risk.risk >= line, core.churn_high
    core.churn_high = high
    if not high and found.last_purchase is not None:
        core.relation_due = found.now // MS_PER_DAY + 1
    if high and not was_high:
        assert risk.risk is not None
        raise_alert(
            customer,
            cause,
            "vip_churn_risk",
            f"The churn risk of a {TIERS[core.tier]} customer is {risk.risk:.2f}, {line:g} is the"
            f" line. {risk.reason}",
            tier=core.tier,
            figures={"churn_risk": risk.risk} | {term.name: term.risk for term in risk.terms},
        )
