"""The standings agent: what customers are worth in all partitions in, the lines of classes out."""

from __future__ import annotations

from collections.abc import Sequence

from agents.modelling import Made, Modelling
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.policy.value import ValueRules
from domain.value.ranks import Ranks
from domain.value.snapshot import Snapshot, load_snapshot
from schemas.standings import STANDINGS_KEY, Standings
from schemas.topics import PARTITION_SUMMARIES, PORTFOLIO


def standings(policy: Policy) -> Modelling[Snapshot, Standings]:
    """The standings agent under a policy."""
    return Modelling(
        kind=Standings.kind,
        source=PARTITION_SUMMARIES,
        target=PORTFOLIO,
        key=STANDINGS_KEY,
        load_summary=load_snapshot,
        load_record=Standings.model_validate_json,
        fitter=lambda previous: _Fits(policy.value, previous),
        replay_ms=MS_PER_DAY,
    )


class _Fits:
    """The ranking as a maker of records."""

    def __init__(self, rules: ValueRules, previous: Standings | None) -> None:
        self._ranks = Ranks(rules, previous)

    def fit(self, summaries: Sequence[Snapshot], now: int) -> Made[Standings] | None:
        """The next standings, where a line moved by more than its error."""
        record = self._ranks.fit(summaries, now)
        return None if record is None else Made(record)


__all__ = ["standings"]
