"""Transactions: counted and summed in base currency, and told of where they are large."""

from __future__ import annotations

from typing import NamedTuple

from domain.customer.cause import Cause, signal
from domain.customer.state import Customer
from schemas.touchpoints import Transaction


class Amount(NamedTuple):
    """What was moved, in base currency, and the rate: base currency for one unit."""

    amount: float
    rate: float


def count(customer: Customer, event: Transaction, cause: Cause) -> Amount | None:
    """Count a transaction; ``None``, and a signal, where its currency has no rate."""
    customer.core.transactions += 1
    rate = cause.policy.rates.get(event.currency)
    if rate is None:
        signal(
            customer,
            cause,
            "unknown_currency",
            f"currency {event.currency} has no rate in the policy's currency.rates: the"
            " transaction is counted, its amount and balance are left out",
            {"currency": event.currency},
        )
        return None
    amount = event.amount * rate
    customer.core.transaction_sum += amount
    return Amount(amount, rate)


def watch_large(customer: Customer, event: Transaction, amount: float, cause: Cause) -> None:
    """Want ``large_transaction`` told where an amount (base currency) reaches the line."""
    line = cause.policy.alerts.large_transaction
    if amount >= line:
        cause.want(
            "large_transaction",
            f"A {event.direction} of {amount:,.2f} {cause.policy.currency.base} reaches the line of"
            f" {line:,.0f}.",
            tier=customer.core.tier,
            figures={"amount": amount},
        )
