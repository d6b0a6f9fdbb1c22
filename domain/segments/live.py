"""The live segments of one partition: vectors move, customers are judged, changes are told.

Whoever clicked is only noted (``moved``). At a tick of the task clock the noted customers, and
those whose oldest click left the 7-day window, get their vector and are judged by the model.
A new model marks every row stale; stale rows are judged a slice at a time, so that alerts do
not wait. Segment and update change together with the customer's state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.customer.parts import Core
from domain.customer.recent import behaviour_vector
from domain.customer.state import CORE, CoreOnly, Customer, decode_core
from domain.kernel.population import Changed
from domain.kernel.scales import FEATURES
from domain.kernel.units import MS_PER_HOUR, WINDOW_MS
from domain.policy import Policy
from domain.segmentation.clusterer import KeyedClusterer
from domain.segmentation.summary import dump_summary
from domain.segmentation.table import Rows
from domain.segmentation.timetable import Timetable
from domain.segments.financial import financial_values
from domain.segments.updates import Updates
from domain.segments.vectors import feature_values
from schemas.outputs import SegmentUpdate
from schemas.segments import SegmentModel

TICK_KEYS = 256
LONGEST_TICK_MS = MS_PER_HOUR
SLICE_ROWS = 512
SLICE_CHANGES = 96

Open = Callable[[str], Customer]
Opened = Callable[[str], Customer | None]
Glance = Callable[[str], Customer | CoreOnly]
Codes = NDArray[np.int16]
Vector = tuple[float, ...]
Moved = Changed[Customer, SegmentUpdate]


class Segments:
    """Which customers of a partition have a vector, and in which segment each is."""

    def __init__(self, policy: Policy) -> None:
        rules = policy.segments
        self.moved: dict[str, None] = {}
        self.by_clicks = rules.enabled
        self.by_any_event = rules.enabled and not set(rules.features) <= set(FEATURES)
        self.floor = 0
        self.changes = 0
        self.customer_ms = 0
        self._rules, self._policy = rules, policy
        self._plain = rules.features == FEATURES
        self._clusterer: KeyedClusterer[str] = KeyedClusterer.of(rules)
        self._times = Timetable()
        self._updates = Updates()
        self._stale: Rows = np.zeros(0, dtype=np.intp)
        self._slice = SLICE_ROWS
        self._stored: list[str] = []
        self._core_of: Callable[[str], bytes | None] = lambda key: None
        self._ticked = 0
        self._untold = False

    def __len__(self) -> int:
        return self._clusterer.customers

    # -- the clock ----------------------------------------------------------------------

    def ripe(self, now: int) -> bool:
        """Whether a tick is worth its while although more events wait."""
        if len(self.moved) >= TICK_KEYS:
            return True
        return now - self._ticked >= LONGEST_TICK_MS and self.due(now)

    def due(self, now: int, at_rest: bool = False) -> bool:
        """Whether a tick would find anything to do."""
        return bool(self.moved) or self._times.next_expiry <= now

    def tick(self, now: int, open_: Open) -> list[Moved]:
        """Move windows and judge everyone whose vector moved by ``now`` (ms)."""
        self.customer_ms += len(self) * max(0, now - self._ticked) if self._ticked else 0
        self._ticked = now
        keys, self.moved = self.moved, {}
        keys.update(dict.fromkeys(self._clusterer.keys_of(self._times.due(now))))
        changed: list[Moved] = []
        # none: no click is left, or a figure of it is not known, so there is no vector
        cores: dict[str, Core | None] = {}
        vectors: list[Vector | None] = []
        for key in keys:
            customer = open_(key)
            left = _move_window(customer, now)
            vector = self._vector(customer.core, customer, now) if left else None
            vectors.append(vector)
            if vector is not None:
                cores[key] = customer.core
            else:
                cores[key] = None
                if customer.core.segment:
                    changed.append(self._leave(key, customer, now if left else None))
        rows = self._learn(cores, vectors)
        self._untold = self._untold or bool(keys)
        self._times.look_ahead()
        changed += self._judge(rows, now, open_)
        return changed

    def erase(self, customer: Customer, at: int) -> Sequence[SegmentUpdate]:
        """Forget the customer's vector at once; that it left its segment at ``at`` (ms)."""
        key = customer.customer_id
        rows = self._clusterer.rows_of([key])
        if len(rows):
            self._clusterer.forget(key)
            self._times.remove(rows)
            self._times.look_ahead()
            self._untold = True
        self.moved.pop(key, None)
        if key in self._stored:
            self._stored.remove(key)
        return (self._updates.erase(customer, at),) if customer.core.segment else ()

    # -- slices of long work ------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether :meth:`work` has anything left to do."""
        return bool(self._stored) or bool(len(self._stale) and self._ready)

    def restore(self, keys: Iterable[str], core_of: Callable[[str], bytes | None]) -> None:
        """Let the customers of a restored store come in, slice by slice."""
        self._stored = list(keys)
        self._core_of = core_of

    def work(self, now: int, open_: Open, opened: Opened) -> list[Moved]:
        """One slice: of customers coming in from the store, else of those to be judged anew.

        Of the latter only those that are ``opened`` are more than their core record here.
        """
        if self._stored:
            self._take_stored(now, open_)
            return []
        if not self._ready:
            return []

        def glance(key: str) -> Customer | CoreOnly:
            known = opened(key)
            if known is not None:
                return known
            value = self._core_of(key)
            return open_(key) if value is None else CoreOnly(key, value)

        size = self._slice
        rows, self._stale = self._stale[:size], self._stale[size:]
        rows = np.unique(rows[self._times.stale[rows]])  # a row may have become stale twice
        return self._judge(rows, now, glance, SLICE_CHANGES)

    def _take_stored(self, now: int, open_: Open) -> None:
        start, cores = now - WINDOW_MS, dict[str, Core | None]()
        vectors: list[Vector | None] = []
        for _ in range(min(SLICE_ROWS, len(self._stored))):
            key = self._stored.pop()
            if key in self._clusterer or key in self.moved or key in cores:
                continue
            value = self._core_of(key)
            core = decode_core(value) if value is not None else None
            if core is None or not core.window:
                continue
            if core.oldest_click <= start:
                self.moved[key] = None
                continue
            known = open_(key) if self._rules.financial else None
            vector = self._vector(core, known, now)
            if vector is not None:
                cores[key] = core
                vectors.append(vector)
        self._mark_stale(self._learn(cores, vectors))
        self._untold = True

    # -- the model ----------------------------------------------------------------------

    @property
    def model(self) -> SegmentModel | None:
        """The model in use."""
        return self._clusterer.model

    @property
    def _ready(self) -> bool:
        return self.model is not None and self.model.version >= self.floor

    def adopt(self, model: SegmentModel) -> str | None:
        """Take a newer model into use; why it is refused, or ``None``."""
        if self.model is not None and model.version <= self.model.version:
            return None
        if model.features != self._rules.features:
            return (
                f"model {model.version} is made of {', '.join(model.features)}; this worker's"
                f" policy says {', '.join(self._rules.features)}"
            )
        self._updates.use(model, self._clusterer.adopt(model))
        self._stale = self._clusterer.table.live()
        self._times.stale[self._stale] = True
        return None

    def memory(self) -> int:
        """Bytes that grow with the customers, about: their rows, when each is due."""
        return self._clusterer.table.nbytes + self._times.nbytes

    def summary(self, number: int, clock: int, partitions: int) -> bytes | None:
        """What the segments task is to know of this partition; ``None``: nothing new."""
        if self._stored or not self._untold:
            return None
        self._untold = False
        sample = min(self._rules.sample, -(-3 * self._rules.sample // partitions))
        return dump_summary(self._clusterer.summary(number, clock, sample))

    def sizes(self) -> dict[str, int]:
        """Customers by segment id, the quarantined included."""
        return self._clusterer.sizes()

    # -- inside -------------------------------------------------------------------------

    def _learn(self, cores: Mapping[str, Core | None], vectors: Sequence[Vector | None]) -> Rows:
        """Let the clusterer learn these customers' vectors, forget those without; whose rows.

        Rows are in the order of the customers that have a vector. In which segment each is, and
        since when it is held there, is what its own record says.
        """
        clusterer = self._clusterer
        stay = {key: core for key, core in cores.items() if core is not None}
        if len(stay) < len(cores):
            self._times.remove(clusterer.rows_of(key for key in cores if key not in stay))
        clusterer.learn_many(vectors, cores)
        rows = clusterer.rows_of(stay)
        expiry = np.array([core.oldest_click for core in stay.values()], dtype=np.int64)
        self._times.enter(rows, expiry + WINDOW_MS)
        number = clusterer.numbers.of
        segments = np.array([number(core.segment) for core in stay.values()], dtype=np.int16)
        away = np.array([core.away_since for core in stay.values()], dtype=np.int64)
        clusterer.hold(rows, segments, away)
        return rows

    def _vector(self, core: Core, customer: Customer | None, now: int) -> Vector | None:
        """The vector as of ``now`` (ms); ``None`` where a figure of it is not known."""
        if self._plain:
            return behaviour_vector(core.window)
        values: Mapping[str, float | None] = feature_values(core)
        if self._rules.financial:
            assert customer is not None
            values = {**values, **financial_values(customer, now, self._policy)}
        found = [value for name in self._rules.features if (value := values[name]) is not None]
        return tuple(found) if len(found) == len(self._rules.features) else None

    def _judge(self, rows: Rows, now: int, open_: Glance, most: int | None = None) -> list[Moved]:
        """Judge rows by the model; at most ``most`` changes, the rest stays stale."""
        if not len(rows):
            return []
        if not self._ready:
            self._mark_stale(rows)
            return []
        clusterer, table = self._clusterer, self._clusterer.table
        self._times.stale[rows] = False
        codes, away = clusterer.judge(rows, now)
        waits = np.flatnonzero(away)
        if len(waits):
            self._times.look_at(rows[waits], away[waits] + clusterer.hold_ms)
        before, since = table.segments[rows], table.away[rows]
        places = np.flatnonzero((codes != before) | (away != since))
        if most is not None:
            # so many rows next time as will hold as many changes, if they are like these
            self._slice = min(max(most, most * len(rows) // max(len(places), 1)), SLICE_ROWS)
            if len(places) > most:
                self._mark_stale(rows[places[most:]])
                places = places[:most]
        if not len(places):
            return []
        clusterer.hold(rows[places], codes[places], away[places])
        moved = codes[places] != before[places]
        goes, turns = places[moved], places[~moved]
        changed = self._move(rows[goes], codes[goes], now, open_) if len(goes) else []
        return changed + self._turn(rows[turns], open_)

    def _move(self, rows: Rows, codes: Codes, now: int, open_: Glance) -> list[Moved]:
        clusterer = self._clusterer
        customers = [open_(key) for key in clusterer.keys_of(rows)]
        self.changes += sum(1 for customer in customers if customer.core.segment)
        to = [clusterer.numbers.ids[code] for code in codes.tolist()]
        updates = self._updates.enter(customers, to, clusterer.table.raw[rows], now)
        return [
            _changed(customer, (update,))
            for customer, update in zip(customers, updates, strict=True)
        ]

    def _turn(self, rows: Rows, open_: Glance) -> list[Moved]:
        """Let who came past the margin, or back, remember it: nothing is told."""
        changed = []
        clusterer = self._clusterer
        since = clusterer.table.away[rows].tolist()
        for key, away in zip(clusterer.keys_of(rows), since, strict=True):
            customer = open_(key)
            customer.core.away_since = away
            customer.touched |= CORE
            changed.append(_changed(customer, ()))
        return changed

    def _leave(self, key: str, customer: Customer, unknown_at: int | None = None) -> Moved:
        """As the last click left the window, or as of ``unknown_at`` (ms) for want of a figure."""
        if unknown_at is not None:
            return Changed(key, customer, (self._updates.lose(customer, unknown_at),))
        at = customer.core.newest_click + WINDOW_MS
        return Changed(key, customer, (self._updates.leave(customer, at),))

    def _mark_stale(self, rows: Rows) -> None:
        self._times.stale[rows] = True
        self._stale = np.concatenate([self._stale, rows])


def _changed(customer: Customer | CoreOnly, outputs: Sequence[SegmentUpdate]) -> Moved:
    if isinstance(customer, CoreOnly):
        return Changed(customer.customer_id, None, outputs, customer.dump())
    return Changed(customer.customer_id, customer, outputs)


def _move_window(customer: Customer, now: int) -> bool:
    """Let clicks leave that lie 7 days or more behind ``now`` (ms); whether any are left."""
    core = customer.core
    start = now - WINDOW_MS
    if core.window and core.oldest_click <= start:
        core.window, core.oldest_click = customer.recent.clicks_since(start)
        if not core.oldest_click:
            core.window = []
    return bool(core.window)
