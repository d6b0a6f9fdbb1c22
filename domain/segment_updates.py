"""What is said when a customer enters, leaves or changes segment."""

from __future__ import annotations

from collections.abc import Sequence

from domain.segmentation.assign import Assigner
from domain.state import CORE, Customer
from domain.words import feature_words
from schemas.fields import moment, rfc3339
from schemas.outputs import SegmentUpdate, output_id
from schemas.segments import QUARANTINE, SegmentModel

SHOWN_FEATURES = 3
MOVED_DEVIATIONS = 0.05
"""A feature has moved when it did so by this many standard deviations of all customers."""

Moved = tuple[str, float, float]


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

    def enter(self, customer: Customer, to: str, vector: list[float], at: int) -> SegmentUpdate:
        """Let the customer enter ``to`` at ``at`` (ms), from none or from another segment."""
        core = customer.core
        moved = self._moved(core.entered_with, vector)
        before, name = self._name(core.segment), self._name(to)
        if not core.segment:
            reason = f"Has become part of {name}: {self._shown(vector)}."
        elif moved:
            told = ", ".join(
                f"{feature_words(f)} {_number(a)} to {_number(b)}" for f, a, b in moved
            )
            reason = f"Moved from {before} to {name}: {told}."
        else:
            reason = (
                f"Moved from {before} to {name}: the customer's own figures stayed, the segments"
                f" were drawn anew (model version {self.version})."
            )
        figures = {feature: now - then for feature, then, now in moved}
        return self._update(customer, to, at, reason, vector=vector, figures=figures)

    def leave(self, customer: Customer, at: int) -> SegmentUpdate:
        """Let the customer leave its segment at ``at`` (ms): its last click left the window."""
        last = rfc3339(moment(customer.core.newest_click))
        name = self._name(customer.core.segment)
        reason = f"Left {name}: no app click within 7 days, the last was at {last}."
        return self._update(customer, "", at, reason, vector=[], figures={})

    def _update(
        self,
        customer: Customer,
        to: str,
        at: int,
        reason: str,
        *,
        vector: list[float],
        figures: dict[str, float],
    ) -> SegmentUpdate:
        core = customer.core
        before = core.segment
        core.segment, core.entered_with = to, vector
        core.segment_changes += 1
        customer.touched |= CORE
        return SegmentUpdate(
            update_id=output_id("segment", customer.customer_id, core.segment_changes),
            customer_id=customer.customer_id,
            from_segment=before or None,
            to_segment=to or None,
            segment_name=self._name(to) if to else None,
            model_version=self.version,
            occurred_at=moment(at),
            figures=figures or None,
            reason=reason,
        )

    def _moved(self, before: Sequence[float], after: Sequence[float]) -> list[Moved]:
        """The features that moved most since the segment was entered: name, then and now."""
        if len(before) != len(after) or self._assigner is None:
            return []
        standardise = self._assigner.standardise_one
        by = [abs(b - a) for a, b in zip(standardise(before), standardise(after), strict=True)]
        return [
            (self._features[place], float(before[place]), float(after[place]))
            for place in _largest(by)
            if by[place] > MOVED_DEVIATIONS
        ]

    def _shown(self, vector: Sequence[float]) -> str:
        """The features in which this customer differs most from all."""
        assert self._assigner is not None
        far = [abs(value) for value in self._assigner.standardise_one(vector)]
        return ", ".join(
            f"{feature_words(self._features[p])} {_number(vector[p])}" for p in _largest(far)
        )

    def _name(self, segment_id: str) -> str:
        return self._names.get(segment_id, segment_id)


def _largest(values: Sequence[float]) -> list[int]:
    """Where the largest values are, the largest first."""
    return sorted(range(len(values)), key=lambda place: (-values[place], place))[:SHOWN_FEATURES]


def _shown(feature: str, value: float) -> str:
    return f"{feature_words(feature)} {_number(value)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
