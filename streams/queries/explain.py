"""Why a customer is in its segment: its figures beside others', and what a move would take."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from domain.kernel.words import feature_words, listed
from domain.policy import Policy
from domain.segmentation.assign import Assigner
from schemas.fields import moment, rfc3339
from schemas.segments import QUARANTINE, SegmentCard, SegmentModel
from streams.queries.segments import Member, name_of, vector

ALONE = "behaves like no segment (an outlier): kept out of every audience"


class Feature(msgspec.Struct):
    """One feature in real units.

    ``deviation``: by how many standard deviations of all customers this one lies above their mean
    (of the logarithm, for counts). ``all_average`` leaves the quarantined out.
    """

    feature: str
    value: float
    segment_average: float | None
    all_average: float
    deviation: float


class Distance(msgspec.Struct):
    """How far a segment's centroid is, in weighted standard deviations."""

    segment: str
    name: str
    distance: float


class Explanation(msgspec.Struct):
    """A customer and its segment by the newest model; ``missing`` says why something is not there.

    The customer moves to ``nearest_other`` once that is nearer than ``moves_below`` and has been
    for ``hold_hours``, or at once below ``moves_at_once_below``; ``to_go`` is how much nearer it
    would have to come. All are distances as in ``distances``. ``moves_at`` is when it moves if
    nothing changes, where its worker saw it past the margin.
    """

    customer_id: str
    as_of: str
    model_version: int
    segment: str | None = None
    segment_name: str | None = None
    strategy: str | None = None
    missing: str | None = None
    last_click_at: str | None = None
    features: list[Feature] = []
    distances: list[Distance] = []
    margin: float = 0.0
    nearest_other: str | None = None
    hold_hours: float = 0.0
    moves_below: float | None = None
    moves_at_once_below: float | None = None
    to_go: float | None = None
    moves_at: str | None = None


def explain(one: Member, model: SegmentModel, policy: Policy) -> Explanation:
    """What is known of a customer's segment, as committed, by ``model``."""
    core = one.core
    told = Explanation(one.customer_id, _time(one.as_of), model.version, margin=model.margin)
    told.last_click_at = _time(core.newest_click) if core.newest_click else None
    card = next((card for card in model.segments if card.segment_id == core.segment), None)
    if core.segment:
        told.segment, told.segment_name = core.segment, name_of(model, core.segment)
    if core.segment == QUARANTINE:
        told.strategy = ALONE
    elif card is not None:
        told.strategy = card.strategy
    values = vector(one, model.features, policy)
    told.missing = _missing(told, card, values, model.features)
    if values is None or len(values) != len(model.features):
        return told
    raw = [values[name] for name in model.features]
    assigner = Assigner(model)
    told.features = _features(raw, card, assigner)
    _distances(told, raw, assigner, core.away_since)
    return told


def _missing(
    told: Explanation,
    card: SegmentCard | None,
    values: dict[str, float] | None,
    features: tuple[str, ...],
) -> str | None:
    if values is None:
        last = f"the last was at {told.last_click_at}" if told.last_click_at else "there was none"
        left = "; it is still to leave its segment" if told.segment else ""
        return f"no vector: no app click within 7 days, {last}{left}"
    lacking = tuple(feature_words(name) for name in features if name not in values)
    if lacking and told.segment is None:
        return f"no vector: not known is {listed(lacking)}"
    if told.segment is None:
        return "not judged yet: there was no model when its worker last looked"
    if card is None and told.segment != QUARANTINE:
        return (
            f"model version {told.model_version} has no {told.segment} any more: "
            "its worker is still to judge it anew"
        )
    return None


def _features(raw: Sequence[float], card: SegmentCard | None, assigner: Assigner) -> list[Feature]:
    model = assigner.model
    deviations = assigner.standardise(raw) / np.sqrt(model.weights)
    customers = sum(each.size for each in model.segments) or 1
    return [
        Feature(
            name,
            value,
            card.centroid.get(name) if card is not None else None,
            sum(each.size * each.centroid.get(name, 0.0) for each in model.segments) / customers,
            float(deviation),
        )
        for name, value, deviation in zip(model.features, raw, deviations, strict=True)
    ]


def _distances(
    told: Explanation, raw: Sequence[float], assigner: Assigner, away_since: int
) -> None:
    """Distances to all labels, and the rule of hysteresis that `Assigner.judge_at` goes by."""
    model = assigner.model
    found = dict(zip(assigner.ids, assigner.distances([raw])[0].tolist(), strict=True))
    if not model.outliers:
        del found[QUARANTINE]
    told.distances = [Distance(each, name_of(model, each), apart) for each, apart in found.items()]
    others = {each: apart for each, apart in found.items() if each != told.segment}
    if told.segment not in found or not others:
        return
    told.nearest_other = min(others, key=others.__getitem__)
    told.moves_below = (1.0 - model.margin) * found[told.segment]
    told.hold_hours = model.hold_hours
    told.moves_at_once_below = (1.0 - model.clear_margin) * found[told.segment]
    told.to_go = max(0.0, others[told.nearest_other] - told.moves_below)
    if away_since and not told.to_go:
        told.moves_at = _time(away_since + assigner.hold_ms)


def _time(at: int) -> str:
    return rfc3339(moment(at))
