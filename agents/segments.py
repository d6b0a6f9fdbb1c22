"""The segments agent: snapshots of all partitions in, the one model of all workers out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from domain.policy import Policy
from domain.segmentation.fit import Fitter
from domain.segmentation.summary import load_summary
from schemas.segments import MODEL_KEY, SegmentModel
from schemas.topics import PARTITION_SUMMARIES, SEGMENT_MODEL


class Fits(Protocol):
    """What makes models; it goes on from the one it was made with."""

    def fit(self, summaries: Sequence[Any], now: int) -> Any | None:
        """A model worth publishing at ``now`` (ms), or ``None``. Long: not on the event loop."""


@dataclass(frozen=True, slots=True)
class Modelling:
    """Where snapshots come from and models go to, and the pure functions between.

    ``load_summary`` and ``load_model`` raise ``ValueError`` on bytes that are torn or foreign.
    ``fitter`` goes on from a model, or begins with ``None``.
    """

    source: str
    target: str
    key: bytes
    load_summary: Callable[[bytes], Any]
    load_model: Callable[[bytes], Any]
    fitter: Callable[[Any | None], Fits]


def segments(policy: Policy) -> Modelling:
    """The segments agent under a policy."""
    return Modelling(
        source=PARTITION_SUMMARIES,
        target=SEGMENT_MODEL,
        key=MODEL_KEY,
        load_summary=load_summary,
        load_model=SegmentModel.model_validate_json,
        fitter=lambda previous: Fitter(policy.segments, previous),
    )


__all__ = ["Fits", "Modelling", "segments"]
