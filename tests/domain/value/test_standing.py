"""A partition's standing: always as if everybody were measured anew, told without customers."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.customer.state import Customer
from domain.policy import Policy
from domain.policy.value import Rfm, ValueRules
from domain.value.ledger import Bought, oldest_value_day, take
from domain.value.ranks import Ranks
from domain.value.sketches import grid_of
from domain.value.snapshot import Figures, SnapshotFormatError, load_snapshot
from domain.value.standing import SLICE_CUSTOMERS, Standing
from tests.domain.bank import DAY, HOUR, SECOND
from tests.domain.value.town import FIRST_DAY, Expected, Town, clock, finish, nobody, settle

RULES = Policy().value
NAMES = ("ann", "bob", "cid", "dee", "eve", "fay", "gus")


def bins_of(expected: dict[str, Expected]) -> Figures:
    """The figures of customers worked out one by one, put into bins."""
    rows, grid = list(expected.values()), grid_of(RULES.rfm.relative_error)
    return Figures(
        recency_days=grid.bins([row.recency_days for row in rows]),
        frequency=grid.bins([row.frequency for row in rows]),
        monetary=grid.bins([row.monetary for row in rows]),
        relational=grid.bins([row.monetary for row in rows if row.relational]),
        clv=grid.bins([row.clv for row in rows if not row.below_zero]),
        clv_below_zero=grid.bins([row.clv for row in rows if row.below_zero]),
        growable=grid.bins([row.growable for row in rows if row.growable is not None]),
        relational_sales=grid.bins(
            [row.monetary for row in rows if row.relational],
            [row.frequency for row in rows if row.relational],
        ),
    )


def assert_same(found: Figures, expected: Figures, *, sums_within: float = 0.0) -> None:
    """Figure by figure; CLV may be rounded the other way in its last hundredth."""
    for name, one, other in zip(Figures._fields, found, expected, strict=True):
        assert np.array_equal(one.codes, other.codes), name
        assert np.array_equal(one.counts, other.counts), name
        slack = sums_within * one.customers if name.startswith(("clv", "growable")) else 0.0
        assert np.allclose(one.sums, other.sums, rtol=0, atol=slack), name


def told(standing: Standing, number: int = 0, now: int = 1) -> Figures | None:
    """What the standing tells, by way of bytes."""
    snapshot = standing.summary(number, now, 4)
    return None if snapshot is None else load_snapshot(snapshot).figures


def in_use(standing: Standing) -> int | None:
    """The version of the record in use."""
    record = standing.standings
    return None if record is None else record.version


deeds = st.lists(
    st.tuples(
        st.sampled_from(("buy", "margin", "serve", "share", "erase", "restart", "wait", "tick")),
        st.sampled_from(NAMES),
        st.integers(0, 40),
        st.integers(1, 300_000),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=80)
@given(deeds, st.sampled_from((1, 30, 200, 400)))
def test_after_any_life_the_figures_are_those_of_everybody_measured_anew(
    made: list[tuple[str, str, int, int]], pace: int
) -> None:
    town, standing, day = Town(), Standing(RULES), 0
    for deed, who, step, amount in made:
        if deed == "buy":
            town.buy(who, day, amount / 100)
        elif deed == "margin":
            town.buy(who, day, 5.0, margin=(amount - 150_000) / 100)
        elif deed == "serve":
            town.serve(who, day)
        elif deed == "share":
            town.tell_share(who, day, round(amount / 300_000, 2))
        elif deed == "erase":
            town.erase(who, day)
            standing.remove(who)
        elif deed == "restart":
            standing = Standing(RULES)
            standing.restore(town.keys, town.core_of)
            town.moved = {}
        elif deed == "wait":
            day += step * pace // 40
        else:
            settle(standing, town, clock(day))
    settle(standing, town, clock(day + 1))
    expected = town.expected(day + 1)
    assert len(standing) == len(expected)
    assert_same(standing.figures(), bins_of(expected), sums_within=1.0)


@settings(deadline=None, max_examples=25)
@given(deeds, st.integers(0, 500))
def test_what_a_restart_gives_is_what_was_live(
    made: list[tuple[str, str, int, int]], later: int
) -> None:
    town, live = Town(), Standing(RULES)
    for day, (deed, who, _, amount) in enumerate(made):
        if deed == "share":
            town.tell_share(who, day, round(amount / 300_000, 2))
        else:
            town.buy(who, day, amount / 100, margin=None if deed == "buy" else amount / 300)
        settle(live, town, clock(day))
    settle(live, town, clock(len(made) + later))
    restored = Standing(RULES)
    restored.restore(town.keys, town.core_of)
    settle(restored, town, clock(len(made) + later))
    assert_same(restored.figures(), live.figures())


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.one_of(st.integers(0, 20), st.integers(380, 420)), st.booleans()),
        min_size=1,
        max_size=20,
    ),
    st.integers(0, 60),
)
def test_the_oldest_value_day_of_a_window(made: list[tuple[int, bool]], first: int) -> None:
    made.sort()
    customer = Customer.new("ann")
    for day, purchase in made:
        bought = Bought(1.0, purchase, float(purchase), False, 0, None)
        take(customer, (20_000 + day) * DAY, bought)
    start = max(first, made[-1][0] - 364)
    within = [day for day, purchase in made if purchase and start <= day <= start + 364]
    found = oldest_value_day(customer, 20_000 + start, 20_000 + start + 364)
    assert found == (20_000 + min(within) if within else None)


def test_windows_slide_without_an_event() -> None:
    town, standing = Town(), Standing(RULES)
    town.buy("ann", 0, 100.0)
    town.buy("ann", 10, 30.0)
    town.buy("bob", 5, 50.0)
    settle(standing, town, clock(10))
    for day, frequency, worth in ((364, 3, 18_000), (365, 2, 8_000), (370, 1, 3_000), (375, 0, 0)):
        settle(standing, town, clock(day))
        figures = standing.figures()
        assert (figures.frequency.total, figures.monetary.total) == (frequency, worth)
        assert figures.recency_days.total == (day - 10) + (day - 5)
        assert figures.customers == 2


def test_expectations_fade_each_day() -> None:
    town, standing = Town(), Standing(RULES)
    for day in range(0, 70, 7):
        town.buy("ann", day, 100.0)
    totals = []
    for day in (70, 100, 200):
        settle(standing, town, clock(day))
        totals.append(standing.figures().clv.total)
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < totals[0] / 2


def test_a_purchase_dated_tomorrow_counts_from_tomorrow_on() -> None:
    town, standing = Town(), Standing(RULES)
    town.buy("ann", 1, 100.0)
    settle(standing, town, clock(0, hours=23))
    assert standing.figures().frequency.total == 0
    assert standing.figures().recency_days.total == 0
    settle(standing, town, clock(1, hours=0))
    assert standing.figures().frequency.total == 1


def test_customers_without_purchases_are_not_in_it() -> None:
    town, standing = Town(), Standing(RULES)
    town.serve("ann", 0)
    town.tell_share("bob", 0, 0.5)
    settle(standing, town, clock(0))
    assert len(standing) == 0
    town.buy("ann", 0, 1.0)
    settle(standing, town, clock(0) + 60 * SECOND)
    assert len(standing) == 1


def test_an_erased_customer_was_never_there() -> None:
    town, other = Town(), Town()
    standing, alone = Standing(RULES), Standing(RULES)
    for each in (town, other):
        each.buy("ann", 0, 70.0)
    town.buy("bob", 0, 900.0)
    settle(standing, town, clock(0))
    settle(alone, other, clock(0))
    assert told(standing) is not None
    town.erase("bob", 0)
    standing.remove("bob")
    assert_same(told(standing) or Figures(*standing.figures()), alone.figures())
    standing.remove("ann")
    empty = told(standing)
    assert empty is not None
    assert empty.customers == 0


def test_who_is_found_without_purchases_leaves() -> None:
    town, standing = Town(), Standing(RULES)
    town.buy("ann", 0, 70.0)
    settle(standing, town, clock(0))
    town.erase("ann", 0)
    town.moved["ann"] = None
    settle(standing, town, clock(1))
    assert len(standing) == 0


def test_an_erased_customer_who_waits_to_come_in_does_not() -> None:
    town, standing = Town(), Standing(RULES)
    for who in ("ann", "bob"):
        town.buy(who, 0, 70.0)
    restored = town.keys
    before = dict(town.records)
    standing.restore(restored, lambda key: before[b"c" + key.encode()])
    town.erase("bob", 0)
    standing.remove("bob")
    town.moved = {}
    settle(standing, town, clock(0))
    assert len(standing) == 1


def test_whoever_moved_is_measured_at_most_every_30_seconds() -> None:
    town, standing = Town(), Standing(RULES)
    start = clock(0)
    for second in range(0, 120, 10):
        town.buy("ann", 0, 1.0)
        standing.moved |= town.moved
        now = start + second * SECOND
        if standing.due(now):
            standing.tick(now, town.open)
            assert not standing.busy, "nobody else is measured within the day"
        if second < 30:
            assert standing.figures().frequency.total == 1
        elif second == 30:
            assert standing.figures().frequency.total == 4
    assert standing.figures().frequency.total == 10
    assert not standing.due(start + 119 * SECOND)
    assert standing.due(start + 120 * SECOND)
    assert not standing.ripe(start + 10 * DAY)


def test_at_midnight_everybody_is_due_and_within_the_day_nobody() -> None:
    town, standing = Town(), Standing(RULES)
    town.buy("ann", 0, 1.0)
    settle(standing, town, clock(0))
    assert not standing.due(clock(0, hours=23))
    assert standing.due(clock(1, hours=0))


def test_work_comes_in_slices_and_no_snapshot_before_it_is_done() -> None:
    town, standing = Town(), Standing(RULES)
    customers = 2 * SLICE_CUSTOMERS + 1
    for number in range(customers):
        town.buy(f"c-{number:04d}", 0, 10.0)
    standing.restore(town.keys, town.core_of)
    opened: list[str] = []

    def open_(key: str) -> Any:
        opened.append(key)
        return town.open(key)

    for least in (SLICE_CUSTOMERS, SLICE_CUSTOMERS, 1):
        assert told(standing) is None
        before = len(opened)
        standing.work(clock(0), open_, nobody)
        assert len(opened) - before == least
    found = told(standing)
    assert found is not None
    assert found.customers == customers
    assert told(standing) is None, "nothing is new"
    opened.clear()
    settle_now = clock(1)
    assert standing.due(settle_now)
    standing.tick(settle_now, open_)
    finish(standing, settle_now, open_)
    assert opened == [], "nothing left the window: nobody need be opened"
    assert told(standing) is not None


def test_many_who_change_at_one_midnight_are_opened_in_slices_too() -> None:
    town, standing = Town(), Standing(RULES)
    customers = SLICE_CUSTOMERS + 7
    for number in range(customers):
        town.buy(f"c-{number:04d}", 0, 10.0)
    standing.restore(town.keys, town.core_of)
    finish(standing, clock(0), town.open)
    now, opened = clock(365), list[str]()

    def open_(key: str) -> Any:
        opened.append(key)
        return town.open(key)

    standing.tick(now, open_)
    assert len(opened) == SLICE_CUSTOMERS
    finish(standing, now, town.open)
    assert standing.figures().frequency.total == 0


def test_a_snapshot_names_its_day_and_partition_and_no_customer() -> None:
    town, standing = Town(), Standing(RULES)
    town.buy("ann-the-customer", 3, 12.34)
    settle(standing, town, clock(3))
    record = standing.summary(7, clock(3), 12)
    assert record is not None
    assert b"ann" not in record
    snapshot = load_snapshot(record)
    assert (snapshot.partition, snapshot.clock, snapshot.day) == (7, clock(3), FIRST_DAY + 3)
    assert snapshot.rules_id == RULES.rules_id
    assert snapshot.figures.monetary.total == 1_234


@given(st.data())
def test_a_torn_snapshot_is_refused(data: st.DataObject) -> None:
    town, standing = Town(), Standing(RULES)
    town.buy("ann", 0, 12.34)
    settle(standing, town, clock(0))
    record = standing.summary(0, clock(0), 4)
    assert record is not None
    place = data.draw(st.integers(0, len(record) - 1))
    with pytest.raises(SnapshotFormatError, match="torn"):
        load_snapshot(record[:place])
    torn = bytearray(record)
    torn[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SnapshotFormatError, match="torn"):
        load_snapshot(bytes(torn))


def test_standings_of_other_rules_are_refused_and_older_ones_left_aside() -> None:
    town = Town()
    town.buy("ann", 0, 12.34)
    by_rules = {}
    for rules in (RULES, ValueRules(rfm=Rfm(window_days=90))):
        standing = Standing(rules)
        settle(standing, town, clock(0))
        town.moved = dict.fromkeys(town.keys)
        record = standing.summary(0, clock(0), 1)
        assert record is not None
        made = Ranks(rules).fit([load_snapshot(record)], clock(0))
        assert made is not None
        by_rules[rules.rules_id] = made
    ours, foreign = by_rules.values()
    standing = Standing(RULES)
    refused = standing.adopt(foreign)
    assert refused is not None
    assert RULES.rules_id in refused
    assert foreign.rules_id in refused
    assert in_use(standing) is None
    assert standing.adopt(ours.model_copy(update={"version": 5})) is None
    assert standing.adopt(ours) is None
    assert in_use(standing) == 5
    standing.floor = 6
    assert in_use(standing) is None, "the checkpoint names a newer one"


def test_a_snapshot_of_many_customers_takes_no_long_pause() -> None:
    customers = 20_000
    town, standing = Town(), Standing(RULES)
    rng = np.random.default_rng(1)
    for number in range(50):
        for day in np.sort(rng.integers(0, 300, 4)):
            town.buy(f"c-{number}", 300 + int(day), float(np.round(rng.lognormal(5, 1.5), 2)))
    real = {key: town.open(key) for key in town.keys}
    names = list(real)
    copies = [f"c-{number}" for number in range(customers)]
    standing.restore(copies, lambda key: town.core_of(names[int(key[2:]) % len(names)]))
    finish(standing, clock(600), lambda key: real[names[int(key[2:]) % len(names)]])
    assert len(standing) == customers
    pauses = []
    for _ in range(5):
        began = time.thread_time()  # what other work the machine has does not count
        standing.figures()
        pauses.append(time.thread_time() - began)
    assert min(pauses) < 0.020


def test_hours_do_not_matter_within_a_day() -> None:
    town = Town()
    town.buy("ann", 0, 12.34)
    early, late = Standing(RULES), Standing(RULES)
    settle(early, town, clock(5, hours=0))
    town.moved = {"ann": None}
    settle(late, town, clock(5) + 11 * HOUR)
    assert_same(early.figures(), late.figures())
