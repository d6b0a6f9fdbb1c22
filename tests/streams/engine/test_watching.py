"""A topic that is another, or gone, is seen by its id, and only what is seen twice counts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.engine import watching
from streams.engine.client.topic_ids import Known
from streams.engine.watching import Watching

ID, OTHER = b"1" * 16, b"2" * 16
ALL = frozenset(range(3))


class Task:
    """A task that reads one topic."""

    def __init__(self, number: int, topic_id: bytes = ID) -> None:
        self.number = number
        self.topic_ids: Mapping[str, bytes] = {"t": topic_id}
        self.lost = 0

    async def lose(self) -> None:
        self.lost += 1
        self.topic_ids = {}


async def watched(
    monkeypatch: pytest.MonkeyPatch,
    tasks: list[Task],
    *answers: Mapping[str, Known] | Exception | None,
) -> None:
    """Let the watch see these answers, one after the other."""
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(watching, "AGAIN_SECONDS", 0.001)
    left, done = list(answers), asyncio.Event()

    async def ask(topics: Iterable[str]) -> Mapping[str, Known] | None:
        if not left:
            done.set()
            return {"t": Known(tasks[0].topic_ids.get("t", ID), ALL)}
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watch = asyncio.create_task(Watching(lambda: tasks, ask).run())
    async with asyncio.timeout(10):
        while left or (not done.is_set() and any(task.topic_ids for task in tasks)):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    watch.cancel()
    await asyncio.wait([watch])


async def test_another_id_seen_twice_is_lost_by_all_that_read_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tasks = [Task(0), Task(1), Task(2, OTHER)]
    anew = {"t": Known(OTHER, ALL)}
    await watched(monkeypatch, tasks, anew, anew)
    assert [task.lost for task in tasks] == [1, 1, 0]


async def test_what_is_seen_once_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [Task(0)]
    same, anew = {"t": Known(ID, ALL)}, {"t": Known(OTHER, ALL)}
    silent = KafkaConnectionError("gone")
    await watched(monkeypatch, tasks, anew, same, {}, same, anew, silent, anew, same, None)
    assert tasks[0].lost == 0


async def test_a_topic_that_is_missing_or_lacks_the_number_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tasks = [Task(1)]
    await watched(monkeypatch, tasks, {"t": Known(ID, frozenset({0}))}, {})
    assert tasks[0].lost == 1


async def test_a_topic_without_an_id_is_any_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [Task(0, b"")]
    await watched(monkeypatch, tasks, *[{"t": Known(OTHER, ALL)}] * 3)
    assert tasks[0].lost == 0
