"""Keeping a record: a worker's partitions that write down what is done to them.

What is written holds whole events. It is for finding out why something was sent, not for good: it
stops at a limit, and an erasure does not reach it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import structlog

from agents.topology import Topology
from domain.policy import Policy, policy_yaml
from schemas.codec import encode
from schemas.outputs import Output
from streams.engine.checkpoint import Checkpoint
from streams.engine.inbox import Waiting
from streams.engine.partition import Clock, Drained, Partition
from streams.engine.store import Store
from streams.errors import NotWritten
from streams.recording.form import (
    FITTING,
    FORMAT,
    POLICY,
    Action,
    Adopted,
    Advanced,
    Applied,
    Begun,
    Frame,
    Landed,
    Opened,
    Settled,
    Summarised,
    Told,
    Transaction,
    Worked,
    dump_frame,
)

MOST_ACTIONS = 1_000

log = structlog.get_logger("touchline.recording")


class Recorder:
    """Keeps the record of one worker in a directory, which takes up to ``limit`` bytes.

    Workers of one policy may share the directory; each counts what lay there when it began.
    Whatever goes wrong with the record once it is begun ends the record, never the work. Raises
    :class:`streams.errors.NotWritten` where it cannot be written, or holds the record of another
    policy.
    """

    def __init__(self, directory: Path, policy: Policy, limit: int) -> None:
        self.full = False
        self._directory, self._left, self._limit = directory, limit, limit
        self._models = dict[tuple[str, int], str]()
        self._fitting: Path | None = None
        text, path = policy_yaml(policy), directory / POLICY
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_text(text, encoding="utf-8")
            known = path.read_text(encoding="utf-8")
            self._left -= sum(file.stat().st_size for file in directory.iterdir())
        except OSError as error:
            raise NotWritten(
                f"{directory}: no record can be kept here ({error.strerror}); give another --record"
            ) from error
        if known != text:
            raise NotWritten(
                f"{directory}: holds the record of another policy; give an empty --record"
            )

    def partition(
        self,
        topology: Topology,
        number: int,
        store: Store,
        checkpoint: Checkpoint | None,
        *,
        clock: Clock,
        cached: int,
    ) -> Partition:
        """A partition that writes down what is done to it, on a tape of its own."""
        if self.full:
            return Partition(topology, number, store, checkpoint, clock=clock, cached=cached)
        tape = self._tape(f"{number:04}")
        self.write(tape, Opened(FORMAT, number, clock, cached, checkpoint, list(store.items())))
        return Recorded(self, tape, topology, number, store, checkpoint, clock=clock, cached=cached)

    def told(self, outputs: Sequence[Output]) -> None:
        """Write down what the fitting task sent with a record."""
        if self.full or not outputs:
            return
        if self._fitting is None:
            self._fitting = self._tape(FITTING)
        sent = [(output.topic, encode(output)) for output in outputs]
        self.write(self._fitting, Told(_now(), sent))

    def model(self, record: Any) -> str:
        """The name of the file that a model lies in; written when it is first met."""
        place = record.kind, record.version
        name = self._models.get(place)
        if name is None:
            text = encode(record)
            digest = blake2b(text, digest_size=4).hexdigest()
            name = self._models[place] = f"{record.kind}-{record.version}-{digest}.json"
            self._spend(lambda: text, partial(_place, self._directory / name))
        return name

    def write(self, tape: Path, frame: Frame) -> None:
        """Write a frame, unless the record has come to its limit."""
        self._spend(partial(dump_frame, frame), partial(_append, tape))

    def _spend(self, make: Callable[[], bytes], write: Callable[[bytes], None]) -> None:
        """Write, while there is room."""
        if self.full:
            return
        try:
            data = make()
            self._left -= len(data)
            self.full = self._left < 0
            if self.full:
                log.warning("the record ends here: it has come to its limit", bytes=self._limit)
            else:
                write(data)
        except (OSError, OverflowError, ValueError) as error:
            self.full = True
            log.error("the record ends here: it cannot be written", why=str(error))

    def _tape(self, name: str) -> Path:
        return self._directory / f"{name}-{time.time_ns():020}.tape"


class Recorded(Partition):
    """A partition that writes down, for each transaction, all that was done to it."""

    def __init__(self, recorder: Recorder, tape: Path, *what: Any, **how: Any) -> None:
        self._recorder, self._tape = recorder, tape
        self._actions: list[Action] = []
        super().__init__(*what, **how)

    def apply(self, item: Waiting, wall: int) -> None:
        """Write down the record, and apply it."""
        topic, record = item[3], item[4]
        self._note(
            Applied(
                wall,
                topic,
                record.offset,
                record.timestamp,
                record.key,
                record.value,
                list(record.headers),
            )
        )
        super().apply(item, wall)

    def advance(self, now: int) -> None:
        """Write down the time, and move on to it."""
        self._note(Advanced(now))
        super().advance(now)

    def settle(self, at_rest: bool = False) -> None:
        """Write down that, and work out what moved."""
        self._note(Settled(at_rest))
        super().settle(at_rest)

    def work(self) -> None:
        """Write down a slice, and do it."""
        self._note(Worked())
        super().work()

    def adopt(self, record: Any) -> str | None:
        """Write down which model, and take it into use."""
        self._note(Adopted(record.kind, self._recorder.model(record)))
        return super().adopt(record)

    def summarise(self, partitions: int) -> None:
        """Write down that, and send snapshots."""
        self._note(Summarised(partitions))
        super().summarise(partitions)

    def drain(self) -> Drained:
        """Write down the transaction before anyone can see it."""
        actions, self._actions = self._actions, []
        self._recorder.write(self._tape, Transaction(_now(), dict(self.next_offsets), actions))
        return super().drain()

    def landed(self) -> None:
        """Write down that it is committed."""
        self._recorder.write(self._tape, Landed())

    def _note(self, action: Action) -> None:
        """Some at a time: an idle partition has no transaction for days, and its clock goes on."""
        if self._recorder.full:
            self._actions.clear()
            return
        self._actions.append(action)
        if len(self._actions) >= MOST_ACTIONS:
            actions, self._actions = self._actions, []
            self._recorder.write(self._tape, Begun(actions))


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def _place(path: Path, data: bytes) -> None:
    """Whole or not at all, whoever writes it at the same time."""
    if path.exists():
        return
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)


def _now() -> int:
    return time.time_ns() // 1_000_000


__all__ = ["Recorded", "Recorder"]
