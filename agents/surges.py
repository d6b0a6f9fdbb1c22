"""The surges agent: hourly complaints of all partitions in, systemic issues out."""

from __future__ import annotations

from collections.abc import Sequence

from agents.modelling import Made, Modelling
from domain.complaints.surges.detector import Detector
from domain.complaints.surges.summary import Snapshot, load_snapshot
from domain.policy import Policy
from domain.policy.complaints import SystemicIssues
from schemas.surges import SURGES_KEY, Surges
from schemas.topics import PARTITION_SUMMARIES, PORTFOLIO


def surges(policy: Policy) -> Modelling[Snapshot, Surges]:
    """The surges agent under a policy."""
    return Modelling(
        kind=Surges.kind,
        source=PARTITION_SUMMARIES,
        target=PORTFOLIO,
        key=SURGES_KEY,
        load_summary=load_snapshot,
        load_record=Surges.model_validate_json,
        fitter=lambda previous: _Fits(policy.complaints.systemic, previous),
    )


class _Fits:
    """The detector as a maker of records."""

    def __init__(self, rules: SystemicIssues, previous: Surges | None) -> None:
        self._detector = Detector(rules, previous)

    def fit(self, summaries: Sequence[Snapshot], now: int) -> Made[Surges] | None:
        """The record and the signals, where anything new stands out."""
        found = self._detector.fit(summaries, now)
        return None if found is None else Made(found.record, found.outputs)


__all__ = ["surges"]
