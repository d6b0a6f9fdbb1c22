"""When what is known of a partition's end was asked of Kafka.

That a partition has been read to its end is true of the moment the fetch was sent, not of the
moment its answer is looked at: a worker that slept between the two may find answers to
complaints behind that end, and must not judge a promise by the clock before it has read them.
"""

from __future__ import annotations

import time
from typing import Any

from aiokafka import TopicPartition


class Freshness:
    """``asked_at``: wall time in ms at which the newest answered fetch of a partition was sent."""

    __slots__ = ("_asked_at",)

    def __init__(self) -> None:
        self._asked_at: dict[TopicPartition, int] = {}

    def asked_at(self, tp: TopicPartition) -> int:
        """0 before the first answer."""
        return self._asked_at.get(tp, 0)

    def watch(self, fetcher: Any) -> None:
        """Note the time of every fetch that ``fetcher`` (aiokafka's) sends from now on."""
        fetch = fetcher._proc_fetch_request

        async def timed(assignment: Any, node_id: int, request: Any) -> Any:
            asked = time.time_ns() // 1_000_000
            result = await fetch(assignment, node_id, request)
            for topic, partitions in request.topics:
                for number, *_ in partitions:
                    tp = TopicPartition(topic, number)
                    state = assignment.state_value(tp)
                    # aiokafka stamps the state when an answer was taken, not when it was refused
                    if state is not None and (state.timestamp or 0) >= asked:
                        self._asked_at[tp] = asked
            return result

        fetcher._proc_fetch_request = timed
