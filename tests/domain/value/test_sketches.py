"""Lines from bins: never farther from the exact ones than stated, the same for any partitioning."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from ddsketch import DDSketch
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.value.sketches import EMPTY, LARGEST, Bins, Grid, Sketch, add, grid_of

ERRORS = st.sampled_from((0.001, 0.01, 0.037, 0.1))
SHARES = st.sampled_from((0.1, 0.2, 0.4, 0.5, 0.6, 0.8, 0.9, 0.95, 0.99))
AMOUNTS = st.one_of(st.integers(-50, 50), st.integers(-(10**7), 10**9), st.integers(0, 10**15))
POPULATIONS = st.lists(AMOUNTS, min_size=1, max_size=200)
ERROR = 0.01


def same(one: Bins, other: Bins) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@settings(deadline=None)
@given(ERRORS, st.lists(st.integers(-(10**16), 10**16), min_size=1, max_size=50))
def test_a_bin_holds_numbers_that_lie_within_the_error_of_each_other(
    error: float, numbers: list[int]
) -> None:
    grid = grid_of(error)
    codes = grid.codes(numbers)
    upper, below = grid.upper(codes).tolist(), grid.upper(codes - 1).tolist()
    for number, top, bottom in zip(numbers, upper, below, strict=True):
        assert bottom < number <= top
        slack = (error + 1e-9) * abs(number)
        assert top - number <= slack
        assert number - (bottom + 1) <= slack


@given(ERRORS)
@settings(deadline=None, max_examples=4)
def test_the_largest_number_of_a_bin_lies_in_it_and_the_next_one_above(error: float) -> None:
    grid = grid_of(error)
    uppers = np.unique(grid.upper(np.arange(1, int(grid.codes([10**17])[0]))))
    assert np.array_equal(grid.upper(grid.codes(uppers)), uppers)
    assert (grid.upper(grid.codes(uppers + 1)) > uppers).all()


def test_numbers_past_the_largest_count_as_the_largest() -> None:
    grid = grid_of(ERROR)
    last, past, lowest = grid.codes([LARGEST, 9 * LARGEST, -9 * LARGEST]).tolist()
    assert last == past == -lowest


def test_codes_are_those_of_the_library_but_where_a_number_ends_a_bin() -> None:
    grid = Grid(ERROR)
    numbers = np.unique(np.geomspace(1, 1e16, 20_000).astype(np.int64))
    from ddsketch.mapping import LogarithmicMapping

    mapping = LogarithmicMapping(grid.accuracy)
    theirs = np.array([mapping.key(int(number)) + 1 for number in numbers])
    assert np.array_equal(grid.codes(numbers), theirs)


@settings(deadline=None)
@given(ERRORS, POPULATIONS, SHARES)
def test_a_quantile_is_off_by_the_stated_error_and_above_it_are_as_many_as_told(
    error: float, numbers: list[int], share: float
) -> None:
    grid = grid_of(error)
    sketch = Sketch(grid, grid.bins(numbers))
    line = sketch.line(share)
    exact = sorted(numbers)[floor(share * (len(numbers) - 1))]
    assert line is not None
    assert exact <= line <= exact + error * abs(exact)
    over = [number for number in numbers if number > line]
    customers, value = sketch.above(line)
    assert customers == len(over)
    assert value == pytest.approx(sum(over), rel=1e-12)
    assert len(over) <= len(numbers) - 1 - floor(share * (len(numbers) - 1))


@settings(deadline=None)
@given(POPULATIONS, SHARES)
def test_filling_a_sketch_in_one_go_is_adding_each_number(numbers: list[int], share: float) -> None:
    grid = grid_of(ERROR)
    theirs = DDSketch(grid.accuracy)
    for number in numbers:
        theirs.add(number)
    bins = grid.bins(numbers)
    ours = grid.sketch(bins.codes, bins.counts.astype(np.float64))
    assert ours.count == theirs.count
    assert ours.get_quantile_value(share) == theirs.get_quantile_value(share)


@settings(deadline=None)
@given(
    ERRORS,
    st.lists(st.one_of(st.integers(0, 60), st.integers(-1_000, 10**9)), min_size=1, max_size=150),
    SHARES,
)
def test_the_largest_numbers_that_make_a_share_of_the_sum(
    error: float, numbers: list[int], share: float
) -> None:
    grid = grid_of(error)
    sketch = Sketch(grid, grid.bins(numbers))
    ranked, total = sorted(numbers, reverse=True), sum(numbers)
    line, customers = sketch.top_line(share), sketch.top_customers(share)
    if total <= 0:
        assert line is None
        assert customers is None
        return
    needed = ceil(Fraction(str(share)) * total)
    exact = next(n for n in range(1, len(ranked) + 1) if sum(ranked[:n]) >= needed)
    last = ranked[exact - 1]
    assert line is not None
    assert customers is not None
    assert line < last <= (line + 1) * (1 + error) + 1e-6
    count, value = sketch.above(line)
    assert count >= exact
    assert value >= needed
    without_its_bin = [
        n for n in numbers if n > line and grid.codes([n])[0] > grid.codes([last])[0]
    ]
    assert sum(without_its_bin) < needed
    in_its_bin = count - len(without_its_bin)
    assert abs(customers - exact) <= ceil(error * in_its_bin)


@settings(deadline=None)
@given(ERRORS, st.lists(st.integers(0, 10**9), min_size=1, max_size=150), st.data())
def test_what_the_top_customers_hold_is_off_by_the_stated_error(
    error: float, numbers: list[int], data: st.DataObject
) -> None:
    grid = grid_of(error)
    customers = data.draw(st.integers(1, len(numbers)))
    held = Sketch(grid, grid.bins(numbers)).top_value(customers)
    exact = sum(sorted(numbers, reverse=True)[:customers])
    assert abs(held - exact) <= error * exact + 1e-6


@settings(deadline=None)
@given(POPULATIONS, st.sampled_from((1, 4, 12)), st.randoms(use_true_random=False))
def test_bins_of_any_partitioning_add_up_to_those_of_all(
    numbers: list[int], partitions: int, random: object
) -> None:
    grid = grid_of(ERROR)
    places = [random.randrange(partitions) for _ in numbers]  # type: ignore[attr-defined]
    parts = [
        grid.bins([n for n, place in zip(numbers, places, strict=True) if place == p])
        for p in range(partitions)
    ]
    assert same(add(parts), grid.bins(numbers)) or sum(map(abs, numbers)) > 2**53
    assert same(add(parts[::-1]), add(parts)) or sum(map(abs, numbers)) > 2**53


def test_nobody_has_no_line() -> None:
    sketch = Sketch(grid_of(ERROR), EMPTY)
    assert sketch.line(0.5) is None
    assert sketch.top_line(0.8) is None
    assert sketch.above(0) == (0, 0.0)


def test_a_share_that_ends_between_two_customers_takes_the_upper_one_alone() -> None:
    grid = grid_of(ERROR)
    for unit in range(1_000, 1_100):  # some of these places are not whole in binary
        sketch = Sketch(grid, grid.bins([4 * unit, unit]))
        line = sketch.top_line(0.8)
        assert line is not None
        assert sketch.above(line) == (1, 4.0 * unit)
    sketch = Sketch(grid, grid.bins([8_000, 1_500, 500]))
    line = sketch.top_line(0.8)
    assert line is not None
    assert sketch.above(line) == (1, 8_000.0)
    assert sketch.top_customers(0.8) == 1
    assert sketch.top_customers(0.95) == 2
