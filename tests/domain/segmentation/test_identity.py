"""Ids follow the behaviour: what moves a little keeps its id, what is elsewhere gets a new one."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.segmentation.identity import give_ids, id_number, same_places, segment_id

Floats = NDArray[np.float64]
OLD = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
IDS = ["s1", "s4", "s7"]


def around(centres: Floats, each: int = 40) -> Floats:
    rng = np.random.default_rng(1)
    return np.concatenate([centre + rng.normal(0, 0.5, (each, 2)) for centre in centres])


@settings(max_examples=25, deadline=None)
@given(order=st.permutations([0, 1, 2]), seed=st.integers(0, 1_000))
def test_ids_survive_any_order_and_small_moves(order: list[int], seed: int) -> None:
    moved = OLD + np.random.default_rng(seed).uniform(-1.5, 1.5, OLD.shape)
    ids, next_id = give_ids(OLD, IDS, moved[order], around(moved), next_id=8)
    assert ids == [IDS[row] for row in order]
    assert next_id == 8


def test_the_pairing_is_the_cheapest_of_all() -> None:
    rng = np.random.default_rng(7)
    old = rng.normal(0, 4, (5, 3))
    new = old[rng.permutation(5)] + rng.normal(0, 0.2, (5, 3))
    ids, _ = give_ids(old, [f"s{n}" for n in range(1, 6)], new, new, next_id=6)
    cheapest = min(
        permutations(range(5)),
        key=lambda rows: sum(float(np.linalg.norm(old[r] - new[c])) for c, r in enumerate(rows)),
    )
    assert ids == [f"s{row + 1}" for row in cheapest]


def test_a_centroid_that_is_elsewhere_gets_a_new_id() -> None:
    new = np.array([[0.2, 0.0], [0.0, 10.1], [10.0, 10.0]])
    sample = around(np.concatenate((OLD[[0, 2]], new[2:])))
    ids, next_id = give_ids(OLD, IDS, new, sample, next_id=8)
    assert ids == ["s1", "s7", "s8"]
    assert next_id == 9


def test_an_id_that_went_never_comes_back() -> None:
    two, next_id = give_ids(OLD, IDS, OLD[:2], around(OLD[:2]), next_id=8)
    assert (two, next_id) == (["s1", "s4"], 8)
    three, next_id = give_ids(OLD[:2], two, OLD, around(OLD), next_id)
    assert (three, next_id) == (["s1", "s4", "s8"], 9)


def test_a_split_leaves_the_id_with_one_half() -> None:
    halves = np.array([[-1.0, 0.0], [1.5, 0.0], [10.0, 0.0], [0.0, 10.0]])
    ids, next_id = give_ids(OLD, IDS, halves, around(halves), next_id=8)
    assert ids == ["s1", "s8", "s4", "s7"]
    assert next_id == 9


def test_old_centroids_close_together_keep_their_ids_by_their_customers() -> None:
    old = np.array([[0.0, 0.0], [1.0, 0.0]])
    new = np.array([[0.0, 0.9], [1.0, 0.9]])  # farther away than half their distance
    sample = around(new, each=60)
    ids, _ = give_ids(old, ["s2", "s3"], new, sample, next_id=4)
    assert ids == ["s2", "s3"]


def test_a_segment_that_moved_as_a_whole_keeps_its_id() -> None:
    new = np.array([[0.0, 0.0], [17.0, 0.0], [0.0, 10.0]])
    ids, _ = give_ids(OLD, IDS, new, around(new), next_id=8)
    assert ids == IDS


def test_the_first_segments_are_numbered_in_their_order() -> None:
    nobody = np.empty((0, 2))
    assert give_ids(nobody, [], OLD, around(OLD), next_id=1) == (["s1", "s2", "s3"], 4)


def test_one_old_segment_passes_its_id_on_by_its_customers() -> None:
    everyone = around(OLD[:1])
    new = np.array([[0.1, 0.0], [9.0, 9.0]])
    assert give_ids(OLD[:1], ["s1"], new, everyone, next_id=2) == (["s1", "s2"], 3)


@pytest.mark.parametrize("number", [1, 9, 10, 123])
def test_a_number_is_read_back_from_its_id(number: int) -> None:
    assert id_number(segment_id(number)) == number


def test_same_places_asks_each_centroid_for_one_of_its_own() -> None:
    assert same_places(OLD, OLD[::-1] + 0.5)
    assert not same_places(OLD, OLD + np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 0.0]]))
    assert not same_places(OLD, np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 10.0]]))
