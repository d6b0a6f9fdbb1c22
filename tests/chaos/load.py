"""The load of the kill test: touchpoints whose whole effect a few lines can work out.

Everything is made here from a seed, without the product: good events, repeats, late ones and
records that must be refused; and among them the stories of ``tests.chaos.stories``. A header says
what the maker meant a record to be, so that the oracle need not know the product's checks.
"""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.chaos.ids import alert_id
from tests.chaos.record import TOO_LATE, Record
from tests.chaos.spoilt import spoilt
from tests.chaos.stories import Stories

LARGE = 100_000
UNKNOWN_CURRENCY = "SEK"  # no rate in the policy
VIP_BALANCE = 500_000
PLAIN_BALANCE = 50_000
RECENT = 400
ALERTED = 60
MOST_COMPLAINTS = 50
MOST_LARGE = 800

TRANSACTIONS = "touchpoints.transactions"
COMPLAINTS = "touchpoints.complaints"
CLICKS = "touchpoints.app"

# What customers click; each has one habit at a time, so that segments form and customers move.
HABITS: tuple[dict[str, Any], ...] = (
    {"action": "account_message"},
    {"action": "launch", "source": "push"},
    {"action": "function_visit", "function": "loans"},
)
HABIT_EVENTS = 6_000

DESK_ACTIONS = (
    "acknowledged", "acknowledged", "resolved", "snoozed", "reopened", "assigned", "noted",
)  # fmt: skip

# Counted by the product and without an effect on any alert that is judged.
OTHERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("touchpoints.surveys", {"type": "survey", "instrument": "csat", "score": 4}),
    (
        "touchpoints.service",
        {
            "type": "service_contact",
            "contact_id": "s-1",
            "wait_seconds": 10,
            "handle_seconds": 60,
            "outcome": "resolved",
        },
    ),
    ("touchpoints.feedback", {"type": "feedback", "kind": "praise"}),
    ("touchpoints.profiles", {"type": "profile", "region": "Zhejiang"}),
    ("touchpoints.campaigns", {"type": "campaign", "campaign_id": "m-1", "action": "sent"}),
    ("touchpoints.care", {"type": "care", "task_id": "t-1", "action": "done"}),
    (
        TRANSACTIONS,
        {
            "type": "transaction",
            "amount": 10,
            "currency": UNKNOWN_CURRENCY,
            "direction": "debit",
            "account_id": "abroad",
        },
    ),
    ("touchpoints.desk", {"type": "desk", "alert_id": "a-1", "action": "resolved", "by": "x"}),
)


def policy_yaml(promise_seconds: float) -> str:
    """The policy under which the load's alerts can be told without the product's rules.

    Caps are out of reach, alerts that depend on many events are off, and every complaint not
    acknowledged within ``promise_seconds`` is due for its first escalation only.
    """
    hours = promise_seconds / 3600
    tiers = ("standard", "prospect", "key", "vip", "private")
    short = ", ".join(f"{tier}: {hours:.9f}" for tier in tiers)
    long = ", ".join(f"{tier}: 1000" for tier in tiers)
    return f"""
complaints:
  acknowledge_hours: {{{short}}}
  resolve_hours: {{{long}}}
  complex_resolve_hours: {{{long}}}
  regulator_days: 60
  regulator_complex_days: 60
alerts:
  cap_per_customer_and_day: 1000
  rules:
    vip_dissatisfied: {{enabled: false}}
    vip_balance_drop: {{enabled: false}}
    vip_long_wait: {{enabled: false}}
    offer_window: {{cooldown_seconds: 0, cap_per_day: null, quiet_hours: ignore}}
"""


class Maker:
    """Records from a seed. Customers ``v-*`` are VIPs once :meth:`beginnings` are in."""

    def __init__(self, seed: int, customers: int = 240, *, payments_only: bool = False) -> None:
        self._random = Random(seed)
        self._payments_only = payments_only
        self._vips = [f"v-{seed}-{number}" for number in range(customers // 6)]
        self._plain = [f"c-{seed}-{number}" for number in range(customers - len(self._vips))]
        self._all = self._vips + self._plain
        self._seed, self._number = seed, 0
        self._recent: deque[Record] = deque(maxlen=RECENT)
        self._complaints: Counter[str] = Counter()
        self._large: Counter[str] = Counter()
        self._alerted: deque[tuple[str, str]] = deque(maxlen=ALERTED)
        self._stories = Stories(seed, self._event, time.monotonic, self._vips)

    def beginnings(self) -> list[Record]:
        """One event per customer, which makes the VIPs VIPs."""
        amounts = [(c, VIP_BALANCE) for c in self._vips] + [(c, PLAIN_BALANCE) for c in self._plain]
        return [
            self._payment(customer, 1, timedelta(0), balance_after=balance)
            for customer, balance in amounts
        ]

    def next(self) -> list[Record]:
        """The next records, one or two as a rule; none where there is nothing to say."""
        if not self._payments_only and (told := next(self._stories)):
            return told
        roll, customer = self._random.random(), self._random.choice(self._all)
        if self._payments_only:
            return [self._payment(customer, self._random.randrange(1, 5_000), timedelta(0))]
        if roll < 0.05 and self._recent:
            return [self._random.choice(self._recent)]
        if roll < 0.06:
            return [self._poison(customer)]
        if roll < 0.08:
            return [self._late(customer)]
        if roll < 0.086:
            return self._complaint()
        if roll < 0.14:
            topic, fields = self._random.choice(OTHERS)
            return [self._event(topic, customer, timedelta(0), fields)]
        if roll < 0.15:
            return [self._referral()]
        if roll < 0.17 and self._alerted:
            return [self._desk()]
        if roll < 0.45:
            return [self._click(customer)]
        amount = self._amount(customer)
        paid = self._payment(customer, amount, timedelta(0), **self._refund())
        if amount >= LARGE:
            self._note_alert("large_transaction", customer, "transaction")
        return [paid]

    # -- good -------------------------------------------------------------------------

    def _amount(self, customer: str) -> int:
        if self._random.random() < 0.04 and self._large[customer] < MOST_LARGE:
            self._large[customer] += 1
            return self._random.randrange(LARGE, 4 * LARGE)
        return self._random.randrange(1, LARGE)

    def _payment(self, customer: str, amount: int, age: timedelta, **more: Any) -> Record:
        fields = {
            "type": "transaction",
            "amount": amount,
            "currency": "CNY",
            "direction": self._random.choice(("debit", "credit")),
            "account_id": f"a-{customer}",
            **more,
        }
        return self._event(TRANSACTIONS, customer, age, fields)

    def _refund(self) -> dict[str, Any]:
        """What makes one payment in twelve a refund, or look like one."""
        roll, of = self._random.random(), f"e-{self._seed}-{self._number}"
        if roll < 0.04:
            return {"direction": "credit", "refund_of": of}
        if roll < 0.07:
            return {"direction": "credit", "category": "refund"}
        # a debit gives nothing back, whatever its category
        return {"direction": "debit", "category": "refund"} if roll < 0.08 else {}

    def _referral(self) -> Record:
        """A plain customer says which VIP sent it: the same one each time it is asked."""
        customer = self._random.choice(self._plain)
        referrer = self._vips[int(customer.rsplit("-", 1)[1]) % len(self._vips)]
        fields = {"type": "profile", "referred_by": referrer}
        return self._event("touchpoints.profiles", customer, timedelta(0), fields)

    def _click(self, customer: str) -> Record:
        """A click of the kind the customer is given to, which changes as time goes by."""
        number = int(customer.rsplit("-", 1)[1]) + self._number // HABIT_EVENTS
        fields = {"type": "app_click", **HABITS[number % len(HABITS)]}
        return self._event(CLICKS, customer, timedelta(0), fields)

    def _complaint(self) -> list[Record]:
        """A complaint is opened; half of them are acknowledged at once, the rest never."""
        of = self._random.choice((self._vips, self._plain))
        customer = self._random.choice(of)
        if self._complaints[customer] >= MOST_COMPLAINTS:
            return []
        self._complaints[customer] += 1
        fields = {"type": "complaint", "complaint_id": f"k-{self._seed}-{self._number}"}
        opened = {"status": "opened", "severity": 3, "factor": "service", "category": "fees"}
        second = timedelta(seconds=1)
        records = [self._event(COMPLAINTS, customer, second, fields | opened)]
        if customer in self._vips:
            self._note_alert("vip_complaint", customer, "complaint")
        if self._random.random() < 0.5:
            seen = {"status": self._random.choice(("acknowledged", "acknowledged", "resolved"))}
            records.append(self._event(COMPLAINTS, customer, timedelta(0), fields | seen))
        return records

    def _note_alert(self, kind: str, customer: str, cause: str) -> None:
        """The event made last causes an alert that people may see to."""
        of = f"e-{self._seed}-{self._number}"
        self._alerted.append((customer, alert_id(kind, customer, cause, of)))

    def _desk(self) -> Record:
        """Somebody does something about one of the newest alerts, up to some seconds ago."""
        customer, of = self._random.choice(self._alerted)
        action = self._random.choice(DESK_ACTIONS)
        age = timedelta(seconds=self._random.uniform(0, 5))
        fields = {"type": "desk", "alert_id": of, "action": action, "channel": "other"}
        fields["by"] = f"m-{self._random.randrange(4)}"
        if action == "snoozed":
            until = datetime.now(UTC) + timedelta(seconds=self._random.choice((0, 7_200)))
            fields["until"] = until.isoformat(timespec="milliseconds")
        if action == "assigned":
            fields["assign_to"] = self._random.choice(("m-1", "m-2", ""))
        if action == "noted" or self._random.random() < 0.2:
            fields["note"] = f"note {self._number}"
        return self._event("touchpoints.desk", customer, age, fields)

    def _late(self, customer: str) -> Record:
        """Two hours late acts as ever; 30 hours late raises nothing; 8 days late is refused."""
        hours = self._random.choice((2, 2, 30, 30, 8 * 24))
        age = timedelta(hours=hours)
        record = self._payment(customer, self._amount(customer), age, **self._refund())
        if hours > 7 * 24:
            record = self._recent[-1] = record._replace(mark=TOO_LATE)
        return record

    def _event(self, topic: str, customer: str, age: timedelta, fields: dict[str, Any]) -> Record:
        self._number += 1
        event = {
            "event_id": f"e-{self._seed}-{self._number}",
            "customer_id": customer,
            "occurred_at": (datetime.now(UTC) - age).isoformat(timespec="milliseconds"),
            "channel": "app",
            **fields,
        }
        record = Record(topic, customer.encode(), json.dumps(event).encode())
        self._recent.append(record)
        return record

    def _poison(self, customer: str) -> Record:
        """A record spoilt in one of the ways that must end in the dead letters."""
        self._number += 1
        good = self._payment(customer, LARGE, timedelta(0))
        self._recent.pop()
        return self._random.choice(spoilt(good))


def complaint_step(customer: str, complaint: str, status: str, at: datetime) -> Record:
    """One step of a complaint."""
    event: dict[str, Any] = {
        "event_id": f"{complaint}-{status}",
        "customer_id": customer,
        "occurred_at": at.isoformat(timespec="milliseconds"),
        "channel": "app",
        "type": "complaint",
        "complaint_id": complaint,
        "status": status,
    }
    if status == "opened":
        event |= {"severity": 3, "factor": "service", "category": "fees"}
    return Record(COMPLAINTS, customer.encode(), json.dumps(event).encode())


def click(customer: str, event_id: str, at: datetime) -> Record:
    """One app click."""
    event = {
        "event_id": event_id,
        "customer_id": customer,
        "occurred_at": at.isoformat(timespec="milliseconds"),
        "channel": "app",
        "type": "app_click",
        "action": "tab_switch",
    }
    return Record(CLICKS, customer.encode(), json.dumps(event).encode())
