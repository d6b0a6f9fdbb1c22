"""A report of the live state: every partition's changelog, so one answer covers all workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from schemas.fields import moment, rfc3339
from streams.engine.client.reading import read_records
from streams.queries import segments
from streams.queries.scores import score_rows, scorecards_of
from streams.queries.state import Read, each_partition, exported
from streams.reports.report import About, Report
from streams.settings import Settings

LIVE = "the live state"


async def read_live(
    settings: Settings, read: Read, report: Report, progress: Callable[[], None]
) -> About:
    """Give a report everything that is committed; ``progress`` is told of each partition read.

    Partitions are read one after the other, so each is as of its own last commit.
    """
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for topic in report.topics:
        for number in range(read.partitions):
            async for _, value in read_records(settings, topic, number):
                report.add_output(topic, decode(value))
            progress()
    cards, newest = [], 0
    async for partition, as_of in each_partition(settings, read):
        for _, customer in exported(partition, as_of):
            report.add(customer)
        # the context itself would keep the partition's whole store
        cards += scorecards_of([partition.context])
        newest = max(newest, as_of)
        progress()
    return About(
        source=LIVE,
        as_of=rfc3339(moment(newest)) if newest else None,
        segment_names=await _segment_names(settings),
        scores=score_rows(cards, newest),
    )


def steps(partitions: int, report: Report) -> int:
    """How many times ``progress`` will be told."""
    return partitions * (1 + len(report.topics))


async def _segment_names(settings: Settings) -> dict[str, str]:
    try:
        model = await segments.newest_model(settings)
    except segments.NoModel:
        return {}
    return {card.segment_id: card.name for card in model.segments}
