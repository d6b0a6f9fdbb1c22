"""What one partition knows over all its customers, small enough to be written with a commit.

Kept up to date inside the rules: customers by tier, open and overdue complaints by tier, and
decayed sums of moment scores by (factor, tier, channel). Bound: 7 x 5 x 10 such sums.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from domain.decay import MAX_EXPONENT, epoch_of, weight_at
from domain.parts import Moment
from domain.policy import FACTORS, TIERS

FORMAT = 1
CHANNELS = (
    "app", "web", "branch", "call_centre", "sms", "email", "wechat", "atm", "mail", "other",
)  # fmt: skip
CHANNEL_INDEX = {name: index for index, name in enumerate(CHANNELS)}


class AggregatesFormatError(ValueError):
    """Bytes of a format this version does not read."""


class SatisfactionRow(NamedTuple):
    """Decayed satisfaction of one cell; ``weight`` is the sum of weights as of ``now``."""

    factor: str
    tier: str
    channel: str
    score: float
    weight: float


class _Form(msgspec.Struct, array_like=True):
    customers: list[int]
    complaints_open: list[int]
    complaints_overdue: list[int]
    epoch: int | None
    half_life_ms: float
    sums: dict[int, tuple[float, float]]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Form)


class Aggregates:
    """Counts and sums over the customers of one partition; lists are indexed by tier."""

    __slots__ = (
        "changed",
        "complaints_open",
        "complaints_overdue",
        "customers",
        "epoch",
        "half_life_ms",
        "sums",
    )

    def __init__(self) -> None:
        self.changed = False
        self.customers = [0] * len(TIERS)
        self.complaints_open = [0] * len(TIERS)
        self.complaints_overdue = [0] * len(TIERS)
        self.epoch: int | None = None
        self.half_life_ms = 0.0
        self.sums: dict[int, tuple[float, float]] = {}

    def to_bytes(self) -> bytes:
        """Format byte and msgpack; clears ``changed``."""
        self.changed = False
        return bytes((FORMAT,)) + _encoder.encode(
            _Form(
                self.customers,
                self.complaints_open,
                self.complaints_overdue,
                self.epoch,
                self.half_life_ms,
                self.sums,
            )
        )

    @classmethod
    def from_bytes(cls, value: bytes | None) -> Aggregates:
        """What ``to_bytes`` wrote; empty for ``None``. Raises AggregatesFormatError."""
        aggregates = cls()
        if value is None:
            return aggregates
        if value[:1] != bytes((FORMAT,)):
            raise AggregatesFormatError(
                f"aggregates have format {value[:1]!r}; this version reads {FORMAT}"
            )
        form = _decoder.decode(value[1:])
        aggregates.customers = form.customers
        aggregates.complaints_open = form.complaints_open
        aggregates.complaints_overdue = form.complaints_overdue
        aggregates.epoch = form.epoch
        aggregates.half_life_ms = form.half_life_ms
        aggregates.sums = form.sums
        return aggregates

    def add_customer(self) -> None:
        """A customer was met for the first time; everyone starts as ``standard``."""
        self.customers[0] += 1
        self.changed = True

    def remove_customer(self, tier: int, complaints_open: int, overdue: int) -> None:
        """A customer was erased; what it added to the sums of moments stays, nameless."""
        self.customers[tier] -= 1
        self.complaints_open[tier] -= complaints_open
        self.complaints_overdue[tier] -= overdue
        self.changed = True

    def move(self, tier_from: int, tier_to: int, complaints_open: int, overdue: int) -> None:
        """A customer changes tier and takes open and overdue complaints along."""
        for counts, count in (
            (self.customers, 1),
            (self.complaints_open, complaints_open),
            (self.complaints_overdue, overdue),
        ):
            counts[tier_from] -= count
            counts[tier_to] += count
        self.changed = True

    def count_complaints(self, tier: int, more_open: int, more_overdue: int) -> None:
        """Open and overdue complaints of a tier grew (or shrank) by so many."""
        if more_open or more_overdue:
            self.complaints_open[tier] += more_open
            self.complaints_overdue[tier] += more_overdue
            self.changed = True

    def add_moment(self, moment: Moment, tier: int, half_life_ms: float, sign: float = 1.0) -> None:
        """Add a moment of a customer of ``tier``, or (``sign`` -1) take one back.

        A changed half-life starts the sums anew: weights of two half-lives cannot be mixed.
        """
        at, weight, score, factor, channel, _, _ = moment
        if half_life_ms != self.half_life_ms:
            self.half_life_ms, self.epoch, self.sums = half_life_ms, None, {}
        if self.epoch is None:
            self.epoch = epoch_of(at, half_life_ms)
        elif at / half_life_ms - self.epoch > MAX_EXPONENT:
            self._rebase(epoch_of(at, half_life_ms))
        decayed = sign * weight * weight_at(at, half_life_ms, self.epoch)
        cell = (factor * len(TIERS) + tier) * len(CHANNELS) + channel
        weights, scores = self.sums.get(cell, (0.0, 0.0))
        self.sums[cell] = (weights + decayed, scores + decayed * score)
        self.changed = True

    def _rebase(self, epoch: int) -> None:
        assert self.epoch is not None
        scale = 2.0 ** (self.epoch - epoch)
        self.sums = {cell: (w * scale, s * scale) for cell, (w, s) in self.sums.items()}
        self.epoch = epoch

    def satisfaction_rows(self, now: int) -> list[SatisfactionRow]:
        """Every cell with a weight that still counts as of ``now`` (ms)."""
        rows: list[SatisfactionRow] = []
        for cell, (weights, scores) in sorted(self.sums.items()):
            if self.epoch is None or weights <= 0.0:
                continue
            rest, channel = divmod(cell, len(CHANNELS))
            factor, tier = divmod(rest, len(TIERS))
            name = FACTORS[factor - 1] if factor else "none"
            # For a partition long silent the weight as of now rounds to 0.
            weight = weights * 2.0 ** (self.epoch - now / self.half_life_ms)
            rows.append(
                SatisfactionRow(name, TIERS[tier], CHANNELS[channel], scores / weights, weight)
            )
        return rows
