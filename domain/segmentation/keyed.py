"""What a keyed clusterer holds: customers by key, their micro-clusters, the segment each is in.

All of it is by row, for whoever feeds it in batches by a clock of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import numpy as np

from domain.segmentation.assign import Assigner
from domain.segmentation.features import FeatureSet, Floats
from domain.segmentation.micro import MicroClusters
from domain.segmentation.numbers import NOWHERE, Codes, Numbers
from domain.segmentation.table import Rows, Table, Times
from schemas.segments import SegmentModel

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Unnamed:
    """The key of a vector that was learnt without one: its place in the ring of those."""

    place: int


class Keyed(Generic[K]):
    """Customers in ``table``, whose segments have ``numbers``; ``assigner`` is of the model in use.

    A vector that was learnt lies in the table, and is put into a micro-cluster with the others
    once the micro-clusters are looked at: many cost less by one matrix product than one by one.
    """

    feature_set: FeatureSet
    table: Table
    micro: MicroClusters

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.assigner: Assigner | None = None
        self._learnt_unnamed = 0

    def __contains__(self, key: K) -> bool:
        return key in self.table.rows

    @property
    def customers(self) -> int:
        """Customers there now, those without a key included."""
        return len(self.table)

    @property
    def model(self) -> SegmentModel | None:
        """The model in use."""
        return self.assigner.model if self.assigner is not None else None

    @property
    def hold_ms(self) -> int:
        """How long a customer is held past the margin by the model in use, 0 without one."""
        return self.assigner.hold_ms if self.assigner is not None else 0

    def rows_of(self, keys: Iterable[K]) -> Rows:
        """The rows in ``table`` of those of these keys that are known, in their order."""
        found = map(self.table.rows.get, keys)
        return np.array([row for row in found if row is not None], dtype=np.intp)

    def keys_of(self, rows: Rows) -> list[K]:
        """The keys of these rows (m,), which must be in use."""
        keys = self.table.keys
        return [cast(K, keys[row]) for row in rows.tolist()]

    def sizes(self) -> dict[str, int]:
        """Customers by segment id, the quarantined included, those in no segment left out."""
        held = self.table.segments[self.table.live()]
        numbers, counts = np.unique(held[held != NOWHERE], return_counts=True)
        return {
            self.numbers.ids[number]: count
            for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
        }

    def judge(self, rows: Rows, now: int) -> tuple[Codes, Times]:
        """Which segment these customers (m,) belong to at ``now`` (ms), and since when (m,) they
        are held in theirs though another is nearer; 0 where they are not. Nothing is changed.
        """
        assert self.assigner is not None, "a model must be adopted before anybody is judged"
        table = self.table
        held = self.numbers.to_labels(table.segments[rows])
        labels, away = self.assigner.judge_at(table.raw[rows], held, table.away[rows], now)
        return self.numbers.from_labels(labels), away

    def hold(self, rows: Rows, segments: Codes, away: Times) -> None:
        """These customers (m,) are in these segments (m,), held there since ``away`` (m,)."""
        self.table.segments[rows] = segments
        self.table.away[rows] = away

    def place(self) -> None:
        """Put the vectors learnt since the last time into micro-clusters, by one product."""
        table = self.table
        rows = np.flatnonzero(table.fresh)
        if len(rows) == 1:
            row = rows.item()
            self.micro.put_one(row, table.raw[row], table.hashes.item(row))
        elif len(rows):
            self.micro.put(rows, table.raw[rows], table.hashes[rows])
        table.fresh[rows] = False

    # -- for the clusterer ----------------------------------------------------------------

    def _begin(self, features: FeatureSet, capacity: int) -> None:
        """Start with nobody, now that the features are known."""
        self.feature_set = features
        self.table = Table(len(features))
        self.micro = MicroClusters(features, capacity)

    def _take(
        self, keys: Iterable[Hashable], known: Iterable[bool], raw: Floats
    ) -> tuple[Rows, int]:
        """Give those of these keys that are ``known`` the vectors (m, d), let the others go.

        Rows are handed out and given back in the order of the keys. Returns whose vector it is
        now (the last, where a key is there twice), and how many went.
        """
        table, gone = self.table, []
        newest: dict[int, int] = {}  # the place in `raw` of each row's vector
        place = 0
        for key, stays in zip(keys, known, strict=True):
            if stays:
                newest[table.enter(key)] = place
                place += 1
            elif (row := table.remove(key)) is not None:
                newest.pop(row, None)
                gone.append(row)
        if gone:
            self.micro.remove(gone)
        rows = np.fromiter(newest, dtype=np.intp, count=len(newest))
        table.raw[rows] = raw if len(rows) == len(raw) else raw[list(newest.values())]
        table.fresh[rows] = True
        return rows, len(gone)

    def _next_unnamed(self, most: int) -> Unnamed:
        """The key of the next vector without one: the oldest of ``most`` gives way to it."""
        key = Unnamed(self._learnt_unnamed % most)
        self._learnt_unnamed += 1
        row = self.table.rows.get(key)
        if row is not None:
            self.table.segments[row] = NOWHERE
        return key

    def _settle(self, rows: Rows) -> None:
        """Let these customers be in the segment that they belong to, by the margin alone."""
        if self.assigner is None or not len(rows):
            return
        table = self.table
        held = self.numbers.to_labels(table.segments[rows])
        labels = self.assigner.judge(table.raw[rows], held)
        table.segments[rows] = self.numbers.from_labels(labels)
