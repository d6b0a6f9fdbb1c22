"""The segments task's fit: summaries of all partitions in, a new model out when it is worth one.

Each call refits from the model in force. A full scan for K comes first, and again when the
policy changed, as soon as customers have become half as many again, and once `scan_seconds` are
over when they have become that many fewer, on drift, when they lie otherwise than after the last
scan, when a segment or a quarantined cluster is not of its size any more, when other clusters
would be better, and in any case now and then. Given the same model and summaries, the same comes
out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.policy.segments import SegmentRules
from domain.segmentation.cards import make_cards, profiles
from domain.segmentation.drift import DriftWatch
from domain.segmentation.features import FeatureSet
from domain.segmentation.identity import farthest_move, give_ids, id_number
from domain.segmentation.population import Population, merge
from domain.segmentation.publish import priors, redrawn, transformed, why_publish
from domain.segmentation.quarantine import ENTERS_AT, LEAVES_AT
from domain.segmentation.scan import Fit, Known, refit, scan
from domain.segmentation.summary import Summary
from schemas.fields import moment
from schemas.outputs import output_id
from schemas.segments import DrawnShare, SegmentModel

GROWTH: Final = 1.5
"""Customers since the last scan, as a ratio up or down, that ask for another."""


MOVED: Final = 0.5
"""Standard deviations that a centroid may move between scans."""
IN_ANY_CASE: Final = 20
"""After so many times `scan_seconds` there is a scan without any other reason."""


@dataclass(frozen=True, slots=True)
class _AfterScan:
    """What a scan, or the first refit of a model that was there, came to."""

    centres: NDArray[np.float64]  # (k, d), transformed
    misfits: int


class Fitter:
    """Goes on from `previous`: its ids, its version, its centroids.

    `model` is the newest one published. Not thread-safe; `fit` may run in any one thread.
    """

    def __init__(self, rules: SegmentRules, previous: SegmentModel | None = None) -> None:
        self.rules = rules
        self.model = previous
        self._features = FeatureSet.of(rules)
        self._watch = DriftWatch()
        self._drift = False
        self._must_scan = previous is None or self._policy_changed(previous)
        self._scanned_at = previous.scanned_at if previous else 0
        self._scanned_customers = previous.scanned_customers if previous else 0
        self._silhouettes = dict(previous.silhouettes) if previous else {}
        self._after_scan: _AfterScan | None = None
        self._outdated = False

    def fit(self, summaries: Sequence[Summary], now: int) -> SegmentModel | None:
        """The next model, or None where nothing is worth publishing.

        `summaries` holds the newest of each partition; `now` is in ms since 1970. With fewer
        than `rules.min_customers` customers, or all alike, there is no model.
        """
        population = merge(summaries, self._features, self.rules.sample)
        if population is None or population.customers < self.rules.min_customers:
            return None
        version = self.model.version + 1 if self.model else 1
        rng = np.random.default_rng((version, population.customers))
        known = self._known(population)
        drift, scans = self._drift, known is None or self._scan_is_due(population, now)
        fit: Fit | None
        if known is None or scans:
            fit = scan(population, self._features.weights, self.rules, known, rng)
            self._scanned(population, fit, now)
        else:
            fit = refit(population, self._features.weights, known, rng)
        if fit is None:
            return None
        self._watch_over(fit, population, scans, now)
        draft = self._draft(fit, population, known, now, drift=drift and scans)
        reason = why_publish(self.model, draft, self.rules, now)
        if reason is None:
            return None
        self.model = draft.model_copy(
            update={
                "reason": reason,
                "silhouette": fit.silhouette(population.sample),
                "sse_ratio": fit.sse_ratio(population.sample, rng),
            }
        )
        return self.model

    def _policy_changed(self, previous: SegmentModel) -> bool:
        """Whether the model was made by a policy that clusters otherwise."""
        same = (
            previous.features == self._features.names
            and previous.weights == tuple(self._features.weights.tolist())
            and previous.logged == tuple(self._features.logged.tolist())
            and priors(previous) == self._features.drawn
        )
        if not same or len(previous.segments) > self.rules.k_max:
            return True
        if self.rules.k is not None:
            return len(previous.segments) != self.rules.k
        # A scan with K pinned has a silhouette for that K only.
        return len(previous.silhouettes) <= 1

    def _known(self, population: Population) -> Known | None:
        """Where the model in force has its centres; None if it speaks of other features."""
        model = self.model
        if model is None or not self._same_units(model):
            return None
        centres, outliers = (
            redrawn(transformed(model, rows), model, self._features, population.usual)
            for rows in (model.centroids, model.outliers)
        )
        return Known(centres, outliers)

    def _same_units(self, model: SegmentModel) -> bool:
        return model.features == self._features.names and model.logged == tuple(
            self._features.logged.tolist()
        )

    def _scan_is_due(self, population: Population, now: int) -> bool:
        if self._must_scan:
            return True
        age = now - self._scanned_at
        ratio = population.customers / max(self._scanned_customers, 1)
        if ratio >= GROWTH:  # does not wait: a model of the first few would mislead the others
            return True
        if 0 <= age < 1_000 * self.rules.scan_seconds:
            return False
        if not 0 <= age < 1_000 * self.rules.scan_seconds * IN_ANY_CASE:
            return True
        return ratio <= 1 / GROWTH or self._drift or self._watch.stale or self._outdated

    def _scanned(self, population: Population, fit: Fit | None, now: int) -> None:
        self._drift = False
        self._scanned_at = now
        self._scanned_customers = population.customers
        if fit is not None:
            self._must_scan = False
            self._silhouettes = fit.silhouettes
            self._watch = DriftWatch()

    def _watch_over(self, fit: Fit, population: Population, scanned: bool, now: int) -> None:
        """Look for drift, and for what else says that the last scan's segments are outdated."""
        self._drift |= self._watch.update(fit.distance(population.sample), fit.stretch, now)
        centres, scale = fit.scaler.restore(fit.centres), fit.scaler.scale
        misfits = self._misfits(fit, population)
        if scanned or self._after_scan is None:
            self._after_scan = _AfterScan(centres, misfits)
        moved = farthest_move(self._after_scan.centres / scale, centres / scale)
        more = misfits > self._after_scan.misfits
        self._outdated = fit.improvable or more or moved > MOVED

    def _misfits(self, fit: Fit, population: Population) -> int:
        """How many segments are too small for one, and outliers too many for outliers."""
        rows = fit.k + len(fit.outliers)
        shares = np.bincount(fit.labels, population.counts, minlength=rows) / population.customers
        small = shares[: fit.k] < ENTERS_AT * self.rules.quarantine_share
        large = shares[fit.k :] > LEAVES_AT * self.rules.quarantine_share
        return int(small.sum() + large.sum())

    def _draft(
        self, fit: Fit, population: Population, known: Known | None, now: int, *, drift: bool
    ) -> SegmentModel:
        """The model that this fit makes, but for the figures that only a published one needs."""
        old, names = self.model, self._features.names
        version = old.version + 1 if old else 1
        ids, next_id = self._ids(fit, population, known)
        order = sorted(range(fit.k), key=lambda row: id_number(ids[row]))
        centres = fit.scaler.restore(fit.centres)
        found = profiles(
            population, fit.labels, centres, ids, features=self._features, scaler=fit.scaler
        )
        cards = make_cards(
            [found[row] for row in order],
            population.customers,
            version,
            self.rules,
            old.segments if old and known else (),
        )
        return SegmentModel(
            model_id=output_id("segment-model", version, now),
            occurred_at=moment(now),
            reason="draft",
            version=version,
            features=names,
            logged=tuple(self._features.logged.tolist()),
            drawn=tuple(
                DrawnShare(feature=names[each.share], of=names[each.of], prior=each.prior, mean=p)
                for each, p in zip(self._features.drawn, population.usual, strict=True)
            ),
            weights=_row(self._features.weights),
            mean=_row(fit.scaler.mean),
            scale=_row(fit.scaler.scale),
            centroids=tuple(_row(fit.centres[row]) for row in order),
            outliers=tuple(_row(row) for row in fit.outliers),
            margin=self.rules.margin,
            clear_margin=self.rules.clear_margin,
            hold_hours=self.rules.hold_hours,
            customers=population.customers,
            quarantined=round(float(population.counts[fit.labels >= fit.k].sum())),
            silhouettes=self._silhouettes,
            drift=drift,
            scanned_at=self._scanned_at,
            scanned_customers=self._scanned_customers,
            next_id=next_id,
            segments=cards,
        )

    def _ids(self, fit: Fit, population: Population, known: Known | None) -> tuple[list[str], int]:
        """An id for each centroid, and the next free number."""
        next_id = self.model.next_id if self.model else 1
        old_ids = self.model.segment_ids if self.model and known else ()
        old = known.centres if known else np.empty_like(fit.centres[:0])
        sample, _ = fit.inside(population.sample)
        return give_ids(fit.scaler.standardise(old), old_ids, fit.centres, sample, next_id)


def _row(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(values.tolist())
