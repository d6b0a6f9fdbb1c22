"""How long models rest: by the processor time that they took, whoever else was on the machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from agents.segments import segments
from domain.policy import Policy
from streams.engine.fitting import REST_FACTOR, Maker
from streams.settings import Settings

SECONDS = 0.3


def test_a_fit_that_waited_for_the_processor_rests_no_longer() -> None:
    maker = fitted(lambda: time.sleep(SECONDS))
    assert maker.worked < SECONDS / 2


def test_a_fit_that_worked_rests_by_the_time_that_it_worked() -> None:
    maker = fitted(work)
    assert maker.worked >= SECONDS
    maker.begin()
    assert Settings().segments.fit_seconds < SECONDS * REST_FACTOR
    maker._snapshots, maker._news = {0: object()}, True
    maker._fitted_at = time.monotonic() - Settings().segments.fit_seconds
    assert not maker.due(Settings())
    maker._fitted_at = time.monotonic() - REST_FACTOR * maker.worked
    assert maker.due(Settings())


def work() -> None:
    """Take the processor for so long."""
    until = time.thread_time() + SECONDS
    while time.thread_time() < until:
        pass


def fitted(act: Callable[[], None]) -> Maker[Any, Any]:
    """A maker after one fit in which this was done."""

    class Fitter:
        def fit(self, summaries: Sequence[Any], now: int, /) -> None:
            act()

    maker = Maker[Any, Any](segments(Policy()))
    maker.fitter = Fitter()
    assert maker.fit([], 0) is None
    return maker
