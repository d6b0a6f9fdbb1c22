"""What must come out of what went in: worked out for the kill test without the product's code."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import xxhash

from tests.chaos.load import LARGE, UNKNOWN_CURRENCY, VIP_BALANCE
from tests.chaos.people import NEAR_MS, Answer, People, Said
from tests.chaos.record import BAD, REFUSED

# An acknowledgement that reaches Kafka this close to the promise may come too late for it.
MARGIN = timedelta(seconds=4)
DAY, WEEK = timedelta(days=1), timedelta(days=7)

Cause = tuple[str, str]
"""The kind of an alert, and the event or the complaint it is about."""


class Read(NamedTuple):
    """One record as it lies in Kafka; ``timestamp`` is when it was appended (ms)."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    mark: bytes


class Place(NamedTuple):
    """Where a record lies."""

    topic: str
    partition: int
    offset: int


class Totals(NamedTuple):
    """What must be counted of one customer; ``xor`` is over XXH3-64 of the event ids."""

    events: int
    transactions: int
    amount: float
    xor: int


class Money(NamedTuple):
    """What one customer has and bought; ``last`` is the time of the last purchase (s)."""

    complaints: int
    balance: float | None
    purchases: int
    total: float
    last: float | None


@dataclass
class Expected:
    """What must have come out of what went in. All customers are by the id they end under.

    Of a dead letter the reason stands where it is known, else "". What may be one lies where it
    was sent, or, under an id that was merged, in the move that told the other id of that event.
    """

    people: People = field(default_factory=lambda: People(()))
    totals: dict[str, Totals] = field(default_factory=dict)
    money: dict[str, Money] = field(default_factory=dict)
    alerts: Counter[Cause] = field(default_factory=Counter)
    maybe: set[Cause] = field(default_factory=set)
    new_vips: dict[str, set[Cause]] = field(default_factory=lambda: defaultdict(set))
    undecided: set[str] = field(default_factory=set)
    letters: dict[Place, str] = field(default_factory=dict)
    maybe_letters: set[Place] = field(default_factory=set)
    maybe_moved: set[str] = field(default_factory=set)
    signals: set[tuple[str, str]] = field(default_factory=set)
    referrer_of: dict[str, str] = field(default_factory=dict)
    maybe_referred: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    events: int = 0
    repeats: int = 0
    refunds: int = 0
    dropped: int = 0


def expect(inputs: Iterable[Read], promise: timedelta, slow: Collection[int] = ()) -> Expected:
    """What must come out of these inputs. A partition's records must be in their order.

    ``slow`` are partitions in which the order of topics is not known.
    """
    letters, told, ancient = dict[Place, str](), list[Said](), dict[Place, Said]()
    for read in inputs:
        if read.mark in REFUSED:
            reason = "" if read.mark == BAD else read.mark.decode()
            letters[Place(read.topic, read.partition, read.offset)] = reason
        else:
            event = json.loads(read.value or b"")
            at = datetime.fromisoformat(event["occurred_at"])
            said = Said(read.timestamp, at, event, read.partition)
            told.append(said)
            if _appended(said.appended) - said.at > WEEK:
                ancient[Place(read.topic, read.partition, read.offset)] = said
    firsts: dict[tuple[str, str], Said] = {}
    for said in told:
        firsts.setdefault((said.customer, said.event["event_id"]), said)
    people = People(firsts.values(), slow)
    expected = Expected(people, letters=letters)
    for place, said in ancient.items():
        if people.was_taken(said) is not Answer.NO:
            # too late for a life that may still have gone on
            expected.maybe_letters.add(place)
            if said.customer in people.merged:
                expected.maybe_moved.add(said.event["event_id"])
    kept = _kept(expected, told)
    for person, life in kept.items():
        expected.totals[person] = _totals(life)
        expected.money[person] = _money(life)
    vips = _vips(firsts.values())
    for said in firsts.values():
        _expect_alerts(expected, said, vips)
    _expect_escalations(expected, firsts.values(), promise)
    _expect_referrals(expected, kept)
    return expected


def _kept(expected: Expected, told: Iterable[Said]) -> dict[str, list[Said]]:
    """The events that count of each person: once each, and not if it was erased since."""
    people, kept = expected.people, defaultdict[str, list[Said]](list)
    seen = set[tuple[str, str]]()
    for said in told:
        person, event = people.of(said.customer), said.event
        key = person, event["event_id"]
        if said.at <= people.erased_until(person):
            expected.dropped += key not in seen
            seen.add(key)
            continue
        if key in seen:
            expected.repeats += 1
            continue
        seen.add(key)
        expected.events += 1
        kept[person].append(said)
        if event.get("currency") == UNKNOWN_CURRENCY:
            expected.signals.add((person, event["occurred_at"][:10]))
        expected.refunds += _worth(event) < 0
    expected.undecided = {person for person in people.erased if people.is_undecided(person)}
    return kept


def _totals(life: Iterable[Said]) -> Totals:
    events = [said.event for said in life]
    payments = [event for event in events if event["type"] == "transaction"]
    xor = 0
    for event in events:
        xor ^= xxhash.xxh3_64_intdigest(event["event_id"].encode())
    amount = sum(e["amount"] for e in payments if e.get("currency") != UNKNOWN_CURRENCY)
    return Totals(len(events), len(payments), amount, xor)


def _money(life: Iterable[Said]) -> Money:
    newest: dict[str, tuple[Any, float]] = {}
    worths, bought, complaints = [], [], set()
    for said in life:
        event = said.event
        if event["type"] == "complaint":
            complaints.add(event["complaint_id"])
        worths.append(worth := _worth(event))
        if worth > 0:
            bought.append(said.at.timestamp())
        if "balance_after" in event:
            account = event.get("account_id", "")
            standing = (said.at, natural(event["event_id"])), event["balance_after"]
            newest[account] = max(standing, newest.get(account, standing))
    balance = sum(balance for _, balance in newest.values()) if newest else None
    last = max(bought, default=None)
    return Money(len(complaints), balance, len(bought), sum(worths), last)


def _worth(event: Mapping[str, Any]) -> float:
    """Above zero for a purchase, below for a refund, which gives a purchase back."""
    if event["type"] != "transaction" or event.get("currency") == UNKNOWN_CURRENCY:
        return 0.0
    amount: float = event["amount"]
    if event.get("direction") != "credit":
        return amount
    gives_back = "refund_of" in event or event.get("category") == "refund"
    return -amount if gives_back else 0.0


def natural(event_id: str) -> list[Any]:
    """Digit runs as numbers; text and numbers alternate."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", event_id)]


# -- alerts -------------------------------------------------------------------------------


def _vips(told: Iterable[Said]) -> dict[str, Said]:
    """The event that made each id a VIP's."""
    found: dict[str, Said] = {}
    for said in told:
        if said.event.get("balance_after", 0) >= VIP_BALANCE:
            found.setdefault(said.customer, said)
    return found


def _expect_alerts(expected: Expected, said: Said, vips: Mapping[str, Said]) -> None:
    event, people, vip = said.event, expected.people, said.customer.startswith("v-")
    if _appended(said.appended) - said.at > DAY:
        return
    cause = event["event_id"]
    taken = people.was_taken(said)
    if event["type"] == "transaction":
        if event["amount"] >= LARGE:
            _expect(expected, ("large_transaction", cause), taken)
        if vips.get(said.customer) is said:
            _expect_new_vip(expected, said, taken)
    since = vips.get(said.customer)
    if since is not None and (
        said.appended < since.appended + NEAR_MS or said.number < since.number
    ):
        taken = Answer.MAYBE  # whether it was known as a VIP's
    if event["type"] == "complaint" and event["status"] == "opened" and vip:
        known = Answer.MAYBE if people.is_slow(said.customer) else taken
        _expect(expected, ("vip_complaint", cause), known)
    if event["type"] == "campaign" and event["action"] == "clicked" and vip:
        offered = people.may_be_offered(said)
        _expect(expected, ("offer_window", cause), offered if taken is Answer.YES else taken)


def _expect_new_vip(expected: Expected, said: Said, taken: Answer) -> None:
    """Of several ids one makes the person a VIP; whether others did before, is not decided."""
    cause, people = ("vip_new", said.event["event_id"]), expected.people
    if taken is Answer.YES and people.is_several(said.customer):
        expected.new_vips[people.of(said.customer)].add(cause)
        taken = Answer.MAYBE
    _expect(expected, cause, taken)


def _expect(expected: Expected, cause: Cause, answer: Answer) -> None:
    if answer is Answer.YES:
        expected.alerts[cause] += 1
    elif answer is Answer.MAYBE:
        expected.maybe.add(cause)


def _expect_escalations(expected: Expected, told: Iterable[Said], promise: timedelta) -> None:
    """One for each complaint that nobody acknowledged in time, while its customer lived."""
    people = expected.people
    opened, acknowledged = dict[tuple[str, str], Said](), dict[tuple[str, str], Said]()
    for said in told:
        if said.event["type"] == "complaint":
            steps = opened if said.event["status"] == "opened" else acknowledged
            steps.setdefault((people.of(said.customer), said.event["complaint_id"]), said)
    for (person, complaint), said in opened.items():
        cause = ("complaint_escalated", complaint)
        due, seen = said.at + promise, acknowledged.get((person, complaint))
        answer = people.was_taken(said)
        if answer is Answer.YES and said.at <= people.erased_until(said.customer):
            answer = people.stood_until(said.customer, due)
        if answer is Answer.YES and seen is not None:
            in_time = _appended(seen.appended) <= due - MARGIN
            # what two partitions know of it they may not have told each other in time
            sure = in_time and not people.is_several(person) and not people.is_slow(person)
            answer = Answer.NO if sure else Answer.MAYBE
        _expect(expected, cause, answer)


# -- referrals ----------------------------------------------------------------------------


def _expect_referrals(expected: Expected, kept: Mapping[str, Iterable[Said]]) -> None:
    """Who names whom last; one who was erased since is named no more.

    What an undecided person said may be gone with the erasure: of each whom it names it is not
    known whether it is referred by them.
    """
    people = expected.people
    for person, life in kept.items():
        named = [said for said in life if "referred_by" in said.event]
        if person in expected.undecided:
            for said in named:
                expected.maybe_referred[people.of(said.event["referred_by"])].add(person)
            continue
        if not named:
            continue
        last = max(named, key=lambda said: said.at)
        referrer = people.of(last.event["referred_by"])
        if referrer != person and last.at > people.erased_until(referrer):
            expected.referrer_of[person] = referrer


def _appended(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000).astimezone()
