"""Where a partition's records lie between uses: in memory now, behind what a disk can take over.

A record's key is one letter, then what the record is of: a customer's id. Keys of the letters in
``NUMBERED`` have a 4-byte number between the two. Keys that begin with ``!`` are of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple, Protocol

import msgspec

Record = tuple[bytes, bytes | None]

OF_NOBODY: Final = b"!"
NUMBERED: Final = (b"p", b"d")
NUMBERED_BYTES: Final = 5
APART: Final = frozenset((OF_NOBODY, *NUMBERED))
SAMPLED: Final = 256
"""So many owners at most are looked at to tell what all take."""
DICT_SLOT: Final = 50
"""Bytes of an entry of a large dict, its share of what is free included."""
BYTES_OBJECT: Final = 41
"""Bytes that a bytes object takes beside what is in it, rounded up as it is allocated."""
SMALL_DICT: Final = 232
"""Bytes of a dict of up to 5 entries; twice that up to 10."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(dict[bytes, bytes]).decode


class Holding(NamedTuple):
    """What a store holds: owners and bytes at hand, owners and bytes packed."""

    at_hand: int
    at_hand_bytes: int
    packed: int
    packed_bytes: int


class Store(Protocol):
    """Records of one partition by key; holds what the changelog holds, no more."""

    def get(self, key: bytes) -> bytes | None:
        """The record of a key, or ``None``."""

    def put_all(self, records: Sequence[Record]) -> None:
        """Keep these records, the last of a key; ``None`` deletes one."""

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All records, in no promised order."""

    def of_letter(self, letter: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All records whose key is this letter and an owner, as (owner, value)."""

    def use(self, owner: bytes) -> int:
        """Have the records of an owner at hand; how many bytes they are, keys left out."""

    def rest(self, owners: Iterable[bytes]) -> None:
        """These owners' records are not looked for soon: let them take little room."""

    def holding(self) -> Holding:
        """What is held, about: quickly told however much it is."""

    def __len__(self) -> int: ...


class MemoryStore:
    """A store in memory. What an owner has lies together: at hand as its own dict, else packed.

    A record by itself takes 140 bytes beside its value (a key, a value's head, an entry of a dict);
    packed, an owner's six take 150 together.
    """

    __slots__ = ("_at_hand", "_of_nobody", "_packed", "_packed_bytes")

    def __init__(self) -> None:
        self._at_hand: dict[bytes, dict[bytes, bytes]] = {}
        self._packed: dict[bytes, bytes] = {}
        self._packed_bytes = 0
        self._of_nobody: dict[bytes, bytes] = {}

    @property
    def records(self) -> dict[bytes, bytes]:
        """All records, as they are now."""
        return dict(self.items())

    def get(self, key: bytes) -> bytes | None:
        """The record of a key, or ``None``."""
        letter = key[:1]
        if letter not in APART:
            owner = key[1:]
        elif letter == OF_NOBODY:
            return self._of_nobody.get(key)
        else:
            letter, owner = key[:NUMBERED_BYTES], key[NUMBERED_BYTES:]
        held = self._at_hand.get(owner)
        if held is None:
            packed = self._packed.get(owner)
            return None if packed is None else _unpack(packed).get(letter)
        return held.get(letter)

    def put_all(self, records: Iterable[Record]) -> None:
        """Keep these records, the last of a key; ``None`` deletes one."""
        at_hand = self._at_hand
        for key, value in records:
            letter = key[:1]
            if letter not in APART:
                owner = key[1:]
            elif letter == OF_NOBODY:
                self._put_of_nobody(key, value)
                continue
            else:
                letter, owner = key[:NUMBERED_BYTES], key[NUMBERED_BYTES:]
            held = at_hand.get(owner)
            if held is None:
                held = self._taken(owner)
            if value is not None:
                held[letter] = value
            else:
                held.pop(letter, None)
                if not held:
                    del at_hand[owner]

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All records, in no promised order."""
        yield from self._of_nobody.items()
        for owner, held in self._owners():
            for letter, value in held.items():
                yield letter + owner, value

    def of_letter(self, letter: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All records whose key is this letter and an owner, as (owner, value)."""
        for owner, held in self._owners():
            value = held.get(letter)
            if value is not None:
                yield owner, value

    def use(self, owner: bytes) -> int:
        """Have the records of an owner at hand; how many bytes they are, keys left out."""
        held = self._at_hand.get(owner)
        if held is None:
            if owner not in self._packed:
                return 0
            held = self._taken(owner)
        return sum(map(len, held.values()))

    def rest(self, owners: Iterable[bytes]) -> None:
        """Pack the records of these owners."""
        at_hand, packed, more = self._at_hand, self._packed, 0
        for owner in owners:
            held = at_hand.pop(owner, None)
            if held is not None:
                packed[owner] = together = _pack(held)
                more += len(together)
        self._packed_bytes += more

    def rest_all(self) -> None:
        """Pack everything."""
        self.rest(list(self._at_hand))

    def holding(self) -> Holding:
        """What is held: of those at hand what a sample of them takes."""
        at_hand, packed = self._at_hand, self._packed
        # the newest: before the oldest may be slots of owners that left, which take long to pass
        sample = list(islice(reversed(at_hand.values()), SAMPLED))
        each = sum(map(_bytes_at_hand, sample)) / len(sample) if sample else 0.0
        of_nobody = sum(len(k) + len(v) + 2 * BYTES_OBJECT for k, v in self._of_nobody.items())
        key = len(next(reversed(packed), b""))
        resting = self._packed_bytes + len(packed) * (2 * BYTES_OBJECT + key + DICT_SLOT)
        return Holding(len(at_hand), int(len(at_hand) * each) + of_nobody, len(packed), resting)

    def __len__(self) -> int:
        return len(self._of_nobody) + sum(len(held) for _, held in self._owners())

    def _owners(self) -> Iterator[tuple[bytes, Mapping[bytes, bytes]]]:
        yield from self._at_hand.items()
        for owner, packed in self._packed.items():
            yield owner, _unpack(packed)

    def _taken(self, owner: bytes) -> dict[bytes, bytes]:
        """The records of an owner that has none at hand, at hand."""
        packed = self._packed.pop(owner, None)
        if packed is None:
            held: dict[bytes, bytes] = {}
        else:
            self._packed_bytes -= len(packed)
            held = _unpack(packed)
        self._at_hand[owner] = held
        return held

    def _put_of_nobody(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._of_nobody.pop(key, None)
        else:
            self._of_nobody[key] = value


def _bytes_at_hand(held: Mapping[bytes, bytes]) -> int:
    """What an owner's dict takes with its values."""
    sized = SMALL_DICT * (1 + len(held) // 6)
    return sized + sum(len(value) + BYTES_OBJECT for value in held.values()) + 2 * DICT_SLOT
