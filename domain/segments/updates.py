"""What is said when a customer enters, leaves or changes segment."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Final

import numpy as np

from domain.customer.state import CORE, CoreOnly, Customer
from domain.kernel.wording import Wording
from domain.segmentation.assign import Assigner
from domain.segmentation.features import Floats
from schemas.fields import TimeText, moment, rfc3339
from schemas.outputs import SegmentUpdate, output_id
from schemas.segments import QUARANTINE, SegmentModel
from schemas.told import Told

SHOWN_FEATURES = 3
FEATURE: Final = Wording("segment.feature", "{feature:words} {value:figure}")
MOVE: Final = Wording("segment.feature_moved", "{feature:words} {before:figure} to {value:figure}")
ENTERED: Final = Wording("segment.entered", "Has become part of {segment}: {shown:said,}.")
MOVED: Final = Wording("segment.moved", "Moved from {before} to {segment}: {shown:said,}.")
REDRAWN: Final = Wording(
    "segment.redrawn",
    "Moved from {before} to {segment}: the customer's own figures stayed, the segments were drawn"
    " anew (model version {version}).",
)
LEFT: Final = Wording(
    "segment.left", "Left {segment}: no app click within 7 days, the last was at {last}."
)
UNKNOWN: Final = Wording(
    "segment.unknown", "Left {segment}: a figure that segments are made by is not known any more."
)
ERASED: Final = Wording("segment.erased", "Left {segment}: erased at the customer's request.")
MOVED_DEVIATIONS = 0.05
"""A feature has moved when it did so by this many standard deviations of all customers."""


class Updates:
    """Makes the updates of one partition; knows the names of segments, those gone by included.

    At most some tens of ids are ever met, so names are never forgotten.
    """

    __slots__ = ("_assigner", "_features", "_names", "version")

    def __init__(self, version: int = 0) -> None:
        self.version = version
        self._assigner: Assigner | None = None
        self._features: tuple[str, ...] = ()
        self._names: dict[str, str] = {QUARANTINE: QUARANTINE}

    def use(self, model: SegmentModel, assigner: Assigner) -> None:
        """Speak of this model from now on."""
        self.version = model.version
        self._assigner, self._features = assigner, model.features
        self._names |= {card.segment_id: card.name for card in model.segments}

    def enter(
        self, customers: Sequence[Customer | CoreOnly], to: Sequence[str], vectors: Floats, at: int
    ) -> list[SegmentUpdate]:
        """Let each customer enter its segment of ``to`` at ``at`` (ms), from none or another.

        ``vectors`` (n, d) are what they enter with, in real units. Worked out for all at once:
        a new model may move a hundred thousand.
        """
        assert self._assigner is not None
        when, held = rfc3339(moment(at)), _held(customers, vectors)
        standard = self._assigner.standardise(vectors)
        by = np.abs(standard - self._assigner.standardise(held))
        fresh = np.array([not customer.core.segment for customer in customers])
        by[fresh] = np.abs(standard[fresh])
        largest = np.argsort(-by, axis=1, kind="stable")[:, :SHOWN_FEATURES]
        # Who was in no segment is described, not compared: features tell even if they are usual.
        told = (np.take_along_axis(by, largest, axis=1) > MOVED_DEVIATIONS) | fresh[:, np.newaxis]
        columns = (vectors.tolist(), held.tolist(), largest.tolist(), told.tolist())
        return [
            self._enter(
                customer, one, when, vector=vector, then=then, told=list(compress(most, far))
            )
            for customer, one, vector, then, most, far in zip(customers, to, *columns, strict=True)
        ]

    def _enter(
        self,
        customer: Customer | CoreOnly,
        to: str,
        when: TimeText,
        *,
        vector: list[float],
        then: list[float],
        told: list[int],
    ) -> SegmentUpdate:
        """``told`` holds the places of the features to be told of."""
        before, name = self._name(customer.core.segment), self._name(to)
        features = self._features
        if not customer.core.segment:
            shown = [FEATURE(feature=features[p], value=vector[p]) for p in told]
            reason = ENTERED(segment=name, shown=shown)
            return self._update(customer, to, when, reason, vector=vector)
        if told:
            moved = [MOVE(feature=features[p], before=then[p], value=vector[p]) for p in told]
            reason = MOVED(before=before, segment=name, shown=moved)
        else:
            reason = REDRAWN(before=before, segment=name, version=self.version)
        figures = {self._features[p]: vector[p] - then[p] for p in told}
        return self._update(customer, to, when, reason, vector=vector, figures=figures)

    def leave(self, customer: Customer, at: int) -> SegmentUpdate:
        """Let the customer leave its segment at ``at`` (ms): its last click left the window."""
        last = rfc3339(moment(customer.core.newest_click))
        name = self._name(customer.core.segment)
        reason = LEFT(segment=name, last=last)
        return self._update(customer, "", rfc3339(moment(at)), reason, vector=[])

    def lose(self, customer: Customer, at: int) -> SegmentUpdate:
        """Let the customer leave its segment at ``at`` (ms): a figure is not known."""
        reason = UNKNOWN(segment=self._name(customer.core.segment))
        return self._update(customer, "", rfc3339(moment(at)), reason, vector=[])

    def erase(self, customer: Customer, at: int) -> SegmentUpdate:
        """Let the customer leave its segment at ``at`` (ms): it is to be forgotten."""
        reason = ERASED(segment=self._name(customer.core.segment))
        return self._update(customer, "", rfc3339(moment(at)), reason, vector=[])

    def _update(
        self,
        customer: Customer | CoreOnly,
        to: str,
        when: TimeText,
        reason: Told,
        *,
        vector: list[float],
        figures: dict[str, float] | None = None,
    ) -> SegmentUpdate:
        core = customer.core
        before = core.segment
        core.segment, core.entered_with, core.away_since = to, vector, 0
        core.segment_changes += 1
        customer.touched |= CORE
        return SegmentUpdate(
            # after an erasure the customer starts anew, and with it the count of changes
            update_id=output_id("segment", customer.customer_id, core.born, core.segment_changes),
            customer_id=customer.customer_id,
            from_segment=before or None,
            to_segment=to or None,
            segment_name=self._name(to) if to else None,
            model_version=self.version,
            occurred_at=when,
            figures=figures or None,
            reason=reason,
        )

    def _name(self, segment_id: str) -> str:
        return self._names.get(segment_id, segment_id)


def _held(customers: Sequence[Customer | CoreOnly], vectors: Floats) -> Floats:
    """What each customer entered its segment with (n, d); where that does not fit, ``vectors``."""
    width = vectors.shape[1]
    rows = [customer.core.entered_with for customer in customers]
    return np.array(
        [row if len(row) == width else now for row, now in zip(rows, vectors, strict=True)]
    )
