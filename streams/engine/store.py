"""Where a partition's records lie between uses: in memory now, behind what a disk can take over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, cast


class Store(Protocol):
    """Records of one partition by key; holds what the changelog holds, no more."""

    def get(self, key: bytes) -> bytes | None:
        """The record of a key, or ``None``."""

    def put_all(self, records: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Keep these records, the last of a key; ``None`` deletes one."""

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All records, in no promised order."""

    def __len__(self) -> int: ...


class MemoryStore:
    """A store in memory: one dict of bytes. Its size is that of the live changelog records."""

    __slots__ = ("get", "records")

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}
        self.get = self.records.get

    def put_all(self, records: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Keep these records, the last of a key; ``None`` deletes one."""
        kept = cast(dict[bytes, bytes | None], self.records)
        kept.update(records)
        for key in [key for key, value in records if value is None]:
            if kept.get(key, b"") is None:  # else it came again after that
                del kept[key]

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All records, in no promised order."""
        return iter(self.records.items())

    def __len__(self) -> int:
        return len(self.records)
