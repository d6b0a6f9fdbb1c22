"""Examples of one partition that are not learnt yet: mailings of which it is known now whether
they were answered, and what was known when they were sent. They name nobody.

Each has the time since which it is known (ms), and no two snapshots tell of the same time: what
comes in behind a snapshot is later than all that it told. So one time for each partition says what
of it has been learnt, and each example is learnt exactly once.

Bound: 900,000 bytes, some 20,000 examples, since a snapshot is one record; the oldest leave, and
are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import msgspec
from xxhash import xxh3_64_intdigest

from domain.customer.effects import Settled
from domain.propensity.features import Known, known_at

FORMAT: Final = 1
PREFIX: Final = b"propensity/"
HEAD_KEY: Final = PREFIX + b"head"
MAX_BYTES: Final = 900_000
_NUMBER_BYTES: Final = 8
_HEAD: Final = bytes((FORMAT,))


class Example(NamedTuple):
    """Whether a mailing was answered, known since ``at`` (ms), and what was known at it."""

    at: int
    answered: bool
    known: Known


def in_turn(example: Example) -> tuple[int, int]:
    """By what examples are ordered: those of one time as if dealt, never by label or by input."""
    return example.at, xxh3_64_intdigest(_encode(example))


class Head(msgspec.Struct, array_like=True, gc=False):
    """How far a partition is: the number of its next example, how many left unlearnt, up to when
    (ms) a snapshot told all, and whether there ever was a mailing.
    """

    next: int = 0
    dropped: int = 0
    told: int = 0
    began: bool = False


class ExamplesFormatError(ValueError):
    """A record of another format than this version reads."""


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Example).decode
_decode_head: Final = msgspec.msgpack.Decoder(Head).decode


class Examples:
    """The examples of a partition by running number, as the bytes that they are told in."""

    def __init__(self) -> None:
        self.head = Head()
        self.kept: dict[int, bytes] = {}
        self.bytes = 0
        self._changed: set[int] = set()
        self._head_changed = False

    def begin(self) -> None:
        """There is a mailing: from now on it matters how far this partition is."""
        if not self.head.began:
            self.head.began = self._head_changed = True

    def leave_out(self) -> None:
        """A mailing of which nothing will be learnt."""
        self.head.dropped += 1
        self._head_changed = True

    def add(self, settled: Settled, learnt: int = -1) -> None:
        """Keep an example; the oldest leave where there are too many, and are counted unless they
        are ``learnt``: known up to that time (ms).
        """
        head, mailing = self.head, settled.mailing
        at = max(settled.at, head.told + 1)
        known = known_at(mailing, settled.sent, settled.answered)
        example = Example(at, mailing.answered_at > 0, known)
        value = self.kept[head.next] = _encode(example)
        self.bytes += len(value)
        self._changed.add(head.next)
        head.next += 1
        head.began = self._head_changed = True
        while self.bytes > MAX_BYTES:
            oldest = next(iter(self.kept))
            head.dropped += _decode(self.kept[oldest]).at > learnt
            self._drop(oldest)

    def tell(self, clock: int, learnt: int) -> None:
        """A snapshot tells all up to ``clock`` (ms); what was learnt up to ``learnt`` leaves."""
        self.head.told, self._head_changed = clock, True
        for number in [n for n, value in self.kept.items() if _decode(value).at <= learnt]:
            self._drop(number)

    def _drop(self, number: int) -> None:
        self.bytes -= len(self.kept.pop(number))
        self._changed.add(number)

    def changed_records(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Records changed since the last call, one for each example; ``None`` deletes."""
        if self._head_changed:
            self._head_changed = False
            yield HEAD_KEY, _HEAD + _encode(self.head)
        for number in sorted(self._changed):
            value = self.kept.get(number)
            key = PREFIX + number.to_bytes(_NUMBER_BYTES, "big")
            yield key, None if value is None else _HEAD + value
        self._changed.clear()

    @classmethod
    def from_records(cls, records: Mapping[bytes, bytes]) -> Examples:
        """What the records hold; those under other names are left aside.

        Raises ExamplesFormatError on a record of a format that this version does not read.
        """
        found = cls()
        for key in sorted(key for key in records if key.startswith(PREFIX)):
            value = records[key]
            if value[:1] != _HEAD:
                raise ExamplesFormatError(
                    f"examples of mailings have format {value[:1]!r}; this version reads {FORMAT}."
                    " Run the version that wrote them, or a newer one"
                )
            if key == HEAD_KEY:
                found.head = _decode_head(value[1:])
                continue
            number = int.from_bytes(key[len(PREFIX) :], "big")
            found.kept[number] = bytes(value[1:])
            found.bytes += len(value) - 1
        return found
