"""The segment engine as one river clusterer: the same parts that the workers use, in one process.

River's own clusterers take no key: a customer that is sent again at every update counts many
times. This one is given a key, and the new vector replaces the old.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from river.base import Clusterer

from domain.policy.segments import GenericRules
from domain.segmentation.keyed import BEFORE_ANY_MODEL, KeyedEngine
from domain.segmentation.summary import Summary
from schemas.segments import SegmentModel


class KeyedClusterer(Clusterer):
    """Online clustering of customers, each with its newest vector, into stable segments.

    A vector learnt with a key replaces the one learnt with that key before; ``forget`` takes it
    away without a trace. Without a key every vector is a customer of its own; only the newest
    ``anonymous`` of those are kept. Memory: one row (about 100 bytes at 8 features) for each key
    and anonymous vector, and ``micro_clusters`` micro-clusters.

    The model is fitted when a prediction asks for it: as soon as there are ``min_customers``,
    then once for every ``refit_every`` changes. A segment keeps its number from model to model.

    Parameters
    ----------
    features
        Names of the features. By default those of the first vector; one that a vector lacks is
        0, one that is not named here is left out.
    log
        Features of which ``log1p`` is taken; use it for counts, which must not be negative.
    weights
        What the squared distance in a feature is multiplied by, by name; 1 where not given.
    k
        Number of segments. By default chosen by silhouette, from 2 to ``k_max``.
    k_max
        The largest number of segments that is tried.
    margin
        A customer changes segment when another centroid is nearer by more than this share.
    quarantine_share
        Clusters with a smaller share of the customers are outliers, in no segment.
    micro_clusters
        With no more customers than this, the fit is that on the customers themselves.
    sample
        Customers on whom K is chosen.
    restarts
        Restarts of k-means at each choice of K.
    min_customers
        With fewer there is no model.
    refit_every
        Changes between two fits.
    anonymous
        Vectors without a key that are kept.

    Examples
    --------
    >>> clusterer = KeyedClusterer(min_customers=4)
    >>> for key, visits in {"ann": 1, "bob": 2, "cyd": 40, "dee": 41}.items():
    ...     clusterer.learn_one({"visits": visits}, key)
    >>> clusterer.predict_one({"visits": 3}) == clusterer.predict_one({"visits": 1}, "ann")
    True
    >>> clusterer.predict_one({"visits": 3}) == clusterer.predict_one({"visits": 39})
    False
    >>> clusterer.forget("dee")
    >>> clusterer.customers
    3
    """

    def __init__(
        self,
        features: tuple[str, ...] | None = None,
        *,
        log: tuple[str, ...] | None = None,
        weights: dict[str, float] | None = None,
        k: int | None = None,
        k_max: int = 10,
        margin: float = 0.10,
        quarantine_share: float = 0.02,
        micro_clusters: int = 256,
        sample: int = 1_000,
        restarts: int = 40,
        min_customers: int = 30,
        refit_every: int = 500,
        anonymous: int = 1_024,
    ) -> None:
        self.features = features
        self.log = log or None  # river cannot clone an empty tuple
        self.weights = weights
        self.k = k
        self.k_max = k_max
        self.margin = margin
        self.quarantine_share = quarantine_share
        self.micro_clusters = micro_clusters
        self.sample = sample
        self.restarts = restarts
        self.min_customers = min_customers
        self.refit_every = refit_every
        self.anonymous = anonymous
        self._engine: KeyedEngine | None = None
        if features is not None:
            self._engine = KeyedEngine(self._rules(features), anonymous)

    @classmethod
    def _unit_test_params(cls) -> Iterator[dict[str, Any]]:
        yield {}
        yield {"k": 3, "min_customers": 10, "refit_every": 50, "anonymous": 100}

    def learn_one(self, x: dict[Any, Any], key: Hashable | None = None) -> None:
        """Learn the vector ``x``, in place of the one learnt with ``key`` before.

        Raises ValueError: a value that is not finite, or negative where a logarithm is taken.
        """
        if self._engine is None:
            # In the order of the names, so that the order within a vector has no effect.
            self._engine = KeyedEngine(self._rules(tuple(sorted(x, key=str))), self.anonymous)
        self._engine.learn(x, key)

    def predict_one(self, x: dict[Any, Any], key: Hashable | None = None) -> int:
        """The number of the segment of ``x``; 0 before any model, -1 for an outlier.

        With the ``key`` of a customer, as long as it is not clearly nearer to another segment
        (see ``margin``), that is the segment in which it was when last learnt.
        """
        if self._engine is None:
            return BEFORE_ANY_MODEL
        self._engine.refit_when_due(self.refit_every)
        return self._engine.predict(x, key)

    def forget(self, key: Hashable) -> None:
        """Take the customer away, as if never seen. A key that is not known is no error."""
        if self._engine is not None:
            self._engine.forget(key)

    @property
    def customers(self) -> int:
        """Customers there now, anonymous ones included."""
        return self._engine.micro.customers if self._engine is not None else 0

    @property
    def model(self) -> SegmentModel | None:
        """The model in use."""
        return self._engine.fitter.model if self._engine is not None else None

    def refit(self) -> SegmentModel | None:
        """Fit now, whether due or not; the model in use afterwards."""
        if self._engine is not None:
            self._engine.refit()
        return self.model

    def summary(self) -> Summary | None:
        """What a partition task would publish of the customers there now."""
        return self._engine.summary() if self._engine is not None else None

    def _rules(self, features: tuple[str, ...]) -> GenericRules:
        return GenericRules(
            features=features,
            log=tuple(name for name in self.log or () if name in features),
            weights={n: w for n, w in (self.weights or {}).items() if n in features},
            k=self.k,
            k_max=self.k_max,
            margin=self.margin,
            clear_margin=1.0,
            hold_hours=0.0,  # there is no clock
            quarantine_share=self.quarantine_share,
            micro_clusters=self.micro_clusters,
            sample=self.sample,
            restarts=self.restarts,
            min_customers=self.min_customers,
        )
