"""A process that makes a report outlives neither the application nor the process of it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from domain.policy import Policy
from streams.serve import reporting
from streams.serve.problems import Problem
from streams.serve.reporting import Reporting, Wanted
from streams.settings import Settings

WANTED = Wanted("value", None, "json")


def _forever(told: Connection, settings: Settings, policy: Policy, wanted: Wanted) -> None:
    Path(settings.app_id).write_text(str(os.getpid()))
    time.sleep(600)


def _settings(path: Path) -> Settings:
    return Settings.model_construct(app_id=str(path), log_level="info", log_format="json")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _until(look: Any, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.long
def test_who_closes_waits_for_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "_make", _forever)
    pid_file = tmp_path / "pid"

    async def run() -> None:
        made = Reporting(_settings(pid_file), Policy())
        asked = asyncio.ensure_future(made.report(WANTED))
        await asyncio.to_thread(_until, pid_file.exists)
        await made.close()
        with pytest.raises((Problem, asyncio.CancelledError)):
            await asked

    before = threading.active_count()
    asyncio.run(run())
    _until(lambda: threading.active_count() <= before)
    assert not _alive(int(pid_file.read_text()))


PARENT = """
import sys
from pathlib import Path
from domain.policy import Policy
from streams.serve import reporting
from tests.streams.serve.api import test_reporting as here

if __name__ == "__main__":
    reporting._make = here._made_slowly
    settings = here._settings(Path(sys.argv[1]))
    reporting._in_a_process(reporting._Process(), settings, Policy(), here.WANTED)
"""


def _made_slowly(told: Connection, settings: Settings, policy: Policy, wanted: Wanted) -> None:
    reporting.document = lambda *_: _forever(told, settings, policy, wanted)  # type: ignore
    reporting._make(told, settings, policy, wanted)


@pytest.mark.long
def test_a_report_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    pid_file, script = tmp_path / "pid", tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen(
        (sys.executable, script, pid_file), env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    try:
        _until(lambda: pid_file.exists() and pid_file.read_text())
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    _until(lambda: not _alive(int(pid_file.read_text())))
