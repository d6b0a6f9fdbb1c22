"""No fault ends what runs beside the requests; what does not run makes the process not ready."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from streams.serve import following as child
from streams.serve.access import audit as audit_module
from streams.serve.access import following as following_module
from streams.serve.access.audit import Audit
from streams.serve.access.ending import end
from streams.serve.access.following import Following
from streams.serve.access.lookers import Lookers
from streams.serve.access.measured import AccessMetrics
from streams.settings import KafkaSettings, Settings
from tests.streams.serve.pages.house import House

AWAY = Settings(kafka=KafkaSettings(bootstrap="127.0.0.1:9"))
UNFORESEEN = [OSError("too many open files"), AssertionError("c-1"), ValueError("c-1")]


class Fails:
    """Fails in each of these ways, then works for ever."""

    def __init__(self) -> None:
        self.left = list(UNFORESEEN)
        self.works = asyncio.Event()

    async def __call__(self, *_: Any) -> None:
        if self.left:
            raise self.left.pop()
        self.works.set()
        await asyncio.Event().wait()


async def goes_on(running: asyncio.Task[None], fails: Fails) -> None:
    try:
        async with asyncio.timeout(10.0):
            await fails.works.wait()
        assert not running.done()
    finally:
        await end(running)


async def test_who_may_come_in_is_followed_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails = Fails()
    monkeypatch.setattr(following_module, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(Following, "_make", fails)
    await goes_on(asyncio.create_task(Following(AWAY).run()), fails)
    assert "c-1" not in capsys.readouterr().out


async def test_the_audit_is_written_on(monkeypatch: pytest.MonkeyPatch) -> None:
    fails = Fails()
    monkeypatch.setattr(audit_module, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(Audit, "_send_all", fails)
    await goes_on(asyncio.create_task(Audit(AWAY, AccessMetrics()).run()), fails)


async def test_who_cannot_be_judged_looks_on_no_more_and_the_others_are_asked() -> None:
    following = Following(AWAY)
    lookers = Lookers(following)
    ended: list[str] = []

    def unknown() -> bool:
        raise AssertionError

    with (
        lookers.joined(unknown, lambda: ended.append("unknown")),
        lookers.joined(lambda: False, lambda: ended.append("shut out")),
        lookers.joined(lambda: True, lambda: ended.append("let in")),
    ):
        following.position = 1
        running = asyncio.create_task(lookers.run())
        await asyncio.sleep(0.05)
        assert not running.done()
        assert sorted(ended) == ["shut out", "unknown"]
        await end(running)


async def test_a_follower_that_cannot_be_started_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = asyncio.Event()
    tries: list[int] = []
    loop = asyncio.get_running_loop()

    def start(_: Any) -> None:
        tries.append(1)
        if len(tries) == 3:
            loop.call_soon_threadsafe(tried.set)
        raise OSError("no process to be had")

    monkeypatch.setattr(child, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(child._spawn.Process, "start", start)
    async with child.Following(AWAY) as following, asyncio.timeout(10.0):
        await tried.wait()
        assert str(following.why).startswith("not started: OSError at ")
        assert following.pid is None


async def test_what_does_not_run_makes_the_process_not_ready(tmp_path: Path) -> None:
    house = House(tmp_path)
    gate = house.gate

    async def reasons() -> list[str]:
        answer = await house.client.get("/readyz")
        told: list[str] = answer.json()["reasons"]
        assert answer.status_code == (503 if told else 200)
        return told

    assert await reasons() == []
    gate._following_task = running = asyncio.create_task(asyncio.sleep(60))
    assert await reasons() == ["who may come in is not known yet"]
    gate.following._heard_at = time.monotonic()
    assert await reasons() == []
    gate.following._heard_at -= 45
    assert await reasons() == ["who may come in was last heard of 45 s ago"]
    gate.following._heard_at = time.monotonic()
    await end(running)
    gate._audit_task = running
    assert await reasons() == [
        "who may come in is followed no more",
        "the audit is written no more",
    ]
