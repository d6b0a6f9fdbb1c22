"""Which hours of which series had far more complaints than usual, over all partitions.

An hour stands out when its count is over mean + 4 sigma of the hours of the 28 days before it,
empty ones counted, and at least 5. Sigma is at least the root of the mean, as of a Poisson count,
so that a quiet history does not make every complaint a surge. The newest 24 hours are judged
each time, since complaints may come late; each hour of a series is signalled once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import sqrt
from typing import Final, NamedTuple

from domain.complaints.surges.hourly import (
    EXAMPLES,
    HOURS_PER_DAY,
    JUDGED_HOURS,
    OTHERS,
    Example,
    Series,
    kept,
)
from domain.complaints.surges.summary import Snapshot
from domain.kernel.units import MS_PER_HOUR
from domain.kernel.wording import Wording
from domain.policy.complaints import SystemicIssues
from schemas.fields import milliseconds, moment, rfc3339
from schemas.outputs import Signal, output_id
from schemas.surges import Surge, Surges
from schemas.told import Told

SIGNALLED_HOURS = 48
"""So far back the record says what was signalled: further than anything is judged."""


class Usual(NamedTuple):
    """Complaints an hour in the hours before: how many hours, their mean, sigma, and the line."""

    hours: int
    mean: float
    sigma: float
    line: float


class Found(NamedTuple):
    """The record that names what has been signalled, and the signals of the news in it."""

    record: Surges
    outputs: Sequence[Signal]


def usual(counts: dict[int, int], hour: int, first: int, rules: SystemicIssues) -> Usual | None:
    """What is usual before ``hour``, given the counts by hour and the first hour ever counted.

    ``None`` with less history than the policy asks for.

    >>> [round(each, 2) for each in usual({4: 3, 30: 3}, 36, 0, SystemicIssues())]
    [36, 0.17, 0.69, 2.92]
    >>> usual({}, 23, 0, SystemicIssues()) is None
    True
    """
    hours = min(hour - first, rules.history_days * HOURS_PER_DAY)
    if hours < rules.least_history_hours:
        return None
    before = [count for at, count in counts.items() if hour - hours <= at < hour]
    mean = sum(before) / hours
    variance = max(0.0, sum(count * count for count in before) / hours - mean * mean)
    sigma = max(sqrt(variance), sqrt(mean))
    return Usual(hours, mean, sigma, mean + rules.sigmas * sigma)


class Detector:
    """Goes on from what ``previous`` says was signalled. The same whatever the partitioning."""

    def __init__(self, rules: SystemicIssues, previous: Surges | None = None) -> None:
        self._rules = rules
        self._version = previous.version if previous else 0
        self._signalled = list(previous.signalled) if previous else []

    def fit(self, snapshots: Sequence[Snapshot], now: int) -> Found | None:
        """What stands out in the newest snapshot of each partition and was not signalled.

        Hours are those of the partitions' clocks, so ``now`` (ms) does not matter.
        """
        del now
        if not snapshots:
            return None
        counts, examples = _merged(snapshots)
        newest = max(each.newest for each in snapshots)
        first = min(each.first for each in snapshots)
        known = {(_series(each), milliseconds(each.hour)) for each in self._signalled}
        news = [
            self._surge(series, hour, count, before)
            for series, hours in sorted(counts.items())
            for hour, count in sorted(hours.items())
            if newest - JUDGED_HOURS < hour
            and count >= self._rules.least_complaints
            and (series, hour * MS_PER_HOUR) not in known
            and (before := usual(hours, hour, first, self._rules)) is not None
            and count > before.line
        ]
        if not news:
            return None
        news.sort(key=lambda surge: (surge.hour, _series(surge)))
        oldest = moment((newest - SIGNALLED_HOURS) * MS_PER_HOUR)
        self._signalled = [each for each in (*self._signalled, *news) if each.hour > oldest]
        self._version += 1
        signals = [_signal(each, examples.get(_place(each), [])) for each in news]
        return Found(self._record(news, newest), signals)

    def _surge(self, series: Series, hour: int, count: int, before: Usual) -> Surge:
        return Surge(
            category=series.category or None,
            product=series.product or None,
            channel=series.channel or None,
            hour=moment(hour * MS_PER_HOUR),
            complaints=count,
            mean=before.mean,
            sigma=before.sigma,
            line=before.line,
            history_hours=before.hours,
        )

    def _record(self, news: list[Surge], newest: int) -> Surges:
        names = "; ".join(words(each) for each in news[:5])
        more = f" and {len(news) - 5} more" if len(news) > 5 else ""
        return Surges(
            surges_id=output_id("surges", self._version),
            version=self._version,
            occurred_at=moment(newest * MS_PER_HOUR),
            reason=f"Complaints {names}{more} stood out."[:1_000],
            signalled=tuple(self._signalled),
        )


OTHER_KINDS: Final = Wording("surge.other_kinds", "of all other kinds together")
ABOUT: Final = Wording("surge.about", "about {category} through {channel}")
ABOUT_PRODUCT: Final = Wording(
    "surge.about_product", "about {category} of {product} through {channel}"
)
SURGE: Final = Wording(
    "surge.stood_out",
    "{complaints} complaints {what:said} between {begins} and {ends} UTC; the {hours} hours before"
    " had {mean:.2f} an hour, sigma {sigma:.2f}, and the line is {line:.2f}.",
)


def words(surge: Surge) -> Told:
    """What a surge is about.

    >>> surge = Surge(category="fees", channel="app", hour=moment(0), complaints=9, mean=1.0,
    ...     sigma=1.0, line=5.0, history_hours=24)
    >>> words(surge)
    'about fees through app'
    """
    if surge.category is None:
        return OTHER_KINDS()
    channel = surge.channel or ""
    if not surge.product:
        return ABOUT(category=surge.category, channel=channel)
    return ABOUT_PRODUCT(category=surge.category, product=surge.product, channel=channel)


def _signal(surge: Surge, examples: list[Example]) -> Signal:
    begins, ends = surge.hour, surge.hour + timedelta(hours=1)
    labels = {"category": surge.category, "product": surge.product, "channel": surge.channel}
    return Signal(
        signal_id=output_id("systemic_issue", *_series(surge), milliseconds(surge.hour)),
        kind="systemic_issue",
        value=float(surge.complaints),
        labels={name: label for name, label in labels.items() if label is not None},
        occurred_at=rfc3339(begins),
        reason=SURGE(
            complaints=surge.complaints,
            what=words(surge),
            begins=f"{begins:%Y-%m-%d %H:%M}",
            ends=f"{ends:%H:%M}",
            hours=surge.history_hours,
            mean=surge.mean,
            sigma=surge.sigma,
            line=surge.line,
        ),
        cause=tuple(event_id for _, event_id in examples),
    )


def _merged(
    snapshots: Sequence[Snapshot],
) -> tuple[dict[Series, dict[int, int]], dict[tuple[Series, int], list[Example]]]:
    """Counts by series and hour, and the earliest examples, of all partitions together."""
    apart = kept({series for each in snapshots for series in each.counts})
    counts: dict[Series, dict[int, int]] = {}
    examples: dict[tuple[Series, int], list[Example]] = {}
    for each in snapshots:
        for series, hours in each.counts.items():
            place = series if series in apart else OTHERS
            into = counts.setdefault(place, {})
            for hour, count in hours.items():
                into[hour] = into.get(hour, 0) + count
            for hour, found in each.examples.get(series, {}).items():
                both = (*examples.get((place, hour), ()), *found)
                examples[place, hour] = sorted(both)[:EXAMPLES]
    return counts, examples


def _series(surge: Surge) -> Series:
    return Series(surge.category or "", surge.product or "", surge.channel or "")


def _place(surge: Surge) -> tuple[Series, int]:
    return _series(surge), milliseconds(surge.hour) // MS_PER_HOUR
