"""Transactions: counted and summed in base currency, and told of where they are large."""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.customer.cause import ABOUT_FROM, Cause, signal
from domain.customer.state import Customer
from domain.kernel.units import MS_PER_DAY
from domain.kernel.wording import Wording
from schemas.touchpoints import Transaction

CODES: Final = 26**3
MAX_UNKNOWN: Final = 16
"""Currencies without a rate that are told of a customer in a day, each by itself."""
LARGE: Final = Wording(
    "transaction.large",
    "A {direction} of {amount:,.2f} {currency} reaches the line of {line:,.0f}.",
)
UNKNOWN_CURRENCY: Final = Wording(
    "currency.unknown",
    "currency {currency} has no rate in the policy's currency.rates: the transaction is counted,"
    " its amount and balance are left out",
)
MORE_UNKNOWN: Final = Wording(
    "currency.more_unknown",
    "more than {most} currencies of customer {customer} have no rate in the policy's"
    " currency.rates: further ones are not told today",
)


class Amount(NamedTuple):
    """What was moved, in base currency, and the rate: base currency for one unit."""

    amount: float
    rate: float


def count(customer: Customer, event: Transaction, cause: Cause) -> Amount | None:
    """Count a transaction; ``None``, and a signal, where its currency has no rate."""
    customer.core.transactions += 1
    rate = cause.policy.rates.get(event.currency)
    if rate is None:
        _tell_unknown(customer, event.currency, cause)
        return None
    amount = event.amount * rate
    customer.core.transaction_sum += amount
    return Amount(amount, rate)


def _tell_unknown(customer: Customer, currency: str, cause: Cause) -> None:
    """Signal a currency without a rate: each once a UTC day, at most `MAX_UNKNOWN` of them."""
    number = _number(currency)
    days = customer.core.signalled
    if number not in days:
        day = cause.at // MS_PER_DAY
        for old in [n for n, told in days.items() if n >= ABOUT_FROM and told < day]:
            del days[old]
        if sum(n >= ABOUT_FROM for n in days) >= MAX_UNKNOWN:
            signal(
                customer,
                cause,
                "unknown_currency",
                MORE_UNKNOWN(most=MAX_UNKNOWN, customer=customer.customer_id),
                about=("more", ABOUT_FROM + CODES),
            )
            return
    signal(
        customer,
        cause,
        "unknown_currency",
        UNKNOWN_CURRENCY(currency=currency),
        {"currency": currency},
        about=(currency, number),
    )


def _number(currency: str) -> int:
    """The number of three capital letters, from `ABOUT_FROM` on; it is stored.

    >>> _number("AAA"), _number("AAB"), _number("ZZZ")
    (1000, 1001, 18575)
    """
    first, second, third = (ord(letter) - ord("A") for letter in currency)
    return ABOUT_FROM + (first * 26 + second) * 26 + third


def watch_large(customer: Customer, event: Transaction, amount: float, cause: Cause) -> None:
    """Want ``large_transaction`` told where an amount (base currency) reaches the line."""
    line = cause.policy.alerts.large_transaction
    if amount >= line:
        cause.want(
            "large_transaction",
            LARGE(
                direction=event.direction,
                amount=amount,
                currency=cause.policy.currency.base,
                line=line,
            ),
            tier=customer.core.tier,
            figures={"amount": amount},
        )
