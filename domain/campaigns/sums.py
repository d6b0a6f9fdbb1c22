"""Campaigns over all customers of a partition: whole numbers, so that any order sums up the same.

Partitions are added up, each campaign with its expenses, which lie in the partition of its own key.
A person counts once for a campaign, whatever it did how often: the rules say by how much more, or,
where two ids turn out to be one person, less. What an erased customer added stays, nameless.

Bound: the newest campaigns of a partition by the policy's number; those before are counted together
under `OTHERS`, so totals stay whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from domain.customer.effects import Campaigned
from domain.kernel.units import plus

FORMAT: Final = 1
PREFIX: Final = b"campaigns/"
OTHERS: Final = ""
"""All campaigns that are not kept by themselves; a real one has an id."""


class CampaignFormatError(ValueError):
    """A record of another format than this version reads."""


class Sums(msgspec.Struct, array_like=True, gc=False):
    """What a campaign adds up to; ``first`` and ``newest`` in ms, money in micro-units.

    Customers it was ``sent`` to, who ``opened``, ``clicked``, ``converted`` and ``opted_out``;
    ``answered``: who got it, and clicked or converted. ``reminders`` were sent again. ``cost`` is
    that of events, ``expenses`` that of documents; ``receipts`` are purchases soon after a click.
    ``rated`` are the scores (0-10) of ``ratings`` surveys, in millionths. ``dropped`` is of
    `OTHERS`: campaigns that were kept by themselves before.
    """

    first: int = 0
    newest: int = 0
    sent: int = 0
    reminders: int = 0
    opened: int = 0
    clicked: int = 0
    converted: int = 0
    opted_out: int = 0
    answered: int = 0
    cost: int = 0
    expenses: int = 0
    revenue: int = 0
    receipts: int = 0
    ratings: int = 0
    rated: int = 0
    dropped: int = 0

    def reach(self, first: int, newest: int) -> None:
        """Let it have been from ``first`` to ``newest`` (ms), too; 0: not known."""
        self.first = min(self.first or first, first or self.first)
        self.newest = max(self.newest, newest)

    def add(self, other: Sums) -> None:
        """Take in all of another."""
        self.reach(other.first, other.newest)
        for name in ADDED:
            setattr(self, name, plus(getattr(self, name), getattr(other, name)))


ADDED: Final = Sums.__struct_fields__[2:]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Sums).decode
_HEAD = bytes((FORMAT,))


class CampaignBook:
    """The campaigns of a partition, or of several merged.

    >>> book = CampaignBook()
    >>> for campaign, at in (("spring", 1), ("summer", 2), ("spring", 3), ("autumn", 4)):
    ...     book.take(Campaigned(campaign, at, {"sent": 1}), kept=2)
    >>> {campaign: sums.sent for campaign, sums in sorted(book.sums.items())}
    {'': 1, 'autumn': 1, 'spring': 2}
    """

    __slots__ = ("_changed", "sums")

    def __init__(self) -> None:
        self.sums: dict[str, Sums] = {}
        self._changed: set[str] = set()

    @property
    def dropped(self) -> int:
        """How many campaigns are counted together with others."""
        others = self.sums.get(OTHERS)
        return 0 if others is None else others.dropped

    def campaigns(self) -> list[tuple[str, Sums]]:
        """Campaigns by id with their sums, the newest first, without `OTHERS`."""
        own = ((name, sums) for name, sums in self.sums.items() if name != OTHERS)
        return sorted(own, key=lambda each: (-each[1].newest, each[0]))

    def total(self) -> Sums:
        """All campaigns together."""
        total = Sums()
        for sums in self.sums.values():
            total.add(sums)
        return total

    # -- in ---------------------------------------------------------------------------

    def take(self, told: Campaigned, kept: int) -> None:
        """Count what a rule says; at most ``kept`` campaigns are told apart."""
        campaign_id, at, added = told
        if campaign_id not in self.sums:
            campaign_id = self._enter(campaign_id, at, kept)
        sums = self.sums[campaign_id]
        sums.reach(at, at)
        for name, count in added.items():
            setattr(sums, name, plus(getattr(sums, name), count))
        self._changed.add(campaign_id)

    def merge(self, others: Iterable[CampaignBook]) -> CampaignBook:
        """Add the campaigns of other partitions to these; gives itself."""
        for other in others:
            for name, sums in other.sums.items():
                self.sums.setdefault(name, Sums()).add(sums)
        return self

    def _enter(self, campaign_id: str, at: int, kept: int) -> str:
        """A place for a campaign that is not kept; that of `OTHERS` for one older than all."""
        while len(self.sums) - (OTHERS in self.sums) >= kept:
            oldest, sums = self.campaigns()[-1]
            if (at, campaign_id) < (sums.newest, oldest):
                self.sums.setdefault(OTHERS, Sums())
                return OTHERS
            others = self.sums.setdefault(OTHERS, Sums())
            others.add(self.sums.pop(oldest))
            others.dropped += 1
            self._changed |= {oldest, OTHERS}
        self.sums[campaign_id] = Sums()
        return campaign_id

    # -- bytes ------------------------------------------------------------------------

    @classmethod
    def from_records(cls, records: Mapping[bytes, bytes]) -> CampaignBook:
        """The campaigns among a partition's shared records. Raises CampaignFormatError."""
        book = cls()
        for key, value in records.items():
            if key.startswith(PREFIX):
                if value[:1] != _HEAD:
                    raise CampaignFormatError(
                        f"a campaign has format {value[:1]!r}; this version reads {FORMAT}"
                    )
                book.sums[key[len(PREFIX) :].decode()] = _decode(memoryview(value)[1:])
        return book

    def changed_records(self) -> Iterator[tuple[bytes, bytes | None]]:
        """What changed since the last call; ``None`` deletes a record."""
        for name in sorted(self._changed):
            sums = self.sums.get(name)
            yield PREFIX + name.encode(), None if sums is None else _HEAD + _encode(sums)
        self._changed.clear()
