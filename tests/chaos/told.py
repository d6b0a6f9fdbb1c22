"""Events told by hand for the judge's own tests, and what may come of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import xxhash

from tests.chaos.expected import Expected, Money, Read, Totals, expect
from tests.chaos.record import GOOD
from tests.chaos.verdict import Verdict

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PROMISE = timedelta(seconds=20)
Json = dict[str, Any]
Kinds = set[str]


class Told:
    """Events as they lie in Kafka; each is appended at ``seconds``, and occurred then or before."""

    def __init__(self) -> None:
        self.reads: list[Read] = []

    def __call__(
        self, seconds: float, customer: str, kind: str, *, ago: float = 0.0, **fields: Any
    ) -> str:
        """The event's id: e0, e1 and so on."""
        number = len(self.reads)
        at = NOW + timedelta(seconds=seconds - ago)
        event = {
            "event_id": f"e{number}", "customer_id": customer, "occurred_at": at.isoformat(),
            "channel": "app", "type": kind, **fields,
        }  # fmt: skip
        appended = int((NOW.timestamp() + seconds) * 1000)
        value = json.dumps(event).encode()
        self.reads.append(Read(kind, 0, number, appended, customer.encode(), value, GOOD))
        return f"e{number}"

    def pays(self, seconds: float, customer: str, amount: float = 1.0, **fields: Any) -> str:
        """A debit, unless the fields say otherwise."""
        given = {"direction": "debit", "account_id": customer, **fields}
        return self(seconds, customer, "transaction", amount=amount, **given)

    @property
    def expected(self) -> Expected:
        return expect(self.reads, PROMISE)


def totals(ids: str, transactions: int, amount: float) -> Totals:
    """Of the events e0, e1 ... with these numbers."""
    xor = 0
    for number in ids.split():
        xor ^= xxhash.xxh3_64_intdigest(f"e{number}".encode())
    return Totals(len(ids.split()), transactions, amount, xor)


def alert(kind: str, event_id: str, customer: str, **fields: Any) -> Json:
    named = f"{kind}-{event_id}-{customer}"
    return {"alert_id": named, "kind": kind, "cause": [event_id], "customer_id": customer, **fields}


def escalated(complaint: str, customer: str) -> Json:
    return alert("complaint_escalated", complaint, customer, complaint_id=complaint, level=1)


def ended(customer: str, to_state: str) -> Json:
    return {
        "transition_id": f"{customer}-{to_state}", "customer_id": customer,
        "dimension": "customer", "from_state": "known", "to_state": to_state,
    }  # fmt: skip


def state(customer: str, money: Money, referrals: int = 0) -> Json:
    last = None if money.last is None else datetime.fromtimestamp(money.last, UTC).isoformat()
    return {
        "customer_id": customer,
        "complaints": money.complaints,
        "balance": money.balance,
        "value": {
            "purchases": money.purchases, "total": money.total, "last_purchase_at": last,
            "clv": 4.0, "referrals": referrals, "referral_value": float(referrals),
        },
    }  # fmt: skip


def faults(verdict: Verdict) -> Kinds:
    """The kinds of fault that were found."""
    return {line.split(":")[0] for line in verdict.faults}
