"""Features of a vector that need more than a customer's core record: money, experience, waits.

All are as of the task clock, in real units. An overdraft and value that was given back count as
0, since logarithms are taken. What is not known is not guessed: whoever lacks one of the features
in use has no vector, and so no segment.
"""

from __future__ import annotations

from domain.customer.state import JOURNEY, Customer
from domain.experience import known_satisfaction as satisfaction
from domain.kernel.units import MS_PER_DAY
from domain.money.balances import balance_of
from domain.policy import Policy
from domain.value.row import HUNDREDTHS, facts_of


def financial_values(customer: Customer, now: int, policy: Policy) -> dict[str, float | None]:
    """Value by name as of ``now`` (ms); ``None`` where it is not known.

    >>> found = financial_values(Customer.new("c-1"), 0, Policy())
    >>> found["frequency"], found["balance"]
    (0.0, None)
    """
    day = now // MS_PER_DAY
    facts, balance = facts_of(customer, day, policy.value), balance_of(customer)
    wait = customer.journey.wait if customer.has(JOURNEY) else None
    return {
        "balance": None if balance is None else max(balance, 0.0),
        "recency_days": None if facts is None else float(max(0, day - facts.last_day)),
        "frequency": 0.0 if facts is None else float(facts.frequency),
        "monetary": 0.0 if facts is None else max(facts.monetary, 0) / HUNDREDTHS,
        "satisfaction": satisfaction.level(customer, policy, now),
        "wait_score": None if wait is None else wait[2],
    }
