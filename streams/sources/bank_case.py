"""The published bank case as raw clicks: 100 customers, seven days, three groups of 5, 82 and 13.

Same seed and end, same bytes. The groups are those of the domain reference, section 8; customers
differ within theirs, but the lurkers' share of launches from a push is exact to a fifth of a
launch. K = 3 has the best mean silhouette over K in 2..10 on the standardised behaviour vectors,
by 0.05 or more for the seeds tried (1 to 24).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import exp
from random import Random
from typing import NamedTuple

from schemas.fields import milliseconds
from schemas.topics import TOPIC_OF_TYPE
from schemas.units import MS_PER_HOUR, MS_PER_WEEK
from streams.sources import SourceError
from streams.sources.bank import START
from streams.sources.lines import Record, Writer
from streams.sources.population import FUNCTIONS

END = START + timedelta(days=7)
WINDOW_MS = MS_PER_WEEK
HOUR_MS = MS_PER_HOUR
SPARE_MS = 2 * HOUR_MS
"""Nothing happens so early in the window: it still holds everything this long after `end`."""
SESSION_MS = 10 * 60_000
ZONE_MS = 8 * HOUR_MS
AWAKE = range(7, 23)
"""Local hours (UTC+8) in which customers use the app and messages are sent."""
BETWEEN_CUSTOMERS = 0.2
BETWEEN_ACTIONS = 0.2
"""Spread of a customer's activity, and of each action beside it: standard deviations of a log."""
PUSH_EVIDENCE = 30.0
"""How alike the push shares of a group's customers are: both parameters of a beta together."""
NEAR_A_LAUNCH = 0.2
"""A large group launches so often that its push share comes out this near to a whole launch."""
ACTIONS = (
    "launch", "tab_switch", "function_visit", "account_message", "news_message", "news_view",
    "error",
)  # fmt: skip
IN_A_SESSION = frozenset(("tab_switch", "function_visit", "news_view", "error"))


class Group(NamedTuple):
    """Customers who behave alike: how many, pooled push share, mean actions a week (`ACTIONS`)."""

    name: str
    size: int
    push_share: float
    weekly: tuple[float, float, float, float, float, float, float]


GROUPS = (
    Group("notification_only", 5, 0.10, (2.0, 0.3, 0.3, 110.0, 0.5, 0.0, 0.1)),
    Group("lurkers", 82, 0.638, (6.0, 3.0, 3.0, 3.0, 3.0, 0.4, 0.1)),
    Group("quality", 13, 0.20, (18.0, 16.0, 20.0, 8.0, 9.0, 10.0, 0.5)),
)
_CLICK = '","channel":"app","type":"app_click","action":'


class BankCase:
    """The case of one seed. `group_of` names each customer's group: the answer to be found.

    Every event lies in (`end` - 7 days, `end`]. Raises `SourceError` for an `end` without offset.
    """

    def __init__(self, seed: int = 1, end: datetime = END) -> None:
        if end.utcoffset() is None:
            raise SourceError("the end of the bank case needs an offset")
        self._random = Random(f"bank case {seed}")
        self._end = milliseconds(end)
        self._prefix = f"case{seed}-{self._end:x}-"
        groups = [group for group in GROUPS for _ in range(group.size)]
        self._random.shuffle(groups)
        self._ids = [f"case-{number:03d}" for number in range(1, len(groups) + 1)]
        self._groups = groups
        self.group_of = {name: group.name for name, group in zip(self._ids, groups, strict=True)}

    def records(self) -> Iterator[Record]:
        """The events in order of time, as they go to Kafka."""
        self._random.seed(f"events of {self._prefix}")
        clicks = sorted(
            click
            for group in GROUPS
            for customer, counts, pushed in self._week_of(group)
            for click in self._clicks(customer, counts, pushed)
        )
        writer = Writer(self._prefix, self._ids, [name.encode() for name in self._ids])
        topic = TOPIC_OF_TYPE["app_click"]
        for at, customer, click in clicks:
            yield writer.record(customer, topic, f"{writer.head(customer, at)}{_CLICK}{click}")

    def lines(self) -> Iterator[bytes]:
        """The events in order of time, one JSON object a line."""
        for record in self.records():
            yield record.value + b"\n"

    def _week_of(self, group: Group) -> Iterator[tuple[int, list[int], int]]:
        """Each customer of a group with counts by action, and how many launches were pushed."""
        members = [number for number, one in enumerate(self._groups) if one is group]
        counts = [self._counts(group) for _ in members]
        for _ in range(group.size // 10):
            exact = group.push_share * sum(count[0] for count in counts)
            if abs(exact - round(exact)) < NEAR_A_LAUNCH:
                break
            self._random.choice(counts)[0] += 1
        launches = [count[0] for count in counts]
        yield from zip(members, counts, self._pushed(group.push_share, launches), strict=True)

    def _counts(self, group: Group) -> list[int]:
        random = self._random
        activity = exp(random.gauss(0, BETWEEN_CUSTOMERS))
        expected = [
            mean * activity * exp(random.gauss(0, BETWEEN_ACTIONS)) for mean in group.weekly
        ]
        return [int(mean + random.random()) for mean in expected]

    def _pushed(self, share: float, launches: list[int]) -> list[int]:
        """Launches from a push by customer; together `share` of all, to the nearest launch.

        Each customer has a share of his own. Whole launches go first, and then what is missing
        (or too many) where the customer's own share is missed the most.
        """
        own = [
            count * self._random.betavariate(share * PUSH_EVIDENCE, (1 - share) * PUSH_EVIDENCE)
            for count in launches
        ]
        pushed = [round(exact) for exact in own]
        missing = round(share * sum(launches)) - sum(pushed)
        step = 1 if missing > 0 else -1
        for _ in range(abs(missing)):
            open_to = [at for at, count in enumerate(pushed) if 0 <= count + step <= launches[at]]
            pushed[max(open_to, key=lambda at: step * (own[at] - pushed[at]))] += step
        return pushed

    def _clicks(
        self, customer: int, counts: list[int], pushed: int
    ) -> Iterator[tuple[int, int, str]]:
        """A customer's clicks: time, customer, the rest of the JSON text."""
        random = self._random
        sessions = [self._moment() for _ in range(counts[0])]
        for nth, at in enumerate(sessions):
            source = "push" if nth < pushed else "icon"
            yield at, customer, f'"launch","source":"{source}"}}'
        for action, count in zip(ACTIONS[1:], counts[1:], strict=True):
            for _ in range(count):
                if sessions and action in IN_A_SESSION:
                    at = random.choice(sessions) + random.randint(1_000, SESSION_MS)
                else:
                    at = self._moment()
                yield at, customer, _rest(action, random)

    def _moment(self) -> int:
        """A time of the window in waking hours, with room for a session behind it."""
        low, high = self._end - WINDOW_MS + SPARE_MS, self._end - SESSION_MS
        while True:
            at = self._random.randint(low, high)
            if (at + ZONE_MS) // HOUR_MS % 24 in AWAKE:
                return at


def _rest(action: str, random: Random) -> str:
    if action in ("function_visit", "error"):
        return f'"{action}","function":"{random.choice(FUNCTIONS)}"}}'
    return f'"{action}"}}'
