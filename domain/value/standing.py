"""How the customers of one partition stand in value: kept up to date, told as a snapshot.

Whoever bought, answered or was served is only noted (``moved``). At most every
``refresh_seconds`` of the task clock those noted are measured anew, and everybody at each UTC
midnight, since windows slide and expectations fade without an event: a slice at a time, so that
alerts do not wait. Nothing is sent of a customer; classes are worked out where they are asked
for, by the record that is made of all partitions' snapshots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

import numpy as np

from domain.customer.state import LEDGER, Customer, decode_core
from domain.kernel.population import Changed
from domain.kernel.units import MS_PER_DAY, MS_PER_SECOND
from domain.policy.value import ValueRules
from domain.value.row import facts_of, growable_of
from domain.value.sketches import grid_of
from domain.value.snapshot import Figures, Snapshot, dump_snapshot
from domain.value.table import Rows, Table, entry
from schemas.outputs import Output
from schemas.standings import Standings

SLICE_CUSTOMERS: Final = 256
SLICE_ROWS: Final = 4_096
"""Rows whose CLV alone is worked out anew in one slice; no customer is opened for it."""

Open = Callable[[str], Customer]
Opened = Callable[[str], Customer | None]
Unmoved = Changed[Customer, Output]
"""Nobody is ever changed by this: classes are worked out where they are asked for."""


class Standing:
    """The value of a partition's customers with purchases, and the record of all partitions'.

    The rules note in ``moved`` who bought, told a wallet share or had a contact.
    """

    def __init__(self, rules: ValueRules) -> None:
        self.moved: dict[str, None] = {}
        self.floor = 0
        self._rules = rules
        self._grid = grid_of(rules.rfm.relative_error)
        self._table = Table()
        self._adopted: Standings | None = None
        self._day = 0
        self._refreshed = 0
        # customers to be measured anew, those of a restored store, rows of the day before
        self._waiting: dict[str, None] = {}
        self._stored: dict[str, None] = {}
        self._older: Rows = np.zeros(0, dtype=np.intp)
        self._core_of: Callable[[str], bytes | None] = lambda key: None
        self._untold = False

    def __len__(self) -> int:
        return len(self._table)

    @property
    def standings(self) -> Standings | None:
        """The record in use; ``None`` before there is one that is new enough."""
        known = self._adopted
        return known if known is not None and known.version >= self.floor else None

    # -- the clock ----------------------------------------------------------------------

    def ripe(self, now: int) -> bool:
        """Never: while more events wait, nobody waits for the snapshot."""
        return False

    def due(self, now: int, at_rest: bool = False) -> bool:
        """Whether a tick would find anything to do: at rest there is no need to wait for more."""
        if now // MS_PER_DAY > self._day and len(self._table):
            return True
        pause = 0 if at_rest else self._rules.refresh_seconds * MS_PER_SECOND
        return bool(self.moved) and now - self._refreshed >= pause

    def tick(self, now: int, open_: Open) -> Sequence[Unmoved]:
        """Begin to measure who moved, and at a new UTC day everybody; one slice of it."""
        self._date(now)
        self._waiting |= self.moved
        self.moved = {}
        self._refreshed = now
        self._work(now, open_)
        return ()

    @property
    def busy(self) -> bool:
        """Whether :meth:`work` has anything left to do."""
        return bool(self._stored) or bool(self._waiting) or bool(len(self._older))

    def work(self, now: int, open_: Open, opened: Opened) -> Sequence[Unmoved]:
        """One slice: customers of the store, else those that moved, else rows of yesterday."""
        self._work(now, open_)
        return ()

    def restore(self, keys: Iterable[str], core_of: Callable[[str], bytes | None]) -> None:
        """Let the customers of a restored store come in, slice by slice."""
        self._stored = dict.fromkeys(keys)
        self._core_of = core_of

    def remove(self, key: str) -> None:
        """Forget a customer at once."""
        for keys in (self.moved, self._waiting, self._stored):
            keys.pop(key, None)
        self._untold |= self._table.remove(key)

    # -- over all partitions ------------------------------------------------------------

    def adopt(self, record: Standings) -> str | None:
        """Take a newer record into use; why it is refused, or ``None``."""
        if self._adopted is not None and record.version <= self._adopted.version:
            return None
        if record.rules_id != self._rules.rules_id:
            return (
                f"standings {record.version} were made by value rules {record.rules_id}; this"
                f" worker's policy has {self._rules.rules_id}"
            )
        self._adopted = record
        return None

    def memory(self) -> int:
        """Bytes that grow with the customers, about: a row of each buyer."""
        return self._table.nbytes

    def summary(self, number: int, clock: int, partitions: int) -> bytes | None:
        """What is to be known of this partition; ``None`` without news, or amid work."""
        if self.busy or not self._untold:
            return None
        self._untold = False
        return dump_snapshot(
            Snapshot(number, clock, self._day, self._rules.rules_id, self.figures())
        )

    def figures(self) -> Figures:
        """Customers by bin of each figure, as of the last refresh."""
        bins = self._grid.bins
        held = self._table.records[self._table.live()]
        clv, below_zero, share = held["clv"], held["below_zero"], held["wallet_share"]
        told = share > 0
        return Figures(
            recency_days=bins(np.maximum(self._day - held["last_day"], 0)),
            frequency=bins(held["frequency"]),
            monetary=bins(held["monetary"]),
            relational=bins(held["monetary"][held["relational"]]),
            clv=bins(clv[~below_zero]),
            clv_below_zero=bins(clv[below_zero]),
            growable=bins(growable_of(clv[told], share[told])),
            relational_sales=bins(
                held["monetary"][held["relational"]], held["frequency"][held["relational"]]
            ),
        )

    # -- inside -------------------------------------------------------------------------

    def _work(self, now: int, open_: Open) -> None:
        if not self._day:
            self._date(now)
        if self._stored:
            self._measure(self._buyers(self._stored), open_)
        elif self._waiting:
            self._measure(_some(self._waiting), open_)
        elif len(self._older):
            self._slide(open_)

    def _date(self, now: int) -> None:
        """Let it be the day of ``now``; the rows of the day before are to follow."""
        day = now // MS_PER_DAY
        if day > self._day:
            self._day, self._older = day, self._table.live()

    def _buyers(self, keys: dict[str, None]) -> list[str]:
        """Some of the stored customers, without those that never had to do with money."""
        found = []
        for key in _some(keys):
            value = self._core_of(key)
            if value is not None and decode_core(value).other_parts & LEDGER:
                found.append(key)
        return found

    def _measure(self, keys: Iterable[str], open_: Open) -> None:
        rules, known, entries = self._rules, [], []
        for key in keys:
            facts = facts_of(open_(key), self._day, rules)
            if facts is None:
                self._table.remove(key)
            else:
                known.append(key)
                entries.append(entry(facts, rules))
        if known:
            self._table.expect(self._table.put(known, entries), self._day, rules)
        self._untold = True

    def _slide(self, open_: Open) -> None:
        """Bring rows to the new day; customers are opened where a purchase left the window."""
        rows = self._older[:SLICE_ROWS]
        changed = rows[self._table.records["changes"][rows] <= self._day]
        if len(changed) > SLICE_CUSTOMERS:
            end = int(np.searchsorted(rows, changed[SLICE_CUSTOMERS]))
            rows, changed = rows[:end], changed[:SLICE_CUSTOMERS]
        self._older = self._older[len(rows) :]
        self._measure([key for row in changed if (key := self._table.keys[row])], open_)
        rest = np.setdiff1d(rows, changed, assume_unique=True)
        self._table.expect(rest, self._day, self._rules)


def _some(keys: dict[str, None]) -> list[str]:
    """Take a slice of keys out, those that came first."""
    some = list(islice(keys, SLICE_CUSTOMERS))
    for key in some:
        del keys[key]
    return some
