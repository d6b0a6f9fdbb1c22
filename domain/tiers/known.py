"""The tiers a customer is known to have had, from the records of the customer's state."""

from __future__ import annotations

from domain.customer.state import FILE, MONEY, Customer
from domain.policy import Policy
from domain.tiers.history import TierHistory


def tier_history(customer: Customer, policy: Policy) -> TierHistory:
    """The tier history of a customer."""
    changes = customer.money.changes if customer.has(MONEY) else []
    pins = customer.file.pins if customer.has(FILE) else []
    return TierHistory(changes, pins, policy.grace_ms)
