"""The offline fit: clean, standardise, choose K, cluster, name. The live flow's own parts.

Where the live engine holds at most a few hundred micro-clusters, here every customer is one by
himself (up to `CAPACITY`), so that the fit is that of batch k-means++.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.spatial.distance import cdist

from domain.policy.segments import (
    BANK_FEATURES,
    FURTHER_FEATURES,
    SHARES,
    GenericRules,
    SegmentRules,
)
from domain.segmentation.clusterer import KeyedClusterer
from domain.segmentation.features import FeatureSet
from domain.segmentation.fit import Fitter
from domain.segmentation.numbers import QUARANTINED
from domain.segmentation.silhouette import scores
from schemas.segments import QUARANTINE, SegmentModel
from streams.reports.segments.plots import Projection
from streams.reports.segments.reading import SegmentFileError, Vectors
from streams.reports.segments.rows import Rejected

Floats = NDArray[np.float64]
Labels = NDArray[np.int16]
Step = Callable[[str], None]
"""Called with the name of each step of the work as it begins."""

CAPACITY: Final = 2_048
COMPARED: Final = 4_000
"""Most customers that a customer's silhouette is worked out against: every n-th of more."""
LARGEST: Final = 1e12
BLOCK: Final = 1_024
IMPOSSIBLE: Final = "rows with an impossible number"

COUNTED = BANK_FEATURES + FURTHER_FEATURES
"""Columns of these names are taken to be counts; of others nothing is known."""


@dataclass(frozen=True)
class OfflineFit:
    """What a fit found. Arrays are in the order of `vectors.customers` (m,).

    `labels` index `model.segments`, their number being quarantine; `second` is the nearest other
    segment; `distances` are to the own centre, standardised; `silhouettes` are NaN in quarantine.
    """

    vectors: Vectors
    model: SegmentModel
    labels: Labels
    second: Labels
    distances: Floats
    silhouettes: Floats
    standard: Floats

    @property
    def k(self) -> int:
        """How many segments there are."""
        return len(self.model.segments)

    def segment_of(self, label: int) -> tuple[str, str]:
        """Id and name of a label."""
        if label >= self.k:
            return QUARANTINE, QUARANTINE
        card = self.model.segments[label]
        return card.segment_id, card.name

    def deviations(self) -> Floats:
        """Each segment's mean (k, d) in standard deviations from the mean of all."""
        deviations: Floats = np.array(self.model.centroids) / np.sqrt(self.model.weights)
        return deviations

    def pushed(self, label: int) -> float | None:
        """Launches from a push as a share of all launches of a segment, customers together."""
        names = self.vectors.names
        if not {"push_share", "app_launches"} <= set(names):
            return None
        mine = self.vectors.raw[self.labels == label]
        launches = mine[:, names.index("app_launches")]
        pushed = launches @ mine[:, names.index("push_share")]
        return float(pushed / launches.sum()) if launches.any() else None

    def projection(self) -> Projection:
        """All customers on the two main axes of those that are in a segment."""
        inside = self.standard[self.labels < self.k]
        middle = inside.mean(axis=0)
        _, sizes, axes = np.linalg.svd(inside - middle, full_matrices=False)
        axes = np.vstack((axes, np.zeros_like(axes)))[:2]
        # An axis has no direction of its own: its largest part points up.
        largest = np.abs(axes).argmax(axis=1)
        axes *= np.where(axes[np.arange(2), largest] < 0, -1.0, 1.0)[:, None]
        shares = np.append(sizes**2, 0.0) / max(float((sizes**2).sum()), 1e-300)
        centres = np.array(self.model.centroids)
        return Projection(
            points=(self.standard - middle) @ axes.T,
            labels=self.labels,
            centres=(centres - middle) @ axes.T,
            explained=(float(shares[0]), float(shares[1])),
        )


def fit(
    vectors: Vectors,
    rules: SegmentRules,
    now: int,
    *,
    k: int | None = None,
    log: Sequence[str] = (),
    step: Step = lambda name: None,
) -> OfflineFit:
    """Segments of these customers; `now` (ms) is the model's time where the file has none.

    `k` pins the number of segments, `log` names columns to take `log1p` of beside the known counts.
    Raises `SegmentFileError`.
    """
    step("clean")
    rules = rules_for(vectors, rules, k, log)
    vectors = _clean(_select(vectors, rules.features), rules)
    if len(vectors.customers) < rules.min_customers:
        raise SegmentFileError(
            f"{len(vectors.customers)} customers have a vector; there must be at least"
            f" {rules.min_customers} (segments.min_customers of the policy)"
        )
    step("choose K and cluster")
    clusterer = _learnt(vectors, rules)
    model = _model(clusterer, rules, vectors.as_of if vectors.as_of is not None else now)
    step("assign")
    assigner = clusterer.adopt(model)
    count = len(model.segments)
    numbers = clusterer.predict_many(vectors.raw)
    labels = np.where(numbers == QUARANTINED, np.int16(count), numbers)
    apart = assigner.distances(vectors.raw)
    standard = assigner.standardise(vectors.raw)
    rows = np.arange(len(labels))
    distances = apart[rows, labels]
    apart[rows, labels] = np.inf
    return OfflineFit(
        vectors=vectors,
        model=model,
        labels=labels,
        second=apart[:, :count].argmin(axis=1).astype(np.int16),
        distances=distances,
        silhouettes=silhouettes(standard, labels, count),
        standard=standard,
    )


def rules_for(
    vectors: Vectors, rules: SegmentRules, k: int | None, log: Sequence[str]
) -> SegmentRules:
    """The policy's rules with the features of this file. Raises `SegmentFileError`."""
    strange = [name for name in log if name not in vectors.names]
    if strange:
        raise SegmentFileError(
            f"--log {strange[0]} is no column of the file; it has {', '.join(vectors.names)}"
        )
    changed = rules.model_dump()
    if k is not None:
        changed |= {"k": k, "k_max": max(k, rules.k_max)}
    kind: type[SegmentRules] = SegmentRules
    if vectors.as_of is not None:
        unknown = [name for name in rules.features if name not in vectors.names]
        if unknown:
            raise SegmentFileError(
                f"segments.features of the policy has {unknown[0]}, which clicks alone do not"
                f" tell; give a file of vectors, or features among {', '.join(vectors.names)}"
            )
    elif not log and set(vectors.names) <= set(COUNTED):
        changed["features"] = [name for name in COUNTED if name in vectors.names]
    else:
        kind = GenericRules
        counts = [name for name in vectors.names if name in COUNTED and name not in SHARES]
        changed |= {"features": vectors.names, "log": list(dict.fromkeys([*counts, *log]))}
        known = {name: of for name, of in SHARES.items() if {name, of} <= set(vectors.names)}
        changed["shares"] = known
    weights = changed["weights"].items()
    changed["weights"] = {name: each for name, each in weights if name in changed["features"]}
    try:
        return kind.model_validate(changed)
    except ValidationError as error:
        raise SegmentFileError(error.errors()[0]["msg"]) from error


def silhouettes(points: Floats, labels: Labels, k: int) -> Floats:
    """Silhouette (m,) of each of `points` (m, d) among clusters 0 to k - 1; NaN for other labels.

    Against at most `COMPARED` of them, a block of points at a time: see `domain.segmentation`'s.
    """
    inside = np.flatnonzero(labels < k)
    compared = inside[:: -(-len(inside) // COMPARED) or 1]
    members = (labels[compared, None] == np.arange(k)).astype(np.float64)
    counts = members.sum(axis=0)
    found = np.full(len(points), np.nan)
    among = np.isin(inside, compared)
    for start in range(0, len(inside), BLOCK):
        block = slice(start, start + BLOCK)
        rows = inside[block]
        sums = cdist(points[rows], points[compared]) @ members
        own = labels[rows]
        found[rows] = scores(sums, counts, own, counts[own] - among[block])
    return found


def _select(vectors: Vectors, features: tuple[str, ...]) -> Vectors:
    """The columns of these features, in their order."""
    columns = [vectors.names.index(name) for name in features]
    return replace(vectors, names=features, raw=vectors.raw[:, columns])


def _clean(vectors: Vectors, rules: SegmentRules) -> Vectors:
    """Without impossible rows, which are counted and named."""
    features = FeatureSet.of(rules)
    shares = np.isin(vectors.names, list(SHARES))
    highest = np.where(shares, 1.0, np.minimum(features.highest, LARGEST))
    lowest = np.maximum(features.lowest, -LARGEST)
    possible = (vectors.raw >= lowest) & (vectors.raw <= highest)
    kept = possible.all(axis=1)
    cleaned = replace(
        vectors,
        customers=tuple(np.array(vectors.customers, dtype=object)[kept]),
        raw=vectors.raw[kept],
        rows=vectors.rows[kept],
        left_out=vectors.left_out.copy(),
        rejected=list(vectors.rejected),
    )
    for row in np.flatnonzero(~kept):
        column = int(np.flatnonzero(~possible[row])[0])
        why = (
            f"{vectors.names[column]} is {vectors.raw[row, column]:g};"
            f" it must lie from {lowest[column]:g} to {highest[column]:g}"
        )
        cleaned.reject(Rejected(int(vectors.rows[row]), vectors.customers[row], why), IMPOSSIBLE)
    return cleaned


def _learnt(vectors: Vectors, rules: SegmentRules) -> KeyedClusterer[str]:
    """The clusterer of a worker, with more micro-clusters, that has learnt these customers."""
    capacity = max(rules.micro_clusters, min(len(vectors.customers), CAPACITY))
    clusterer: KeyedClusterer[str] = KeyedClusterer.of(
        rules.model_copy(update={"micro_clusters": capacity})
    )
    clusterer.learn_many(vectors.raw, vectors.customers)
    return clusterer


def _model(clusterer: KeyedClusterer[str], rules: SegmentRules, now: int) -> SegmentModel:
    model = Fitter(rules).fit([clusterer.summary(0, now)], now)
    if model is None:
        raise SegmentFileError(
            "no two segments can be told apart: the customers' vectors are all alike"
        )
    return model
