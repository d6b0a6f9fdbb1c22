"""Mailings of a customer, and whether each was answered: by a click or a conversion of its
campaign, at or after it was sent and within the days of the policy (7).

Whether it was is known for good 24 hours after these days are over: until then an event may come
in late. Then, and never before, it is an example to learn from. That holds for those that were
answered too: learnt at the click, they would come a week before the others of the same day, and
after each campaign the model would first say too much and then too little. So within 24 hours of
lateness the order of arrival of mailings and answers does not matter. What else was known of the
customer is what was known when the mailing came in.

Bounds: the newest 32 mailings that are waited for, the newest 32 answers of the last 24 hours.
"""

from __future__ import annotations

from typing import Final

from domain.customer.cause import Cause
from domain.customer.effects import LeftOut, Mailed, Settled
from domain.customer.parts import Awaited, Mailings
from domain.customer.profile import text
from domain.customer.state import CORE, LEDGER, MAILINGS, Customer
from domain.experience import known_satisfaction as satisfaction
from domain.kernel import order
from domain.kernel.local_time import offset_at, zone_of
from domain.kernel.scales import CHANNEL_INDEX
from domain.kernel.units import LATENESS_MS, MS_PER_DAY, MS_PER_HOUR
from domain.policy import Policy
from domain.policy.propensity import PropensityRules
from domain.propensity.features import HOURS
from domain.tiers.known import tier_history
from domain.value.ledger import sums
from domain.value.row import hundredths
from schemas.touchpoints import Campaign

ANSWERS: Final = ("clicked", "converted")
MAX_WAITING: Final = 32
MAX_EARLY: Final = 32


def take_sent(customer: Customer, event: Campaign, cause: Cause) -> None:
    """Wait for the answer to a mailing, if it has not come in already."""
    part, rules, at = customer.mailings, cause.policy.propensity, cause.at
    customer.touch(MAILINGS)
    mailing = known_now(customer, at, CHANNEL_INDEX[event.channel], cause.policy)._replace(
        mark=cause.mark, campaign=event.campaign_id,
        sent_before=part.sent, answered_before=part.answered,
    )  # fmt: skip
    for answered_at, campaign in part.early:
        if campaign == mailing.campaign:
            mailing = _answered(mailing, answered_at, rules)
    order.insert(part.waiting, mailing)
    if order.is_newer(at, cause.mark, part.newest):
        part.newest = (at, cause.mark, mailing.channel)
    cause.effects.append(Mailed(mailing))
    if len(part.waiting) > MAX_WAITING:
        _leave(part, 0)
        cause.effects.append(LeftOut())
    _plan(customer, cause)


def take_answer(customer: Customer, event: Campaign, cause: Cause) -> None:
    """Note the answer with each mailing of the campaign that it answers."""
    part, rules = customer.mailings, cause.policy.propensity
    customer.touch(MAILINGS)
    horizon = customer.core.newest - LATENESS_MS
    early = [each for each in part.early if each[0] >= horizon]
    part.early = sorted({*early, (cause.at, event.campaign_id)})[-MAX_EARLY:]
    part.waiting = [
        _answered(each, cause.at, rules) if each.campaign == event.campaign_id else each
        for each in part.waiting
    ]
    _plan(customer, cause)


def settle(customer: Customer, cause: Cause) -> None:
    """Make examples of the mailings of which it is known now whether they were answered."""
    part, rules = customer.mailings, cause.policy.propensity
    customer.touch(MAILINGS)
    for place in reversed(range(len(part.waiting))):  # one that leaves changes those behind it
        each = part.waiting[place]
        if known_from(each, rules) <= cause.at:
            cause.effects.append(Settled(cause.at, each, *before(each, part)))
            _leave(part, place)
    _plan(customer, cause)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let what was sent to another id, and answered, be of this one."""
    mine, theirs, rules = customer.mailings, other.mailings, cause.policy.propensity
    customer.touch(MAILINGS)
    own = (mine.sent, mine.answered)
    waiting = [
        *(_counting(each, theirs.sent, theirs.answered) for each in mine.waiting),
        *(_counting(each, *own) for each in theirs.waiting),
    ]
    mine.sent, mine.answered = own[0] + theirs.sent, own[1] + theirs.answered
    if order.is_newer(*theirs.newest[:2], mine.newest):
        mine.newest = theirs.newest
    mine.early = sorted({*mine.early, *theirs.early})[-MAX_EARLY:]
    mine.waiting = sorted(waiting, key=order.place)
    for at, campaign in mine.early:
        mine.waiting = [
            _answered(each, at, rules) if each.campaign == campaign else each
            for each in mine.waiting
        ]
    while len(mine.waiting) > MAX_WAITING:
        _leave(mine, 0)
        cause.effects.append(LeftOut())
    if theirs.waiting:  # from now on it matters how far this partition is, too
        cause.effects.append(Mailed(theirs.waiting[-1]))
    _plan(customer, cause)


def next_due(customer: Customer, rules: PropensityRules) -> int:
    """When (ms) it is next known of a mailing by these rules; 0: none is waited for."""
    waiting = customer.mailings.waiting if customer.has(MAILINGS) else ()
    return min((known_from(each, rules) for each in waiting), default=0)


def known_from(mailing: Awaited, rules: PropensityRules) -> int:
    """From when on (ms) it is known whether a mailing was answered.

    >>> sent = Awaited(0, "e-1", "spring", 4, 9, 0, "", 1, 0, 0, 5.0)
    >>> known_from(sent, PropensityRules()) // MS_PER_DAY
    8
    """
    return mailing.at + rules.answer_ms + LATENESS_MS


def before(mailing: Awaited, part: Mailings) -> tuple[int, int]:
    """How many mailings were sent before this one, and how many of them were answered by then."""
    sent, answered = mailing.sent_before, mailing.answered_before
    for each in part.waiting:
        if order.before(each.at, each.mark, mailing.at, mailing.mark):
            sent += 1
            answered += 0 < each.answered_at < mailing.at
    return sent, answered


def known_now(customer: Customer, at: int, channel: int, policy: Policy) -> Awaited:
    """A mailing through a channel (its index) at ``at`` (ms), as much as is known of it."""
    rules = policy.propensity
    day, window = at // MS_PER_DAY, policy.value.rfm.window_days
    felt, recency, frequency, monetary = satisfaction.level(customer, policy, at), window, 0, 0
    if customer.has(LEDGER) and customer.ledger.times:
        year = sums(customer, day - window + 1, day)
        # what was bought after a mailing that comes in late may be the answer to it
        bought = next((each for each in reversed(customer.ledger.times) if each <= at), None)
        recency = window if bought is None else day - bought // MS_PER_DAY
        frequency, monetary = year.purchases, hundredths(year.value)
    return Awaited(
        at=at,
        mark="",
        campaign="",
        channel=channel,
        hour=_hour(customer, at, policy),
        tier=tier_history(customer, policy).tier_at(at),
        segment=customer.core.segment,
        recency=min(max(recency, 0), window),
        frequency=frequency,
        monetary=monetary,
        satisfaction=rules.unknown_satisfaction if felt is None else felt,
    )


def _hour(customer: Customer, at: int, policy: Policy) -> int:
    """The hour of the customer's wall clock; without a zone of its own, of the policy's."""
    zone = zone_of(text(customer, "time_zone") or "") or zone_of(policy.alerts.time_zone)
    assert zone is not None, "the policy's time zone is checked"
    return (at + offset_at(zone, at)) // MS_PER_HOUR % HOURS


def _answered(mailing: Awaited, at: int, rules: PropensityRules) -> Awaited:
    """The mailing with an answer of its campaign at ``at`` (ms), where that is one to it."""
    if not mailing.at <= at <= mailing.at + rules.answer_ms:
        return mailing
    if 0 < mailing.answered_at <= at:
        return mailing
    return mailing._replace(answered_at=at)


def _leave(part: Mailings, place: int) -> None:
    """A mailing is waited for no more: it counts in the sums, and before those that came later."""
    gone = part.waiting.pop(place)
    part.sent += 1
    part.answered += gone.answered_at > 0
    part.waiting = [
        _counting(each, 1, int(0 < gone.answered_at < each.at))
        if order.before(gone.at, gone.mark, each.at, each.mark)
        else each
        for each in part.waiting
    ]


def _counting(mailing: Awaited, sent: int, answered: int) -> Awaited:
    return mailing._replace(
        sent_before=mailing.sent_before + sent, answered_before=mailing.answered_before + answered
    )


def _plan(customer: Customer, cause: Cause) -> None:
    """When it is next known of a mailing whether it was answered."""
    customer.core.answer_due = next_due(customer, cause.policy.propensity)
    customer.touched |= CORE
    customer.reschedule()
