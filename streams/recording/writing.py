"""Keeping a record: what is done to a worker's partitions is written down on its way to them.

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
from typing import Generic, TypeVar

import structlog

from agents.topology import C, E, S
from domain.policy import Policy, policy_yaml
from schemas.codec import encode
from schemas.common import CommonRecord
from schemas.outputs import Output
from streams.engine.doings import Does, Doing, Drain, Land, unwatched
from streams.engine.partition import Opening, Partition
from streams.errors import NotWritten
from streams.recording.form import (
    FITTING,
    FORMAT,
    POLICY,
    Action,
    Begun,
    Frame,
    Landed,
    Opened,
    Told,
    Transaction,
    actions_of,
    dump_frame,
)

MOST_ACTIONS = 1_000

Done = TypeVar("Done")

log = structlog.get_logger("touchline.recording")


class Recorder:
    """Keeps the record of one worker in a directory, which takes up to ``limit`` bytes.

    ``ns`` is its clock, in ns since 1970: by it tapes and transactions of several are in order.

    Workers of one policy may share the directory; each counts what lay there when it began.
    Whatever goes wrong with the record once it is begun ends the record, never the work. Raises
    :class:`streams.errors.NotWritten` where it cannot be written, or holds the record of another
    policy.
    """

    def __init__(
        self,
        directory: Path,
        policy: Policy,
        limit: int,
        ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.full = False
        self._ns = ns
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

    def watch(self, partition: Partition[E, S, C], opening: Opening) -> Does[E]:
        """Through what a partition just opened is worked: it notes all on a tape of its own."""
        if self.full:
            return unwatched(partition)
        number, store, checkpoint, clock, _, partitions, by = opening
        tape, records = self._tape(f"{number:04}"), list(store.items())
        opened = Opened(FORMAT, number, clock, 0, checkpoint, records, partitions, by)
        self.write(tape, opened)
        return Recorded(self, tape, partition)

    def told(self, outputs: Sequence[Output]) -> None:
        """Write down what the fitting task sent with a record."""
        if self.full or not outputs:
            return
        if self._fitting is None:
            self._fitting = self._tape(FITTING)
        sent = [(output.topic, encode(output)) for output in outputs]
        self.write(self._fitting, Told(self.now(), sent))

    def now(self) -> int:
        """The wall time in ms, by the worker's clock."""
        return self._ns() // 1_000_000

    def model(self, record: CommonRecord) -> str:
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
        return self._directory / f"{name}-{self._ns():020}.tape"


class Recorded(Generic[E, S, C]):
    """Notes, for each transaction of a partition, all that is done to it, and passes it on."""

    def __init__(self, recorder: Recorder, tape: Path, partition: Partition[E, S, C]) -> None:
        self._recorder, self._tape = recorder, tape
        self._partition = partition
        self._actions: list[Action] = []

    def __call__(self, doing: Doing[E, Done]) -> Done:
        """Write it down before anyone can see what comes of it, and do it."""
        self._write(doing)
        return doing.to(self._partition)

    @property
    def noted(self) -> int:
        """How many actions wait here for their transaction, or for the next frame."""
        return len(self._actions)

    def _write(self, doing: object) -> None:
        if type(doing) is Drain:
            actions, self._actions = self._actions, []
            positions = dict(self._partition.next_offsets)
            self._recorder.write(self._tape, Transaction(self._recorder.now(), positions, actions))
        elif type(doing) is Land:
            self._recorder.write(self._tape, Landed())
        else:
            for action in actions_of(doing, self._recorder.model):
                self._note(action)

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


__all__ = ["Recorded", "Recorder"]
