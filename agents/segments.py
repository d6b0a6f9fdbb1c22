"""The segments agent: snapshots of all partitions in, the one model of all workers out."""

from __future__ import annotations

from collections.abc import Sequence

from agents.modelling import Made, Modelling
from domain.policy import Policy
from domain.policy.segments import SegmentRules
from domain.segmentation.fit import Fitter
from domain.segmentation.summary import Summary, load_summary
from schemas.segments import MODEL_KEY, SegmentModel
from schemas.topics import PARTITION_SUMMARIES, SEGMENT_MODEL


def segments(policy: Policy) -> Modelling[Summary, SegmentModel]:
    """The segments agent under a policy."""
    return Modelling(
        kind=SegmentModel.kind,
        source=PARTITION_SUMMARIES,
        target=SEGMENT_MODEL,
        key=MODEL_KEY,
        load_summary=load_summary,
        load_record=SegmentModel.model_validate_json,
        fitter=lambda previous: _Fits(policy.segments, previous),
    )


class _Fits:
    """The fitter of segments as a maker of records."""

    def __init__(self, rules: SegmentRules, previous: SegmentModel | None) -> None:
        self._fitter = Fitter(rules, previous)

    def fit(self, summaries: Sequence[Summary], now: int) -> Made[SegmentModel] | None:
        """The next model, where one is worth publishing."""
        model = self._fitter.fit(summaries, now)
        return None if model is None else Made(model)


__all__ = ["segments"]
