"""What kinds of tests there are, and who may do what: a plugin of the tests' own.

A test is fast unless it is marked: ``live`` where it runs on a broker or on Prometheus's tools
(put on by itself where a fixture gives it one), ``long`` where it takes seconds of processor
time, ``soak`` where it watches a worker for minutes, ``chaos`` where a fault takes minutes to
come about (``make chaos NAME=word`` runs those). ``make fast`` runs what has none of these
marks. A test that is not ``live`` cannot start a broker, whoever runs it.

Files run side by side in ``make test``. A test marked ``alone`` measures how soon something is
done: while it runs, those beside it wait.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from streams.cluster.broker import LocalBroker

KINDS = {
    "live": "runs on a broker of its own or of others, or on Prometheus's tools",
    "long": "takes seconds of processor time",
    "soak": "watches a worker for minutes",
    "chaos": "a fault that takes long to come about; make chaos NAME=word runs those with it",
    "alone": "measures how soon something is done, so nothing runs beside it",
}
LIVE_FIXTURES = {
    *("broker", "fresh_broker", "module_broker"),
    *("promtool", "amtool", "prometheus"),
}


class StartedBroker(AssertionError):
    """A test that is not marked ``live`` has started a broker."""


def pytest_configure(config: pytest.Config) -> None:
    """The marks, as ``pytest --markers`` tells them."""
    for name, meaning in KINDS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a broker, before ``-m`` is heard; let the files that take longest begin.

    A live file waits and a long one calculates: they take turns, so that at any time some of
    each run side by side.
    """
    for item in items:
        if LIVE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.live)
    rank = _ranks(items)
    items.sort(key=lambda item: rank[item.path])


def _ranks(items: list[pytest.Item]) -> dict[Path, tuple[int, int]]:
    """Each file's place: live and long ones in turns, then the rest; as found among each other."""
    kinds: dict[Path, str] = {}
    for item in items:
        kind = next((name for name in ("live", "long") if item.get_closest_marker(name)), "fast")
        if kinds.get(item.path) != "live":
            kinds[item.path] = kind if kind != "fast" else kinds.get(item.path, kind)
    counted = dict.fromkeys(("live", "long", "fast"), 0)
    ranks: dict[Path, tuple[int, int]] = {}
    for path, kind in kinds.items():
        counted[kind] += 1
        ranks[path] = (counted[kind] if kind != "fast" else len(kinds), counted[kind])
    return ranks


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """No broker for a test that is not ``live``; nobody beside one that is ``alone``."""
    live = item.get_closest_marker("live") is not None
    with _beside_others(item), nullcontext() if live else no_broker():
        return (yield)


@contextmanager
def no_broker() -> Iterator[None]:
    """Whoever starts a broker in here is told off, fixtures of all scopes included."""

    def refused(_: LocalBroker) -> str:
        raise StartedBroker("mark the test `live`, or it cannot start a broker (tests/kinds.py)")

    with mock.patch.object(LocalBroker, "start", refused):
        yield


@contextmanager
def _beside_others(item: pytest.Item) -> Iterator[None]:
    """Hold the one lock of this run: shared, or all of it for a test that is ``alone``."""
    held = _lock_of_this_run(item.config)
    if held is None:
        yield
        return
    alone = item.get_closest_marker("alone") is not None
    with held.with_suffix(".turn").open("w") as turn, held.open("w") as lock:
        # Whoever wants to be alone stops others at the door first, else it might wait for ever.
        fcntl.flock(turn, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        yield


def _lock_of_this_run(config: pytest.Config) -> Path | None:
    """A file all workers of this run know; ``None`` where tests do not run side by side."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return None
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]
    return factory.getbasetemp().parent / "alone.lock"
