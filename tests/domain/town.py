"""Customers who refer each other: what each tells the other goes through a post of its own.

As through Kafka, letters of one sender to one receiver stay in order; how those of different
senders fall together, and how late they come, is up to the test.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from domain import dispatch as rules
from domain.assembly.aggregates import Aggregates
from domain.assembly.context import Context
from domain.customer.state import Customer
from domain.policy import Policy
from domain.value import referrals
from schemas import published
from schemas.cases import TouchpointBase
from schemas.codec import encode
from schemas.fields import milliseconds
from schemas.outputs import Output, Referral
from schemas.referrals import decode_referrals
from tests.domain.bank import START
from tests.domain.figured import line_of
from tests.schemas.checked import checked


class Town:
    """Every customer under one context and on the event clock; ``reload``: from bytes each time."""

    def __init__(self, policy: Policy | None = None, *, reload: bool = False) -> None:
        self.ctx = Context(policy or Policy(), Aggregates())
        self.records: dict[bytes, bytes] = {}
        self.post: dict[tuple[str, str], deque[Referral]] = {}
        self.sent: list[Referral] = []
        self.outputs: list[Output] = []
        self._live: dict[str, Customer] = {}
        self._reload = reload

    def customer(self, name: str) -> Customer:
        """The customer, known or new."""
        if name not in self._live:
            loaded = Customer.load(name, self.records.get)
            self._live[name] = loaded or Customer.new(name)
        return self._live[name]

    def take(self, *events: TouchpointBase) -> Town:
        """Apply events in this order; what they tell of others waits in the post."""
        for event in events:
            at = milliseconds(event.occurred_at)
            self.ctx.now = max(self.ctx.now, at)
            customer = self.customer(event.customer_id)
            self.send(rules.fire(customer, self.ctx))
            self.send(rules.apply(customer, event, at, self.ctx).outputs)  # type: ignore[arg-type]
            self._saved(event.customer_id)
        return self

    def until(self, at: int) -> Town:
        """Let the clock run to ``at`` (ms after START) for everyone."""
        self.ctx.now = max(self.ctx.now, START + at)
        known = {key[1:].decode() for key in self.records if key[:1] == b"c"}
        for name in sorted(known | set(self._live)):
            self.send(rules.fire(self.customer(name), self.ctx))
            self._saved(name)
        return self

    def deliver(self, sender: str, receiver: str) -> None:
        """The oldest letter from one customer to another, if there is one."""
        letters = self.post.get((sender, receiver))
        if letters:
            [record] = decode_referrals([encode(letters.popleft())])
            assert isinstance(record, published.Referral), record
            referrals.take(self.customer(receiver), record, self.ctx)
            self._saved(receiver)

    def deliver_all(self) -> Town:
        """Empty the post."""
        for (sender, receiver), letters in self.post.items():
            while letters:
                self.deliver(sender, receiver)
        return self

    def send(self, outputs: Sequence[Output]) -> None:
        """Keep what was sent, and post what is told to others."""
        self.outputs += checked(outputs)
        for output in outputs:
            if isinstance(output, Referral):
                self.sent.append(output)
                self.post.setdefault((output.referred, output.referrer), deque()).append(output)

    def figures(self, name: str, at: int | None = None) -> dict[str, Any]:
        """The line of the export as of ``at`` (ms after START), else as of the clock."""
        now = self.ctx.now if at is None else START + at
        return line_of(rules.export(self.customer(name), now, self.ctx.policy))

    def save(self, name: str) -> list[tuple[bytes, bytes | None]]:
        """Write what was touched of a customer into the store."""
        written = self.customer(name).dump()
        for key, value in written:
            if value is None:
                self.records.pop(key, None)
            else:
                self.records[key] = value
        return written

    def _saved(self, name: str) -> None:
        if self._reload:
            self.save(name)
            del self._live[name]


def of(name: str, event: TouchpointBase) -> Any:
    """The event as another customer's."""
    return event.model_copy(update={"customer_id": name})
