"""Campaigns of a worker's partitions as gauges: all together, and those that the policy names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from domain.assembly.context import Context
from domain.campaigns.mailings import STEPS
from domain.campaigns.sums import CampaignBook, Sums
from domain.kernel.units import MICRO
from streams.engine.observer import Seen

ALL: Final = "all"
MONEY: Final = ("cost", "expenses", "revenue", "receipts")


def campaign_gauges(partitions: Iterable[Seen]) -> Iterator[GaugeMetricFamily]:
    """What partitions keep of campaigns; ids are labels only where the policy names them."""
    contexts = [one.context for one in partitions if isinstance(one.context, Context)]
    book = CampaignBook().merge(context.campaigns for context in contexts)
    named = sorted(
        {name for context in contexts for name in context.policy.campaigns.named} - {ALL}
    )
    shown = [(ALL, book.total()), *((name, book.sums.get(name, Sums())) for name in named)]
    customers = GaugeMetricFamily(
        "touchline_campaign_customers",
        "Customers of campaigns by step; each counts once for a campaign.",
        labels=["campaign", "step"],
    )
    money = GaugeMetricFamily(
        "touchline_campaign_money",
        "Money of campaigns in base currency: cost of events, expenses (documents), revenue, and "
        "receipts (purchases soon after a click).",
        labels=["campaign", "kind"],
    )
    rating = GaugeMetricFamily(
        "touchline_campaign_ratings", "Surveys that rate a campaign.", labels=["campaign"]
    )
    rated = GaugeMetricFamily(
        "touchline_campaign_ratings_score",
        "Sum of their scores, 0 to 10 each. Over workers: sum(score) / sum(ratings).",
        labels=["campaign"],
    )
    for name, sums in shown:
        for step in (*STEPS, "answered"):
            customers.add_metric([name, step], getattr(sums, step))
        for kind in MONEY:
            money.add_metric([name, kind], getattr(sums, kind) / MICRO)
        rating.add_metric([name], sums.ratings)
        rated.add_metric([name], sums.rated / MICRO)
    yield from (customers, money, rating, rated)
    yield GaugeMetricFamily(
        "touchline_campaign_dropped",
        "Campaigns that are counted with others only, for there are newer ones.",
        value=book.dropped,
    )
