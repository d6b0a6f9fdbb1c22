"""A report of the live state: every partition's changelog, so one answer covers all workers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec

from agents.topology import Figures
from domain.campaigns.sums import CampaignBook
from domain.policy import Policy
from schemas.fields import moment, rfc3339
from schemas.propensity import PropensityModel
from streams.engine.client.reading import read_records
from streams.queries import segments
from streams.queries.campaigns import campaigns_of
from streams.queries.scores import score_rows, scorecards_of
from streams.queries.standings import read_with_standings
from streams.queries.state import Read, each_partition, exported
from streams.readmodel.fresh import fresh
from streams.readmodel.reading import ReadModel
from streams.reports.report import About, Collector
from streams.settings import Settings

LIVE = "the live state"


async def read_live(
    settings: Settings,
    policy: Policy,
    partitions: int,
    report: Collector,
    progress: Callable[[], None],
    *,
    at: int | None = None,
) -> About:
    """Give a report everything that is committed; ``progress`` is told of each partition read.

    ``at`` in ms; ``None``: now, or on the event clock each partition's watermark. Customers come
    from the read model of a follower that runs here, where there is one, else from the changelog.

    Partitions are read one after the other, so each is as of its own last commit.
    """
    read = await read_with_standings(settings, policy, partitions, at)
    model = fresh(settings, policy, at)
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for topic in report.topics:
        for number in range(read.partitions):
            async for _, value in read_records(settings, topic, number):
                report.add_output(topic, decode(value))
            progress()
    cards, books, newest = [], CampaignBook(), 0
    async for customers, context, as_of in _parts(settings, read, model):
        for customer in customers:
            report.add(customer)
        # the context itself would keep the partition's whole store
        cards += scorecards_of([context])
        books.merge([campaigns_of([context])])
        newest = max(newest, as_of)
        progress()
    return About(
        source=LIVE,
        as_of=rfc3339(moment(newest)) if newest else None,
        segment_names=await _segment_names(settings),
        scores=score_rows(cards, newest),
        campaigns=books,
        answering=next((one for one in read.records if isinstance(one, PropensityModel)), None),
    )


async def _parts(
    settings: Settings, read: Read, model: ReadModel | None
) -> AsyncIterator[tuple[Iterator[Figures], object, int]]:
    """Of each partition its customers, what it keeps over them, and of when (ms)."""
    if model is not None:
        for part in model.parts():
            yield (one.figures for one in part.customers), part.context, part.as_of
        return
    async for partition, as_of in each_partition(settings, read):
        yield (one for _, one in exported(partition, as_of)), partition.context, as_of


def steps(partitions: int, report: Collector) -> int:
    """How many times ``progress`` will be told."""
    return partitions * (1 + len(report.topics))


async def _segment_names(settings: Settings) -> dict[str, str]:
    try:
        model = await segments.newest_model(settings)
    except segments.NoModel:
        return {}
    return {card.segment_id: card.name for card in model.segments}
