"""The report on value: what a hand calculation gives, however customers are split up."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dispatch import export
from domain.policy import Policy
from domain.value.portfolio import Portfolio, PortfolioReport
from domain.value.ranks import Ranks
from domain.value.snapshot import load_snapshot
from domain.value.standing import Standing
from tests.domain.figured import figured
from tests.domain.value.town import Town, clock, settle

POLICY = Policy()


def line(
    value: float, kind: str | None = "C", relation: str = "transactional", clv: str = "migrator",
    *, scores: tuple[int, int] = (1, 1), contacts: int = 0, net: float | None = None,
    cost: float = 0.0, worth: float = 1.0,
) -> dict[str, Any]:  # fmt: skip
    """What is read of a customer's line of ``customers.jsonl``."""
    known = kind is not None
    return {
        "customer_id": "c",
        "value": {
            "purchases": 1, "abc": kind, "relation_class": relation, "clv_class": clv,
            "clv": worth, "net_value": net, "contacts": contacts, "cost_to_serve": cost,
            "rfm": {
                "monetary": value, "r": scores[0] if known else None,
                "f": scores[1] if known else None,
            },
        },
    }  # fmt: skip


NOBODY = {"customer_id": "n", "value": {"purchases": 0}}


def report(lines: list[dict[str, Any]], policy: Policy = POLICY) -> PortfolioReport:
    return Portfolio.of(map(figured, lines), policy).report()


def test_the_abc_table() -> None:
    found = report([line(80.0, "A"), line(15.0, "B"), line(3.0), line(2.0), NOBODY])
    assert (found.customers, found.others, found.value, found.currency) == (4, 1, 100.0, "CNY")
    rows = [(r.name, r.customers, r.customer_share, r.value, r.value_share) for r in found.abc]
    assert rows == [
        ("A", 1, 0.25, 80.0, 0.8), ("B", 1, 0.25, 15.0, 0.15), ("C", 2, 0.5, 5.0, 0.05),
    ]  # fmt: skip


def test_customers_without_a_class_have_a_row_of_their_own() -> None:
    found = report([line(80.0, None), line(20.0, "A")])
    assert [row.name for row in found.abc] == ["A", "B", "C", "unknown"]
    assert found.abc[3].value_share == 0.8
    assert [row.name for row in found.clv][-1] != "unknown"
    assert sum(cell.customers for cell in found.grid) == 1


def test_pareto_and_concentration_are_exact() -> None:
    found = report([line(float(amount)) for amount in (1, 1, 1, 1, 1, 1, 1, 1, 2, 90)])
    assert found.pareto is not None
    assert (found.pareto.customers, found.pareto.customer_share) == (1, 0.1)
    assert found.pareto.value_share == 0.9
    assert [(top.customers, top.value_share) for top in found.concentration] == [(1, 0.9)] * 3
    shares = report([line(float(amount)) for amount in range(1, 201)])
    assert [top.customers for top in shares.concentration] == [1, 2, 20]
    assert shares.concentration[1].value_share == (200 + 199) / 20_100


def test_without_value_there_is_no_pareto() -> None:
    found = report([line(0.0), line(-5.0)])
    assert found.pareto is None
    assert found.concentration == ()
    assert [row.value_share for row in found.abc] == [None, None, None]
    empty = report([])
    assert empty.customers == 0
    assert [row.customer_share for row in empty.abc] == [None, None, None]
    assert empty.pyramid is None
    assert empty.grid == ()


def test_relationship_classes_stand_beside_what_is_published_of_them() -> None:
    found = report(
        [
            line(60.0, relation="relational_top"), line(25.0, relation="relational_upper"),
            line(15.0, relation="relational_lower"), line(100.0, relation="transactional"),
        ]
    )  # fmt: skip
    rows = [(r.name, r.value_share, r.relational_share, r.expected) for r in found.relation]
    assert rows == [
        ("relational_top", 0.3, 0.6, (0.3, 0.5)),
        ("relational_upper", 0.125, 0.25, (0.4, 0.5)),
        ("relational_lower", 0.075, 0.15, None),
        ("transactional", 0.5, None, None),
    ]


def test_clv_classes_hold_clv() -> None:
    found = report(
        [line(1.0, clv="below_zero", worth=2.0), line(1.0, clv="most_valuable", worth=8.0)]
    )
    assert [(row.name, row.value, row.value_share) for row in found.clv] == [
        ("below_zero", 2.0, 0.2), ("most_valuable", 8.0, 0.8),
        ("most_growable", 0.0, 0.0), ("migrator", 0.0, 0.0),
    ]  # fmt: skip


def test_the_service_pyramid() -> None:
    found = report(
        [
            line(1.0, net=-20.0, contacts=6, cost=60.0), line(1.0, net=-5.0, contacts=2, cost=20.0),
            line(1.0, net=100.0, contacts=2, cost=20.0), line(1.0, net=25.0),
            line(1.0, contacts=50, cost=900.0),
        ]
    )  # fmt: skip
    pyramid = found.pyramid
    assert pyramid is not None
    assert (pyramid.customers, pyramid.unprofitable, pyramid.unprofitable_share) == (4, 2, 0.5)
    assert (pyramid.support_share, pyramid.cost_share) == (0.8, 0.8)
    sixty, eighty = pyramid.heaviest
    assert (sixty.support_share, sixty.customers, sixty.profit_share) == (0.6, 1, -0.2)
    # of two customers with two contacts each, who brings less comes first
    assert (eighty.support_share, eighty.customers, eighty.profit_share) == (0.8, 2, -0.25)
    assert pyramid.expected_unprofitable == (0.5, 0.6)
    assert pyramid.expected_profit_below == 0.2


def test_the_grid_of_recency_and_frequency() -> None:
    found = report([line(7.0, scores=(5, 1)), line(3.0, scores=(5, 1)), line(1.0, scores=(1, 5))])
    assert len(found.grid) == 25
    cells = {(cell.recency, cell.frequency): cell for cell in found.grid}
    assert (cells[5, 1].customers, cells[5, 1].value) == (2, 10.0)
    assert cells[1, 5].customers == 1
    assert sum(cell.customers for cell in found.grid) == 3
    assert (found.grid[0].recency, found.grid[0].frequency) == (5, 1)


lines = st.one_of(
    st.just(NOBODY),
    st.builds(
        line,
        st.integers(-(10**4), 10**7).map(lambda amount: amount / 100),
        st.sampled_from(("A", "B", "C", None)),
        st.sampled_from(("relational_top", "relational_lower", "transactional")),
        st.sampled_from(("below_zero", "most_valuable", "migrator")),
        scores=st.tuples(st.integers(1, 5), st.integers(1, 5)),
        contacts=st.integers(0, 5),
        net=st.one_of(st.none(), st.integers(-9_999, 9_999).map(lambda amount: amount / 100)),
        cost=st.integers(0, 999).map(float),
        worth=st.integers(0, 10**6).map(lambda amount: amount / 100),
    ),
)


@settings(deadline=None)
@given(st.lists(lines, max_size=60), st.sampled_from((4, 12)), st.randoms(use_true_random=False))
def test_any_partitioning_gives_the_same_report(
    given_: list[dict[str, Any]], partitions: int, random: Any
) -> None:
    parts: list[list[dict[str, Any]]] = [[] for _ in range(partitions)]
    for one in given_:
        parts[random.randrange(partitions)].append(one)
    whole = Portfolio(POLICY)
    for part in parts:
        whole.merge(Portfolio.of(map(figured, part), POLICY))
    assert msgspec.json.encode(whole.report()) == msgspec.json.encode(report(given_))


@settings(deadline=None)
@given(st.lists(lines, min_size=1, max_size=60))
def test_the_tops_are_what_sorting_gives(given_: list[dict[str, Any]]) -> None:
    amounts = sorted(
        (round(one["value"]["rfm"]["monetary"] * 100) for one in given_ if one is not NOBODY),
        reverse=True,
    )
    found, total = report(given_), sum(amounts)
    if total <= 0:
        assert found.pareto is None
        return
    assert found.pareto is not None
    least = next(n for n in range(1, len(amounts) + 1) if 10 * sum(amounts[:n]) >= 8 * total)
    assert found.pareto.customers == least
    for top, share in zip(found.concentration, POLICY.value.abc.concentration, strict=True):
        assert top.customers == ceil(Fraction(str(share)) * len(amounts))
        assert top.value_share == pytest.approx(sum(amounts[: top.customers]) / total)


def test_a_whole_town_from_events_to_the_report() -> None:
    town, standing = Town(), Standing(POLICY.value)
    for number in range(40):
        for day in range(0, 200, 5 * (1 + number % 7)):
            town.buy(f"c-{number}", day, float(10 * 1.2**number), margin=1.1**number)
        for _ in range(number % 3):
            town.serve(f"c-{number}", 200)
    town.serve("visitor", 200)
    settle(standing, town, clock(200))
    record = standing.summary(0, clock(200), 1)
    assert record is not None
    made = Ranks(POLICY.value).fit([load_snapshot(record)], clock(200))
    assert made is not None
    exported = [export(town.open(key), clock(200), POLICY, made) for key in town.keys]
    found = Portfolio.of(exported, POLICY).report()
    assert (found.customers, found.others) == (40, 1)
    assert {row.name: row.customers for row in found.abc} == {
        name: total.customers for name, total in made.abc_totals.items()
    }
    assert {row.name: row.customers for row in found.relation} == {
        name: total.customers for name, total in made.relation_totals.items()
    }
    below = sum(one.value.clv_class == "below_zero" for one in exported)
    assert below == made.clv_totals["below_zero"].customers > 0
    assert found.value == pytest.approx(made.total_value)
    assert found.pareto is not None
    assert made.pareto_customers == pytest.approx(found.pareto.customer_share, abs=0.026)
    assert found.pyramid is not None
    assert found.pyramid.unprofitable == below
    assert sum(cell.customers for cell in found.grid) == 40
