"""What a customer met of each campaign: each step once, whatever the order in which it came.

A mailing is a campaign as one customer met it. Its steps (sent, opened, clicked, converted, opted
out) count at their first time; what is sent again is a reminder. It was answered when it was sent
and the customer clicked or converted, be the click known before what it answers. Costs and revenue
of all its events are added up. Bound: the newest of a customer by the policy's number; what comes
of one that is not kept any more counts as if nothing had been before.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

from domain.campaigns.clicks import covers, gained, united
from domain.customer.cause import Cause
from domain.customer.effects import Campaigned
from domain.customer.parts import Mailing
from domain.customer.state import CAMPAIGNS, LEDGER, Customer
from domain.experience.moments import survey_score
from domain.kernel.units import micro, plus
from schemas.touchpoints import Campaign, Survey

STEPS: Final = ("sent", "opened", "clicked", "converted", "opted_out")
COUNTED: Final = (*STEPS, "answered", "reminders", "cost", "revenue", "receipts")
"""What a mailing counts in the sums of its campaign."""


def take(customer: Customer, event: Campaign, cause: Cause) -> None:
    """Enter a step of a campaign."""
    mailing = _mailing(customer, event.campaign_id, cause)
    before = counts_of(mailing)
    step, at = event.action, cause.at
    if step in STEPS:
        known = getattr(mailing, step)
        mailing.reminders += step == "sent" and known > 0
        setattr(mailing, step, min(known or at, at))
    mailing.cost = plus(mailing.cost, micro(event.cost or 0))
    mailing.revenue = plus(mailing.revenue, micro(event.revenue or 0))
    if step == "clicked":
        _take_clicks(customer, mailing, [at], cause)
    _tell(event.campaign_id, before, mailing, at, cause)


def take_purchase(customer: Customer, amount: float, cause: Cause) -> None:
    """Let a purchase (base currency) count for the campaigns that were clicked lately."""
    if not customer.has(CAMPAIGNS):
        return
    worth, window = micro(amount), cause.policy.campaigns.click_ms
    for campaign_id, mailing in customer.campaigns.mailings.items():
        if covers(mailing.clicks, cause.at, window):
            before, mailing.receipts = mailing.receipts, plus(mailing.receipts, worth)
            added = {"receipts": mailing.receipts - before}
            # the campaign is no newer for it
            cause.effects.append(Campaigned(campaign_id, mailing.newest, added))
            customer.touch(CAMPAIGNS)


def take_survey(event: Survey, cause: Cause) -> None:
    """Let an answer that is a score from 0 to 10 (csat, nps, ces) rate its campaign."""
    if event.campaign_id is None or event.score is None:
        return
    score = survey_score(event.instrument, event.score)
    if score is not None:
        rated = {"ratings": 1, "rated": micro(score)}
        cause.effects.append(Campaigned(event.campaign_id, cause.at, rated))


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's mailings be of this one, before purchases are joined.

    A campaign that both met was met by one person, so its sums fall.
    """
    mine = customer.campaigns.mailings if customer.has(CAMPAIGNS) else {}
    theirs = other.campaigns.mailings if other.has(CAMPAIGNS) else {}
    for campaign_id in sorted(mine.keys() | theirs.keys()):
        one, two = mine.get(campaign_id, Mailing()), theirs.get(campaign_id, Mailing())
        before = [sum(pair) for pair in zip(counts_of(one), counts_of(two), strict=True)]
        both = _joined(one, two)
        clicks = united(one.clicks, two.clicks, cause.policy.campaigns.click_ms)
        for side, had in ((customer, one.clicks), (other, two.clicks)):
            both.receipts = plus(both.receipts, _gained(side, had, clicks, cause))
        both.clicks = clicks
        if campaign_id not in theirs and both == one:
            continue
        customer.touch(CAMPAIGNS)
        customer.campaigns.mailings[campaign_id] = both
        _tell(campaign_id, before, both, both.newest, cause)
    if other.has(CAMPAIGNS):
        customer.campaigns.dropped += other.campaigns.dropped
        customer.touch(CAMPAIGNS)
    if customer.has(CAMPAIGNS):
        _forget(customer, cause.policy.campaigns.kept_per_customer)


def counts_of(mailing: Mailing) -> list[int]:
    """What a mailing counts for each of `COUNTED`.

    >>> counts_of(Mailing(sent=5, clicked=3, cost=50_000, reminders=1))
    [1, 0, 1, 0, 0, 1, 1, 50000, 0, 0]
    """
    steps = [int(getattr(mailing, step) > 0) for step in STEPS]
    answered = mailing.sent and (mailing.clicked or mailing.converted)
    sums = (mailing.reminders, mailing.cost, mailing.revenue, mailing.receipts)
    return [*steps, int(answered > 0), *sums]


def _mailing(customer: Customer, campaign_id: str, cause: Cause) -> Mailing:
    """That of a campaign, met at least as late as now; one older than all is not kept."""
    customer.touch(CAMPAIGNS)
    mailings = customer.campaigns.mailings
    mailing = mailings.setdefault(campaign_id, Mailing())
    mailing.newest = max(mailing.newest, cause.at)
    _forget(customer, cause.policy.campaigns.kept_per_customer)
    return mailing


def _forget(customer: Customer, kept: int) -> None:
    campaigns = customer.campaigns
    while len(campaigns.mailings) > kept:
        oldest = min(campaigns.mailings.items(), key=lambda each: (each[1].newest, each[0]))
        del campaigns.mailings[oldest[0]]
        campaigns.dropped += 1


def _take_clicks(customer: Customer, mailing: Mailing, more: list[int], cause: Cause) -> None:
    clicks = united(mailing.clicks, more, cause.policy.campaigns.click_ms)
    mailing.receipts = plus(mailing.receipts, _gained(customer, mailing.clicks, clicks, cause))
    mailing.clicks = clicks


def _gained(customer: Customer, before: list[int], after: list[int], cause: Cause) -> int:
    lately = customer.ledger.lately if customer.has(LEDGER) else []
    return gained(lately, before, after, cause.policy.campaigns.click_ms)


def _joined(one: Mailing, two: Mailing) -> Mailing:
    """Both but for the clicks; what was sent to both was sent again to the one person."""
    first = {
        step: min(filter(None, (getattr(one, step), getattr(two, step))), default=0)
        for step in STEPS
    }
    return Mailing(
        **first,
        newest=max(one.newest, two.newest),
        reminders=one.reminders + two.reminders + (one.sent > 0 and two.sent > 0),
        cost=plus(one.cost, two.cost),
        revenue=plus(one.revenue, two.revenue),
        receipts=plus(one.receipts, two.receipts),
        clicks=sorted({*chain(one.clicks, two.clicks)}),
    )


def _tell(campaign_id: str, before: list[int], mailing: Mailing, at: int, cause: Cause) -> None:
    """State by how much more, or less, the mailing counts than before."""
    now = counts_of(mailing)
    added = {
        name: count - was
        for name, was, count in zip(COUNTED, before, now, strict=True)
        if count != was
    }
    cause.effects.append(Campaigned(campaign_id, at, added))
