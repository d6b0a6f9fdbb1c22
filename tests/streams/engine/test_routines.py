"""Background tasks: what ends by itself ends the worker, what stands still is told."""

from __future__ import annotations

import asyncio
import time

import pytest

from streams.engine.ends import TOLD_SECONDS, Ends
from streams.engine.observer import Observer
from streams.engine.routines import Beat, RoutineEnded, Routines
from streams.engine.watch import STILL_SECONDS, TURN_SECONDS, Watch
from streams.settings import Settings
from streams.worker.faust_tasks import ALWAYS, GONE_SECONDS, FaustTasks

PATIENCE = 5.0


async def for_ever(beat: Beat) -> None:
    await asyncio.Event().wait()


async def at_once(beat: Beat) -> None:
    """Ends by itself."""


async def raises(beat: Beat) -> None:
    raise ZeroDivisionError("of nobody")


async def cancelled(beat: Beat) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("work", "may_end", "why"),
    [
        (at_once, False, "it returned"),
        (at_once, True, None),
        (raises, True, "ZeroDivisionError: of nobody"),
        (cancelled, True, "it was cancelled"),
    ],
)
async def test_what_ends_by_itself_fails(work: object, may_end: bool, why: str | None) -> None:
    failed: list[BaseException] = []
    routines = Routines(failed.append)
    routines.start("work", work, PATIENCE, may_end=may_end)  # type: ignore[arg-type]
    for _ in range(3):
        await asyncio.sleep(0)
    told = [f"the background task 'work' ended: {why}"] if why else []
    assert [str(error) for error in failed] == told
    assert all(isinstance(error, RoutineEnded) for error in failed)
    assert routines.still(time.monotonic() + 2 * PATIENCE) == [], "it is not there any more"


async def test_what_is_asked_to_end_does_not_fail() -> None:
    failed: list[BaseException] = []
    routines = Routines(failed.append)
    routines.start("work", for_ever, PATIENCE)
    await routines.stop("work")
    await asyncio.sleep(0)
    assert failed == []


async def test_what_stands_still_is_told_after_its_patience() -> None:
    routines = Routines(lambda error: None)
    routines.start("work", for_ever, PATIENCE)
    now = time.monotonic()
    assert routines.still(now + PATIENCE - 1) == []
    [told] = routines.still(now + PATIENCE + 1)
    assert told == "the background task 'work' has stood still for 6 s"
    await routines.stop("work")


class _Task:
    """A partition's task as it is watched."""

    number = 3

    def __init__(self) -> None:
        self.positions: dict[str, int] = {"a": 5, "b": 7}
        self.still = 0.0

    def still_for(self, now: float) -> float:
        return self.still

    def broken(self) -> str | None:
        return None

    async def renew(self, why: str) -> None:
        raise AssertionError("not broken")


def watch_of(task: _Task) -> Watch:
    ends = Ends(Settings(), list)
    return Watch(lambda: [task], lambda: None, ends, Routines(lambda error: None), Observer())


def test_positions_must_move_while_there_is_lag() -> None:
    task = _Task()
    watch = watch_of(task)
    watch.lag(100.0, {("a", 3): 1, ("b", 3): 0})
    watch.lag(100.0 + STILL_SECONDS, {("a", 3): 1, ("b", 3): 0})
    assert watch.reasons(100.0 + STILL_SECONDS) == []
    assert watch.reasons(131.0) == ["partition 3 has lag and its positions stand for 31 s"]
    task.positions["b"] += 1  # another topic of the number: it is at work
    watch.lag(131.0, {("a", 3): 1, ("b", 3): 0})
    assert watch.reasons(132.0) == []
    watch.lag(132.0, {("a", 3): 0, ("b", 3): 0})
    assert watch.reasons(1_000.0) == [], "nothing waits"


def test_a_partition_must_go_round() -> None:
    task = _Task()
    watch = watch_of(task)
    task.still = TURN_SECONDS + 1
    assert watch.reasons(0.0) == ["partition 3 has stood still for 11 s"]


def test_ends_that_nobody_tells_are_told_of() -> None:
    ends = Ends(Settings(), list)
    assert ends.reasons(1_000.0) == [], "nothing was asked for yet"
    ends.told = 100.0
    assert ends.reasons(100.0 + TOLD_SECONDS) == []
    [told] = ends.reasons(112.0)
    assert told == "the brokers were last asked 12 s ago where the topics end"


async def test_a_task_of_fausts_that_is_missing_is_told_after_a_while() -> None:
    looked = FaustTasks()
    assert looked.lost(100.0) is None
    assert looked.lost(100.0 + GONE_SECONDS - 0.5) is None
    told = looked.lost(100.0 + GONE_SECONDS + 1)
    assert told is not None
    assert any(name in told for name in ALWAYS)
