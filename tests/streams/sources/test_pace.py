"""Pace and stop, by the clock."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from streams.sources import SourceError
from streams.sources.pace import Pacer, Stop


def test_a_rate_is_held() -> None:
    pacer = Pacer(500.0, Stop())
    began = time.perf_counter()
    for _ in range(101):
        pacer.wait()
    assert time.perf_counter() - began >= 0.2


def test_no_rate_never_sleeps() -> None:
    class Slept(Stop):
        def wait(self, seconds: float) -> None:
            raise AssertionError(f"slept for {seconds} s")

    pacer, held = Pacer(None, Slept()), Pacer(0.001, Slept())
    for _ in range(1_000):
        pacer.wait()
    with pytest.raises(AssertionError, match="slept for"):
        for _ in range(2):
            held.wait()


@pytest.mark.parametrize("rate", [0.0, -3.0, float("nan")])
def test_a_rate_must_be_above_zero(rate: float) -> None:
    with pytest.raises(SourceError, match="--rate must be above 0"):
        Pacer(rate, Stop())


def test_stop_wakes_a_slow_pacer() -> None:
    stop = Stop()
    pacer = Pacer(0.001, stop)  # a thousand seconds, which no test is given
    pacer.wait()
    threading.Timer(0.05, stop.set).start()
    pacer.wait()
    assert stop.is_set()


def test_a_signal_ends_the_items_after_the_one_in_hand() -> None:
    taken = []
    before = signal.getsignal(signal.SIGTERM)
    with Stop() as stop:
        for item in stop.read(range(10)):
            taken.append(item)
            if item == 3:
                os.kill(os.getpid(), signal.SIGTERM)
    assert taken == [0, 1, 2, 3]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_breaks_off_a_read_that_waits() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb", buffering=0) as other:
        other.write(b"one\n")
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        with Stop() as stop:
            assert list(stop.read(pipe)) == [b"one\n"]
        assert stop.is_set()
