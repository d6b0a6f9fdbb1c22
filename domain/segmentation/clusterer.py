"""The segment engine as one river clusterer: every partition of a worker holds one.

River's own clusterers take no key: a customer that is sent again at every update counts many
times. This one is given a key, and the new vector replaces the old.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from river.base import Clusterer

from domain.policy.segments import GenericRules, SegmentRules
from domain.segmentation.assign import NONE, Assigner
from domain.segmentation.batch import Batch, in_rows, matrix_of, names_in, vector_of
from domain.segmentation.features import NO_FEATURES, FeatureSet
from domain.segmentation.keyed import K, Keyed
from domain.segmentation.numbers import NOWHERE, Codes
from domain.segmentation.summary import Summary
from schemas.segments import SegmentModel

if TYPE_CHECKING:
    from domain.segmentation.fit import Fitter

BEFORE_ANY_MODEL: Final = 0
MS_PER_LEARN: Final = 1_000
"""Alone there is no clock: what the rules say of seconds is counted in vectors learnt."""


class KeyedClusterer(Keyed[K], Clusterer):
    """Online clustering of customers, each with its newest vector, into stable segments.

    A vector learnt with a key replaces the one learnt with that key before; ``forget`` takes it
    away without a trace. Without a key every vector is a customer of its own; only the newest
    ``anonymous`` of those are kept. Memory: a row (about 200 bytes at 8 features) for each key
    and anonymous vector, and ``micro_clusters`` micro-clusters.

    In a worker (``of``) models are given to it (``adopt``), and customers are judged when its
    owner says so, by the owner's clock (``judge``, ``hold``). Alone it fits a model itself when a
    prediction asks for it, as soon as there are ``min_customers``, then once for every
    ``refit_every`` changes, and judges each customer as it is learnt. Either way a segment keeps
    its number from model to model.

    Parameters
    ----------
    features
        Names of the features. By default those of the first vector; one that a vector lacks is
        0, one that is not named here is left out.
    log
        Features of which ``log1p`` is taken; use it for counts, which must not be negative.
    shares
        Features that are a share of another one's value, by name: ``{"push_share": "launches"}``.
        Of few it is noise, and is drawn towards the mean of all.
    share_prior
        How many the mean weighs beside a customer's own; with 0 a share is taken as it is.
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
        Changes between two fits; None: models are given, as in a worker.
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
    >>> clusterer.learn_many([[44], [2], None], ["eve", "fay", "dee"])
    >>> clusterer.customers
    5
    """

    def __init__(
        self,
        features: tuple[str, ...] | None = None,
        *,
        log: tuple[str, ...] | None = None,
        shares: dict[str, str] | None = None,
        share_prior: float = 3.0,
        weights: dict[str, float] | None = None,
        k: int | None = None,
        k_max: int = 10,
        margin: float = 0.10,
        quarantine_share: float = 0.02,
        micro_clusters: int = 256,
        sample: int = 1_000,
        restarts: int = 40,
        min_customers: int = 30,
        refit_every: int | None = 500,
        anonymous: int = 1_024,
    ) -> None:
        self.features = features
        self.log = log or None  # river cannot clone an empty tuple
        self.shares = shares
        self.share_prior = share_prior
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
        super().__init__()
        self._learnt = 0
        self._changes = 0
        self._fitter: Fitter | None = None
        self._begin_with(features or ())

    @classmethod
    def of(cls, rules: SegmentRules) -> Self:
        """A clusterer under a policy, for a worker: without a model until one is adopted."""
        logged = zip(rules.features, rules.logged, strict=True)
        return cls(
            features=rules.features,
            log=tuple(name for name, is_logged in logged if is_logged),
            shares={share: of for share, of, _ in rules.drawn} or None,
            share_prior=rules.share_prior,
            weights=dict(rules.weights) or None,
            k=rules.k,
            k_max=rules.k_max,
            margin=rules.margin,
            quarantine_share=rules.quarantine_share,
            micro_clusters=rules.micro_clusters,
            sample=rules.sample,
            restarts=rules.restarts,
            min_customers=rules.min_customers,
            refit_every=None,
        )

    @classmethod
    def _unit_test_params(cls) -> Iterator[dict[str, Any]]:
        yield {}
        yield {"k": 3, "min_customers": 10, "refit_every": 50, "anonymous": 100}
        yield {"refit_every": None}

    # -- learning -----------------------------------------------------------------------

    def learn_one(self, x: Mapping[Any, Any], key: K | None = None) -> None:
        """Learn the vector ``x``, in place of the one learnt with ``key`` before.

        Raises ValueError: a value that is not finite, or negative where a logarithm is taken.
        """
        if not len(self.feature_set):
            self._begin_with(names_in(x))
        raw = vector_of(x, self.feature_set)
        table = self.table
        row = table.enter(self._next_unnamed(self.anonymous) if key is None else key)
        table.raw[row] = raw
        table.fresh[row] = True
        self._learnt += 1
        self._changes += 1
        if self._alone and self.assigner is not None:
            label = self.assigner.judge_one(raw, self.numbers.label(table.segments.item(row)))
            table.segments[row] = self.numbers.number(label)

    def learn_many(self, X: Batch, keys: Iterable[K] | None = None) -> None:
        """Learn or replace the vectors of these keys (m,), in their order.

        ``X`` (m, d) has rows in the order of ``features``, or is columns by name, a data frame
        among them. A row that is ``None`` forgets its key; of a key that is there twice the last
        row counts. Raises ValueError as ``learn_one``: nothing of the batch is learnt.
        """
        if not len(self.feature_set):
            self._begin_with(names_in(X))
        vectors = in_rows(X, self.feature_set.names)
        raw = matrix_of(vectors, self.feature_set)
        whose: Iterable[Hashable] = (
            keys if keys is not None else [self._next_unnamed(self.anonymous) for _ in vectors]
        )
        rows, gone = self._take(whose, (each is not None for each in vectors), raw)
        self._learnt += len(rows)
        self._changes += len(rows) + gone
        if self._alone:
            self._settle(rows)

    def forget(self, key: K) -> None:
        """Take the customer away, as if never seen. A key that is not known is no error."""
        row = self.table.remove(key)
        if row is not None:
            self.micro.remove([row])
            self._changes += 1

    # -- predicting ---------------------------------------------------------------------

    def predict_one(self, x: Mapping[Any, Any], key: K | None = None) -> int:
        """The number of the segment of ``x``; 0 before any model, -1 for an outlier.

        With the ``key`` of a customer, as long as it is not clearly nearer to another segment
        (see ``margin``), that is the segment in which it was when last judged.
        """
        self._refit_when_due()
        if self.assigner is None:
            return BEFORE_ANY_MODEL
        row = self.table.rows.get(key) if key is not None else None
        held = NONE if row is None else self.numbers.label(self.table.segments.item(row))
        return self.numbers.number(self.assigner.judge_one(vector_of(x, self.feature_set), held))

    def predict_many(self, X: Batch, keys: Sequence[K] | None = None) -> Codes:
        """``predict_one`` of many: the number (m,) of each row of ``X`` (m, d), none of it None."""
        self._refit_when_due()
        rows = in_rows(X, self.feature_set.names)
        if self.assigner is None:
            return np.full(len(rows), BEFORE_ANY_MODEL, dtype=np.int16)
        raw = matrix_of(rows, self.feature_set)
        if keys is None:
            return self.numbers.from_labels(self.assigner.nearest(raw))
        known = [self.table.rows.get(key) for key in keys]
        held = [NOWHERE if row is None else self.table.segments.item(row) for row in known]
        labels = self.numbers.to_labels(np.array(held, dtype=np.int16))
        return self.numbers.from_labels(self.assigner.judge(raw, labels))

    # -- the model, and what it is made of -------------------------------------------------

    def adopt(self, model: SegmentModel) -> Assigner:
        """Predict by this model from now on, with the assigner of it that is returned.

        Alone, everybody is judged by it at once.
        """
        assigner = self.assigner = Assigner(model)
        self.numbers.use(assigner.ids)
        if self._alone:
            self._settle(self.table.live())
        return assigner

    def refit(self) -> SegmentModel | None:
        """Fit now, whether due or not; the model in use afterwards."""
        if not self.customers:
            return self.model
        if self._fitter is None or self._fitter.model is not self.model:
            from domain.segmentation.fit import Fitter

            self._fitter = Fitter(self._rules(self.feature_set.names), self.model)
        self._changes = 0
        model = self._fitter.fit([self.summary()], self._learnt * MS_PER_LEARN)
        if model is not None:
            self.adopt(model)
        return self.model

    def summary(
        self, number: int = 0, clock: int | None = None, sample: int | None = None
    ) -> Summary:
        """The customers there now, as partition ``number`` tells the segments task at ``clock``.

        ``sample`` customers go along (``self.sample`` by default). Raises ValueError: nothing was
        learnt yet, and no features were named.
        """
        if not len(self.feature_set):
            raise ValueError("nothing was learnt: the features are not known yet")
        self.place()
        at = self._learnt * MS_PER_LEARN if clock is None else clock
        return self.micro.summary(number, at, self.sample if sample is None else sample)

    # -- inside ---------------------------------------------------------------------------

    @property
    def _alone(self) -> bool:
        return self.refit_every is not None

    def _begin_with(self, names: tuple[str, ...]) -> None:
        features = FeatureSet.of(self._rules(names)) if names else NO_FEATURES
        self._begin(features, self.micro_clusters)

    def _refit_when_due(self) -> None:
        """Alone: fit at the first chance, then once for every ``refit_every`` changes."""
        if self.refit_every is None:
            return
        due = self._changes >= (self.refit_every if self._fitter is not None else 1)
        if due and self.customers >= self.min_customers:
            self.refit()

    def _rules(self, features: tuple[str, ...]) -> GenericRules:
        return GenericRules(
            features=features,
            log=tuple(name for name in self.log or () if name in features),
            shares={
                share: of
                for share, of in (self.shares or {}).items()
                if {share, of} <= set(features)
            },
            share_prior=self.share_prior,
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
