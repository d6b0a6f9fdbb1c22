"""Whose open transactions hold readers back, and since when: ours, another's, or nobody's."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError

from streams.engine.rights import MODELS
from streams.settings import Settings

SPARE_SECONDS: Final = 10.0
"""One of ours is told once it is open for a commit's deadline and this much more; another's once
it is open for this long: until then it is work under way."""


@dataclass(frozen=True, slots=True)
class Holder:
    """An open transaction that begins at ``start`` of a partition of ``topic``.

    ``name`` is its transactional id; ``None`` where this login does not see one: it may not
    describe it, or no coordinator knows it, as after an ungraceful end of one, and it hangs.
    ``ours`` where a worker of this application has it, of partition number ``owner``, or the maker
    of models (``None``). ``seconds`` it is open, and may be open in all (``most``); both ``None``
    where nobody tells.
    """

    topic: str
    number: int
    start: int
    producer_id: int
    name: str | None
    ours: bool
    owner: int | None
    seconds: float | None
    most: float | None

    def __str__(self) -> str:
        where = f"{self.topic}[{self.number}] is held up from offset {self.start} on"
        if self.name is None:
            return (
                f"{where} by a transaction of producer id {self.producer_id} whose transactional "
                f"id this login does not see. Let an administrator look (kafka-transactions "
                f"--bootstrap-server … list): if no coordinator knows that producer id, it never "
                f"ends; abort it then ({self._abort}). Else that producer is to end it"
            )
        long = "" if self.seconds is None else f", open for {self.seconds:,.0f} s"
        limit = "" if self.most is None else f" after {self.most:,.0f} s"
        if not self.ours:
            return (
                f"{where} by another producer's open transaction {self.name}{long}: end it there, "
                f"or wait until Kafka aborts it{limit}, or abort it ({self._abort}); nothing of "
                f"ours is wrong"
            )
        whose = "which makes the models" if self.owner is None else f"of partition {self.owner}"
        return (
            f"{where} by our own transaction {self.name}{long}: its worker ({whose}) does not end "
            f"it, see that worker's log and /readyz. Kafka aborts it{limit}, and at once when the "
            f"partition is opened anew, as by a restart of that worker"
        )

    @property
    def _abort(self) -> str:
        return (
            f"kafka-transactions --bootstrap-server … abort --topic {self.topic} "
            f"--partition {self.number} --start-offset {self.start}"
        )


def holders(
    admin: KafkaAdminClient, settings: Settings, places: Collection[TopicPartition]
) -> list[Holder] | None:
    """Who has had a transaction open in these partitions for long; ``None`` where nobody tells.

    It needs the right to read the topics, and to describe transactional ids.
    """
    try:
        described = admin.describe_producers(places)
        open_in = [
            (place, one.producer_id, one.current_transaction_start_offset, one.last_timestamp)
            for place, state in sorted(described.items())
            for one in state.active_producers
            if one.current_transaction_start_offset >= 0
        ]
        if not open_in:
            return []
        names = _names(admin, {producer_id for _, producer_id, _, _ in open_in})
        times = _times(admin, names.values())
    except KafkaError:
        return None
    found, now = [], time.time() * 1000
    for place, producer_id, start, last in open_in:
        name = names.get(producer_id)
        ours, owner = _owner(settings, name)
        seconds, most = times.get(name or "", (None, None))
        patience = SPARE_SECONDS + (settings.commit.deadline_seconds if ours else 0.0)
        # where nobody tells, it has been open for as long as its last record is old, at least
        if (seconds if seconds is not None else (now - last) / 1000) < patience:
            continue
        found.append(
            Holder(place.topic, place.partition, start, producer_id, name, ours, owner,
                   seconds, most)
        )  # fmt: skip
    return found


def _names(admin: KafkaAdminClient, producer_ids: Collection[int]) -> dict[int, str]:
    listed = admin.list_transactions(producer_id_filters=sorted(producer_ids))
    return {one.producer_id: one.transactional_id for each in listed.values() for one in each}


def _times(
    admin: KafkaAdminClient, names: Collection[str]
) -> dict[str, tuple[float | None, float | None]]:
    """For how long each is open, and may be, in seconds."""
    try:
        described = admin.describe_transactions(sorted(names))
    except KafkaError:  # one of them ended meanwhile, or may not be looked at
        return {}
    now = time.time() * 1000
    return {
        name: (
            (now - one.transaction_start_time_ms) / 1000
            if one.transaction_start_time_ms > 0
            else None,
            one.transaction_timeout_ms / 1000,
        )
        for name, one in described.items()
    }


def _owner(settings: Settings, name: str | None) -> tuple[bool, int | None]:
    """Whether a worker of ours has it, and of which partition number."""
    app, _, last = (name or "").rpartition("-")
    if name is None or app != settings.app_id:
        return False, None
    if last.isdecimal() and int(last) < settings.partitions:
        return True, int(last)
    return last == MODELS, None
