"""The state of a customer as it is known: announced when it moves, timed when it may next.

Everything follows from purchases, answers and moments as they are kept, not from what was said
before: also whether a customer had been lost before the purchase that brought it back. So the
order of arrival does not matter. Silence is looked at when a UTC midnight has passed a line.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from domain.customer.answers import answer
from domain.customer.cause import Cause
from domain.customer.looked import Looked
from domain.customer.parts import Ledger
from domain.customer.state import ANSWERS, CASES, LEDGER, MOOD, Customer
from domain.customer.transitions import Move, announce
from domain.experience import known_satisfaction as satisfaction
from domain.kernel.finding import Finding
from domain.kernel.scales import VIP
from domain.kernel.units import MS_PER_DAY
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.relationship import progress, win_back
from domain.relationship.attitude import attitude as attitude_of
from domain.relationship.attitude import last_said
from domain.relationship.began import began_at, is_explored
from domain.relationship.churn_watch import watch_churn
from domain.relationship.customer_state import (
    STATE_INDEX,
    STATES,
    CustomerState,
    Facts,
    customer_state,
    state_of,
)
from domain.relationship.lapse import lapse_point
from domain.relationship.returns import ROUNDING_MS, fades, falls_at, last_return
from domain.value.alive import p_alive
from domain.value.history import age_weeks, purchase_history

FAR = 1 << 62
LOST: Final = Wording("state.lost", "{why:said} {task:said}")
QUESTIONS = ("nps", "csat", "wallet_share")
"""What state, phase and stage ask of the answers."""
MOODS = MOOD | CASES
"""The parts that satisfaction is made of."""


def look(customer: Customer, cause: Cause) -> None:
    """Work the state out anew after an event or a due time; announce a change, set the timer."""
    core, policy = customer.core, cause.policy
    clock = max(core.newest, core.judged)
    if _still(customer, clock):
        customer.reschedule()
        return
    found = facts(customer, clock, policy)
    now = state_of(found, policy.relationship)
    before, after = core.relation, STATE_INDEX[now]
    turns = _turns(customer, found, policy)
    core.relation_due = _next_day(turns, clock)
    watch_churn(customer, found, cause)
    if after != before:
        core.relation = after
        reason = customer_state(found, policy.relationship).reason
        if now == "lost":
            reason = LOST(why=reason, task=win_back.propose(customer, reason, cause))
        announce(customer, cause, Move("relationship", STATES[before], now, reason))
    progress.look(customer, clock, cause, is_loyal=now == "loyal")
    customer.looked = _looked(customer, found, turns, policy)
    customer.reschedule()


def _still(customer: Customer, clock: int) -> bool:
    """Whether a look at ``clock`` (ms) would find what the last one found."""
    looked, core = customer.looked, customer.core
    if looked is None or clock >= looked.until or core.tier >= VIP:
        return False
    if 0 < core.relation_due <= clock // MS_PER_DAY:
        return False
    if core.first != looked.first or core.first_campaign != looked.first_campaign:
        return False
    if core.other_parts & MOODS != looked.parts:
        return False
    return _moves(customer) == looked.moves and _answers(customer) == looked.answers


def _looked(customer: Customer, found: Facts, turns: list[int], policy: Policy) -> Looked | None:
    """What this look went by; ``None`` where that is not told so easily."""
    core, rules = customer.core, policy.relationship
    if core.tier >= VIP:
        return None  # the churn risk hangs on more
    if found.purchases >= 2 and found.recent_purchases >= rules.states.loyal_purchases:
        nps, csat = answer(customer, "nps"), answer(customer, "csat")
        if core.other_parts & MOODS and last_said(nps, csat, found.now, rules) is None:
            return None  # loyal or not by satisfaction, which every moment moves
    if not is_explored(customer, found.now, rules):
        turns.append(began_at(customer) + rules.exploration_ms)
    if found.purchases:
        turns.append(customer.ledger.phase_due * MS_PER_DAY)
    until, just_now = FAR, found.now - ROUNDING_MS
    for turn in turns:
        if just_now < turn < until:
            until = turn
    return Looked(
        until - ROUNDING_MS,
        _moves(customer),
        core.first,
        core.first_campaign,
        core.other_parts & MOODS,
        _answers(customer),
    )


def _moves(customer: Customer) -> int:
    if not customer.has(LEDGER):
        return 0
    ledger = customer.ledger
    return ledger.purchases + ledger.refunds


def _answers(customer: Customer) -> tuple[object, ...]:
    if not customer.has(ANSWERS):
        return ()
    newest = customer.answers.newest
    return tuple(newest.get(question) for question in QUESTIONS)


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
        recent_purchases=len(ledger.times) - bisect_right(ledger.times, clock - rules.loyal_ms),
        last_purchase=ledger.times[-1],
        lapse_point=lapse_point(ledger.times, rules),
        p_alive=alive(ledger, clock, policy),
        attitude=_attitude_score(customer, clock, policy),
        first_campaign=campaign,
        lost_since=came_back and came_back.lost_since,
        reactivated_at=came_back and came_back.reactivated_at,
    )


def attitude(customer: Customer, clock: int, policy: Policy) -> Finding[float]:
    """The attitude as of ``clock`` (ms), 0-10, and why."""
    nps, csat = answer(customer, "nps"), answer(customer, "csat")
    level = satisfaction.level(customer, policy, clock)
    return attitude_of(nps, csat, level, clock, policy.relationship)


def _attitude_score(customer: Customer, clock: int, policy: Policy) -> float | None:
    """The attitude alone, without a sentence; satisfaction is asked for only where it decides."""
    said = None
    if customer.has(ANSWERS):
        nps, csat = answer(customer, "nps"), answer(customer, "csat")
        said = last_said(nps, csat, clock, policy.relationship)
    return satisfaction.level(customer, policy, clock) if said is None else said


def alive(ledger: Ledger, clock: int, policy: Policy) -> float:
    """The probability as of ``clock`` (ms) that a customer who bought will buy again."""
    history = purchase_history(ledger)
    return p_alive(policy.value.clv.mbg_nbd, history, age_weeks(ledger, clock))


def _next_day(turns: list[int], clock: int) -> int:
    """The first UTC day at whose midnight the state may be another without an event; 0: never."""
    first, today = 0, clock // MS_PER_DAY
    for turn in turns:
        day = turn // MS_PER_DAY + 1
        if today < day and (day < first or not first):
            first = day
    return first


def _turns(customer: Customer, found: Facts, policy: Policy) -> list[int]:
    """The times (ms), also past ones, at which the state may move without an event."""
    if found.last_purchase is None:
        return []
    rules, ledger, last = policy.relationship, customer.ledger, found.last_purchase
    history, (_, at_risk, lost) = purchase_history(ledger), fades(policy)
    turns = [falls_at(ledger, history, at_risk), falls_at(ledger, history, lost)]
    if found.lapse_point is not None:
        turns.append(last + found.lapse_point)
        turns.append(last + round(rules.states.lost_lapse_points * found.lapse_point))
    if found.reactivated_at is not None:
        turns.append(found.reactivated_at + rules.reactivated_ms)
    least = rules.states.loyal_purchases
    if len(ledger.times) >= least:
        turns.append(ledger.times[-least] + rules.loyal_ms)
    if customer.has(ANSWERS):
        for question in ("nps", "csat"):
            if (given := answer(customer, question)) is not None:
                turns.append(given.at + rules.attitude_ms)
    return turns
