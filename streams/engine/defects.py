"""A rule that raises is a defect: it stops what runs it, and says which rule and on what.

Bad input never comes here: it is a dead letter. What does is a fault of the program, and to go
on after it would keep a wrong state for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import FrameType, TracebackType

from schemas.deadletter import KafkaRecord
from schemas.errors import OperatingError

MOST_CHARACTERS = 400
MOST_CALLS = 8


class RuleFailed(OperatingError):
    """A rule raised; ``rule`` is the function it happened in, ``calls`` lead to it from outside.

    On an event there are ``event_id``, ``topic`` and ``offset``, on a timer there is ``due_at``.
    ``line`` is that of the replayed file, counted from 1; ``None`` in a worker.
    """

    def __init__(
        self,
        error: BaseException,
        rule: Callable[..., object],
        *,
        key: str,
        partition: int,
        event_id: str | None = None,
        topic: str | None = None,
        offset: int | None = None,
        due_at: str | None = None,
    ) -> None:
        super().__init__(error)
        calls = [_named(frame, line) for frame, line in _frames(error, rule)]
        self.rule = calls[-1] if calls else f"{rule.__module__}.{rule.__qualname__}"
        self.calls = tuple(calls[:-1][-MOST_CALLS:])
        self.what = f"{type(error).__name__}: {_one_line(error)}"
        self.key, self.partition = key, partition
        self.event_id, self.topic, self.offset = event_id, topic, offset
        self.due_at = due_at
        self.line: int | None = None

    def __str__(self) -> str:
        if self.due_at is not None:
            on = f"the timer of customer {self.key!r} due at {self.due_at}"
        else:
            on = f"event {self.event_id!r} of customer {self.key!r}"
        by = f", called by {' > '.join(self.calls)}," if self.calls else ""
        return f"rule {self.rule}{by} failed on {on} ({self._place}): {self.what}"

    @property
    def _place(self) -> str:
        if self.line is not None:
            return f"line {self.line}"
        if self.topic is None:
            return f"partition {self.partition}"
        return f"{self.topic}[{self.partition}] offset {self.offset}"

    @property
    def fields(self) -> dict[str, str | int]:
        """The same for a log that keeps fields apart."""
        known = {
            "rule": self.rule,
            "event_id": self.event_id,
            "customer_id": self.key,
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "due_at": self.due_at,
            "what": self.what,
        }
        return {name: value for name, value in known.items() if value is not None}


def on_event(
    error: BaseException, rule: Callable[..., object], event: object, key: str, record: KafkaRecord
) -> RuleFailed:
    """What is raised where a rule failed on an event."""
    return RuleFailed(
        error,
        rule,
        key=key,
        partition=record.partition,
        event_id=getattr(event, "event_id", None) or getattr(event, "output_id", None),
        topic=record.topic,
        offset=record.offset,
    )


def on_timer(
    error: BaseException, rule: Callable[..., object], key: str, due: int | None, partition: int
) -> RuleFailed:
    """What is raised where a rule failed on a timer due at ``due`` (ms)."""
    at = "?" if due is None else _text(due)
    return RuleFailed(error, rule, key=key, partition=partition, due_at=at)


def _frames(error: BaseException, rule: Callable[..., object]) -> Iterator[tuple[FrameType, int]]:
    """The calls within the rule's own package: those of libraries beneath it are not rules."""
    package = rule.__module__.partition(".")[0]
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] == package:
            yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _named(frame: FrameType, line: int) -> str:
    return f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_qualname}:{line}"


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def _text(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
