"""Purchases: which transactions are one by the policy, and what each is worth."""

from __future__ import annotations

from domain.customer.cause import Cause
from domain.customer.state import Customer
from domain.kernel.scales import CHANNEL_INDEX
from domain.money.transactions import Amount
from domain.policy import Policy
from domain.value import ledger
from domain.value.ledger import Bought
from schemas.touchpoints import Transaction


def is_purchase(event: Transaction, policy: Policy) -> bool:
    """Whether the policy counts this transaction as a purchase."""
    rule = policy.purchases
    return (
        event.direction in rule.directions
        and (rule.categories is None or event.category in rule.categories)
        and not is_refund(event, policy)
    )


def is_refund(event: Transaction, policy: Policy) -> bool:
    """Whether this transaction gives a purchase back, by what it says or by its category."""
    return event.direction == "credit" and (
        event.refund_of is not None or event.category in policy.purchases.refund_categories
    )


def take(customer: Customer, event: Transaction, amount: Amount | None, cause: Cause) -> None:
    """Enter a transaction in the ledger; one of unknown amount may still be the first purchase."""
    core, purchase = customer.core, is_purchase(event, cause.policy)
    first = core.first_purchase
    if purchase and (first is None or cause.at < first):
        core.first_purchase = cause.at
    if amount is None:
        return
    refund = not purchase and is_refund(event, cause.policy)
    cause.bought, cause.refunded, cause.value_moved = purchase, refund, purchase or refund
    ledger.take(customer, cause.at, _bought(event, amount, purchase, refund))


def _bought(event: Transaction, amount: Amount, purchase: bool, refund: bool) -> Bought:
    """A purchase is worth its margin where one is given, else its amount.

    A refund takes as much off, whether its margin is written as what was lost or below zero.
    """
    value = 0.0
    if purchase or refund:
        value = amount.amount if event.margin is None else event.margin * amount.rate
        if refund:
            value = -abs(value)
    has_margin = event.margin is not None
    channel = CHANNEL_INDEX[event.channel]
    return Bought(amount.amount, purchase, value, has_margin, channel, event.product)
