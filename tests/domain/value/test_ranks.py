"""The standings: what sorting all customers gives, and the same however they are partitioned."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policy import Policy
from domain.policy.value import Rfm, ValueRules
from domain.value.classes import Scores, abc, clv_class, relation_class, rfm
from domain.value.ranks import Ranks
from domain.value.row import Facts, Row
from domain.value.sketches import grid_of
from domain.value.snapshot import Figures, Snapshot, dump_snapshot, load_snapshot
from schemas.codec import encode
from schemas.standings import Standings
from tests.domain.bank import START

POLICY = Policy()
RULES = POLICY.value
ERROR = RULES.rfm.relative_error
DAY = 20_500


class Person(NamedTuple):
    """A customer as plain numbers; amounts in hundredths, no share as ``None``."""

    days: int
    purchases: int
    value: int
    clv: int
    relational: bool
    net: int | None
    share: float | None

    @property
    def below_zero(self) -> bool:
        return self.net is not None and self.net < 0

    @property
    def growable(self) -> int | None:
        return None if not self.share else round(self.clv * (1 / self.share - 1))

    @property
    def row(self) -> Row:
        facts = Facts(
            first_day=DAY - self.days - (300 if self.relational else 0), last_day=DAY - self.days,
            repeats=3, mean_spend=10.0, purchases=4, frequency=self.purchases,
            monetary=self.value, net=self.net or 0, has_margin=self.net is not None,
            wallet_share=float("nan") if self.share is None else self.share, changes=DAY + 1,
        )  # fmt: skip
        return Row(facts, self.days, self.relational, self.clv, self.growable)


people = st.builds(
    Person,
    days=st.one_of(st.integers(0, 10), st.integers(0, 700)),
    purchases=st.one_of(st.integers(0, 3), st.integers(0, 300)),
    value=st.one_of(st.integers(-1_000, 1_000), st.integers(0, 10**8)),
    clv=st.integers(0, 10**7),
    relational=st.booleans(),
    net=st.one_of(st.none(), st.integers(-1_000, 10**6)),
    share=st.one_of(st.none(), st.integers(0, 20).map(lambda part: part / 20)),
)
crowds = st.lists(people, min_size=1, max_size=120)


def snapshot(crowd: list[Person], number: int = 0, day: int = DAY) -> Snapshot:
    """What a partition of these customers tells, by way of bytes."""
    bins = grid_of(ERROR).bins
    figures = Figures(
        recency_days=bins([one.days for one in crowd]),
        frequency=bins([one.purchases for one in crowd]),
        monetary=bins([one.value for one in crowd]),
        relational=bins([one.value for one in crowd if one.relational]),
        clv=bins([one.clv for one in crowd if not one.below_zero]),
        clv_below_zero=bins([one.clv for one in crowd if one.below_zero]),
        growable=bins([one.growable for one in crowd if one.growable is not None]),
        relational_sales=bins(
            [one.value for one in crowd if one.relational],
            [one.purchases for one in crowd if one.relational],
        ),
    )
    return load_snapshot(dump_snapshot(Snapshot(number, START, day, RULES.rules_id, figures)))


def standings(crowd: list[Person]) -> Standings:
    """The first standings of one partition."""
    found = Ranks(RULES).fit([snapshot(crowd)], START)
    assert found is not None
    return found


def quantile(numbers: list[int], share: float) -> int:
    """By sorting."""
    return sorted(numbers)[floor(share * (len(numbers) - 1))]


def assert_line(line: float | None, numbers: list[int], share: float, unit: int = 1) -> None:
    """A line lies at the exact quantile or above it, by the stated error at most."""
    assert line is not None
    exact, found = quantile(numbers, share), round(line * unit)
    assert found == pytest.approx(line * unit)
    assert exact <= found <= exact + ERROR * abs(exact)


def assert_line_of_sales(line: float | None, crowd: list[Person], share: Fraction) -> None:
    """Who is above the line makes the share of sales; without the least bin of them nobody does."""
    among = sorted((one for one in crowd if one.relational), key=lambda one: -one.value)
    needed = ceil(share * sum(one.purchases for one in among))
    if not needed:
        assert line is None
        return
    assert line is not None
    above = [one for one in among if one.value > round(line * 100)]
    assert sum(one.purchases for one in above) >= needed
    highest = next(
        one.value
        for place, one in enumerate(among)
        if sum(each.purchases for each in among[: place + 1]) >= needed
    )
    found = round(line * 100)
    assert highest - ERROR * abs(highest) - 1 <= found < highest


@settings(deadline=None, max_examples=150)
@given(crowds)
def test_every_line_is_within_the_error_of_what_sorting_gives(crowd: list[Person]) -> None:
    found = standings(crowd)
    for place, share in enumerate(RULES.rfm.shares):
        assert_line(found.recency_days[place], [one.days for one in crowd], share)
        assert_line(found.frequency[place], [one.purchases for one in crowd], share)
        assert_line(found.monetary[place], [one.value for one in crowd], share, 100)
    assert_line(found.median_frequency, [one.purchases for one in crowd], 0.5)
    assert_line(found.clv_above, [one.clv for one in crowd], 0.8, 100)
    relational = [one.value for one in crowd if one.relational]
    assert found.relational_customers == len(relational)
    assert_line_of_sales(found.relational_top_above, crowd, Fraction(1, 10))
    assert_line_of_sales(found.relational_upper_above, crowd, Fraction(1, 2))
    growable = [one.growable for one in crowd if one.growable is not None]
    assert found.growable_customers == len(growable)
    if growable:
        assert_line(found.growable_above, growable, 0.8, 100)
    assert found.customers == len(crowd)
    assert found.total_value == sum(one.value for one in crowd) / 100


@settings(deadline=None, max_examples=150)
@given(crowds)
def test_abc_pareto_and_concentration_are_what_sorting_gives(crowd: list[Person]) -> None:
    found = standings(crowd)
    ranked, total = sorted((one.value for one in crowd), reverse=True), sum(o.value for o in crowd)
    if total <= 0:
        assert found.a_above is None
        assert found.abc_totals == {}
        assert found.pareto_customers is None
        assert found.concentration == ()
        return
    for line, share in ((found.a_above, 0.8), (found.b_above, 0.95)):
        needed = ceil(Fraction(str(share)) * total)
        exact = next(n for n in range(1, len(ranked) + 1) if sum(ranked[:n]) >= needed)
        last = ranked[exact - 1]
        assert line is not None
        assert line * 100 < last <= (line * 100 + 1) * (1 + ERROR) + 1e-3
        above = [value for value in ranked if value > round(line * 100)]
        assert sum(above) >= needed
        if share == 0.8:
            assert found.pareto_customers is not None
            off = abs(round(found.pareto_customers * len(crowd)) - exact)
            assert off <= ceil(ERROR * (len(above) - exact + 1))
    for held, share in zip(found.concentration, RULES.abc.concentration, strict=True):
        top = sum(ranked[: ceil(Fraction(str(share)) * len(crowd))])
        assert held.customers == share
        assert abs(held.value - top / total) <= ERROR * abs(top) / total + 1e-9


@settings(deadline=None, max_examples=150)
@given(crowds)
def test_the_totals_are_those_of_customers_classed_one_by_one(crowd: list[Person]) -> None:
    found = standings(crowd)
    by_class: dict[str, dict[str, list[int]]] = {"abc": {}, "relation": {}, "clv": {}}
    for one in crowd:
        kind = clv_class(one.row, found, POLICY).value
        named: dict[str, tuple[Any, int]] = {
            "abc": (abc(one.row, found, POLICY).value, one.value),
            "relation": (relation_class(one.row, found, POLICY).value, one.value),
            "clv": (kind if kind in {"below_zero", "most_valuable"} else "not_above", one.clv),
        }
        for table, (name, amount) in named.items():
            if name is not None:
                by_class[table].setdefault(name, []).append(amount)
    told = {"abc": found.abc_totals, "relation": found.relation_totals, "clv": found.clv_totals}
    for table, totals in told.items():
        held = {name: total for name, total in totals.items() if total.customers}
        assert set(held) == set(by_class[table])
        for name, amounts in by_class[table].items():
            assert held[name].customers == len(amounts)
            assert held[name].value == pytest.approx(sum(amounts) / 100)


@settings(deadline=None, max_examples=150)
@given(crowds)
def test_scores_are_those_of_the_exact_lines_but_within_the_error(crowd: list[Person]) -> None:
    found = standings(crowd)
    shares = RULES.rfm.shares

    def score(number: int, numbers: list[int]) -> tuple[int, int]:
        """The score by sorted lines, and by lines as far off as they may be."""
        exact = [quantile(numbers, share) for share in shares]
        moved = [line + ERROR * abs(line) for line in exact]
        return 1 + sum(number > line for line in exact), 1 + sum(number > line for line in moved)

    for one in crowd:
        scores = rfm(one.row, found, POLICY).value
        assert isinstance(scores, Scores)
        for got, number, numbers in (
            (6 - scores.recency, one.days, [each.days for each in crowd]),
            (scores.frequency, one.purchases, [each.purchases for each in crowd]),
            (scores.monetary, one.value, [each.value for each in crowd]),
        ):
            high, low = score(number, numbers)
            assert low <= got <= high


@settings(deadline=None, max_examples=60)
@given(crowds, st.sampled_from((4, 12)), st.randoms(use_true_random=False))
def test_any_partitioning_gives_the_same_standings(
    crowd: list[Person], partitions: int, random: Any
) -> None:
    parts: list[list[Person]] = [[] for _ in range(partitions)]
    for one in crowd:
        parts[random.randrange(partitions)].append(one)
    told = [snapshot(part, number) for number, part in enumerate(parts)]
    random.shuffle(told)
    made = Ranks(RULES).fit(told, START)
    assert made is not None
    assert encode(made) == encode(standings(crowd))


def crowd_of(customers: int, seed: int = 1) -> list[Person]:
    """A crowd with a long tail, as customers are."""
    rng = np.random.default_rng(seed)
    values = np.round(rng.lognormal(8, 1.5, customers) * 100).astype(int).tolist()
    return [
        Person(
            days=int(rng.integers(0, 365)), purchases=int(rng.poisson(8)) + 1, value=value,
            clv=round(value * rng.uniform(0.2, 0.8)), relational=bool(rng.random() < 0.6),
            net=None, share=None,
        )
        for value in values
    ]  # fmt: skip


def test_the_record_says_what_it_is_made_of_and_goes_round_by_bytes() -> None:
    found = standings(crowd_of(500))
    assert found.version == 1
    assert found.kind == "standings"
    assert found.key == b"standings"
    assert found.as_of_day == date(1970, 1, 1) + timedelta(days=DAY)
    assert (found.window_days, found.relative_error) == (365, 0.01)
    assert found.reason.startswith("first standings: 500 customers with purchases, worth ")
    assert Standings.model_validate_json(encode(found)) == found
    assert found.growable_above is None
    assert set(found.clv_totals) == {"below_zero", "most_valuable", "not_above"}


def test_without_news_there_is_no_further_record() -> None:
    crowd = 500 * crowd_of(1)
    ranks = Ranks(RULES)
    first = ranks.fit([snapshot(crowd)], START)
    assert ranks.fit([snapshot(crowd)], START + 60_000) is None
    assert ranks.fit([snapshot(crowd, day=DAY + 1)], START + 60_000) is None
    one_more = [*crowd, crowd[0]]
    assert ranks.fit([snapshot(one_more)], START + 60_000) is None, "0.2 % more is no news"
    assert ranks.record == first


def test_what_moved_by_more_than_the_error_makes_the_next_version_with_its_numbers() -> None:
    crowd = crowd_of(500)
    ranks = Ranks(RULES)
    ranks.fit([snapshot(crowd)], START)
    later = [one._replace(days=one.days + 30) for one in crowd]
    second = ranks.fit([snapshot(later, day=DAY + 30)], START + 60_000)
    assert second is not None
    assert second.version == 2
    assert "recency line 1 went from" in second.reason
    assert "monetary" not in second.reason
    went_on = Ranks(RULES, second)
    assert went_on.fit([snapshot(later, day=DAY + 30)], START + 70_000) is None
    third = went_on.fit([snapshot(crowd)], START + 80_000)
    assert third is not None
    assert third.version == 3
    assert third.standings_id != second.standings_id


def test_a_first_wallet_share_is_news() -> None:
    crowd = crowd_of(200)
    ranks = Ranks(RULES)
    ranks.fit([snapshot(crowd)], START)
    told = [crowd[0]._replace(share=0.5), *crowd[1:]]
    second = ranks.fit([snapshot(told)], START + 60_000)
    assert second is not None
    assert "the line of the most growable went from none to" in second.reason


def test_changed_rules_make_a_new_version_and_older_snapshots_are_left_out() -> None:
    crowd = crowd_of(200)
    first = standings(crowd)
    other = ValueRules(rfm=Rfm(shares=(0.1, 0.2, 0.3, 0.4)))
    ranks = Ranks(other, first)
    assert ranks.fit([snapshot(crowd)], START) is None, "nobody was measured by these rules yet"
    by_other = snapshot(crowd[:100], number=1)._replace(rules_id=other.rules_id)
    second = ranks.fit([snapshot(crowd), by_other], START)
    assert second is not None
    assert second.version == 2
    assert second.customers == 100
    assert other.rules_id in second.reason


def test_of_a_partition_the_newest_snapshot_counts() -> None:
    old = snapshot(crowd_of(50))
    new = snapshot(crowd_of(70))._replace(clock=START + 1)
    for told in ([old, new], [new, old]):
        made = Ranks(RULES).fit(told, START)
        assert made is not None
        assert made.customers == 70


def test_nobody_makes_no_standings() -> None:
    assert Ranks(RULES).fit([], START) is None
    assert Ranks(RULES).fit([snapshot([])], START) is None


def test_a_single_customer_has_standings_too() -> None:
    found = standings([Person(3, 2, 12_345, 500, True, 100, 0.5)])
    assert set(found.recency_days) == {3.0}
    assert found.concentration[0].value == 1.0
    assert found.pareto_customers == 1.0
    assert found.abc_totals["A"].customers == 1
