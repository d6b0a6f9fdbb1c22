"""Our engine over a stream, and how good its segments are beside batch k-means++.

What runs live: the clusterer that every partition holds, judged by the clock, and the fitter that
makes its models. `Ours.step` is one tick of a partition and of the segments task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from bench.segment_data import Stream, Tick
from domain.policy.segments import GenericRules
from domain.segmentation.assign import Assigner
from domain.segmentation.clusterer import KeyedClusterer
from domain.segmentation.fit import Fitter
from domain.segmentation.numbers import NOWHERE
from domain.segmentation.table import Rows

Floats = NDArray[np.float64]
Space = Callable[[Floats], Floats]

BATCH_RUNS = 20
CHOICE_ROWS = 1_500
FIT_EVERY = 4
"""Hours of a live stream between two fits; a data set is fitted where it is looked at."""


class Look(NamedTuple):
    """The engine beside batch k-means++ at one moment; `rivals` are SSE ratios of the peers.

    `same_rule` is the ratio to the best of those batch runs that, like the engine, have no
    segment below the quarantine share; None where there is no such run, or no such share.
    """

    stream: str
    customers: int
    quarantined: float
    k: int
    ratio: float
    same_rule: float | None
    ari: float
    batch_k: int | None
    margin: float | None
    rivals: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        return self._asdict()


class Ours:
    """A partition's clusterer and the segments task's fitter, fed with a stream."""

    def __init__(self, stream: Stream, **rules: Any) -> None:
        self.stream = stream
        self.rules = GenericRules(features=stream.features, log=stream.logged, **rules)
        self.clusterer: KeyedClusterer[int] = KeyedClusterer.of(self.rules)
        self.fitter = Fitter(self.rules)
        self.now = 0
        self.changes = 0

    def step(self, tick: Tick, fit: bool) -> None:
        """Take a tick in; with `fit` the segments task works too."""
        self.now, clusterer = tick.now, self.clusterer
        sent = tick.keys.tolist()
        clusterer.learn_many([*tick.vectors, *(None for _ in tick.gone)], sent + tick.gone.tolist())
        # The window moves without an event, and so does the hold.
        self._judge(np.union1d(clusterer.rows_of(sent), np.flatnonzero(clusterer.table.away)))
        if fit:
            model = self.fitter.fit([clusterer.summary(0, tick.now)], tick.now)
            if model is not None:
                clusterer.adopt(model)
                self._judge(clusterer.table.live())

    @property
    def assigner(self) -> Assigner:
        """That of the model in force."""
        assert self.clusterer.assigner is not None
        return self.clusterer.assigner

    def everybody(self) -> tuple[Rows, Floats]:
        """The customers there now, ascending, and their vectors (m, d)."""
        rows = self.clusterer.table.live()
        keys = np.array(self.clusterer.keys_of(rows), dtype=np.intp)
        order = np.argsort(keys)
        return keys[order], self.clusterer.table.raw[rows[order]]

    def _judge(self, rows: Rows) -> None:
        clusterer = self.clusterer
        if clusterer.model is None or not len(rows):
            return
        before = clusterer.table.segments[rows]
        segments, away = clusterer.judge(rows, self.now)
        self.changes += int(((before != NOWHERE) & (segments != before)).sum())
        clusterer.hold(rows, segments, away)


def run(stream: Stream, rivals: Any, **rules: Any) -> list[Look]:
    """The engine over the whole stream, looked at after each of its snapshots.

    `rivals(k, standardise)` gives the peers' centres by name, for the last look.
    """
    engine, looks = Ours(stream, **rules), []
    for number, tick in enumerate(stream.ticks):
        looked = number in stream.snapshots
        engine.step(tick, looked or (stream.days > 0 and number % FIT_EVERY == 0))
        if looked:
            last = number == stream.snapshots[-1]
            choice = last or number == stream.snapshots[0]
            looks.append(look(engine, rivals if last else None, choice))
    return looks


def look(engine: Ours, rivals: Any, choice: bool) -> Look:
    """SSE of the model in force over that of batch k-means++ (best of 20), on the same customers.

    Those are the customers not in quarantine, in the model's own space. Where some are bots: all
    others, quarantined or not, in the space of those others alone; and batch has the K that is
    best for them, so that an engine whose segments went to the bots pays for it.
    """
    here = _place(engine)
    bots = not engine.stream.genuine.all()
    found, margin = _batch_choice(here.points) if choice or bots else (None, None)
    k = found if bots and found is not None else len(here.centres)
    best, same_rule = _batch(here.points, k, engine.rules.quarantine_share)
    ratios = {}
    if rivals is not None:
        transform = engine.clusterer.feature_set.transform
        everyone = transform(engine.everybody()[1])
        mean, scale = everyone.mean(axis=0), everyone.std(axis=0)
        given = _space(mean, scale)
        for name, peer in rivals(k, lambda raw: given(transform(raw))).items():
            theirs = here.space(_space(mean, scale, inverse=True)(peer))
            ratios[name] = _sse(here.points, theirs) / best.inertia_
    own = _sse(here.points, here.centres)
    return Look(
        stream=engine.stream.name,
        customers=engine.clusterer.customers,
        quarantined=here.quarantined,
        k=len(here.centres),
        ratio=own / best.inertia_,
        same_rule=None if same_rule is None else own / same_rule,
        ari=float(adjusted_rand_score(best.labels_, _nearest(here.points, here.centres))),
        batch_k=found,
        margin=margin,
        rivals=ratios,
    )


class Place(NamedTuple):
    """Where engine and batch are compared: customers' `points` and the engine's `centres`.

    `space` standardises transformed vectors as there.
    """

    points: Floats
    centres: Floats
    space: Space
    quarantined: float


def _place(engine: Ours) -> Place:
    """The customers in a segment, in the model's space; or all that are no bots, in their own."""
    assigner, (keys, raw) = engine.assigner, engine.everybody()
    model = assigner.model
    centres, labels = np.array(model.centroids), assigner.nearest(raw)
    quarantined = float((labels == len(centres)).mean())
    if engine.stream.genuine.all():
        points = assigner.standardise(raw[labels < len(centres)])
        return Place(points, centres, _space(model.mean, model.scale), quarantined)
    genuine = engine.stream.genuine[keys]
    transformed = engine.clusterer.feature_set.transform(raw[genuine])
    space = _space(transformed.mean(axis=0), transformed.std(axis=0))
    centres = space(_space(model.mean, model.scale, inverse=True)(centres))
    return Place(space(transformed), centres, space, quarantined)


def changes(stream: Stream, *, frozen: bool = False, **rules: Any) -> float:
    """Changes of segment per 100 customer-days of a live stream; `frozen`: under its first model.

    What is left under a frozen model is customers who moved themselves.
    """
    engine = Ours(stream, **rules)
    for number, tick in enumerate(stream.ticks):
        engine.step(tick, number == 0 or (not frozen and number % FIT_EVERY == 0))
    return 100 * engine.changes / (stream.customers * stream.days)


def _space(mean: Any, scale: Any, inverse: bool = False) -> Space:
    """Vectors (m, d) less the mean, over the scale; a feature that does not vary stays."""
    centre, spread = np.asarray(mean), np.asarray(scale)
    spread = np.where(spread > 0, spread, 1.0)
    if inverse:
        return lambda points: points * spread + centre
    return lambda points: (points - centre) / spread


def _batch(points: Floats, k: int, share: float) -> tuple[Any, float | None]:
    """The best of 20 runs of batch k-means++, and the least SSE of those without small clusters."""
    runs = [KMeans(k, n_init=1, random_state=seed).fit(points) for seed in range(BATCH_RUNS)]
    large = [
        float(run.inertia_)
        for run in runs
        if np.bincount(run.labels_, minlength=k).min() >= share * len(points)
    ]
    return min(runs, key=lambda run: run.inertia_), min(large) if large and share else None


def _batch_choice(points: Floats) -> tuple[int, float]:
    """K with the best mean silhouette of batch k-means++, and its lead over the next best."""
    rng = np.random.default_rng(0)
    rows = rng.choice(len(points), min(CHOICE_ROWS, len(points)), replace=False)
    points, scores = points[rows], {}
    for k in range(2, 11):
        labels = KMeans(k, n_init=BATCH_RUNS, random_state=0).fit_predict(points)
        scores[k] = float(silhouette_score(points, labels))
    best = max(scores, key=scores.__getitem__)
    lead = scores.pop(best)
    return best, lead - max(scores.values())


def _nearest(points: Floats, centres: Floats) -> NDArray[np.intp]:
    return np.asarray(((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1))


def _sse(points: Floats, centres: Floats) -> float:
    return float(((points - centres[_nearest(points, centres)]) ** 2).sum())
