"""What one customer stands for among all customers, as of a UTC day.

Figures are whole numbers where customers are compared: days, purchases and hundredths of the base
currency. Recency, frequency and monetary value are over the policy's window of UTC days, the
day's own included; value less cost to serve is over the whole relationship, as both are kept.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.customer.answers import score
from domain.customer.state import LEDGER, Customer
from domain.kernel.units import MS_PER_DAY
from domain.policy.value import ServeCosts, ValueRules
from domain.value.clv import lifetime
from domain.value.history import History, purchase_history
from domain.value.ledger import first_value, oldest_value_day, sums
from domain.value.sketches import LARGEST

HUNDREDTHS: Final = 100
FAR_DAY: Final = 2**31 - 1
UNKNOWN: Final = float("nan")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Facts(NamedTuple):
    """What a row follows from, but for the day's CLV; days since 1970, amounts in hundredths.

    ``mean_spend`` (base currency) and ``wallet_share`` are NaN where they are not known.
    ``changes`` is the day on which frequency or value change without an event.
    """

    first_day: int
    last_day: int
    repeats: int
    mean_spend: float
    purchases: int
    frequency: int
    monetary: int
    net: int
    has_margin: bool
    wallet_share: float
    changes: int

    @property
    def span_days(self) -> int:
        """From the first purchase to the last, in days."""
        return self.last_day - self.first_day

    @property
    def below_zero(self) -> bool:
        """Whether serving the customer cost more than was earned; without margins nobody is."""
        return self.has_margin and self.net < 0


class Row(NamedTuple):
    """A customer among all customers; ``growable`` is ``None`` where it cannot be told."""

    facts: Facts
    recency_days: int
    relational: bool
    clv: int
    growable: int | None


def hundredths(amount: float) -> int:
    """An amount as it is compared.

    >>> hundredths(12.341), hundredths(-0.004), hundredths(float("inf"))
    (1234, 0, 100000000000000000)
    >>> hundredths(0.1 + 0.7 + 0.125) == hundredths(0.925)
    True
    """
    # Half a hundredth is met with foreign currencies; sums of another order must not part there.
    return round(round(min(max(amount * HUNDREDTHS, -LARGEST), LARGEST), 6))


def facts_of(customer: Customer, day: int, rules: ValueRules) -> Facts | None:
    """The facts as of a UTC day (days since 1970); ``None`` without a purchase."""
    if not customer.has(LEDGER) or not customer.ledger.purchases:
        return None
    ledger, window = customer.ledger, rules.rfm.window_days
    start, last_day = day - window + 1, ledger.times[-1] // MS_PER_DAY
    year = sums(customer, start, day)
    history = purchase_history(ledger, first_value(customer))
    share = score(customer, "wallet_share")
    return Facts(
        first_day=ledger.first_day,
        last_day=last_day,
        repeats=history.repeats,
        mean_spend=UNKNOWN if history.mean_spend is None else history.mean_spend,
        purchases=ledger.purchases,
        frequency=year.purchases,
        monetary=hundredths(year.value),
        net=hundredths(ledger.value - cost_of_contacts(ledger.contacts, rules.serve_costs)),
        has_margin=ledger.has_margin,
        wallet_share=UNKNOWN if share is None else share,
        changes=_changes(customer, start, day, last_day),
    )


def row_of(
    customer: Customer, clock: int, rules: ValueRules, worth: float | None = None
) -> Row | None:
    """The row as of ``clock`` (ms); ``None`` without a purchase.

    ``worth`` is the CLV where it has been worked out already, as of a clock behind all purchases.
    """
    day = clock // MS_PER_DAY
    facts = facts_of(customer, day, rules)
    if facts is None:
        return None
    if worth is None:
        mean = None if np.isnan(facts.mean_spend) else facts.mean_spend
        history = History(facts.repeats, facts.span_days / 7, mean)
        age = max(clock / MS_PER_DAY - facts.first_day, facts.span_days) / 7
        worth = lifetime(history, age, rules.clv).clv
    clv = hundredths(worth)
    share, growable = facts.wallet_share, None
    if share > 0:
        growable = hundredths(clv * (1.0 / share - 1.0) / HUNDREDTHS)
    return Row(
        facts,
        recency_days=max(0, day - facts.last_day),
        relational=is_relational(facts, rules),
        clv=clv,
        growable=growable,
    )


def is_relational(facts: Facts, rules: ValueRules) -> bool:
    """Whether the customer bought often enough, over a time long enough."""
    limits = rules.relation
    return facts.purchases >= limits.purchases and facts.span_days >= limits.days


def cost_of_contacts(contacts: list[int], costs: ServeCosts) -> float:
    """What the contacts by channel cost, in base currency.

    >>> cost_of_contacts([0, 0, 2, 3, 0, 0, 0, 0, 0, 0], ServeCosts())
    105.0
    """
    return sum((n * cost for n, (_, cost) in zip(contacts, costs.units, strict=False) if n), 0.0)


def growable_of(clv: Ints, wallet_share: Floats) -> Ints:
    """CLV x (1 / wallet share - 1) of customers (n,) whose share is above 0, in hundredths."""
    return all_hundredths(clv * (1.0 / wallet_share - 1.0) / HUNDREDTHS)


def all_hundredths(amounts: Floats) -> Ints:
    """Amounts (n,) as they are compared."""
    scaled = np.clip(amounts * HUNDREDTHS, -LARGEST, LARGEST)
    return np.rint(scaled).astype(np.int64)


def _changes(customer: Customer, start: int, day: int, last_day: int) -> int:
    if last_day > day:  # bought within the few minutes that an event may be ahead
        return day + 1
    oldest = oldest_value_day(customer, start, day)
    return FAR_DAY if oldest is None else oldest + day - start + 1
