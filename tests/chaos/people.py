"""Who is whom in what went in, who was erased when, and who may be made an offer.

Part of the judge of the kill test: it shares no code with the product. What happened to one
customer in one partition is known in its order where it lies ``NEAR_MS`` apart in Kafka, in the
order in which it was made: what a producer held back through an outage lies otherwise, and a
worker that is behind takes topics in the order of their times. When one partition knows what
another had to tell it is not decided, for that one may stand still; what figures come to in the end
is, all the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NamedTuple

NEAR_MS = 4_000
FAR_MS = 20_000
_NEVER = datetime.min.replace(tzinfo=UTC)


class Answer(Enum):
    """Whether something must have happened; ``MAYBE`` where that is not decided."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


class Said(NamedTuple):
    """An event as it went in: when it was appended to its topic (ms), and when it occurred.

    Events are made in the order of the numbers that their ids end with.
    """

    appended: int
    at: datetime
    event: dict[str, Any]
    partition: int = 0

    @property
    def customer(self) -> str:
        """The id it was sent under."""
        name: str = self.event["customer_id"]
        return name

    @property
    def number(self) -> int:
        """Its place among all that were made."""
        found = re.search(r"\d+$", self.event["event_id"])
        assert found is not None, self.event
        return int(found[0])


class Edge(NamedTuple):
    """A merge of an id into another one."""

    old: str
    new: str
    appended: int


class People:
    """All that the events say of ids: merges, erasures and consent. No merges run in a circle.

    In ``slow`` partitions a worker gave up to wait for a topic, and said so: there nothing that
    depends on the order of two topics is decided.
    """

    def __init__(self, events: Iterable[Said], slow: Collection[int] = ()) -> None:
        self._slow = slow
        self._edges: dict[str, Edge] = {}
        self._erasures: dict[str, list[Said]] = defaultdict(list)
        self._news: dict[str, list[Said]] = defaultdict(list)
        self._lived: dict[str, list[Said]] = defaultdict(list)
        for said in events:
            event, name = said.event, said.customer
            self._lived[name].append(said)
            if "merged_into" in event:
                new = event["merged_into"]
                self._edges.setdefault(name, Edge(name, new, said.appended))
                self._lived[new]  # a person, though nothing else be said under that id
            elif event.get("erase"):
                self._erasures[name].append(said)
            elif "consent" in event or event.get("action") in ("opted_out", "opted_in"):
                self._news[name].append(said)
        self._ids: dict[str, set[str]] = defaultdict(set)
        for name in self._lived:
            self._ids[self.of(name)].add(name)

    # -- ids of one person ------------------------------------------------------------

    def of(self, name: str) -> str:
        """The id under which the person counts in the end."""
        while name in self._edges:
            name = self._edges[name].new
        return name

    def ids(self, name: str) -> set[str]:
        """All ids of the person."""
        return self._ids[self.of(name)]

    def is_several(self, name: str) -> bool:
        """Whether the person has more than one id."""
        return len(self.ids(name)) > 1

    def is_slow(self, name: str) -> bool:
        """Whether the order of topics is not known wherever the person is."""
        lived = (said for each in self.ids(name) for said in self._lived[each][:1])
        return bool(self._slow) and any(said.partition in self._slow for said in lived)

    @property
    def merged(self) -> set[str]:
        """The ids that were merged into another one."""
        return set(self._edges)

    @property
    def joined(self) -> set[str]:
        """The ids that another one was merged into."""
        return {edge.new for edge in self._edges.values()}

    # -- erasure ----------------------------------------------------------------------

    @property
    def erased(self) -> set[str]:
        """The persons who were erased."""
        return {self.of(name) for name in self._erasures}

    def erased_until(self, name: str) -> datetime:
        """Up to when all of the person was erased; long ago where it never was."""
        return max((said.at for said in self._erased(name)), default=_NEVER)

    def is_undecided(self, person: str) -> bool:
        """Whether what occurred after the erasure may have come before it, and be gone with it."""
        until = self.erased_until(person)
        lived = (said for name in self.ids(person) for said in self._lived[name])
        if not any(said.at > until for said in lived):
            return False  # nothing is left, in whatever order it came
        return any(
            self.is_slow(person) or self._may_be_gone(person, erased)
            for erased in self._erased(person)
        )

    def was_taken(self, said: Said) -> Answer:
        """Whether an event acted before it was erased: one that came late for that did not."""
        if said.at > self.erased_until(said.customer):
            return Answer.MAYBE if self.is_undecided(self.of(said.customer)) else Answer.YES
        erased = self._first_erased(said.customer)
        if erased is not None and _is_turned_round(said, erased):
            return Answer.MAYBE
        return self.stood_at(said.customer, said.appended)

    def stood_until(self, name: str, due: datetime) -> Answer:
        """Whether the person's life before the erasure still went on when something was due."""
        erased, due_ms = self._first_erased(name), int(due.timestamp() * 1000)
        if erased is not None and erased.at <= due and erased.appended > due_ms:
            return Answer.MAYBE  # it was held back, and a worker that was behind took it before
        return self.stood_at(name, due_ms)

    def stood_at(self, name: str, appended: int) -> Answer:
        """Whether the person's life before the erasure still went on at this time (ms)."""
        erased = self._first_erased(name)
        if erased is None:
            return Answer.YES
        if self.is_slow(name) or self.is_several(name):
            return Answer.MAYBE
        if appended < erased.appended - NEAR_MS:
            return Answer.YES
        return Answer.NO if appended > erased.appended + NEAR_MS else Answer.MAYBE

    def _first_erased(self, name: str) -> Said | None:
        return min(self._erased(name), key=lambda said: said.appended, default=None)

    def _erased(self, name: str) -> list[Said]:
        return [said for each in self.ids(name) for said in self._erasures.get(each, ())]

    def _may_be_gone(self, person: str, erased: Said) -> bool:
        apart = FAR_MS if self.is_several(person) else NEAR_MS
        merges = [self._edges[name] for name in self.ids(person) if name in self._edges]
        if any(edge.appended > erased.appended - apart for edge in merges):
            return True
        lived = [said for name in self.ids(person) for said in self._lived[name]]
        return any(
            said.at > erased.at
            and (said.appended < erased.appended + apart or _is_turned_round(said, erased))
            for said in lived
        )

    # -- offers -----------------------------------------------------------------------

    def may_be_offered(self, click: Said) -> Answer:
        """Whether the customer lets itself be spoken to by the channel of a campaign's click.

        The newest news counts: what it says itself, or a profile that says otherwise than the
        one before; one that repeats itself is no news. What was said under another id of the
        person may be known or not: what is decided is what does not depend on that.
        """
        own, ids = self._news.get(click.customer, []), self.ids(click.customer)
        near = any(
            abs(said.appended - click.appended) < NEAR_MS or _is_turned_round(said, click)
            for said in own
            # a click and the customer's own word are of one topic, and in its order
            if "consent" in said.event and not _is_repeated(said, own)
        )
        known = [said for each in ids for said in self._news.get(each, ())]
        answers = {_allows(own, click), _allows(known, click)}
        if near or len(answers) > 1 or self.is_slow(click.customer):
            return Answer.MAYBE
        return Answer.YES if answers.pop() else Answer.NO


def _allows(news: Iterable[Said], click: Said) -> bool:
    """Whether the newest news before a click lets its channel be used."""
    allowed, before, channel = False, None, click.event["channel"]
    for said in sorted(news, key=lambda each: each.at):
        if said.at > click.at:
            continue
        if "consent" in said.event:
            if (value := said.event["consent"].get(channel)) != before:
                allowed = before = value
        elif said.event["channel"] == channel:
            allowed = said.event["action"] == "opted_in"
    return allowed


def _is_turned_round(one: Said, other: Said) -> bool:
    """Whether two events lie in Kafka in another order than they were made in."""
    return (one.appended < other.appended) is not (one.number < other.number)


def _is_repeated(told: Said, news: Iterable[Said]) -> bool:
    """Whether a profile's consent is that of the one before."""
    before = [said for said in news if "consent" in said.event and said.at < told.at]
    last = max(before, key=lambda said: said.at, default=None)
    return last is not None and last.event["consent"] == told.event["consent"]
