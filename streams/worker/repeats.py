"""A line that says the same again is held back, and told once in a while with its number."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

Line = MutableMapping[str, Any]
Key = tuple[object, ...]

EVERY_SECONDS = 30.0
MOST_KINDS = 200
OF_ALL_PARTITIONS = frozenset({"Kafka does not answer", "commit failed"})
"""Lines of ours that one cause brings in every partition: told once, with the partitions."""

_VARIES = re.compile(r"\b\w*\d\w*")
_NOT_COMPARED = frozenset({"timestamp", "exception", "exc_info"})
_LEVELS = logging.getLevelNamesMapping()


class _Kind:
    """What was told of one kind of line, and what was held back since."""

    def __init__(self, until: float) -> None:
        self.until, self.held = until, 0
        self.newest: Line = {}
        self.partitions: set[int] = set()


class Repeats:
    """A processor of structlog that lets a kind of line through once in ``every`` seconds.

    Lines are of a kind where level, text and fields are the same but for words with a digit in
    them: addresses, offsets, ids. The first is told at once. At the end of its time the newest of
    those held back is told with ``times``, how many they were, and for lines of
    :data:`OF_ALL_PARTITIONS` with ``partitions``; then the time begins anew. Our own lines below
    a warning are let through, each of them. ``tell`` writes what was held back, from a thread of
    its own.
    """

    def __init__(
        self,
        tell: Callable[[Line], None],
        every: float = EVERY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell, self._every, self._clock = tell, every, clock
        self._kinds: dict[Key, _Kind] = {}
        self._lock = threading.RLock()  # a finaliser may log while we hold it
        self._timer: threading.Timer | None = None
        self._ended = False

    def __call__(self, _logger: object, _method: str, line: Line) -> Line:
        """The line, or raises ``structlog.DropEvent`` where it is held back."""
        if self._ended:
            return line
        if "library" not in line and _LEVELS.get(line["level"].upper(), 0) < logging.WARNING:
            return line
        key, now = _key(line), self._clock()
        with self._lock:
            kind = self._kinds.get(key)
            if kind is None or (not kind.held and kind.until <= now):
                self._begin(key, now)
                return line
            kind.held += 1
            kind.newest = line
            if isinstance(partition := line.get("partition"), int):
                kind.partitions.add(partition)
            if self._timer is None:
                self._wake_at(kind.until)
        raise structlog.DropEvent

    def flush(self) -> None:
        """Tell all that is held back: the end has come. From now on every line is let through.

        While Python ends no thread may be begun: it would never run, and its start be waited for.
        """
        self._ended = True
        self._told(lambda _: True)

    def _over(self) -> None:
        now = self._clock()
        self._told(lambda kind: kind.until <= now)

    def _told(self, due: Callable[[_Kind], bool]) -> None:
        now = self._clock()
        with self._lock:
            self._timer = None
            kinds = list(self._kinds.items())
            held = {key: kind for key, kind in kinds if kind.held and due(kind)}
            for key in held:
                self._kinds[key] = _Kind(now + self._every)
            waiting = [kind.until for kind in list(self._kinds.values()) if kind.held]
            if waiting:
                self._wake_at(min(waiting))
        for kind in held.values():
            self._tell(_summed(kind))

    def _begin(self, key: Key, now: float) -> None:
        if len(self._kinds) >= MOST_KINDS:
            kinds = list(self._kinds.items())
            for one in [k for k, kind in kinds if not kind.held and kind.until <= now]:
                self._kinds.pop(one, None)
        if len(self._kinds) < MOST_KINDS or key in self._kinds:
            self._kinds[key] = _Kind(now + self._every)

    def _wake_at(self, at: float) -> None:
        wait = max(0.0, at - self._clock())
        self._timer = threading.Timer(wait, self._over)
        self._timer.daemon = True
        self._timer.start()


def _key(line: Line) -> Key:
    of_all = line["event"] in OF_ALL_PARTITIONS
    return tuple(
        (name, value if name == "partition" else _VARIES.sub("#", str(value)))
        for name, value in sorted(line.items())
        if name not in _NOT_COMPARED and not (of_all and name == "partition")
    )


def _summed(kind: _Kind) -> Line:
    line: Line = {**kind.newest, "times": kind.held}
    if line["event"] in OF_ALL_PARTITIONS:
        line.pop("partition", None)
        line["partitions"] = sorted(kind.partitions)
    return line
