"""The keyed clusterer is a river clusterer, and keeps one vector for each key."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from river import checks as river_checks
from river.checks import check_estimator

from domain.policy import Policy
from domain.segmentation.clusterer import KeyedClusterer
from domain.segmentation.micro import MicroClusters
from domain.segmentation.table import Table
from domain.segments.live import Segments
from tests.domain.segmentation import checks
from tests.domain.segmentation.checks import ANY_SIZE, SMALL, Check, learn
from tests.domain.segmentation.data import DATA, LOGGED, Vectors

SIZES = {"bank": (150, 700), "blobs": (120, 600), "image segments": (200, 600)}


IN_A_WORKER = None
"""`refit_every` of a clusterer that is given its models, as every partition's is."""


def clusterer_for(
    name: str, kind: type[KeyedClusterer[Any]] = KeyedClusterer, refit_every: int | None = 500
) -> KeyedClusterer[Any]:
    return kind(log=LOGGED.get(name), k_max=6, refit_every=refit_every)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("check", [*SMALL, *ANY_SIZE], ids=lambda check: check.__name__)
def test_every_check_holds_with_a_micro_cluster_for_everybody(check: Check, name: str) -> None:
    check(clusterer_for(name), DATA[name](SIZES[name][0]))


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("check", ANY_SIZE, ids=lambda check: check.__name__)
def test_checks_hold_with_more_customers_than_micro_clusters(check: Check, name: str) -> None:
    check(clusterer_for(name), DATA[name](SIZES[name][1]))


@pytest.mark.parametrize("check", [*SMALL, *ANY_SIZE], ids=lambda check: check.__name__)
def test_every_check_holds_for_one_that_is_given_its_models(check: Check) -> None:
    check(clusterer_for("blobs", refit_every=IN_A_WORKER), DATA["blobs"](120))


def test_every_partition_holds_that_class() -> None:
    held = Segments(Policy())._clusterer
    assert type(held) is KeyedClusterer
    assert held.refit_every is IN_A_WORKER
    check_estimator(held)


# -- engines that are broken on purpose -----------------------------------------------


class NeverReverts(KeyedClusterer[Any]):
    """A vector that is sent again counts once more, as in river's own clusterers."""

    def learn_one(self, x: Any, key: Any = None) -> None:
        self._sent = getattr(self, "_sent", 0) + 1
        super().learn_one(x, (key, self._sent))


class KeepsTheFirst(KeyedClusterer[Any]):
    """What a customer did first is what it is."""

    def learn_one(self, x: Any, key: Any = None) -> None:
        self._seen: set[Any] = getattr(self, "_seen", set())
        if key not in self._seen:
            self._seen.add(key)
            super().learn_one(x, key)


class ForgetsTheKeyOnly(KeyedClusterer[Any]):
    """The vector stays where it was."""

    def forget(self, key: Any) -> None:
        self.table.rows.pop(key, None)


class DriftingSums(KeyedClusterer[Any]):
    """Moments are running sums, from which a far vector is taken off again."""

    def learn_one(self, x: Any, key: Any = None) -> None:
        super().learn_one(x, key)
        self._total = getattr(self, "_total", 0.0) + next(iter(x.values()))
        if key is not None:
            self._given = {**getattr(self, "_given", {}), key: next(iter(x.values()))}

    def forget(self, key: Any) -> None:
        super().forget(key)
        self._total -= self._given.pop(key, 0.0)

    def summary(self, *given: Any) -> Any:
        summary = super().summary(*given)
        mean = summary.mean.copy()
        mean[summary.features.index("x")] = self._total / summary.customers
        return replace(summary, mean=mean)


class PicklesWithoutCustomers(KeyedClusterer[Any]):
    """Only the model is written."""

    def __getstate__(self) -> dict[str, Any]:
        micro = MicroClusters(self.feature_set, self.micro_clusters)
        return {**self.__dict__, "table": Table(len(self.feature_set)), "micro": micro}


class LosesTheOldest(KeyedClusterer[Any]):
    """Memory is bounded by dropping whoever was learnt first, as where micro-clusters decay."""

    def learn_one(self, x: Any, key: Any = None) -> None:
        super().learn_one(x, key)
        self._order: list[Any] = [*getattr(self, "_order", []), key]
        if len(self._order) > 100:
            self.forget(self._order.pop(0))


class LosesTheLastOfABatch(KeyedClusterer[Any]):
    """A batch ends one row early."""

    def learn_many(self, X: Any, keys: Any = None) -> None:
        if isinstance(X, list):
            X, keys = X[:-1], keys[:-1]
        super().learn_many(X, keys)


class HoldsNobody(KeyedClusterer[Any]):
    """In which segment a customer was is not remembered."""

    def hold(self, rows: Any, segments: Any, away: Any) -> None:
        pass


class MixesEverybody(KeyedClusterer[Any]):
    """There are four micro-clusters, and anybody may be in any."""

    def place(self) -> None:
        self.micro = MicroClusters(self.feature_set, 4)
        self.table.fresh[self.table.live()] = True
        super().place()
        self.micro.slots[self.micro.live] = self.micro.live % 4


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (NeverReverts, checks.check_replacing_a_vector_equals_learning_it_first),
        (NeverReverts, checks.check_a_customer_counts_once),
        (NeverReverts, checks.check_forget_leaves_no_trace),
        (KeepsTheFirst, checks.check_replacing_a_vector_equals_learning_it_first),
        (ForgetsTheKeyOnly, checks.check_forget_leaves_no_trace),
        (DriftingSums, checks.check_forget_leaves_no_trace),
        (PicklesWithoutCustomers, checks.check_pickle_goes_on_equal),
        (LosesTheLastOfABatch, checks.check_many_at_once_equal_one_by_one),
        (HoldsNobody, checks.check_restored_from_its_customers_goes_on_equal),
        (MixesEverybody, checks.check_same_as_batch_while_small),
        (LosesTheOldest, checks.check_the_order_of_customers_has_no_effect),
    ],
)
def test_a_broken_engine_fails(broken: type[KeyedClusterer[Any]], check: Check) -> None:
    with pytest.raises(AssertionError):
        check(clusterer_for("blobs", broken), DATA["blobs"](120))


# -- as a river clusterer -------------------------------------------------------------


@pytest.mark.parametrize("params", [*KeyedClusterer._unit_test_params()])
def test_river_finds_it_a_proper_estimator(params: dict[str, Any]) -> None:
    check_estimator(KeyedClusterer(**params))


@pytest.mark.parametrize(
    "check",
    [
        river_checks.common.check_learn_one,
        river_checks.common.check_pickling,
        river_checks.common.check_shuffle_features_no_impact,
        river_checks.common.check_emerging_features,
        river_checks.common.check_disappearing_features,
        river_checks.common.check_radically_disappearing_features,
        river_checks.common.check_clone_is_independent,
        river_checks.common.check_no_state_aliasing_with_input,
        river_checks.common.check_bounded_memory_growth,
    ],
    ids=lambda check: check.__name__,
)
def test_rivers_checks_on_data_hold_which_it_does_not_run_for_clusterers(check: Any) -> None:
    data = [(x, None) for x in DATA["image segments"](300).values()]
    check(KeyedClusterer(min_customers=20, refit_every=100, anonymous=100, restarts=5), data)


def test_before_any_model_everything_is_segment_0() -> None:
    clusterer: KeyedClusterer[str] = KeyedClusterer()
    assert clusterer.predict_one({"x": 1.0}) == 0
    clusterer.learn_one({"x": 1.0}, "ann")
    assert clusterer.predict_one({"x": 50.0}, "ann") == 0
    assert clusterer.model is None


def test_a_vector_that_cannot_be_is_refused_by_name() -> None:
    clusterer: KeyedClusterer[str] = KeyedClusterer(features=("visits", "change"), log=("visits",))
    clusterer.learn_one({"visits": 3, "change": -1.5}, "ann")
    for x in ({"visits": -1.0}, {"change": float("nan")}, {"change": float("inf")}):
        with pytest.raises(ValueError, match=next(iter(x))):
            clusterer.learn_one(x, "ann")
    assert clusterer.customers == 1


def test_without_keys_only_the_newest_vectors_are_kept() -> None:
    clusterer: KeyedClusterer[str] = KeyedClusterer(anonymous=50)
    for number in range(120):
        clusterer.learn_one({"x": float(number)})
    clusterer.learn_one({"x": 1000.0}, "ann")
    summary = clusterer.summary()
    newest = [*range(70, 120), 1000]
    assert clusterer.customers == 51
    assert summary.mean.item() == pytest.approx(sum(newest) / 51, rel=1e-12)


def test_a_segment_keeps_its_number_when_the_model_changes() -> None:
    vectors = DATA["blobs"](120)
    clusterer: KeyedClusterer[str] = KeyedClusterer(k=4, refit_every=10)
    learn(clusterer, vectors)
    before = checks.predictions(clusterer, vectors)
    moved = {key: {name: v + 3.0 for name, v in x.items()} for key, x in vectors.items()}
    learn(clusterer, moved)
    version = clusterer.model.version if clusterer.model else 0
    assert checks.predictions(clusterer, moved) == before
    assert clusterer.model is not None
    assert clusterer.model.version > version
    assert set(before) == {0, 1, 2, 3}


def test_a_known_customer_between_two_segments_stays() -> None:
    clusterer: KeyedClusterer[str] = KeyedClusterer(
        features=("x",), k=2, margin=0.2, quarantine_share=0.0
    )
    learn(clusterer, {f"c{n}": {"x": float(n % 2 * 10)} for n in range(60)})
    low, high = clusterer.predict_one({"x": 0.0}), clusterer.predict_one({"x": 10.0})
    assert low != high
    clusterer.learn_one({"x": 4.5}, "ann")
    assert clusterer.predict_one({"x": 5.2}) == high
    assert clusterer.predict_one({"x": 5.2}, "ann") == low
    clusterer.learn_one({"x": 5.2}, "ann")
    assert clusterer.predict_one({"x": 5.2}, "ann") == low
    clusterer.learn_one({"x": 8.0}, "ann")
    assert clusterer.predict_one({"x": 5.2}, "ann") == high


def test_an_outlier_is_in_no_segment() -> None:
    vectors: Vectors = DATA["blobs"](400)
    clusterer: KeyedClusterer[str] = KeyedClusterer(k=4)
    learn(clusterer, vectors)
    far = {"x": 900.0, "y": -900.0, "z": 900.0}
    clusterer.learn_one(far, "bot")
    assert clusterer.predict_one(far, "bot") == -1
    assert set(checks.predictions(clusterer, vectors)) == {0, 1, 2, 3}
