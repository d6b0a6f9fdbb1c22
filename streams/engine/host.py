"""What the partition tasks of one worker share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic

from agents.topology import C, E, S, Topology
from schemas.common import CommonRecord
from schemas.workers import WorkedBy
from streams.engine.cache import Budget
from streams.engine.clock import WallClock
from streams.engine.doings import Watch
from streams.engine.inputs import Unread
from streams.engine.load import Load
from streams.engine.observer import Observer
from streams.engine.openings import Openings
from streams.engine.permits import Permits
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Host(Generic[E, S, C]):
    """What the tasks of one worker share; ``fail`` ends the worker with an error.

    ``anew`` opens a number again whose task found its input gone; ``unread`` is what it had unread.
    ``watch`` says through what a partition is worked: a record of it notes what is done.
    ``by`` says which worker of which policy and version it is, where that is to be told.
    ``processor`` is held while a task applies a slice of records, so that the event loop gets
    round to the network between two slices: a commit is half a dozen round trips.
    """

    topology: Topology[E, S, C]
    settings: Settings
    observer: Observer
    load: Load
    openings: Openings
    processor: asyncio.Lock
    newest_models: Callable[[], Iterable[CommonRecord]]
    fail: Callable[[BaseException], None]
    anew: Callable[[int], None]
    unread: Unread
    watch: Watch
    clock: WallClock
    permits: Permits
    budget: Budget
    by: WorkedBy | None = None
