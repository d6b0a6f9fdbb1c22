"""How fast records leave, and how they are told to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from streams.sources import SourceError

Item = TypeVar("Item")


class Stop:
    """Set from outside to end a run in good order; as a context, by Ctrl-C and SIGTERM too.

    The signal only sets a flag, so that no record is lost half-way into the producer. Only a read
    that may wait for ever (a pipe) is broken off by `KeyboardInterrupt`, which `read` takes.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reading = False
        self._before: dict[signal.Signals, Any] = {}

    def set(self) -> None:
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but wake at once when set."""
        self._event.wait(seconds)

    def read(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items until set."""
        source = iter(items)
        while not self._event.is_set():
            try:
                self._reading = True
                item = next(source)
            except (StopIteration, KeyboardInterrupt):
                return
            finally:
                self._reading = False
            yield item

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._signalled)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self._event.set()
        if self._reading:
            raise KeyboardInterrupt


class Pacer:
    """Holds a loop to `rate` turns a second by the monotonic clock; None holds nothing."""

    def __init__(self, rate: float | None, stop: Stop) -> None:
        if rate is not None and not rate > 0:
            raise SourceError(f"--rate must be above 0 records a second, not {rate}")
        self._rate = rate
        self._stop = stop
        self._turns = 0
        self._began = 0.0

    def wait(self) -> None:
        """Sleep until the next turn is due; the first is due at once."""
        if self._rate is None:
            return
        now = time.perf_counter()
        if self._turns == 0:
            self._began = now
        ahead = self._began + self._turns / self._rate - now
        self._turns += 1
        if ahead > 0:
            self._stop.wait(ahead)


def wall_ms() -> int:
    """The wall clock (ms since 1970), for a bank that lives now."""
    return time.time_ns() // 1_000_000
