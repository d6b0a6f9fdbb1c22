"""`touchline serve` as a process: what it says where it cannot begin, its follower, its end."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.policy import Policy
from streams.errors import ServeFailed
from streams.serve import following as module
from streams.serve import run
from streams.serve.following import Following
from streams.serve.listening import address, bound
from streams.settings import KafkaSettings, Settings
from streams.settings.serve import ServeSettings


def _steady(settings: Settings) -> None:
    Path(settings.app_id).write_text(str(os.getpid()))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    time.sleep(60)


def _dies(settings: Settings) -> None:
    with Path(settings.app_id).open("a") as told:
        told.write("x")
    raise SystemExit(3)


def _keeps_a_follower(pid_file: Path) -> None:
    async def run() -> None:
        async with Following(_settings(pid_file), _steady):
            await asyncio.sleep(60)

    asyncio.run(run())


async def _until(look: Callable[[], object], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not look():  # noqa: ASYNC110 - a file and a process tell nobody
            await asyncio.sleep(0.05)


def _settings(path: Path) -> Settings:
    return Settings.model_construct(app_id=str(path), log_level="info", log_format="json")


def test_a_port_that_is_taken_is_told_in_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeFailed, match=f"127.0.0.1:{port}: something else listens there"):
            bound(ServeSettings(port=port))
    with pytest.raises(ServeFailed, match="no such host"):
        bound(ServeSettings(host="nowhere.invalid"))


def test_who_serves_gives_way_to_workers_before_its_follower_is_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    did: list[object] = []

    class Begun:
        def __init__(self, settings: Settings) -> None: ...

        def begin(self) -> None:
            did.append("begun")
            raise ServeFailed("enough of it")

        def abandon(self) -> None: ...

    monkeypatch.setattr(os, "nice", did.append)
    monkeypatch.setattr(run, "Following", Begun)
    monkeypatch.setattr(run, "configure_logs", lambda _: None)
    monkeypatch.setattr(logging.getLogger("uvicorn"), "setLevel", lambda _: None)
    settings = Settings(
        kafka=KafkaSettings(bootstrap="127.0.0.1:1"), serve=ServeSettings(port=0, niceness=7)
    )
    with pytest.raises(ServeFailed, match="enough"):
        run.serve(settings, Policy())
    assert did == [7, "begun"]


async def test_the_follower_that_was_begun_beforehand_is_the_one_that_is_kept(
    tmp_path: Path,
) -> None:
    pid_file = tmp_path / "pid"
    following = Following(_settings(pid_file), _steady)
    following.begin()
    begun = following.pid
    assert begun is not None
    async with following:
        await _until(lambda: pid_file.exists() and pid_file.read_text())
        assert following.pid == begun == int(pid_file.read_text())
        assert following.restarts == 0
    following.abandon()
    assert not multiprocessing.active_children()


def test_a_follower_that_was_begun_in_vain_ends(tmp_path: Path) -> None:
    following = Following(_settings(tmp_path / "pid"), _steady)
    following.begin()
    assert following.pid is not None
    following.abandon()
    assert not multiprocessing.active_children()


def test_the_command_loads_nothing_before_it_is_called() -> None:
    """A spawned follower runs the command's file again, up to its call."""
    told = subprocess.run(
        [sys.executable, "-c", "import sys, streams.entry; print(len(sys.modules), *sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not {"typer", "pydantic", "kafka", "streams.cli"} & set(told)


def test_the_address_is_one_that_can_be_opened() -> None:
    free = ServeSettings(port=0, host="0.0.0.0")
    with bound(free) as listener:
        port = listener.getsockname()[1]
        assert address(free, listener) == f"http://localhost:{port}"
        public = ServeSettings(port=0, public_url="https://desk.example/")
        assert address(public, listener) == "https://desk.example"


@pytest.mark.long
def test_a_follower_that_ends_is_started_again_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.01)

    async def run() -> None:
        async with Following(_settings(tmp_path / "lives"), _dies) as following:
            await _until(lambda: following.restarts >= 2)
            await _until(lambda: following.why == "exit status 3")
        assert len((tmp_path / "lives").read_text()) >= 2

    asyncio.run(run())


@pytest.mark.long
def test_the_follower_is_ended_when_it_is_left(tmp_path: Path) -> None:
    async def run() -> None:
        pid_file = tmp_path / "pid"
        async with Following(_settings(pid_file), _steady) as following:
            await _until(pid_file.exists)
            pid = following.pid
            assert pid is not None
            assert following.why is None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert following.restarts == 0

    asyncio.run(run())


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_the_follower_ends_with_its_parent_that_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    parent = multiprocessing.get_context("spawn").Process(
        target=_keeps_a_follower, args=(pid_file,)
    )
    parent.start()

    async def gone() -> None:
        await _until(lambda: pid_file.exists() and pid_file.read_text(), 60.0)
        pid = int(pid_file.read_text())
        assert _runs(pid)
        parent.kill()
        await asyncio.to_thread(parent.join)
        await _until(lambda: not _runs(pid))

    asyncio.run(gone())


def _runs(pid: int) -> bool:
    """Whether it does; a zombie, which whoever took it over has not looked at, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
