"""Which tiers are treated unlike from channel to channel, by the moments of all partitions.

Each is signalled once a UTC day for as long as it is so. Sums of partitions that told of earlier
hours are faded to the newest hour, so a partition that is silent counts with what is left of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.experience.consistency import Channel, consistency
from domain.experience.inconsistency.summary import Snapshot
from domain.experience.score_rows import inconsistency_signal
from domain.kernel.scales import CHANNELS, TIERS
from domain.kernel.units import MS_PER_DAY, MS_PER_HOUR
from domain.policy.experience import ExperienceRules
from schemas.fields import moment, rfc3339
from schemas.inconsistencies import Inconsistencies
from schemas.outputs import Signal, output_id

DIGITS = 9
"""Scores are compared to so many: sums of parts are the same whatever the partitioning."""


class Found(NamedTuple):
    """The record of what has been signalled, and the signals of the news in it."""

    record: Inconsistencies
    outputs: Sequence[Signal]


class Detector:
    """Goes on from what ``previous`` says was signalled."""

    def __init__(self, rules: ExperienceRules, previous: Inconsistencies | None = None) -> None:
        self._rules = rules
        self._version = previous.version if previous else 0
        self._told = dict(previous.days) if previous else {}

    def fit(self, snapshots: Sequence[Snapshot], now: int) -> Found | None:
        """What is inconsistent in the newest snapshot of each partition and not signalled today.

        Days are those of the partitions' clocks, so ``now`` (ms) does not matter.
        """
        del now
        if not snapshots:
            return None
        at = max(each.hour for each in snapshots) * MS_PER_HOUR
        day = at // MS_PER_DAY
        signals = []
        for tier, channels in sorted(_merged(snapshots, at).items()):
            name = TIERS[tier]
            if self._told.get(name, -1) >= day:
                continue
            signal = inconsistency_signal("tier", name, consistency(channels, self._rules), at)
            if signal is not None:
                self._told[name] = day
                signals.append(signal)
        if not signals:
            return None
        self._version += 1
        record = Inconsistencies(
            inconsistencies_id=output_id("inconsistencies", self._version),
            version=self._version,
            occurred_at=moment(at),
            reason=f"Signalled at {rfc3339(moment(at))}: {len(signals)} of {len(TIERS)} tiers.",
            days=dict(sorted(self._told.items())),
        )
        return Found(record, signals)


def _merged(snapshots: Sequence[Snapshot], at: int) -> dict[int, dict[str, Channel]]:
    """Satisfaction by tier and channel over all partitions, weights as of ``at`` (ms)."""
    sums: dict[tuple[int, int], tuple[float, float]] = {}
    for each in sorted(snapshots, key=lambda one: one.partition):
        left = 2.0 ** max((each.hour * MS_PER_HOUR - at) / each.half_life_ms, -1_000.0)
        for tier, channel, weight, scored in each.cells:
            before = sums.get((tier, channel), (0.0, 0.0))
            sums[tier, channel] = (before[0] + weight * left, before[1] + scored * left)
    tiers: dict[int, dict[str, Channel]] = {}
    for (tier, channel), (weight, scored) in sorted(sums.items()):
        if weight > 0:
            one = Channel(round(scored / weight, DIGITS), weight)
            tiers.setdefault(tier, {})[CHANNELS[channel]] = one
    return tiers
