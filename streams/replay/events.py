"""Replay: the worker's own partitions over a file of events, without a broker.

The file's order is the input's order and the clock is the events' own, so that the same
file gives the same bytes.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from agents.modelling import AnyModelling, Modelling, Record
from agents.modelling import Summary as Snapshot
from agents.topology import Bad, C, E, S, Topology
from schemas.codec import encode
from schemas.deadletter import Original
from schemas.units import MS_PER_HOUR
from streams.engine.cache import Budget
from streams.engine.defects import RuleFailed
from streams.engine.partition import Partition, Sent
from streams.engine.placing import partition_of
from streams.engine.store import MemoryStore
from streams.files.reading import Line, numbered
from streams.replay.results import Offline, Summary, line_of, write_results

CHUNK_LINES = 2000
TOLD_BYTES = 1 << 16
UNKNOWN_SOURCE = "replay"
FIT_MS = MS_PER_HOUR


class Replay(Offline[E, S, C]):
    """Partitions of one topology, fed line by line; ``modellings`` are run over all of them.

    Their records (``models``, the newest of each kind) are made at full hours of the events'
    clock, where anything moved, and at the end: the same lines give the same records.

    What occurred later than 5 min after ``wall`` (ms; when the replay was made, unless given) is
    refused as a worker refuses it: lines of the past give the same bytes at any time.
    """

    def __init__(
        self,
        topology: Topology[E, S, C],
        partitions: int,
        modellings: Sequence[AnyModelling] = (),
        *,
        wall: int | None = None,
    ) -> None:
        super().__init__(topology)
        self._wall = time.time_ns() // 1_000_000 if wall is None else wall
        self._modellings = modellings
        self._fitters = {each.kind: each.fitter(None) for each in modellings}
        self._snapshots: dict[str, dict[int, Any]] = {each.kind: {} for each in modellings}
        self._next_fit = 0
        self._next_of = {each.kind: 0 for each in modellings}
        self._news = set[str]()
        self._lines = 0
        budget = Budget()
        for number in range(partitions):
            self.partitions[number] = Partition(
                topology, number, MemoryStore(), None, clock="event", budget=budget
            )

    def feed(self, lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
        """Apply lines in order, and end; gives each output's topic and bytes as they arise.

        Raises RuleFailed with the line, counted from 1 over all lines, empty ones too.
        """
        return self.play(numbered(lines))

    def play(self, lines: Iterable[Line]) -> Iterator[tuple[str, bytes]]:
        """The same of lines that have their numbers already, from 1, in whatever order."""
        source = iter(lines)
        while chunk := list(itertools.islice(source, CHUNK_LINES)):
            yield from self.take(chunk)
        yield from self.end()

    def take(self, chunk: Sequence[Line]) -> Iterator[tuple[str, bytes]]:
        """Apply some more lines: the same outputs however the lines were cut into chunks."""
        self._lines += len(chunk)
        given = [(number, value) for number, line in chunk if (value := line.strip())]
        events = self.topology.decode([value for _, value in given])
        for (number, value), event in zip(given, events, strict=True):
            try:
                yield from self._apply(number - 1, value, event)
            except RuleFailed as failed:
                failed.line = number
                raise
        self._drain()

    def end(self) -> Iterator[tuple[str, bytes]]:
        """No line comes any more: let everyone be judged by a last model."""
        yield from self._fit(self.now, last=True)

    def until(self, now: int) -> Iterator[tuple[str, bytes]]:
        """Run every timer due by ``now`` (ms)."""
        for partition in self.partitions.values():
            partition.advance(now)
            yield from self._outputs(partition)
        yield from self._fit(now, last=True)
        self._drain()

    def _apply(self, line: int, value: bytes, event: E | Bad) -> Iterator[tuple[str, bytes]]:
        number = 0
        self.events += 1
        if isinstance(event, Bad):
            record = Original(UNKNOWN_SOURCE, 0, line, 0, None, value)
        else:
            customer, at, topic = self.topology.identify(event)
            if at >= self._next_fit:
                yield from self._fit(at)
            key = customer.encode()
            number = partition_of(key, len(self.partitions))
            record = Original(topic, number, line, at, key, value)
        partition = self.partitions[number]
        partition.apply(partition.judge(event, record.topic, record), self._wall)
        if partition.outputs:
            yield from self._outputs(partition)

    def _fit(self, now: int, *, last: bool = False) -> Iterator[tuple[str, bytes]]:
        """Let everyone be judged by what is known of all at ``now`` (ms)."""
        self._next_fit = now // FIT_MS * FIT_MS + FIT_MS
        if not self._modellings:
            return
        for partition in self.partitions.values():
            self._settle(partition)
        self._news |= self._gather()
        for modelling in self._modellings:
            kind, pause = modelling.kind, modelling.replay_ms
            if kind in self._news and (last or now >= self._next_of[kind]):
                self._news.remove(kind)
                self._next_of[kind] = now // pause * pause + pause
                yield from self._make(modelling, now)
        for partition in self.partitions.values():
            yield from self._outputs(partition)

    def _gather(self) -> set[str]:
        """Take every partition's snapshots; the kinds of which there are new ones."""
        news, count = set[str](), len(self.partitions)
        load = {modelling.kind: modelling.load_summary for modelling in self._modellings}
        for partition in self.partitions.values():
            assert partition.population is not None
            number, now = partition.number, partition.now
            for kind, snapshot in partition.population.summaries(number, now, count):
                if kind in load:  # else of a kind that nobody asked for
                    self._snapshots[kind][number] = load[kind](snapshot)
                    news.add(kind)
        return news

    def _make(
        self, modelling: Modelling[Snapshot, Record], now: int
    ) -> Iterator[tuple[str, bytes]]:
        """Make a record of the newest snapshots and let every partition take it into use."""
        snapshots = self._snapshots[modelling.kind]
        ordered = [snapshots[number] for number in sorted(snapshots)]
        made = self._fitters[modelling.kind].fit(ordered, now)
        if made is None:
            return
        self.models[modelling.kind] = made.record
        for output in made.outputs:
            yield output.topic, encode(output)
        for partition in self.partitions.values():
            partition.adopt(made.record)
            self._settle(partition)

    def _settle(self, partition: Partition[E, S, C]) -> None:
        _work_off(partition)
        partition.settle(at_rest=True)
        _work_off(partition)

    def _outputs(self, partition: Partition[E, S, C]) -> Iterator[tuple[str, bytes]]:
        outputs, partition.outputs = partition.outputs, []
        for sent in outputs:
            yield sent.topic, line_of(sent)
            if sent.topic in self.topology.read_back:
                yield from self._outputs(self._hand_back(sent))

    def _hand_back(self, sent: Sent) -> Partition[E, S, C]:
        """Let an output be read back at once, behind what caused it; where it acted."""
        number = partition_of(sent.key or b"", len(self.partitions))
        partition = self.partitions[number]
        record = Original(sent.topic, number, self._lines, partition.now, sent.key, sent.value)
        for item in partition.judged(sent.topic, [record]):
            partition.apply(item, self._wall)
        return partition

    def _drain(self) -> None:
        for partition in self.partitions.values():
            self.counts += partition.drain().counts


def _work_off(partition: Partition[E, S, C]) -> None:
    while partition.busy:
        partition.work()


def replay_file(
    replay: Replay[E, S, C],
    lines: Iterable[Line],
    out: Path,
    until: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Replay ``lines`` (JSON, with their numbers) and write every output file into ``out``."""
    fed = replay.play(watched(lines, progress))
    timed = replay.until(until) if until is not None else iter(())
    return write_results(replay, itertools.chain(fed, timed), out)


def watched(lines: Iterable[Line], progress: Callable[[int], None] | None) -> Iterator[Line]:
    """``lines``; ``progress`` is told now and then how many more bytes were read."""
    size = 0
    for line in lines:
        size += len(line[1])
        if size >= TOLD_BYTES and progress is not None:
            progress(size)
            size = 0
        yield line
