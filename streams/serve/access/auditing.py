"""Reading the audit, for whoever runs this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import ValidationError

from schemas.audit import AuditRecord
from streams.engine.client.membership import known, position_of
from streams.engine.client.routines import check, stop
from streams.engine.clients import client_options
from streams.settings import Settings

POLL_MS: Final = 200


async def audit_records(
    settings: Settings,
    told: Callable[[AuditRecord], None],
    since: int | None,
    *,
    follow: bool,
    wanted: Callable[[AuditRecord], bool],
) -> None:
    """Those wanted from ``since`` (ms since 1970) on, to the end that there is now or for ever.

    What is there is told by time, what comes as it comes. Raises aiokafka's errors.
    """
    topic = settings.audit_topic
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        await known(consumer, topic)
        numbers = sorted(consumer.partitions_for_topic(topic) or ())
        places = [TopicPartition(topic, number) for number in numbers]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        begins = await consumer.beginning_offsets(places)
        if since is not None:
            found = await consumer.offsets_for_times(dict.fromkeys(places, since))
            begins = {
                place: ends[place] if found[place] is None else found[place].offset
                for place in places
            }
        for place in places:
            consumer.seek(place, begins[place])
        held: list[AuditRecord] | None = []
        while follow or held is not None:
            check(consumer)
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                for one in map(_record, (each.value for each in records)):
                    if one is not None and wanted(one):
                        told(one) if held is None else held.append(one)
            if held is not None and all(
                (position_of(consumer, place) or 0) >= ends[place] for place in places
            ):
                for one in sorted(held, key=lambda each: each.occurred_at):
                    told(one)
                held = None
    finally:
        await stop(consumer)


def _record(value: bytes | None) -> AuditRecord | None:
    """A record as it was written; one that cannot be read is none of ours."""
    try:
        return AuditRecord.model_validate_json(value or b"")
    except ValidationError:
        return None
