"""What happens to a few customers over half a minute, among the load of the kill test.

A story is told step by step while the load runs: ids of one person that are merged while all of
them are busy, customers who are erased and of whom late events come, customers who opt out while
a nightly copy of their profile goes on repeating the old consent. Whatever two topics say of one
customer, and must be known in that order, lies ``APART``; what two partitions say, ``FAR_APART``.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any, TypeVar

R = TypeVar("R")
Make = Callable[[str, str, timedelta, dict[str, Any]], R]
"""Makes a record of: topic, customer, how long ago it occurred, the further fields."""

APART = 7.0
FAR_APART = 26.0
EVERY_SECONDS = 0.35
VIP_BALANCE = 500_000
SMALL_BALANCE = 20_000  # three of them are less than a VIP's
LARGE_PAYMENT = 150_000
NOW = timedelta(0)

TRANSACTIONS = "touchpoints.transactions"
COMPLAINTS = "touchpoints.complaints"
CLICKS = "touchpoints.app"
PROFILES = "touchpoints.profiles"
CAMPAIGNS = "touchpoints.campaigns"
SURVEYS = "touchpoints.surveys"


class Stories(Iterator[list[R]]):
    """Hands out the records that are due; ``clock`` gives seconds.

    ``referrers`` are customers of the load whom those of the stories name as their referrers.
    """

    def __init__(
        self, seed: int, make: Make[R], clock: Callable[[], float], referrers: list[str]
    ) -> None:
        self._random, self._make, self._clock = Random(f"stories {seed}"), make, clock
        self._seed, self._referrers = seed, referrers
        self._told: list[tuple[float, int, Iterator[float | R]]] = []
        self._next_begins: float | None = None
        self._number = self._campaigns = 0

    def __next__(self) -> list[R]:
        """The records of the next step that is due, none where nothing is."""
        now = self._clock()
        if self._next_begins is None or self._next_begins <= now:
            self._next_begins = now + EVERY_SECONDS
            self._begin(now)
        if not self._told or self._told[0][0] > now:
            return []
        _, number, story = heapq.heappop(self._told)
        records: list[R] = []
        for step in story:
            if isinstance(step, float):
                heapq.heappush(self._told, (now + step, number, story))
                break
            records.append(step)
        return records

    def _begin(self, now: float) -> None:
        kinds = (
            self._merges, self._merges, self._erasure, self._erasure, self._opt_outs,
            self._merged_and_erased, self._merged_referrer, self._merged_opt_out,
        )  # fmt: skip
        self._number += 1
        story = kinds[self._number % len(kinds)](f"{self._seed}-{self._number}")
        heapq.heappush(self._told, (now, self._number, story))

    # -- ids of one person ------------------------------------------------------------

    def _merges(self, name: str) -> Iterator[float | R]:
        """Two ids, or three merged in a chain in either order, all of them busy throughout."""
        random, vip = self._random, self._random.random() < 0.5
        kind = "v-m" if vip else "m"
        ids = [f"{kind}{letter}-{name}" for letter in "abc"[: random.randrange(2, 4)]]
        for one in ids:
            yield self._balance(one, VIP_BALANCE if vip else SMALL_BALANCE)
        yield APART
        merges = list(pairwise(ids))
        random.shuffle(merges)
        waiting: list[R] = []
        for step in range(36):
            one = random.choice(ids)
            if step % 12 == 4 and merges:
                old, new = merges.pop()
                yield self._merge(old, new)
            elif random.random() < 0.1:
                # of one complaint the two steps may come by two ids
                opened, seen = self._complaint(f"k-{name}-{step}", one, random.choice(ids))
                waiting.append(seen)
                yield opened
            elif waiting and random.random() < 0.3:
                yield waiting.pop()
            else:
                yield self._something(one, name)
            yield random.choice((0.0, 0.05, 0.3, 0.6))

    def _merged_referrer(self, name: str) -> Iterator[float | R]:
        """Friends of both ids of a referrer buy before, at and after the merge."""
        old, new = f"ra-{name}", f"rb-{name}"
        friends = [f"f{number}-{name}" for number in range(3)]
        yield self._balance(old, SMALL_BALANCE)
        yield self._balance(new, SMALL_BALANCE)
        for number, friend in enumerate(friends):
            yield self._profile(friend, referred_by=(old, new)[number % 2])
            yield self._payment(friend)
            yield self._random.uniform(0.0, 1.0)
        yield self._merge(old, new)
        for _ in range(12):
            yield self._payment(self._random.choice(friends))
            yield self._random.uniform(0.0, 1.0)
        yield self._profile(f"late-{name}", referred_by=old)
        yield self._payment(f"late-{name}")

    # -- erasure ----------------------------------------------------------------------

    def _erasure(self, name: str) -> Iterator[float | R]:
        """A customer lives, is erased, is heard of late, and in half of the stories anew."""
        customer, friend = f"x-{name}", f"xf-{name}"
        comes_back = self._random.random() < 0.5
        if not comes_back:
            yield self._profile(friend, referred_by=customer)
        yield from self._life(customer, name)
        opened, seen = self._complaint(f"k-{name}", customer, customer)
        yield opened
        yield APART
        yield self._erase(customer)
        yield self._payment(friend)
        yield APART
        yield seen
        yield from self._heard_late(customer)
        if not comes_back:
            yield self._payment(friend)
            return
        yield from self._life(customer, name)
        yield from self._heard_late(customer)

    def _merged_and_erased(self, name: str) -> Iterator[float | R]:
        """A person of two ids is erased under either, long after they were merged."""
        old, new = f"xa-{name}", f"xb-{name}"
        yield from self._life(old, name)
        yield from self._life(new, name)
        yield self._merge(old, new)
        yield from self._life(old, name)
        yield FAR_APART
        by = self._random.choice((old, new))
        yield self._erase(by)
        yield FAR_APART
        yield from self._heard_late(old)
        yield from self._heard_late(new)
        if by == new:
            yield from self._life(new, name)

    def _life(self, customer: str, name: str) -> Iterator[float | R]:
        yield self._balance(customer, SMALL_BALANCE)
        for _ in range(6):
            yield self._something(customer, name)
            yield self._random.choice((0.0, 0.2, 0.5))

    def _heard_late(self, customer: str) -> Iterator[float | R]:
        """What occurred before the erasure, up to longer ago than anything else would be taken."""
        for hours in (0.02, 2, 30, 8 * 24):
            age = timedelta(hours=hours)
            yield self._payment(customer, age, amount=LARGE_PAYMENT)
            yield self._make(CLICKS, customer, age, {"type": "app_click", "action": "news_view"})
            yield 0.3

    # -- opt-outs ---------------------------------------------------------------------

    def _opt_outs(self, name: str) -> Iterator[float | R]:
        """Clicks between opt-outs, opt-ins, nightly copies and profiles that say otherwise."""
        customer, random, consent = f"v-o-{name}", self._random, True
        yield self._balance(customer, VIP_BALANCE)
        yield self._profile(customer, consent={"app": consent, "email": True})
        yield APART
        for _ in range(4):
            yield self._campaign(customer, "clicked")
            yield 0.1
            yield self._campaign(customer, "opted_out")
            yield 0.1
            yield self._profile(customer, consent={"app": consent, "email": True})
            yield random.choice((0.1, APART))
            yield self._campaign(customer, "clicked")
            yield 0.1
            yield self._campaign(customer, "opted_in")
            yield 0.1
            yield self._campaign(customer, "clicked")
            yield APART
            consent = not consent
            yield self._profile(customer, consent={"app": consent, "email": True})
            yield APART

    def _merged_opt_out(self, name: str) -> Iterator[float | R]:
        """Who opted out under one id is made no offer under the other."""
        old, new = f"v-oa-{name}", f"v-ob-{name}"
        for one in (old, new):
            yield self._balance(one, VIP_BALANCE)
            yield self._profile(one, consent={"app": True})
        yield APART
        yield self._campaign(old, "clicked")
        yield self._campaign(new, "clicked")
        yield 0.1
        yield self._campaign(old, "opted_out")
        yield APART
        yield self._merge(old, new)
        yield FAR_APART
        for one in (old, new):
            yield self._campaign(one, "clicked")
            yield self._profile(one, consent={"app": True})
        yield APART
        for one in (old, new):
            yield self._campaign(one, "clicked")

    # -- records ----------------------------------------------------------------------

    def _something(self, customer: str, name: str) -> R:
        roll, random = self._random.random(), self._random
        if roll < 0.4:
            return self._payment(customer)
        if roll < 0.5:
            age = timedelta(hours=random.choice((1, 2)))
            return self._payment(customer, age, "credit", refund_of="a purchase")
        if roll < 0.6:
            return self._payment(customer, amount=LARGE_PAYMENT)
        if roll < 0.7:
            return self._balance(customer, random.randrange(1_000, SMALL_BALANCE))
        if roll < 0.8:
            at = int(name.rsplit("-", 1)[1]) % len(self._referrers)
            return self._profile(customer, referred_by=self._referrers[at])
        if roll < 0.9:
            fields = {"type": "survey", "instrument": "csat", "score": 4}
            return self._make(SURVEYS, customer, NOW, fields)
        fields = {"type": "app_click", "action": "launch", "source": "icon"}
        return self._make(CLICKS, customer, NOW, fields)

    def _payment(
        self,
        customer: str,
        age: timedelta = NOW,
        direction: str | None = None,
        amount: int | None = None,
        **more: Any,
    ) -> R:
        fields = {
            "type": "transaction",
            "amount": amount or self._random.randrange(1, 3_000),
            "currency": "CNY",
            "direction": direction or self._random.choice(("debit", "credit")),
            "account_id": f"a-{customer}",
            **more,
        }
        return self._make(TRANSACTIONS, customer, age, fields)

    def _balance(self, customer: str, balance: int) -> R:
        # what is a VIP's balance stays one, since a VIP of the load never falls
        if customer.startswith("v-"):
            balance = VIP_BALANCE
        return self._payment(customer, balance_after=balance, amount=1)

    def _complaint(self, complaint: str, opens: str, acknowledges: str) -> tuple[R, R]:
        fields = {"type": "complaint", "complaint_id": complaint}
        opened = {"status": "opened", "severity": 3, "factor": "service", "category": "fees"}
        seen = {"status": "acknowledged"}
        return (
            self._make(COMPLAINTS, opens, timedelta(milliseconds=2), fields | opened),
            self._make(COMPLAINTS, acknowledges, NOW, fields | seen),
        )

    def _campaign(self, customer: str, action: str) -> R:
        self._campaigns += 1
        campaign = f"m-{self._seed}-{self._campaigns}"
        fields = {"type": "campaign", "campaign_id": campaign, "action": action}
        return self._make(CAMPAIGNS, customer, NOW, fields)

    def _merge(self, old: str, new: str) -> R:
        return self._profile(old, merged_into=new)

    def _erase(self, customer: str) -> R:
        return self._profile(customer, erase=True)

    def _profile(self, customer: str, **fields: Any) -> R:
        return self._make(PROFILES, customer, NOW, {"type": "profile", **fields})
