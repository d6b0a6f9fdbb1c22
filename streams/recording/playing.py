"""Playing a record: the same partitions, done to them again what was done, without a broker.

Outputs of one partition come in the order they were sent, to the byte; those of several by when
their transactions were committed.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from agents.modelling import AnyModelling
from agents.topology import C, E, S, Topology
from domain.policy import Policy, load_policy
from schemas.common import CommonRecord
from schemas.deadletter import Original
from streams.engine.cache import Budget
from streams.engine.checkpoint import CHECKPOINT_KEY, load_checkpoint
from streams.engine.doings import Adopt, Advance, Doing, Settle, Summarise, Take, Work
from streams.engine.inbox import Taken, Waiting
from streams.engine.partition import Clock, Drained, Opening, Partition
from streams.engine.store import MemoryStore
from streams.errors import RecordUnreadable
from streams.recording.form import (
    FITTING,
    POLICY,
    TAPES,
    Action,
    Adopted,
    Advanced,
    Applied,
    Begun,
    Frame,
    Opened,
    Settled,
    Summarised,
    Told,
    Transaction,
    Worked,
    read_frames,
)
from streams.replay.results import Offline, line_of

Output = tuple[str, bytes]


def recorded_policy(directory: Path) -> Policy:
    """The policy that a record was kept under. Raises RecordUnreadable, PolicyError."""
    path = directory / POLICY
    if not path.exists():
        raise RecordUnreadable(
            f"{directory}: holds no record; `touchline worker --record {directory}` keeps one"
        )
    return load_policy(path)


class Done(NamedTuple):
    """A transaction done again: when it was committed, what it sent, and how many events it had."""

    at: int
    drained: Drained
    events: int


class Playback(Offline[E, S, C]):
    """What the workers of one record did.

    A transaction that was about to be committed when its worker ended counts where the partition
    was opened again with what it wrote; the last of a partition that nobody opened again is left
    out (``left_out`` counts these): only Kafka knows. ``gaps`` counts openings with what no tape
    tells of: the worker before kept no record, or its record had ended. Raises RecordUnreadable.
    """

    def __init__(
        self,
        topology: Topology[E, S, C],
        modellings: Sequence[AnyModelling],
        directory: Path,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(topology)
        self.left_out = 0
        self.gaps = 0
        self._budget = Budget()
        self._load = {modelling.kind: modelling.load_record for modelling in modellings}
        self._directory = directory
        self._progress = progress
        self._tapes: defaultdict[str, list[Path]] = defaultdict(list)
        for tape in sorted(directory.glob(TAPES)):
            self._tapes[tape.name.partition("-")[0]].append(tape)

    def play(self) -> Iterator[Output]:
        """Do everything again; gives each output's topic and bytes."""
        fitting = self._tapes.pop(FITTING, [])
        plays = [self._play(tapes) for tapes in self._tapes.values()]
        told = (self._told(tape) for tape in fitting)
        for _, outputs in heapq.merge(*plays, *told, key=lambda pair: pair[0]):
            yield from outputs

    # -- a partition's tapes ------------------------------------------------------------

    def _play(self, tapes: Sequence[Path]) -> Iterator[tuple[int, list[Output]]]:
        openings = self._openings(tapes)
        following = next(openings, None)
        while following is not None:
            opened, frames = following
            partition = self._open(opened)
            last: Transaction | None = None
            for transaction, landed in _transactions(frames):
                if landed:
                    yield self._counted(self._do(partition, transaction))
                else:
                    last = transaction
            following = next(openings, None)
            if following is None:
                self.left_out += last is not None
                return
            yield from self._decided(partition, last, following[0])

    def _openings(self, tapes: Iterable[Path]) -> Iterator[tuple[Opened, Iterator[Frame]]]:
        """What each tape begins with, and its other frames; without those cut off at once."""
        for tape in tapes:
            frames = read_frames(tape, self._progress)
            opened = next(frames, None)
            if type(opened) is Opened:
                yield opened, frames
            elif opened is not None:
                raise RecordUnreadable(f"{tape}: does not begin with an opened partition")

    def _decided(
        self, partition: Partition[E, S, C], last: Transaction | None, opened: Opened
    ) -> Iterator[tuple[int, list[Output]]]:
        """A tape's last transaction, if the partition was ``opened`` again with what it wrote."""
        found = dict(opened.records)
        before = partition.store.get(CHECKPOINT_KEY)
        if last is not None:
            done = self._do(partition, last)
            ends = dict(done.drained.changelog).get(CHECKPOINT_KEY)
            if _is_at(found.get(CHECKPOINT_KEY), ends):
                yield self._counted(done)
                return
        self.gaps += not _is_at(found.get(CHECKPOINT_KEY), before)

    def _open(self, opened: Opened) -> Partition[E, S, C]:
        store = MemoryStore()
        store.put_all(opened.records)
        clock = cast(Clock, opened.clock)
        number, checkpoint, budget = opened.number, opened.checkpoint, self._budget
        opening = Opening(number, store, checkpoint, clock, budget, opened.partitions, opened.by)
        partition = self.partitions[number] = opening.of(self.topology)
        return partition

    def _do(self, partition: Partition[E, S, C], transaction: Transaction) -> Done:
        items = self._judged(partition, transaction)
        for action in transaction.actions:
            self._doing(action, items).to(partition)
        partition.next_offsets.update(transaction.next_offsets)
        events = sum(
            type(action) is Applied and action.topic not in self.topology.read_back
            for action in transaction.actions
        )
        return Done(transaction.at, partition.drain(), events)

    def _doing(
        self, action: Action, items: dict[str, Iterator[Waiting[E]]]
    ) -> Doing[E, str | None]:
        """What an action says is to be done; ``items`` has the records that were taken."""
        match action:
            case Applied(wall, topic):
                return Take(Taken([next(items[topic])], {}), wall)
            case Advanced(now):
                return Advance(now)
            case Settled(at_rest):
                return Settle(at_rest)
            case Worked():
                return Work()
            case Adopted(kind, file):
                return Adopt(self._model(kind, file))
            case Summarised(partitions):
                return Summarise(partitions)

    def _judged(
        self, partition: Partition[E, S, C], transaction: Transaction
    ) -> dict[str, Iterator[Waiting[E]]]:
        """The transaction's records by topic, decoded as they were when they came."""
        records = defaultdict[str, list[Original]](list)
        for one in transaction.actions:
            if type(one) is Applied:
                place = one.topic, partition.number, one.offset, one.timestamp
                records[one.topic].append(Original(*place, one.key, one.value, one.headers))
        return {topic: iter(partition.judged(topic, found)) for topic, found in records.items()}

    def _counted(self, done: Done) -> tuple[int, list[Output]]:
        self.counts += done.drained.counts
        self.events += done.events
        return done.at, [(sent.topic, line_of(sent)) for sent in done.drained.outputs]

    def _model(self, kind: str, file: str) -> CommonRecord:
        path = self._directory / file
        try:
            record: CommonRecord = self._load[kind](path.read_bytes())
        except (OSError, KeyError, ValueError) as error:
            raise RecordUnreadable(f"{path}: the model cannot be read ({error})") from error
        newest = self.models.get(kind)
        if newest is None or newest.version < record.version:
            self.models[kind] = record
        return record

    def _told(self, tape: Path) -> Iterator[tuple[int, list[Output]]]:
        for frame in read_frames(tape, self._progress):
            if type(frame) is Told:
                yield frame.at, frame.outputs


def _is_at(found: bytes | None, ends: bytes | None) -> bool:
    """Whether two checkpoints are of one place: a version before may write another form."""
    if found is None or ends is None:
        return found == ends
    one, other = load_checkpoint(found), load_checkpoint(ends)
    here = one.next_offsets, one.clock, one.versions
    return here == (other.next_offsets, other.clock, other.versions)


def _transactions(frames: Iterable[Frame]) -> Iterator[tuple[Transaction, bool]]:
    """Each transaction of a tape, whole, and whether it is known to be committed."""
    begun: list[Action] = []
    before: Transaction | None = None
    for frame in frames:
        if before is not None:
            yield before, True
            before = None
        if type(frame) is Begun:
            begun += frame.actions
        elif type(frame) is Transaction:
            frame.actions[:0] = begun
            begun, before = [], frame
    if before is not None:
        yield before, False


__all__ = ["Playback", "recorded_policy"]
