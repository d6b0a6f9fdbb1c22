"""The customers of one partition that ever bought: one record of figures each.

Rows are handed out here and used again once their customer has left. Bound: as many rows as the
partition has had customers with purchases at the same time, 63 bytes each beside the key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from domain.policy.value import ValueRules
from domain.value.clv import lifetimes
from domain.value.history import Histories
from domain.value.row import FAR_DAY, Facts, all_hundredths, is_relational

FIRST_ROWS: Final = 256

Rows = NDArray[np.intp]
Records = NDArray[np.void]

KEY_BYTES: Final = 150
"""Of a key: its text, its row as a number, and its places in a dict and a list."""
RECORD: Final = np.dtype(
    [
        ("first_day", np.int32),
        ("last_day", np.int32),
        ("repeats", np.int32),
        ("mean_spend", np.float64),
        ("frequency", np.int64),
        ("monetary", np.int64),
        ("wallet_share", np.float64),
        ("relational", np.bool_),
        ("below_zero", np.bool_),
        ("changes", np.int32),
        ("clv", np.int64),
    ]
)
"""The facts of ``domain.value.row`` and the CLV, in the same units."""


class Table:
    """``records`` by row (those of no customer are left as they were), ``rows`` by customer."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.keys: list[str] = []
        self.records: Records = np.zeros(FIRST_ROWS, dtype=RECORD)
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self.rows)

    def put(self, keys: Iterable[str], entries: list[tuple[Any, ...]]) -> Rows:
        """Give each key its entry of :func:`entry`; the rows they are in."""
        rows = np.fromiter((self._row(key) for key in keys), dtype=np.intp, count=len(entries))
        self.records[rows] = np.array(entries, dtype=RECORD)
        return rows

    def remove(self, key: str) -> bool:
        """Let ``key`` go; whether it was there."""
        row = self.rows.pop(key, None)
        if row is None:
            return False
        self.keys[row] = ""
        self.records[row]["changes"] = FAR_DAY
        self._free.append(row)
        return True

    def expect(self, rows: Rows, day: int, rules: ValueRules) -> None:
        """Work out the CLV of these rows as of the start of a UTC day."""
        held = self.records[rows]
        span = held["last_day"] - held["first_day"]
        age = np.maximum(day - held["first_day"], span)
        repeats = held["repeats"].astype(np.float64)
        histories = Histories(repeats, span / 7, age / 7, held["mean_spend"])
        self.records["clv"][rows] = all_hundredths(lifetimes(histories, rules.clv))

    @property
    def nbytes(self) -> int:
        """Bytes it takes with its keys, about."""
        return int(self.records.nbytes) + KEY_BYTES * len(self.keys)

    def live(self) -> Rows:
        """The rows in use, ascending."""
        return np.sort(np.fromiter(self.rows.values(), dtype=np.intp, count=len(self.rows)))

    def _row(self, key: str) -> int:
        row = self.rows.get(key)
        if row is not None:
            return row
        if self._free:
            row = self._free.pop()
            self.keys[row] = key
        else:
            row = len(self.keys)
            self.keys.append(key)
            if row == len(self.records):
                self.records = np.concatenate([self.records, np.zeros_like(self.records)])
        self.rows[key] = row
        return row


def entry(facts: Facts, rules: ValueRules) -> tuple[Any, ...]:
    """A record without the day's CLV."""
    return (
        facts.first_day,
        facts.last_day,
        facts.repeats,
        facts.mean_spend,
        facts.frequency,
        facts.monetary,
        facts.wallet_share,
        is_relational(facts, rules),
        facts.below_zero,
        facts.changes,
        0,
    )
