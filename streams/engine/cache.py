"""Decoded states of one worker: as many as a budget of bytes allows, over all its partitions.

What a state takes decoded is not measured but told from what its records take, which is a length at
hand: a test holds it to what is measured. Where there is too much after a commit, those used least
recently go, of whatever partition; what changed since its partition's last commit stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, Generic, Protocol, TypeVar

from streams.engine.store import Store

S = TypeVar("S")

MEGABYTE: Final = 2**20
DEFAULT_MEGABYTES: Final = 256

BYTES_OF_STATE: Final = 2_800
"""Of a state without any record: with its entries here, and what records take more at hand."""
BYTES_OF_BYTE: Final = 6
"""For each byte of its records: numbers, short texts and tuples are objects of their own."""


GROWTH_COMMITS: Final = 4
"""How much states have grown is looked at in one commit of so many."""


def decoded_bytes(recorded: int) -> int:
    """What a state takes decoded whose records take so many bytes, about."""
    return BYTES_OF_STATE + BYTES_OF_BYTE * recorded


class Holder(Protocol):
    """A partition's part of what is decoded, as the budget sees it."""

    size: int

    @property
    def oldest(self) -> int | None:
        """In which commit what was used least recently was used; ``None`` where nothing may go."""

    def shrink(self, excess: int, until: int) -> int:
        """Let go what was used before the commit ``until``, up to so many bytes; how many went."""


class Budget:
    """How many bytes the decoded states of one worker may take, and which partitions have them.

    It is exceeded by no more than what its partitions open between two commits.
    """

    __slots__ = ("commits", "holders", "limit")

    def __init__(self, megabytes: int = DEFAULT_MEGABYTES) -> None:
        self.limit = megabytes * MEGABYTE
        self.commits = 0
        self.holders: dict[int, Holder] = {}

    @property
    def held(self) -> int:
        """Bytes of all decoded states, about."""
        return sum([holder.size for holder in self.holders.values()])

    def leave(self, number: int) -> None:
        """A partition is here no more, with all it has decoded."""
        self.holders.pop(number, None)

    def enforce(self) -> None:
        """Let those used least recently go while there is too much."""
        excess = self.held - self.limit
        while excess > 0:
            ages = [(each.oldest, number) for number, each in self.holders.items() if each.size]
            oldest = sorted((at, number) for at, number in ages if at is not None)
            if not oldest:
                return
            until = oldest[1][0] + 1 if len(oldest) > 1 else self.commits + 1
            freed = self.holders[oldest[0][1]].shrink(excess, until)
            if not freed:
                return
            excess -= freed


class Cache(Generic[S]):
    """The decoded states of one partition by key (``live``), each known to the budget.

    ``dirty`` are the partition's states that changed since its last commit: they stay.
    """

    __slots__ = ("_commits", "_dirty", "_sizes", "_store", "_used", "budget", "live", "size")

    def __init__(self, number: int, store: Store, dirty: dict[str, S], budget: Budget) -> None:
        self.live: dict[str, S] = {}
        self.size = 0
        self.budget = budget
        self._commits = 0
        self._store = store
        self._dirty = dirty
        self._used: dict[str, int] = {}  # in which commit; in order of it
        self._sizes: dict[str, int] = {}
        budget.holders[number] = self

    def committed(self, used: Collection[str], grown: Collection[str], written: set[str]) -> None:
        """Note what was used up to a commit, and how large it is now; bring the budget about.

        ``grown`` of these had more than their main record written; ``written`` are keys whose
        records were written without opening them. The store has all of it.
        """
        budget, live, order = self.budget, self.live, self._used
        budget.commits = now = budget.commits + 1
        for key in used:
            if key in live:
                order.pop(key, None)
                order[key] = now
            else:
                written.add(key)
        if len(order) < len(live):  # opened, and refused or new
            fresh = live.keys() - order.keys()
            order.update(dict.fromkeys(sorted(fresh), now))
        if len(self._sizes) < len(live):
            self._measure(live.keys() - self._sizes.keys())
        self._commits += 1  # its own: in a steady order all of one partition's look alike
        if not self._commits % GROWTH_COMMITS:
            self._measure(grown)
        if written:
            self._store.rest([key.encode() for key in written if key not in live])
        budget.enforce()

    @property
    def oldest(self) -> int | None:
        """In which commit what was used least recently was used; ``None`` where nothing may go."""
        dirty = self._dirty
        return next((at for key, at in self._used.items() if key not in dirty), None)

    def shrink(self, excess: int, until: int) -> int:
        """Let go what was used before the commit ``until``, up to so many bytes; how many went."""
        dirty, sizes = self._dirty, self._sizes
        going: list[str] = []
        freed = 0
        for key, at in self._used.items():
            if at >= until or freed >= excess:
                break
            if key not in dirty:
                going.append(key)
                freed += sizes[key]
        for key in going:
            del self.live[key], self._used[key], sizes[key]
        self.size -= freed
        self._store.rest([key.encode() for key in going])
        return freed

    def _measure(self, keys: Iterable[str]) -> None:
        sizes, use, live = self._sizes, self._store.use, self.live
        for key in keys:
            if key in live:
                size = decoded_bytes(use(key.encode()))
                self.size += size - sizes.get(key, 0)
                sizes[key] = size
