"""Who was erased, as the file has it: nothing that came before may stay, or come in again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.assembly.erasures import PREFIX, Erasures, digest_of
from streams.engine.checkpoint import SHARED_PREFIX

MARK: Final = SHARED_PREFIX + PREFIX


class Until(NamedTuple):
    """Up to when (ms) what came in of somebody is erased, and what came out."""

    inputs: int
    outputs: int


NEVER: Final = Until(0, 0)


class Marks:
    """Up to when (ms) customers were erased, by the digests of their ids.

    They are those of all partitions that are held: what lies in another partition than the person's
    own, by a producer's mistake, must not stay either.

    Of what came in that is the time of the request: an event of later is of a new life. Of what
    came out it is when it was done. A mark of an earlier version tells that by ``keep_ms`` alone,
    for which a worker keeps one after it has erased someone.
    """

    def __init__(self, keep_ms: int) -> None:
        self._keep_ms = keep_ms
        # by partition number
        self._until: dict[bytes, dict[int, Until]] = {}

    def __len__(self) -> int:
        return len(self._until)

    def take(self, number: int, records: Iterable[tuple[bytes, bytes | None]]) -> set[bytes]:
        """Take these records of a partition's changelog, if they are marks; the digests that are
        new."""
        news: set[bytes] = set()
        for key, value in records:
            if not key.startswith(MARK):
                continue
            digest = key[len(MARK) :]
            if value is None:
                known = self._until.get(digest, {})
                known.pop(number, None)
                if not known:
                    self._until.pop(digest, None)
                continue
            at, end, done = Erasures.read_mark(value)
            until = Until(at, max(at, done or end - self._keep_ms))
            of_all = self._until.setdefault(digest, {})
            if of_all.get(number) != until:
                of_all[number] = until
                news.add(digest)
        return news

    def until(self, customer: str) -> Until:
        """Up to when nothing of a customer may be kept; 0 for one who never was erased."""
        known = self._until.get(digest_of(customer), {}) if self._until else {}
        if not known:
            return NEVER
        return Until(*map(max, zip(*known.values(), strict=True)))


__all__ = ["MARK", "Marks"]
