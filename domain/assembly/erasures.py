"""When customers of a partition were erased: what occurred before must not come to life again.

An erased id is kept nowhere: the marks go by its digest (16 bytes of BLAKE2b, which tells an id
only to who has it already), for as long as any input topic can hold an event of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from struct import Struct
from typing import Final

PREFIX: Final = b"erased/"
_DIGEST_BYTES: Final = 16
# up to when all was erased, when the mark may go, and when it was done (ms)
_MARK: Final = Struct("<qqq")
# what was written before the last of these was kept
_FIRST_MARK: Final = Struct("<qq")


class Erasures:
    """Up to when (ms) all of a customer was erased, by the digest of its id."""

    __slots__ = ("_changed", "_ends", "_marks")

    def __init__(self) -> None:
        self._marks: dict[bytes, tuple[int, int, int]] = {}
        self._ends: list[tuple[int, bytes]] = []
        self._changed: set[bytes] = set()

    @classmethod
    def from_records(cls, records: Mapping[bytes, bytes]) -> Erasures:
        """The marks among a partition's shared records."""
        found = cls()
        for name, value in records.items():
            if name.startswith(PREFIX):
                digest = name[len(PREFIX) :]
                mark = found._marks[digest] = cls.read_mark(value)
                found._ends.append((mark[1], digest))
        heapq.heapify(found._ends)
        return found

    @staticmethod
    def read_mark(value: bytes) -> tuple[int, int, int]:
        """Of a mark's record: up to when all was erased, when the mark may go, and when that was
        done (ms); 0 where an earlier version did not say."""
        if len(value) == _FIRST_MARK.size:
            return *_FIRST_MARK.unpack(value), 0
        at, end, done = _MARK.unpack(value)
        return at, end, done

    def __len__(self) -> int:
        return len(self._marks)

    def of(self, customer_id: str) -> int:
        """Up to when (ms) all of the customer was erased; 0: nothing was."""
        if not self._marks:
            return 0
        return self._marks.get(digest_of(customer_id), (0, 0, 0))[0]

    def note(self, customer_id: str, at: int, until: int, done: int = 0) -> None:
        """All that occurred up to ``at`` (ms) is erased, at ``done`` (0: untold).

        That is known until ``until``.
        """
        digest = digest_of(customer_id)
        known = self._marks.get(digest, (0, 0, 0))
        self._marks[digest] = max(known[0], at), max(known[1], until), max(known[2], done)
        heapq.heappush(self._ends, (self._marks[digest][1], digest))
        self._changed.add(digest)

    def changed_records(self, now: int) -> Iterator[tuple[bytes, bytes | None]]:
        """What changed since the last call, those marks left out that may go by ``now`` (ms)."""
        while self._ends and self._ends[0][0] <= now:
            end, digest = heapq.heappop(self._ends)
            if digest in self._marks and self._marks[digest][1] == end:
                del self._marks[digest]
                self._changed.add(digest)
        for digest in sorted(self._changed):
            mark = self._marks.get(digest)
            yield PREFIX + digest, None if mark is None else _MARK.pack(*mark)
        self._changed.clear()


def digest_of(customer_id: str) -> bytes:
    """By what a mark knows an id."""
    return blake2b(customer_id.encode(), digest_size=_DIGEST_BYTES).digest()
