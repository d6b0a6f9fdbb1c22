"""Whether a fit is worth a new version of the model, and the sentence that says why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.policy.segments import SegmentRules
from domain.segmentation.features import FeatureSet
from domain.segmentation.identity import farthest_move
from domain.segmentation.population import Scaler
from domain.segmentation.shares import Drawn
from schemas.fields import milliseconds
from schemas.segments import SegmentModel

Floats = NDArray[np.float64]

SIZE_SHARE = 0.01
"""A size has changed when it differs by this share of itself, and by one customer at least."""
OUTLIER_SHIFTS = 10
"""An outlier's centre may move this many times as far as a centroid."""


def scaler_of(model: SegmentModel) -> Scaler:
    """The scaler that a model standardises by."""
    return Scaler(np.array(model.mean), np.array(model.scale), np.sqrt(np.array(model.weights)))


def transformed(model: SegmentModel, rows: tuple[tuple[float, ...], ...]) -> Floats:
    """Centroids or outliers (n, d) of a model in transformed units, less its scaler."""
    return scaler_of(model).restore(np.array(rows).reshape(-1, len(model.features)))


def priors(model: SegmentModel) -> tuple[Drawn, ...]:
    """Which shares a model draws towards the mean, by place, and how much the mean weighs."""
    place = model.features.index
    return tuple(Drawn(place(each.feature), place(each.of), each.prior) for each in model.drawn)


def redrawn(
    rows: Floats, model: SegmentModel, features: FeatureSet, usual: tuple[float, ...]
) -> Floats:
    """Centres (n, d) of a model, transformed, as they are where other means are usual.

    Whoever lies there is taken to have the count, of which the share is, of the centre. A model
    from before shares were drawn has them as they are.
    """
    found = rows.copy()
    counts = features.restore(rows)
    for each, before in zip(priors(model), model.drawn, strict=True):
        told = each.told(found[:, each.share], counts[:, each.of], before.mean)
        found[:, each.share] = told
    for each, mean in zip(features.drawn, usual, strict=True):
        found[:, each.share] = each.seen(found[:, each.share], counts[:, each.of], mean)
    return found


def why_publish(
    old: SegmentModel | None, new: SegmentModel, rules: SegmentRules, now: int
) -> str | None:
    """The reason to publish `new` after `old`, with its numbers; None where there is none."""
    if old is None or old.features != new.features:
        return (
            f"{'first model' if old is None else 'the features changed'}: {len(new.segments)}"
            f" segments of {new.customers} customers{_measured(new)}"
        )
    reasons = [
        *_ids(old, new),
        *_policy(old, new),
        *_moves(old, new, rules.publish_shift),
        *_outliers(old, new, OUTLIER_SHIFTS * rules.publish_shift),
    ]
    if new.drift:
        reasons.append(f"drift showed, and a new scan came to {len(new.segments)} segments")
    if not reasons:
        reasons = _sizes(old, new, rules.publish_seconds, now)
    return "; ".join(reasons)[:1_000] or None


def _measured(model: SegmentModel) -> str:
    silhouette = model.silhouettes.get(len(model.segments))
    return "" if silhouette is None else f", mean silhouette {silhouette:.3f}"


def _ids(old: SegmentModel, new: SegmentModel) -> list[str]:
    before, after = set(old.segment_ids), set(new.segment_ids)
    reasons = []
    if len(after) != len(before):
        figures = [
            f"{k}: {new.silhouettes[k]:.3f}"
            for k in (len(before), len(after))
            if k in new.silhouettes
        ]
        measured = f" (mean silhouettes {', '.join(figures)})" if figures else ""
        reasons.append(f"K went from {len(before)} to {len(after)}{measured}")
    sizes = {card.segment_id: card.size for card in (*old.segments, *new.segments)}
    for words, ids in (("new", after - before), ("gone", before - after)):
        reasons += [f"{each} of {sizes[each]} customers is {words}" for each in sorted(ids)]
    return reasons


def _policy(old: SegmentModel, new: SegmentModel) -> list[str]:
    reasons = []
    if _judges_by(old) != _judges_by(new):
        reasons.append("the policy's margins, hold, weights or share prior changed")
    before = {card.segment_id: card for card in old.segments}
    for card in new.segments:
        known = before.get(card.segment_id)
        if known and known.name != card.name:
            reasons.append(f"{card.segment_id} is now called {card.name}, was {known.name}")
        elif known and known.strategy != card.strategy:
            reasons.append(f"{card.segment_id} has a new strategy text")
    return reasons


def _judges_by(model: SegmentModel) -> tuple[object, ...]:
    hysteresis = model.margin, model.clear_margin, model.hold_hours
    return *hysteresis, model.weights, model.logged, priors(model)


def _moves(old: SegmentModel, new: SegmentModel, shift: float) -> list[str]:
    """Centroids, and the scaler they are measured by, that moved by over `shift` deviations."""
    scale = np.array(new.scale)
    rows = dict(zip(old.segment_ids, transformed(old, old.centroids), strict=True))
    reasons = []
    for identity, row in zip(new.segment_ids, transformed(new, new.centroids), strict=True):
        if identity in rows:
            moved = np.abs(row - rows[identity]) / scale
            most = int(np.argmax(moved))
            if moved[most] > shift:
                reasons.append(
                    f"{identity} moved by {moved[most]:.3f} standard deviations"
                    f" in {new.features[most]}"
                )
    change = np.abs(np.log(scale / np.array(old.scale)))
    most = int(np.argmax(change))
    if change[most] > shift:
        reasons.append(
            f"the standard deviation of {new.features[most]} went"
            f" from {old.scale[most]:.3g} to {new.scale[most]:.3g}"
        )
    return reasons


def _outliers(old: SegmentModel, new: SegmentModel, shift: float) -> list[str]:
    """A centre of outliers came, went or is elsewhere."""
    if len(old.outliers) != len(new.outliers):
        return [
            f"centres of outliers went from {len(old.outliers)} to {len(new.outliers)}"
            f" ({new.quarantined} customers in quarantine)"
        ]
    if not new.outliers:
        return []
    scale = np.array(new.scale)
    before, after = transformed(old, old.outliers) / scale, transformed(new, new.outliers) / scale
    apart = farthest_move(before, after)
    if apart <= shift:
        return []
    return [f"a centre of outliers moved by {apart:.2f} standard deviations"]


def _sizes(old: SegmentModel, new: SegmentModel, seconds: float, now: int) -> list[str]:
    """Cards that are old and no longer right."""
    age = (now - milliseconds(old.occurred_at)) / 1_000
    if 0 <= age < seconds:
        return []
    before = {card.segment_id: card.size for card in old.segments}
    changed = [
        f"{card.segment_id} went from {before[card.segment_id]} to {card.size} customers"
        for card in new.segments
        if abs(card.size - before[card.segment_id]) >= max(1, SIZE_SHARE * before[card.segment_id])
    ]
    return [f"cards are {age:.0f} s old", *changed] if changed else []
