"""Where a partition's task may go from where it stands: each move of the table, and no other."""

from __future__ import annotations

import asyncio
from itertools import product
from typing import cast

import pytest

from streams.engine.cache import Budget
from streams.engine.clock import WallClock
from streams.engine.doings import unwatched
from streams.engine.host import Host
from streams.engine.load import Load
from streams.engine.observer import Observer
from streams.engine.openings import Openings
from streams.engine.permits import Permits
from streams.engine.status import MOVES, Status
from streams.engine.task import PartitionTask
from streams.engine.transport import Consumer
from streams.settings import Settings
from tests.streams.engine.counting import Count, Event, Shared, counting

LEGAL = {
    ("opening", "open"),  # restored
    ("opening", "stopped"),  # input lost, or a right
    ("stopped", "open"),  # an operator accepted the loss, or gave the right
    ("open", "parked"),  # revoked
    ("parked", "open"),  # assigned again
    ("open", "opening"),  # a commit failed
    ("opening", "over"),
    ("stopped", "over"),
    ("open", "over"),
    ("parked", "over"),
}


def task_that_is(status: Status) -> PartitionTask[Event, Count, Shared]:
    """A task that never met Kafka, set down where it is to start from."""
    settings = Settings()
    settings.kafka.bootstrap = "127.0.0.1:9"
    host = Host(
        counting("a"),
        settings,
        Observer(),
        Load(),
        Openings(settings),
        asyncio.Lock(),
        newest_models=tuple,
        fail=lambda error: None,
        anew=lambda number: None,
        unread={},
        watch=unwatched,
        clock=WallClock(),
        permits=Permits(settings),
        budget=Budget(),
    )
    task = PartitionTask(host, 3, cast(Consumer, None))
    task.status = status
    return task


@pytest.mark.parametrize(("start", "to"), list(product(Status, Status)))
async def test_a_task_moves_as_drawn_and_never_otherwise(start: Status, to: Status) -> None:
    task = task_that_is(start)
    if start is to or (start.value, to.value) in LEGAL:
        task._move(to)
        assert task.status is to
    else:
        with pytest.raises(AssertionError, match=f"3: from {start.value} to {to.value}"):
            task._move(to)
        assert task.status is start


def test_a_task_begins_opening_and_every_status_is_reached_from_there() -> None:
    reached, news = {Status.OPENING}, {Status.OPENING}
    while news:
        news = {to for start in news for to in MOVES[start]} - reached
        reached |= news
    assert reached == set(Status) == set(MOVES)
