"""What the long faults share: how one is judged, and that the workers' logs stay readable."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.chaos.harness import Run

LONG_SECONDS = 75.0
"""Longer than every time-out of a client and every patience of the worker."""
PROMISE = timedelta(seconds=20)
RATE = 250.0
MOST_LINES = 250
MARKS = [pytest.mark.live, pytest.mark.chaos, pytest.mark.timeout(900)]

_FORM = re.compile(r"^\d{4}-\d\d-\d\dT\S+Z \[\w+ *\] ")


def in_our_form(line: str) -> bool:
    """Whether it begins as the lines of a worker's log do; lines of a traceback do not."""
    return _FORM.match(line) is not None


@contextmanager
def outage(run: Run) -> Iterator[None]:
    """While Kafka is away a worker may end, when it has waited long enough, and cannot begin."""
    run.fleet.outage = True
    yield
    time.sleep(20)  # what fails by the outage has ended by then
    run.fleet.outage = False


def judged(run: Run) -> None:
    """End the load and the run; fails where something was lost, doubled or wrong."""
    verdict = run.finish()
    assert not verdict.faults, "\n".join(verdict.faults)
    assert not run.fleet.crashes, "\n".join(run.fleet.crashes)
    assert verdict.events > 5_000
    assert verdict.alerts > 100
    for name in run.fleet.names:
        lines = [line for line in run.fleet.lines(name) if in_our_form(line)]
        worst = [line for line in run.fleet.lines(name) if line.startswith("[^")]
        run.note(f"{name} printed {len(lines)} lines")
        assert len(lines) < MOST_LINES, run.fleet.log_tail(name)
        assert not worst
