"""A change of policy by rolling restart: no alert is lost or doubled but by the change itself."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.chaos.changing import Changing
from tests.chaos.fleet import TOUCHLINE

pytestmark = pytest.mark.live


@pytest.mark.timeout(300)
def test_two_policies_are_told_and_a_rolling_restart_ends_them(tmp_path: Path) -> None:
    with Changing(tmp_path, seed=3, rate=150.0) as run:
        for worker in ("w1", "w2"):
            run.fleet.start(worker)
        run.load.begin()
        run.drain()
        run.load.start()
        run.restart("w2", "new")
        run.until_told("workers_differ", 1)
        told = doctor(run)
        page = run.fleet.page("w1", "/metrics") or ""
        run.restart("w1", "new")
        run.until_told("workers_agree", 1)
        run.load.stop()
        run.drain()
        judged, signals, after = run.weigh(), run.signals(), doctor(run)
        shown = policy_diff(run)
        assert not run.fleet.crashes, "\n".join(run.fleet.crashes)
    assert not (judged.lost or judged.doubled or judged.strange), judged
    assert judged.both > 300 and judged.old_there > 100 and judged.old_gone > 100
    assert shown["only_old"] == judged.old_there + judged.old_gone
    assert (shown["only_new"], shown["moved"]) == (0, 0)
    assert [one["kind"] for one in signals] == ["workers_differ", "workers_agree"]
    assert "do not go by the same policies" in told.stdout and told.returncode == 1
    assert told.stdout.count(" in partition") >= 2
    assert "touchline_group_policies 2.0" in page
    assert "do not go by" not in after.stdout
    logs = [(tmp_path / f"{name}.log").read_text() for name in ("w1", "w2")]
    assert all(log.count("the workers of the group are not alike") == 1 for log in logs)


def doctor(run: Changing) -> subprocess.CompletedProcess[str]:
    """What the command says, in lines that are not broken."""
    return command(run, "doctor", "--policy", str(run.directory / "new.yaml"))


def policy_diff(run: Changing) -> dict[str, int]:
    """What the command shows of large transactions."""
    events = run.directory / "events.jsonl"
    events.write_bytes(b"\n".join(run.payments.made) + b"\n")
    files = [str(run.directory / f"{name}.yaml") for name in ("policy", "new")]
    done = command(run, "policy", "diff", *files, str(events), "--json")
    assert done.returncode == 0, done.stderr
    kinds: dict[str, dict[str, int]] = json.loads(done.stdout)["outputs"]["alerts"]
    return kinds["large_transaction"]


def command(run: Changing, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **run.env, "COLUMNS": "1000"}
    line = [str(TOUCHLINE), *words]
    return subprocess.run(line, env=env, capture_output=True, text=True, timeout=120, check=False)
