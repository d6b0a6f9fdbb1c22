"""Value of one customer as it leaves the product, every class with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.customer.answers import score
from domain.customer.state import LEDGER, Customer
from domain.kernel.finding import Finding
from domain.kernel.units import MS_PER_DAY
from domain.money.balances import balance_of
from domain.money.liquidity import deposit_liquidity
from domain.policy import Policy
from domain.value.classes import classes, growable, net_value
from domain.value.ledger import sums
from domain.value.outlook import outlook
from domain.value.referrals import referral_figures
from domain.value.row import HUNDREDTHS, Row, row_of
from schemas.fields import moment, rfc3339
from schemas.standings import Standings

YEAR_DAYS = 365


def value_figures(
    customer: Customer,
    clock: int,
    policy: Policy,
    standings: Standings | None,
    loyalty: Callable[[Row | None], Finding[Any]],
) -> dict[str, Any]:
    """Purchases and their value as of ``clock`` (ms); amounts in base currency.

    Windows are UTC days, today's included. Classes among all customers need ``standings``.
    """
    today = clock // MS_PER_DAY
    days = round(policy.relationship.groups.liquidity_days)
    year = sums(customer, today - YEAR_DAYS + 1, today)
    moved = sums(customer, today - days + 1, today).moved
    balance = balance_of(customer)
    ledger = customer.ledger if customer.has(LEDGER) else None
    last = ledger.times[-1] if ledger is not None and ledger.times else None
    liquidity = deposit_liquidity(moved, balance, policy.relationship)
    expected: dict[str, Any] = {}
    for name, finding in outlook(customer, clock, policy).items():
        expected |= {name: finding.value, f"{name}_reason": finding.reason}
    if (at := expected["next_purchase_at"]) is not None:
        expected["next_purchase_at"] = rfc3339(moment(at))
    return {
        "purchases": ledger.purchases if ledger else 0,
        "purchase_days": ledger.purchase_days if ledger else 0,
        "total": ledger.value if ledger else 0.0,
        "purchases_365_days": year.purchases,
        "total_365_days": year.value,
        "last_purchase_at": None if last is None else rfc3339(moment(last)),
        "days_since_purchase": None if last is None else today - last // MS_PER_DAY,
        "moved_30_days": moved,
        "liquidity": liquidity.value,
        "liquidity_reason": liquidity.reason,
        "wallet_share": score(customer, "wallet_share"),
        **expected,
        **standing_figures(customer, clock, policy, standings, loyalty),
        **referral_figures(customer, clock, policy),
    }


def standing_figures(
    customer: Customer,
    clock: int,
    policy: Policy,
    standings: Standings | None,
    loyalty: Callable[[Row | None], Finding[Any]],
) -> dict[str, Any]:
    """Where the customer stands among all customers as of ``clock`` (ms), class by class."""
    row = row_of(customer, clock, policy.value)
    found = classes(row, standings, policy)
    scores = found.rfm.value
    figures: dict[str, Any] = {
        "rfm": {
            "recency_days": row and row.recency_days,
            "frequency": row and row.facts.frequency,
            "monetary": row and row.facts.monetary / HUNDREDTHS,
            "r": scores and scores.recency,
            "f": scores and scores.frequency,
            "m": scores and scores.monetary,
            "score": scores and scores.text,
        },
        "rfm_reason": found.rfm.reason,
    }
    named: dict[str, Finding[Any]] = {
        "net_value": net_value(row),
        "growable_clv": growable(row),
        "abc": found.abc,
        "relation_class": found.relation_class,
        "clv_class": found.clv_class,
        "loyalty_matrix": loyalty(row),
    }
    for name, finding in named.items():
        figures |= {name: finding.value, f"{name}_reason": finding.reason}
    contacts = customer.ledger.contacts if customer.has(LEDGER) else []
    return figures | {"contacts": sum(contacts)}
