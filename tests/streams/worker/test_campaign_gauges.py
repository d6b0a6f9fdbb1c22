"""Metrics of campaigns: of all together, and of those that the policy names."""

from __future__ import annotations

from agents.customers import customers
from domain.policy import Policy
from streams.engine.partition import Partition
from streams.engine.store import MemoryStore
from streams.worker.metrics import Metrics
from tests.streams.worker.test_metrics import commit, event, exposed, value


def test_campaigns_are_added_up_and_told_apart_only_where_the_policy_names_them() -> None:
    named = Policy.model_validate({"campaigns": {"named": ["spring", "none-yet"]}})
    metrics, topology = Metrics("event"), customers(named)
    one, two = (Partition(topology, n, MemoryStore(), None, clock="event") for n in range(2))
    for each in (one, two):
        metrics.opened(each, 0, 0.0)
    spring, autumn = {"campaign_id": "spring"}, {"campaign_id": "autumn"}
    commit(metrics, one, [
        event(1, "ann", "campaign", action="sent", cost=0.5, **spring),
        event(2, "ann", "campaign", action="clicked", **spring),
        event(3, "ann", "campaign", action="sent", cost=0.25, **autumn),
    ])  # fmt: skip
    commit(metrics, two, [
        event(4, "bob", "campaign", action="sent", cost=0.5, **spring),
        event(5, "campaign:spring", "campaign", action="expense", cost=80, **spring),
        event(6, "bob", "survey", instrument="csat", score=5, **autumn),
    ])  # fmt: skip
    told = exposed(metrics)
    labels = {labels["campaign"] for labels, _ in told["touchline_campaign_customers"]}
    assert labels == {"all", "spring", "none-yet"}

    def people(campaign: str, step: str) -> float:
        return value(metrics, "touchline_campaign_customers", campaign=campaign, step=step)

    assert (people("all", "sent"), people("spring", "sent"), people("none-yet", "sent")) == (
        3,
        2,
        0,
    )
    assert (people("all", "answered"), people("spring", "answered")) == (1, 1)
    money = "touchline_campaign_money"
    assert value(metrics, money, campaign="all", kind="cost") == 1.25
    assert value(metrics, money, campaign="spring", kind="expenses") == 80
    assert value(metrics, "touchline_campaign_ratings", campaign="all") == 1
    assert value(metrics, "touchline_campaign_ratings_score", campaign="all") == 10
    assert value(metrics, "touchline_campaign_dropped") == 0
