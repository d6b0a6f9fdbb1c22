"""A town for tests: customers under the rules, and what each did as plain numbers beside it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from domain import dispatch as rules
from domain.assembly.aggregates import Aggregates
from domain.assembly.context import Context
from domain.customer.state import Customer
from domain.policy import Policy
from domain.value.clv import lifetime
from domain.value.history import History
from domain.value.standing import Open, Standing
from schemas.fields import moment
from schemas.touchpoints import Profile, ServiceContact, Survey, Transaction
from tests.domain.bank import DAY, DEFAULTS, HOUR, START

FIRST_DAY = START // DAY


class Purchase(NamedTuple):
    """A purchase on a day after START, at its amount or its margin."""

    day: int
    amount: float
    margin: float | None


class Expected(NamedTuple):
    """A customer worked out from the plain numbers; amounts in hundredths, rounded."""

    recency_days: int
    frequency: int
    monetary: int
    relational: bool
    below_zero: bool
    clv: int
    growable: int | None


class Town:
    """``moved`` has who did what a standing is to hear of; records are as a store has them."""

    def __init__(self, policy: Policy = DEFAULTS) -> None:
        self.policy = policy
        self.records: dict[bytes, bytes] = {}
        self.purchases: dict[str, list[Purchase]] = defaultdict(list)
        self.contacts: dict[str, list[str]] = defaultdict(list)
        self.shares: dict[str, float] = {}
        self.moved: dict[str, None] = {}
        self._ctx = Context(policy, Aggregates())
        self._events = 0

    def buy(self, who: str, day: int, amount: float, margin: float | None = None) -> None:
        """Buy on a day after START, in base currency."""
        self._take(
            Transaction(
                **self._common(who, day, "branch"), amount=amount, currency="CNY",
                direction="debit", account_id="a-1", margin=margin,
            ),
            day,
        )  # fmt: skip
        self.purchases[who].append(Purchase(day, amount, margin))

    def serve(self, who: str, day: int, channel: str = "branch") -> None:
        """Have a contact."""
        self._take(
            ServiceContact(
                **self._common(who, day, channel), contact_id=f"s-{self._events}",
                wait_seconds=0.0, handle_seconds=60.0, outcome="resolved",
            ),
            day,
        )  # fmt: skip
        self.contacts[who].append(channel)

    def tell_share(self, who: str, day: int, share: float) -> None:
        """Answer how much of the wallet is ours."""
        common = self._common(who, day, "email")
        self._take(Survey(**common, instrument="wallet_share", score=share), day)
        self.shares[who] = share

    def tell_nps(self, who: str, day: int, score: int) -> None:
        """Answer whether one would recommend us."""
        self._take(Survey(**self._common(who, day, "email"), instrument="nps", score=score), day)

    def erase(self, who: str, day: int) -> None:
        """Ask to be forgotten."""
        self._take(Profile(**self._common(who, day, "web"), erase=True), day)
        for known in (self.purchases, self.contacts, self.shares, self.moved):
            known.pop(who, None)

    def open(self, key: str) -> Customer:
        """The customer as a partition opens it."""
        return Customer.load(key, self.records.get) or Customer.new(key)

    def core_of(self, key: str) -> bytes | None:
        """The customer's main record."""
        return self.records.get(b"c" + key.encode())

    @property
    def keys(self) -> list[str]:
        """All customers in the store."""
        return sorted(key[1:].decode() for key in self.records if key[:1] == b"c")

    def expected(self, today: int) -> dict[str, Expected]:
        """Who ever bought, by the plain numbers, as of a day after START."""
        return {who: self._expected(who, today) for who in self.purchases if self.purchases[who]}

    def _expected(self, who: str, today: int) -> Expected:
        bought, value_rules = self.purchases[who], self.policy.value
        days = sorted({one.day for one in bought})
        worth = {day: sum(_worth(one) for one in bought if one.day == day) for day in days}
        year = [one for one in bought if today - value_rules.rfm.window_days < one.day <= today]
        mean = sum(worth[day] for day in days[1:]) / (len(days) - 1) if days[1:] else None
        history = History(len(days) - 1, (days[-1] - days[0]) / 7, mean)
        clv = round(lifetime(history, (today - days[0]) / 7, value_rules.clv).clv * 100)
        costs = dict[str, float](value_rules.serve_costs.units)
        net = sum(worth.values()) - sum(costs[name] for name in self.contacts[who])
        share = self.shares.get(who, 0.0)
        return Expected(
            recency_days=today - days[-1],
            frequency=len(year),
            monetary=round(sum(_worth(one) for one in year) * 100),
            relational=len(bought) >= 3 and days[-1] - days[0] >= 180,
            below_zero=any(one.margin is not None for one in bought) and round(net * 100) < 0,
            clv=clv,
            growable=round(clv * (1 / share - 1)) if share > 0 else None,
        )

    def _common(self, who: str, day: int, channel: str) -> dict[str, Any]:
        self._events += 1
        return {
            "event_id": f"e-{self._events:06d}",
            "customer_id": who,
            "occurred_at": moment(self._at(day)),
            "channel": channel,
        }

    def _at(self, day: int) -> int:
        # one after the other: what lies in one instant with an erasure is erased
        return START + day * DAY + 9 * HOUR + self._events

    def _take(self, event: Any, day: int) -> None:
        at = self._at(day)
        self._ctx.now = max(self._ctx.now, at)
        customer = self.open(event.customer_id)
        assert rules.apply(customer, event, at, self._ctx).status == "accepted"
        for key, value in customer.dump():
            if value is None:
                self.records.pop(key, None)
            else:
                self.records[key] = value
        self.moved[event.customer_id] = None


def clock(day: int, hours: int = 12) -> int:
    """A time on a day after START, in ms."""
    return START + day * DAY + hours * HOUR


def settle(standing: Standing, town: Town, now: int) -> None:
    """Let the standing hear of what was done, and work it all out by ``now``."""
    standing.moved |= town.moved
    town.moved = {}
    if standing.due(now):
        assert not standing.tick(now, town.open)
    finish(standing, now, town.open)


def nobody(key: str) -> None:
    """Whose state is open already."""


def finish(standing: Standing, now: int, open_: Open) -> int:
    """Do all work that is left; how many slices it took."""
    slices = 0
    while standing.busy:
        assert not standing.work(now, open_, nobody)
        slices += 1
    return slices


def _worth(purchase: Purchase) -> float:
    return purchase.amount if purchase.margin is None else purchase.margin
