"""What a customer is expected to do and what serving it costs, each figure with its reason.

Expected purchases, mean spend and CLV are BG/NBD's and Gamma-Gamma's, P(alive) is MBG/NBD's. The
next purchase is expected at the last one plus the median of the newest 20 gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from domain.customer.state import LEDGER, Customer
from domain.kernel.finding import Finding, unknown
from domain.kernel.percentile import percentile
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.policy.value import ServeCosts
from domain.value.alive import p_alive
from domain.value.clv import lifetime
from domain.value.history import History, age_weeks, purchase_history
from domain.value.ledger import first_value
from schemas.told import Told

GAPS: Final = 20
LACKING: Final = ("a purchase",)


NO_REPEAT: Final = Wording("bought.no_repeat", "no repeat purchase in {weeks:.1f} weeks")
REPEATS: Final = Wording(
    "bought.repeats",
    "{repeats:count repeat purchase} in {weeks:.1f} weeks, the last {ago:.1f} weeks ago",
)
CLV: Final = Wording(
    "clv.worth",
    "{purchases:,.2f} purchases of {spend:,.2f} {currency} in {weeks} weeks, discounted at"
    " {discount:g}% a year, are worth {clv:,.2f} {currency}.",
)
PURCHASES: Final = Wording(
    "clv.purchases", "{purchases:,.2f} purchases in {weeks} weeks after {history:said}."
)
MEAN_OF_ALL: Final = Wording(
    "clv.mean_of_all",
    "Nothing was bought again, so it is the mean of all customers, {spend:,.2f} {currency}.",
)
MEAN: Final = Wording(
    "clv.mean",
    "{repeats:count repeat purchase} of {own:,.2f} {currency}, drawn towards the mean of all"
    " customers to {spend:,.2f} {currency}.",
)
ALIVE: Final = Wording("clv.alive", "The probability is {p_alive:cut} after {history:said}.")
_LAST: Final = "The last purchase was {ago:days} ago, the median of {gaps:count gap} is {gap:days}"
NEXT: Final = Wording("next_purchase.due", f"{_LAST}.")
NEXT_OVERDUE: Final = Wording("next_purchase.overdue", _LAST + ": {overdue:days} overdue.")
CONTACTS: Final = Wording("serve.contacts", "{contacts:,} by {channel} at {cost:,.2f} {currency}")
COST: Final = Wording("serve.cost", "{parts:said&}.")
NO_CONTACT: Final = Wording("serve.no_contact", "There was no contact yet.")


class Expected(NamedTuple):
    """CLV, purchases and mean spend within the horizon; amounts in base currency."""

    clv: Finding[float]
    purchases: Finding[float]
    mean_spend: Finding[float]


class Outlook(NamedTuple):
    """Every figure of this file; the next purchase in ms, amounts in base currency."""

    expected: Expected
    p_alive: Finding[float]
    next_purchase: Finding[int]
    cost_to_serve: Finding[float]


NOTHING: Final = Expected(
    unknown("The CLV", LACKING),
    unknown("The number of purchases to expect", LACKING),
    unknown("The mean spend", LACKING),
)
"""What is expected of a customer who has bought nothing."""


def outlook(customer: Customer, clock: int, policy: Policy) -> Outlook:
    """What is expected, and what serving costs, as of ``clock`` (ms)."""
    ledger = customer.ledger if customer.has(LEDGER) else None
    costs = policy.value.serve_costs
    cost = cost_to_serve(ledger.contacts if ledger else (), costs, policy.currency.base)
    if ledger is None or not ledger.purchases:
        alive: Finding[float] = unknown("The probability of being alive", LACKING)
        return Outlook(NOTHING, alive, next_purchase((), clock), cost)
    history, age = purchase_history(ledger, first_value(customer)), age_weeks(ledger, clock)
    return Outlook(
        expected(history, age, policy),
        still_buys(history, age, policy),
        next_purchase(ledger.times, clock),
        cost,
    )


def expected(history: History, age: float, policy: Policy) -> Expected:
    """CLV, purchases and mean spend within the horizon, ``age`` weeks after the first purchase.

    >>> found = expected(History(2, 30.43, 23.72), 38.86, Policy())
    >>> print(found.clv.reason)
    1.23 purchases of 25.78 CNY in 39 weeks, discounted at 10% a year, are worth 30.54 CNY.
    >>> print(found.purchases.reason)
    1.23 purchases in 39 weeks after 2 repeat purchases in 38.9 weeks, the last 8.4 weeks ago.
    >>> print(found.mean_spend.reason)
    2 repeat purchases of 23.72 CNY, drawn towards the mean of all customers to 25.78 CNY.
    """
    rules, base = policy.value.clv, policy.currency.base
    found = lifetime(history, age, rules)
    spend, weeks = found.mean_spend, rules.horizon_weeks
    clv = CLV(
        purchases=found.purchases,
        spend=spend,
        weeks=weeks,
        discount=100 * rules.yearly_discount,
        clv=found.clv,
        currency=base,
    )
    purchases = PURCHASES(purchases=found.purchases, weeks=weeks, history=_bought(history, age))
    if history.mean_spend is None:
        mean = MEAN_OF_ALL(spend=spend, currency=base)
    else:
        own, repeats = history.mean_spend, history.repeats
        mean = MEAN(repeats=repeats, own=own, spend=spend, currency=base)
    return Expected(
        Finding(found.clv, clv),
        Finding(found.purchases, purchases),
        Finding(found.mean_spend, mean),
    )


def still_buys(history: History, age: float, policy: Policy) -> Finding[float]:
    """The probability of being alive, 0-1, ``age`` weeks after the first purchase.

    >>> print(still_buys(History(2, 30.43), 38.86, Policy()).reason)
    The probability is 0.70 after 2 repeat purchases in 38.9 weeks, the last 8.4 weeks ago.
    """
    found = p_alive(policy.value.clv.mbg_nbd, history, age)
    return Finding(found, ALIVE(p_alive=found, history=_bought(history, age)))


def next_purchase(times: Sequence[int], clock: int) -> Finding[int]:
    """When (ms) the next purchase is expected, from the newest purchases (ms, ascending).

    >>> from domain.kernel.units import MS_PER_DAY as DAY
    >>> bought = [day * DAY for day in (20_000, 20_010, 20_015, 20_023)]
    >>> found = next_purchase(bought, 20_033 * DAY)
    >>> found.value // DAY, found.reason
    (20031, 'The last purchase was 10 days ago, the median of 3 gaps is 8 days: 2 days overdue.')
    >>> next_purchase(bought[:1], 20_033 * DAY).reason
    'The next purchase is unknown without a second purchase.'
    """
    gaps = [later - earlier for earlier, later in pairwise(times)][-GAPS:]
    if not gaps:
        return unknown("The next purchase", ("a second purchase",) if times else LACKING)
    gap = round(percentile(gaps, 0.5))
    since = clock - times[-1]
    said = {"ago": since, "gaps": len(gaps), "gap": gap}
    reason = NEXT_OVERDUE(overdue=since - gap, **said) if since > gap else NEXT(**said)
    return Finding(times[-1] + gap, reason)


def cost_to_serve(contacts: Sequence[int], costs: ServeCosts, base: str) -> Finding[float]:
    """What all contacts cost: how many by each channel (in the policy's order) times its cost.

    >>> found = cost_to_serve([0, 0, 2, 3, 0, 0, 0, 0, 0, 0], ServeCosts(), "CNY")
    >>> found.value, found.reason
    (105.0, '2 by branch at 30.00 CNY and 3 by call_centre at 15.00 CNY.')
    >>> cost_to_serve([], ServeCosts(), "CNY").reason
    'There was no contact yet.'
    """
    used = [each for each in zip(contacts, costs.units, strict=False) if each[0]]
    parts = [
        CONTACTS(contacts=count, channel=channel, cost=cost, currency=base)
        for count, (channel, cost) in used
    ]
    reason = COST(parts=parts) if parts else NO_CONTACT()
    return Finding(sum((count * cost for count, (_, cost) in used), 0.0), reason)


def _bought(history: History, age: float) -> Told:
    if not history.repeats:
        return NO_REPEAT(weeks=age)
    return REPEATS(repeats=history.repeats, weeks=age, ago=age - history.recency)
