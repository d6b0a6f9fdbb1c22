"""A simulated bank: an endless, seeded stream of touchpoints as they would reach Kafka.

Same arguments, same records. Time is either the bank's own (each record a step later, as fast as
the reader reads) or handed in as `now`, for a live demonstration.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from math import exp, log
from random import Random

from schemas.topics import INPUT_TOPICS, TOPIC_OF_TYPE
from schemas.units import MS_PER_DAY
from streams.sources import SourceError
from streams.sources.clicks import SLOTS, slots
from streams.sources.deskwork import DeskWork
from streams.sources.faults import Faults
from streams.sources.lines import Record, Writer, money
from streams.sources.population import BEHAVIOURS, LURKER, QUALITY, SLOT, Population
from streams.sources.stories import HOUR, Stories
from streams.sources.wheel import Wheel

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY = MS_PER_DAY
APP = TOPIC_OF_TYPE["app_click"]
MONEY = TOPIC_OF_TYPE["transaction"]
RECENT = 256
"""A repeat is of one of this many records before it."""
LATE_MS = (60_000, 6 * HOUR)

DEBITS = (
    ("app", "groceries"), ("app", "dining"), ("app", "utilities"), ("web", "travel"),
    ("web", "shopping"), ("app", "transfer_out"), ("other", "rent"), ("atm", "cash"),
)  # fmt: skip
CREDITS = (
    ("other", "salary"), ("app", "transfer_in"), ("branch", "deposit"), ("other", "refund"),
)  # fmt: skip


@dataclass(frozen=True)
class Mix:
    """Weights of what happens next; later steps of stories add about 1.5 % to these."""

    app_click: float = 0.70
    transaction: float = 0.22
    complaint: float = 0.003
    survey: float = 0.022
    contact: float = 0.022
    feedback: float = 0.008
    campaign: float = 0.022
    owner_change: float = 0.003
    awakening: float = 0.0


class Bank:
    """`customers` of the three behaviours, `vip_share` of them VIP or private (one in ten).

    `repeats`, `late` and `bad` are shares of all records after the opening: exact repeats of a
    recent record, events one minute to six hours old, records that must be refused.
    `desk` is the share of VIPs' complaints whose alerts people at the desk see to.
    `start` is the bank's first moment; `now`, where given, replaces its clock (milliseconds).
    `events_per_day` says how many records a day of the bank has. Raises `SourceError`.
    """

    def __init__(
        self,
        seed: int = 1,
        customers: int = 1_000,
        *,
        vip_share: float = 0.05,
        repeats: float = 0.01,
        late: float = 0.01,
        bad: float = 0.001,
        desk: float = 0.0,
        start: datetime = START,
        now: Callable[[], int] | None = None,
        haste: float = 1.0,
        mix: Mix | None = None,
    ) -> None:
        shares = {"vip_share": vip_share, "repeats": repeats, "late": late, "bad": bad}
        _check(customers, haste, **shares, desk=desk)
        mix = mix if mix is not None else Mix()
        self._random = random = Random(seed)
        self._people = people = Population(random, customers, vip_share)
        self._seed = seed
        self._now = now
        self._haste = haste
        self._writer = Writer("", people.ids, people.keys)
        self.start_at(start)
        self._due: list[tuple[int, int, Callable[..., Record], tuple[object, ...]]] = []
        self._scheduled = 0
        at_work = DeskWork(seed, desk, self._writer, self._schedule, haste)
        stories = Stories(
            random, people, self._writer, self._schedule, haste, vip_complained=at_work.complained
        )
        self._makers: list[Callable[[int], Record]] = [
            stories.complaint, stories.survey, stories.contact,
            stories.feedback, stories.campaign, stories.owner_change, self._awaken,
        ]  # fmt: skip
        weights = [
            mix.complaint, mix.survey, mix.contact,
            mix.feedback, mix.campaign, mix.owner_change, mix.awakening,
        ]  # fmt: skip
        self._rare = Wheel(weights)
        everything = mix.app_click + mix.transaction + sum(weights)
        self._app_below = mix.app_click / everything
        self._money_below = self._app_below + mix.transaction / everything
        self._actions = [slots(behaviour) for behaviour in BEHAVIOURS]
        self._sizes = [exp(random.gauss(0, 0.9)) for _ in range(4096)]
        self._faults = Faults(random, people.keys, INPUT_TOPICS)
        clean = 1 - repeats - bad
        self._repeat_below = repeats / clean
        self._bad_below = self._repeat_below + bad / clean
        self._late_below = self._bad_below + late / clean
        self.events_per_day = people.actions_per_day / self._app_below / clean
        self._step = DAY / self.events_per_day * (1 + self._bad_below)

    def start_at(self, start: datetime) -> None:
        """Move the first moment, before the first record is taken: event ids bear it."""
        assert self._writer.number == 0, "the bank has opened"
        self._start = _milliseconds(start)
        self._at = float(self._start)
        self._writer.prefix = f"b{self._seed}-{self._start // 1000:x}-"

    def end_at(self, end: datetime, records: int) -> None:
        """Start so that the `records`-th record after the opening happens at `end`."""
        self.start_at(end - timedelta(days=records / self.events_per_day))

    def events(self) -> Iterator[Record]:
        """The opening, then the days without end."""
        yield from self.opening()
        yield from self.days()

    def opening(self) -> Iterator[Record]:
        """Every customer's profile, then interest on every account, which tells its balance.

        By the bank's own clock all this lies in the hour before `start`.
        """
        people, random = self._people, self._random
        total = len(people.ids) + len(people.account_ids)
        first_day = datetime.fromtimestamp(self._start / 1000, UTC).date()
        for customer in range(len(people.ids)):
            at = self._opening_time(customer, total)
            text = self._writer.head(customer, at) + '","channel":"other","type":"profile",'
            more = json.dumps(people.profile(random, customer, first_day), separators=(",", ":"))
            yield self._writer.record(customer, TOPIC_OF_TYPE["profile"], text + more[1:])
        for account, balance in enumerate(people.balance):
            at = self._opening_time(len(people.ids) + account, total)
            interest = max(1, balance // 10_000)
            yield self._pay(at, account, ("other", "interest"), interest, False)

    def history(self, days: float) -> Iterator[Record]:
        """Clicks of the `days` before now, customer by customer, as many as in such a time.

        With them a live bank's customers have a week behind them from the beginning, and each has
        all of it at once, so that segments are told apart while customers still come in.
        """
        if not days:
            return
        end, random = self._clock(), self._random.random
        for customer, entries in sorted(Counter(self._people.app_users).items()):
            clicks = int(entries * SLOT / 7 * days + random())
            for at in sorted(end - int(random() * days * DAY) for _ in range(clicks)):
                yield self._click(at, customer)

    def days(self) -> Iterator[Record]:
        """What happens from `start` on."""
        random, due, tick, following = self._random.random, self._due, self._tick, self._next
        unusual, count = self._late_below, 0
        recent: list[Record] = []
        while True:
            now = tick()
            luck = random()
            if due and due[0][0] <= now:
                _, _, write, arguments = heappop(due)
                record = write(now, *arguments)
            elif luck >= unusual or luck < self._bad_below:
                record = following(now, False)
            else:
                record = following(now - self._lateness(), True)
            yield record
            if luck < self._bad_below:
                if luck >= self._repeat_below:
                    yield self._faults.spoil(following(now, False))
                else:
                    yield recent[int(random() * len(recent))] if recent else record
            if count < RECENT:
                recent.append(record)
            else:
                recent[count % RECENT] = record
            count += 1

    def _next(self, at: int, late: bool) -> Record:
        random = self._random.random
        pick = random()
        if pick < self._app_below:
            users = self._people.app_users
            return self._click(at, users[int(random() * len(users))])
        if pick < self._money_below:
            return self._payment(at, late)
        return self._makers[self._rare.pick(random())](at)

    def _awaken(self, at: int) -> Record:
        """A lurker finds the app worth its while: a quality customer's week within a day."""
        people, random = self._people, self._random.random
        customer = people.app_users[int(random() * len(people.app_users))]
        if people.behaviour[customer] == LURKER:
            people.behaviour[customer] = QUALITY
            for _ in range(round(BEHAVIOURS[QUALITY].weekly)):
                self._schedule(int(random() * DAY / self._haste), self._click, (customer,))
        return self._click(at, customer)

    def _click(self, at: int, customer: int) -> Record:
        actions = self._actions[self._people.behaviour[customer]]
        action = actions[int(self._random.random() * SLOTS)]
        return self._writer.record(customer, APP, self._writer.head(customer, at) + action)

    def _payment(self, at: int, late: bool) -> Record:
        """An ordinary payment, or once in a while a large one, a drop or a windfall.

        Ordinary payments bring the balance back to `usual`; drop and windfall change `usual`.
        """
        random, people = self._random.random, self._people
        account = int(random() * len(people.holder))
        balance, usual = people.balance[account], people.usual[account]
        luck = random()
        credit = random() * 2 * balance < usual
        if luck >= 0.008:
            amount = int((0.004 * usual + 5_000) * self._sizes[int(random() * 4096)]) + 1
        elif luck >= 0.004:
            amount = int(usual * (0.1 + 0.2 * random())) + 1
        elif luck >= 0.002:
            credit, amount = False, int(balance * (0.35 + 0.35 * random())) + 1
            people.usual[account] = max(1_000, balance - amount)
        else:
            credit, amount = True, int(usual * (0.4 + random())) + 1
            people.usual[account] = min(10**12, balance + amount)
        credit = credit or amount > balance
        ways, change = (CREDITS, amount) if credit else (DEBITS, -amount)
        return self._pay(at, account, ways[int(random() * len(ways))], change, late)

    def _pay(self, at: int, account: int, way: tuple[str, str], change: int, late: bool) -> Record:
        """A transaction that changes the balance by so many cents.

        A late one was settled before it reached Kafka: it tells no balance and changes none.
        """
        people = self._people
        told = ""
        if not late:
            people.balance[account] = balance = people.balance[account] + change
            told = f',"balance_after":{money(balance)}'
        holder = people.holder[account]
        channel, category = way
        return self._writer.record(holder, MONEY, (
            f'{self._writer.head(holder, at)}","channel":"{channel}","type":"transaction",'
            f'"amount":{money(abs(change))},"currency":"CNY",'
            f'"direction":"{"credit" if change > 0 else "debit"}",'
            f'"account_id":"{people.account_ids[account]}"{told},"category":"{category}"}}'
        ))  # fmt: skip

    def _tick(self) -> int:
        if self._now is not None:
            return self._now()
        self._at += self._step
        return int(self._at)

    def _clock(self) -> int:
        return self._now() if self._now is not None else int(self._at)

    def _opening_time(self, nth: int, total: int) -> int:
        if self._now is not None:
            return self._now()
        return self._start - HOUR + nth * HOUR // total

    def _lateness(self) -> int:
        low, high = LATE_MS
        return round(exp(self._random.uniform(log(low), log(high))))

    def _schedule(
        self, delay: int, write: Callable[..., Record], arguments: tuple[object, ...]
    ) -> None:
        now = self._clock()
        self._scheduled += 1
        heappush(self._due, (now + delay, self._scheduled, write, arguments))


def _check(customers: int, haste: float, **shares: float) -> None:
    if customers < 1:
        raise SourceError(f"customers must be 1 or more, not {customers}")
    if not haste > 0:
        raise SourceError(f"haste must be above 0, not {haste}")
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise SourceError(f"{name} must be a share from 0 to 1, not {share}")
    if 2 * (shares["repeats"] + shares["bad"]) + shares["late"] > 1:
        raise SourceError("repeats, late and bad together must leave room for ordinary records")


def _milliseconds(moment: datetime) -> int:
    if moment.utcoffset() is None:
        raise SourceError("the bank's start needs an offset")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
