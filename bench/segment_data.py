"""Streams of customers' vectors for `bench.segments`: public data sets, and a bank as it lives.

A stream is a list of ticks. In each some customers' vectors are sent, in place of those sent
before, and some customers go. Data sets arrive once, in a shuffled order. Nothing is downloaded:
ImageSegments and Shuttle ship with river, wine and digits with scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.kernel.scales import FEATURES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

HOUR_MS = 3_600_000
HOURS = 168
START_MS = 1_767_571_200_000
SHUTTLE_ROWS = 12_000
TICK_ROWS = 60
SNAPSHOTS = 3

# Events a week: launches by icon, by push, tab switches, functions, account messages, news
# messages, news views. The published groups, and the same drawn together until they overlap.
RATES = np.array(
    [
        [1.6, 0.2, 0.3, 0.3, 90.0, 0.5, 0.05],
        [3.3, 5.7, 4.5, 4.5, 4.5, 4.5, 0.5],
        [16.0, 4.0, 16.0, 20.0, 8.0, 9.0, 10.0],
    ]
)
SHARES = np.array([0.05, 0.82, 0.13])
NEW_RATES = np.array([2.0, 2.0, 2.0, 40.0, 4.0, 4.0, 25.0])
"""What a part of the lurkers turns to where the bank drifts."""
OVERLAP, MERGE = 0.15, 0.45
"""How far the groups' rates go towards their common mean, on a log scale: at the first, river's
KMeans makes about 30 changes of label per 100 customer-days; at the second groups run together
(silhouette 0.24)."""
ALIKE, DIVERSE = (200.0, 1_500.0), (20.0, 5_000.0)
"""Events a week of each kind that a bot makes: between these, even on a log scale."""
BETWEEN_CUSTOMERS = 0.2


@dataclass(frozen=True)
class Tick:
    """At `now` (ms) the customers `keys` (m,) have `vectors` (m, d); those in `gone` have none.

    `sent` (m,) marks vectors that an event sent; the others only lost old clicks.
    """

    now: int
    keys: Ints
    vectors: Floats
    gone: Ints
    sent: Flags


@dataclass
class Stream:
    """Ticks, after which of them to look, and which customers are no bots.

    `days` is how long a live stream runs after its first, filling week; 0 for a data set.
    """

    name: str
    features: tuple[str, ...]
    logged: tuple[str, ...]
    customers: int
    ticks: list[Tick]
    snapshots: list[int]
    genuine: Flags
    days: float = 0.0


def data_sets() -> Iterator[Stream]:
    """The four public data sets, one at a time."""
    from river import datasets
    from sklearn.datasets import load_digits, load_wine

    yield _still("wine", load_wine().data)
    yield _still("digits", load_digits().data)
    segments = _rows(datasets.ImageSegments)
    yield _still("ImageSegments", segments)
    rows = _rows(datasets.Shuttle)
    chosen = np.random.default_rng(0).choice(len(rows), SHUTTLE_ROWS, replace=False)
    yield _still("Shuttle", rows[np.sort(chosen)])


def _rows(data_set: Any) -> Floats:
    """A data set of river as an array."""
    return np.array([list(map(float, row.values())) for row, _ in data_set()])


def _still(name: str, rows: Floats) -> Stream:
    """A data set, each row once as a customer of its own."""
    order = np.random.default_rng(1).permutation(len(rows))
    varies = rows.std(axis=0) > 0
    rows = rows[order][:, varies]
    size = max(TICK_ROWS, len(rows) // 40)
    starts = range(0, len(rows), size)
    none = np.zeros(0, dtype=np.int64)
    ticks = []
    for number, start in enumerate(starts):
        part = rows[start : start + size]
        keys = np.arange(start, start + len(part))
        sent = np.ones(len(part), dtype=bool)
        ticks.append(Tick(START_MS + number * 60_000, keys, part, none, sent))
    looks = [len(ticks) * part // SNAPSHOTS - 1 for part in range(1, SNAPSHOTS + 1)]
    names = tuple(f"x{column}" for column in range(rows.shape[1]))
    every = np.ones(len(rows), dtype=bool)
    return Stream(name, names, (), len(rows), ticks, looks, every)


def bank(
    name: str,
    customers: int,
    days: int = 14,
    *,
    overlap: float = 0.0,
    drift: bool = False,
    bots: float = 0.0,
    bot_rates: tuple[float, float] = ALIKE,
    seed: int = 5,
) -> Stream:
    """A bank whose customers click at random, their vectors those of the last 7 days, by the hour.

    It begins with a full week. With `drift` a third of the lurkers turns to something new in the
    middle; `bots` is the share of customers who click without end, each kind `bot_rates` a week.
    """
    rng = np.random.default_rng(seed)
    rates = _rates(rng, customers, overlap)
    genuine = rng.random(customers) >= bots
    shape = (int((~genuine).sum()), rates.shape[1])
    rates[~genuine] = np.exp(rng.uniform(log(bot_rates[0]), log(bot_rates[1]), shape))
    after = rates.copy()
    if drift:
        lurkers = np.flatnonzero(rates[:, 4] < 20.0)
        chosen = lurkers[rng.random(len(lurkers)) < 1 / 3]
        after[chosen] = NEW_RATES * np.exp(rng.normal(0, BETWEEN_CUSTOMERS, (len(chosen), 7)))
    hours = HOURS + 24 * days
    turn = HOURS + 12 * days

    def rates_at(hour: int) -> Floats:
        share = float(np.clip((hour - turn) / 48, 0, 1))
        return rates + (after - rates) * share if drift else rates

    ticks = list(_hours(rng, rates_at, customers, hours))
    looks = [24 * days * part // 7 for part in range(1, 8)] if days >= 7 else [len(ticks) - 1]
    looks = [min(look, len(ticks) - 1) for look in looks]
    logged = tuple(feature for feature in FEATURES if feature != "push_share")
    return Stream(name, FEATURES, logged, customers, ticks, looks, genuine, days)


def _rates(rng: np.random.Generator, customers: int, overlap: float) -> Floats:
    logs = np.log(RATES)
    logs += overlap * (SHARES @ logs - logs)
    group = rng.choice(len(SHARES), customers, p=SHARES)
    activity = rng.normal(0, BETWEEN_CUSTOMERS, (customers, 1))
    own = rng.normal(0, BETWEEN_CUSTOMERS, (customers, logs.shape[1]))
    return np.asarray(np.exp(logs[group] + activity + own))


def _hours(
    rng: np.random.Generator, rates_at: Callable[[int], Floats], customers: int, hours: int
) -> Iterator[Tick]:
    """One tick for the first week, then one for every hour."""
    kept = np.zeros((HOURS, customers, 7), dtype=np.int32)
    window = np.zeros((customers, 7), dtype=np.int64)
    moved = np.zeros(customers, dtype=bool)
    for hour in range(hours):
        clicks = rng.poisson(rates_at(hour) / HOURS * _of_day(hour)).astype(np.int32)
        leaving = kept[hour % HOURS].copy()
        kept[hour % HOURS] = clicks
        window += clicks - leaving
        moved |= (clicks - leaving).any(axis=1)
        if hour + 1 < HOURS:
            continue
        alive = window.any(axis=1)
        keys, gone = np.flatnonzero(moved & alive), np.flatnonzero(moved & ~alive)
        sent: Flags = np.asarray(clicks[keys].any(axis=1))
        yield Tick(START_MS + (hour + 1) * HOUR_MS, keys, _vectors(window[keys]), gone, sent)
        moved[:] = False


def _of_day(hour: int) -> float:
    """Nobody clicks at night; the mean over a day is 1."""
    return 1.5 if 7 <= hour % 24 < 23 else 0.0


def _vectors(window: Ints) -> Floats:
    """The 8 features of the bank case from counts of the 7 kinds of click."""
    icon, push, tabs, functions, account, messages, views = window.T.astype(np.float64)
    launches = icon + push
    share = np.divide(push, launches, out=np.zeros_like(push), where=launches > 0)
    columns = (window.sum(axis=1), launches, account, share, tabs, functions, messages, views)
    return np.column_stack(columns)
