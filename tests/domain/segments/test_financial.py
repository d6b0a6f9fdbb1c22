"""Segments by money, satisfaction and waits beside clicks: who lacks one of them is in none."""

from __future__ import annotations

import pytest

from domain.policy import Policy
from domain.policy.segments import FINANCIAL_FEATURES, SegmentRules
from domain.segments.financial import financial_values
from domain.segments.live import Segments
from schemas.segments import SegmentCard, SegmentModel
from tests.domain.bank import CUSTOMER, DAY, HOUR, START, Task
from tests.domain.segments.test_live import Live

FEATURES = ("functions_visited", "balance", "satisfaction")
POLICY = Policy(segments=SegmentRules(features=FEATURES))


def model(version: int, *balances: float) -> SegmentModel:
    """Segments that lie apart in the logarithm of the balance alone."""
    names = tuple(f"s{number}" for number, _ in enumerate(balances, 1))
    return SegmentModel.model_validate(
        {
            "model_id": f"m-{version}", "version": version, "occurred_at": START, "reason": "test",
            "features": FEATURES, "logged": (True, True, False), "weights": (1e-9, 1.0, 1e-9),
            "mean": (0.0,) * 3, "scale": (1.0,) * 3,
            "centroids": tuple((0.0, balance, 5.0) for balance in balances), "margin": 0.1,
            "customers": 2, "quarantined": 0, "next_id": 9,
            "segments": tuple(
                SegmentCard(
                    segment_id=one, name=f"name of {one}", strategy="look", size=1, share=0.5,
                    centroid={}, spread={}, since_version=1,
                )
                for one in names
            ),
        }
    )  # fmt: skip


class Financial(Live):
    """As its base, under a policy that names financial features."""

    def __init__(self) -> None:
        super().__init__()
        self.task = Task(POLICY)


def entered(live: Live) -> list[tuple[str | None, str | None]]:
    return [(update.from_segment, update.to_segment) for update in live.updates]


def raw(live: Live) -> list[list[float]]:
    """The vector as the clusterer has it."""
    held = live.segments._clusterer
    found: list[list[float]] = held.table.raw[held.rows_of([CUSTOMER])].tolist()
    return found


def test_a_customer_is_in_a_segment_once_all_its_figures_are_known() -> None:
    live = Financial()
    assert live.segments.adopt(model(1, 3.0, 13.0)) is None
    live.visit(0, 3)
    live.tick(HOUR)
    assert entered(live) == []
    live.task.take(live.make.transaction(2 * HOUR, 500_000.0))
    live.tick(3 * HOUR)
    assert entered(live) == []  # the satisfaction is not known yet
    live.task.take(live.make.survey(4 * HOUR, "csat", 4.0))
    live.tick(5 * HOUR)
    assert entered(live) == [(None, "s2")]
    assert live.customer.core.entered_with == [3.0, 500_000.0, 7.5]
    assert live.updates[0].reason.startswith("Has become part of name of s2: ")
    assert "balance 500,000" in live.updates[0].reason


def test_another_balance_moves_the_customer_without_a_click() -> None:
    live = Financial()
    live.segments.adopt(model(1, 3.0, 13.0))
    live.visit(0, 3)
    live.task.take(live.make.survey(HOUR, "csat", 4.0), live.make.transaction(2 * HOUR, 500_000.0))
    live.tick(3 * HOUR)
    live.task.take(live.make.transaction(4 * HOUR, 15.0))
    live.tick(5 * HOUR)
    assert entered(live) == [(None, "s2"), ("s2", "s1")]
    live.tick(8 * DAY)
    assert entered(live)[-1] == ("s1", None)


def test_another_worker_goes_on_with_the_same_vector() -> None:
    live = Financial()
    live.segments.adopt(model(1, 3.0, 13.0))
    live.visit(0, 3)
    live.task.take(live.make.survey(HOUR, "csat", 4.0), live.make.transaction(2 * HOUR, 500_000.0))
    live.tick(3 * HOUR)
    before = live.segments._clusterer.table.raw[
        live.segments._clusterer.rows_of([CUSTOMER])
    ].tolist()
    live.task.save()
    live.restart()
    live.segments.adopt(model(1, 3.0, 13.0))
    live.tick(4 * HOUR)
    after = live.segments._clusterer.table.raw[
        live.segments._clusterer.rows_of([CUSTOMER])
    ].tolist()
    assert after == before == [[3.0, 500_000.0, 7.5]]
    assert entered(live) == [(None, "s2")]


def test_who_is_in_a_segment_and_lacks_a_figure_leaves_it() -> None:
    """As where an operator adds a feature that is not known of everybody."""
    live = Live()
    live.visit(0, 3)
    live.customer.core.segment = "s1"
    live.task.ctx.segments = segments = Segments(POLICY)
    segments.adopt(model(1, 3.0, 13.0))
    segments.moved[CUSTOMER] = None
    (update,) = live.tick(HOUR)
    assert (update.from_segment, update.to_segment) == ("s1", None)
    assert update.reason.endswith("a figure that segments are made by is not known any more.")


def test_figures_are_those_of_the_clock() -> None:
    live = Live()
    live.task.take(
        live.make.transaction(0, -50.0, amount=20.0),
        live.make.transaction(HOUR, -70.0, amount=5.0),
        live.make.contact(2 * HOUR, 630.0),
    )  # fmt: skip
    found = financial_values(live.customer, START + 3 * DAY, Policy())
    assert found == {
        "balance": 0.0, "recency_days": 3.0, "frequency": 2.0, "monetary": 25.0,
        "satisfaction": pytest.approx(5.0), "wait_score": pytest.approx(5.0),
    }  # fmt: skip
    later = financial_values(live.customer, START + 400 * DAY, Policy())
    assert (later["frequency"], later["monetary"], later["recency_days"]) == (0.0, 0.0, 400.0)


def test_every_financial_feature_may_be_named_and_others_not() -> None:
    assert SegmentRules(features=FINANCIAL_FEATURES).financial
    assert not SegmentRules().financial
    assert set(financial_values(Live().customer, START, Policy())) == set(FINANCIAL_FEATURES)
    with pytest.raises(ValueError, match="shoe_size is no feature"):
        SegmentRules(features=("balance", "shoe_size"))
