"""Satisfaction by tier and channel of all partitions in, signals of unlike treatment out."""

from __future__ import annotations

from collections.abc import Sequence

from agents.modelling import Made, Modelling
from domain.experience.inconsistency.detector import Detector
from domain.experience.inconsistency.summary import Snapshot, load_snapshot
from domain.policy import Policy
from domain.policy.experience import ExperienceRules
from schemas.inconsistencies import INCONSISTENCIES_KEY, Inconsistencies
from schemas.topics import PARTITION_SUMMARIES, PORTFOLIO


def inconsistencies(policy: Policy) -> Modelling[Snapshot, Inconsistencies]:
    """The inconsistencies agent under a policy."""
    return Modelling(
        kind=Inconsistencies.kind,
        source=PARTITION_SUMMARIES,
        target=PORTFOLIO,
        key=INCONSISTENCIES_KEY,
        load_summary=load_snapshot,
        load_record=Inconsistencies.model_validate_json,
        fitter=lambda previous: _Fits(policy.experience, previous),
    )


class _Fits:
    """The detector as a maker of records."""

    def __init__(self, rules: ExperienceRules, previous: Inconsistencies | None) -> None:
        self._detector = Detector(rules, previous)

    def fit(self, summaries: Sequence[Snapshot], now: int) -> Made[Inconsistencies] | None:
        """The record and the signals, where anything new is inconsistent."""
        found = self._detector.fit(summaries, now)
        return None if found is None else Made(found.record, found.outputs)


__all__ = ["inconsistencies"]
