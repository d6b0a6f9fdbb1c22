"""Scorecards: what moments, promises and contacts add up to, by whom and what they were about.

By factor, tier and channel together (595 cells), and by stage, region, segment, agent and branch
(64, 32, 1,000 and 1,000 of them in a partition). A further name goes to ``other``, and is counted
there; once a UTC day a place is looked for whose sums have faded, to be used again. Each tally is a
record of its own: a commit writes those that changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from domain.customer.labels import Labels
from domain.customer.parts import Moment, Promise
from domain.kernel.decay import MAX_EXPONENT, epoch_of, power, weight_at
from domain.kernel.scales import CHANNELS, FACTORS, STAGES, TIERS
from domain.kernel.units import MS_PER_DAY
from domain.policy.experience import MomentLines
from domain.satisfaction import tallies
from domain.satisfaction.tallies import (
    BAD,
    BROKEN,
    CONTACTS,
    GOOD,
    KEPT,
    SCORE,
    WAITED,
    WEIGHT,
    Form,
    Tally,
)

PREFIX: Final = b"card/"
CUBE, STAGE, REGION, SEGMENT, AGENT, BRANCH = b"f", b"s", b"r", b"g", b"a", b"b"
BOUNDS: Final = {REGION: 64, SEGMENT: 32, AGENT: 1_000, BRANCH: 1_000}
OTHER: Final = b"\x00\x00"
"""The place of a dimension that takes the names for which there is no other."""
FADED: Final = 0.05
"""A place whose weights and counts sum up to less, as of now, may be used again."""


CUBE_KEYS: Final = {
    (factor, tier, channel): CUBE + bytes((factor, tier, channel))
    for factor in range(len(FACTORS) + 1)
    for tier in range(len(TIERS))
    for channel in range(len(CHANNELS))
}
STAGE_KEYS: Final = [STAGE + bytes((index,)) for index in range(len(STAGES))]


class Scorecards:
    """The tallies of one partition; with ``bounded=False`` of any number of names, for reports."""

    def __init__(self, *, bounded: bool = True) -> None:
        self.epoch: int | None = None
        self.half_life_ms = 0.0
        self.tallies: dict[bytes, Tally] = {}
        self.names: dict[bytes, str] = {}
        self.refused: dict[bytes, int] = {}
        self._looked: dict[bytes, int] = {}
        self._places: dict[bytes, dict[str, bytes]] = {letter: {} for letter in BOUNDS}
        self._changed: set[bytes] = set()
        self._bounded = bounded

    # -- records ----------------------------------------------------------------------

    @classmethod
    def from_records(cls, records: Mapping[bytes, bytes]) -> Scorecards:
        """The scorecards among the shared records of a partition, by name. TallyFormatError."""
        cards = cls()
        forms = {
            name[len(PREFIX) :]: tallies.load(value)
            for name, value in sorted(records.items())
            if name.startswith(PREFIX)
        }
        for key, form in forms.items():
            scale = cards._match(form.epoch, form.half_life_ms)
            cards.tallies[key] = form.tally if scale == 1.0 else tallies.scaled(form.tally, scale)
            if key[:1] in BOUNDS and key[1:] != OTHER:
                cards._name(key, form.name)
            elif form.looked >= 0:
                cards.refused[key], cards._looked[key] = form.refused, form.looked
        cards._changed.clear()
        return cards

    def changed_records(self) -> list[tuple[bytes, bytes]]:
        """Name and bytes of each record that changed since the last call."""
        if not self._changed:
            return []
        assert self.epoch is not None
        changed, self._changed = sorted(self._changed), set()
        return [(PREFIX + key, tallies.dump(self._form(key))) for key in changed]

    def _form(self, key: bytes) -> Form:
        assert self.epoch is not None
        return Form(
            self.epoch,
            self.half_life_ms,
            self.tallies[key],
            self.names.get(key, ""),
            self.refused.get(key, 0),
            self._looked.get(key, -1),
        )

    # -- in ---------------------------------------------------------------------------

    def add_moment(
        self,
        moment: Moment,
        labels: Labels,
        half_life_ms: float,
        lines: MomentLines,
        *,
        sign: float = 1.0,
        wait_seconds: float | None = None,
    ) -> None:
        """Add a moment, or (``sign`` -1) take one back that was added before.

        With ``wait_seconds`` it is that of waiting for a contact, which is counted with it.
        """
        at, weight, score, factor, channel, stage, _ = moment
        count = sign * self._factor(at, half_life_ms)
        weight *= count
        scored = weight * score
        grade = GOOD if score >= lines.good_from else BAD if score < lines.bad_below else None
        for tally in self._tallies(factor, channel, stage, labels, at):
            tally[WEIGHT] += weight
            tally[SCORE] += scored
            if grade is not None:
                tally[grade] += count
            if wait_seconds is not None:
                tally[CONTACTS] += count
                tally[WAITED] += count * wait_seconds

    def add_promise(
        self,
        promise: Promise,
        factor: int,
        labels: Labels,
        half_life_ms: float,
        *,
        kept: bool,
        sign: float = 1.0,
    ) -> None:
        """Add a callback promise as of when it was due, or (``sign`` -1) take one back."""
        count = sign * self._factor(promise.due, half_life_ms)
        for tally in self._tallies(factor, promise.channel, 0, labels, promise.due):
            tally[KEPT if kept else BROKEN] += count

    def merge(self, others: Iterable[Scorecards]) -> Scorecards:
        """Add the tallies of other partitions to these; gives itself."""
        for other in others:
            if other.epoch is None:
                continue
            scale = self._match(other.epoch, other.half_life_ms)
            for key, tally in sorted(other.tallies.items()):
                mine = key
                if key in other.names:
                    day = -1  # nothing has faded: a merge has no clock
                    mine = self._place(key[:1], other.names[key], day)
                self._touch(mine)
                tallies.add(self.tallies[mine], tally, scale)
                if key in other.refused:
                    self.refused[mine] = self.refused.get(mine, 0) + other.refused[key]
        return self

    # -- inside -----------------------------------------------------------------------

    def _factor(self, at: int, half_life_ms: float) -> float:
        """What an amount at ``at`` (ms) counts; moves the epoch where it would not fit a double.

        A half-life that the operator changed keeps every mean, and the weights as of ``at``.
        """
        epoch = epoch_of(at, half_life_ms) if self.epoch is None else self.epoch
        if self.epoch is None:
            self.epoch, self.half_life_ms = epoch, half_life_ms
        elif self.half_life_ms != half_life_ms:
            faded = epoch - at / self.half_life_ms
            epoch = epoch_of(at, half_life_ms)
            self._rescale(epoch, power(faded + at / half_life_ms - epoch))
            self.half_life_ms = half_life_ms
        elif at / half_life_ms - epoch > MAX_EXPONENT:
            before, epoch = epoch, epoch_of(at, half_life_ms)
            self._rescale(epoch, power(before - epoch))
        return weight_at(at, half_life_ms, epoch)

    def _match(self, epoch: int, half_life_ms: float) -> float:
        """By how much sums of another epoch are to be scaled before they are added to these.

        Sums of another half-life are added as they were at the later of the two epochs.
        """
        if self.epoch is None:
            self.epoch, self.half_life_ms = epoch, half_life_ms
        if half_life_ms != self.half_life_ms:
            at = max(epoch * half_life_ms, self.epoch * self.half_life_ms)
            return power(epoch - at / half_life_ms + at / self.half_life_ms - self.epoch)
        if epoch > self.epoch:
            self._rescale(epoch, power(self.epoch - epoch))
        return power(epoch - self.epoch)

    def _rescale(self, epoch: int, scale: float) -> None:
        for key, tally in self.tallies.items():
            self.tallies[key] = tallies.scaled(tally, scale)
        self.epoch = epoch
        self._changed.update(self.tallies)

    def _tallies(
        self, factor: int, channel: int, stage: int, labels: Labels, at: int
    ) -> list[Tally]:
        """What something counts in; ``factor`` and ``stage`` 0 = none."""
        tier, region, segment, agent, branch = labels
        places = self._places
        keys = [CUBE_KEYS[factor, tier, channel]]
        if stage:
            keys.append(STAGE_KEYS[stage])
        if region:
            keys.append(places[REGION].get(region) or self._enter(REGION, region, at))
        if segment:
            keys.append(places[SEGMENT].get(segment) or self._enter(SEGMENT, segment, at))
        if agent:
            keys.append(places[AGENT].get(agent) or self._enter(AGENT, agent, at))
        if branch:
            keys.append(places[BRANCH].get(branch) or self._enter(BRANCH, branch, at))
        self._changed.update(keys)
        found = self.tallies
        try:
            return [found[key] for key in keys]
        except KeyError:  # one is new
            return [found.setdefault(key, tallies.blank()) for key in keys]

    def _touch(self, key: bytes) -> None:
        if key not in self.tallies:
            self.tallies[key] = tallies.blank()
        self._changed.add(key)

    def _enter(self, letter: bytes, name: str, at: int) -> bytes:
        """A place for a new name; ``other`` where there is none."""
        key = self._place(letter, name, at // MS_PER_DAY)
        if key[1:] == OTHER:
            self.refused[key] = self.refused.get(key, 0) + 1
        return key

    def _place(self, letter: bytes, name: str, day: int) -> bytes:
        places = self._places[letter]
        if name in places:
            return places[name]
        if not self._bounded or len(places) < BOUNDS[letter]:
            key = letter + (len(places) + 1).to_bytes(2, "big")
        else:
            key = self._faded(letter, day) or letter + OTHER
        if key[1:] != OTHER:
            self._name(key, name)
        return key

    def _name(self, key: bytes, name: str) -> None:
        self.names[key] = name
        self._places[key[:1]][name] = key

    def _faded(self, letter: bytes, day: int) -> bytes | None:
        """The place that has faded most, emptied into ``other``; looked for once a UTC day."""
        other = letter + OTHER
        if day <= self._looked.get(other, -1):
            return None
        self._touch(other)
        self._looked[other] = day
        assert self.epoch is not None
        left = power(self.epoch - day * MS_PER_DAY / self.half_life_ms)
        places = self._places[letter]
        key = min(places.values(), key=lambda key: (_volume(self.tallies[key]), key))
        if _volume(self.tallies[key]) * left >= FADED:
            return None
        tallies.add(self.tallies[other], self.tallies[key])
        self.tallies[key] = tallies.blank()
        del places[self.names[key]]
        return key


def _volume(tally: Tally) -> float:
    return abs(tally[WEIGHT]) + abs(tally[KEPT]) + abs(tally[BROKEN]) + abs(tally[CONTACTS])
