"""One partition's work without Kafka: records in; changelog records and outputs out.

This is what the worker runs inside a batch and what ``touchline replay`` runs without a
broker. Nothing in here awaits, reads a clock or talks to anyone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, Literal, NamedTuple

from agents.modelling import snapshot_key
from agents.topology import Bad, C, Decided, E, Figures, S, Topology
from domain.kernel.population import Changed
from domain.kernel.units import FUTURE_MS
from schemas.codec import encode
from schemas.common import CommonRecord
from schemas.deadletter import Fetched, Original, dead_letter
from schemas.outputs import Output
from schemas.topics import DEAD_LETTERS, PARTITION_SUMMARIES
from schemas.workers import WorkedBy, Workers, worked_partition
from streams.engine.cache import Budget, Cache
from streams.engine.checkpoint import (
    CHECKPOINT_KEY,
    SHARED_PREFIX,
    Checkpoint,
    dump_checkpoint,
)
from streams.engine.defects import on_event, on_timer
from streams.engine.inbox import LAST, READ_BACK, Happened, Inbox, Refused, Returned, Taken, Waiting
from streams.engine.memory import memory_of
from streams.engine.placing import UNKNOWN, Placing
from streams.engine.replanning import Replanning
from streams.engine.store import Store
from streams.engine.timers import Timers

BACKLOG_AGE_MS = 60 * 1000
SLICE_RECORDS = 500
TICK_MS = 1000

Clock = Literal["wall", "event"]


class Sent(NamedTuple):
    """An output on its way: topic, key, value, and when its cause was appended to Kafka.

    ``by_key``: the key chooses its partition; else it goes where its cause came from. Without a
    value it deletes what lies under its key.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    cause_timestamp: int | None
    kind: str
    by_key: bool = False


class Drained(NamedTuple):
    """What one transaction holds of a partition."""

    changelog: list[tuple[bytes, bytes | None]]
    outputs: list[Sent]
    next_offsets: dict[str, int]
    counts: Counter[tuple[str, str]]


class Partition(Generic[E, S, C]):
    """State, timers, clock and unsent outputs of one partition number.

    It is one of so many ``partitions`` over which keys are placed; where that is not known, no
    record is refused for lying elsewhere. Where it is told who works it (``by``), it says so; by
    another policy than the one before, it times everything anew.
    ``budget`` bounds what is decoded of all that share it.
    """

    def __init__(
        self,
        topology: Topology[E, S, C],
        number: int,
        store: Store,
        checkpoint: Checkpoint | None,
        *,
        clock: Clock,
        budget: Budget | None = None,
        partitions: int = UNKNOWN,
        by: WorkedBy | None = None,
    ) -> None:
        self.topology = topology
        self.number = number
        self.placing = Placing(number, partitions)
        self.store = store
        self._get = store.get  # one for all states, which keep it
        self.context = topology.context(shared_records(store))
        before, checkpoint = checkpoint, checkpoint or Checkpoint()
        self.next_offsets = dict(checkpoint.next_offsets)
        self.now = checkpoint.clock
        self.versions = dict(checkpoint.versions)
        self.topic_ids = dict(checkpoint.topic_ids)
        self.timers = Timers.restored(store)
        self._timer_heap = self.timers.heap
        self._due_of = self.timers.due_of
        self._rule = topology.apply
        self._prompt = topology.prompt
        self.inbox = Inbox[E]()
        self.pending = 0
        self.urgent = False
        self.outputs: list[Sent] = []
        self.counts: Counter[tuple[type, str]] = Counter()
        self._wall_clock = clock == "wall"
        self._dirty: dict[str, S] = {}
        self.cache = Cache[S](number, store, self._dirty, budget or Budget())
        self._live = self.cache.live
        self._written: list[tuple[bytes, bytes | None]] = []
        self.population = topology.population(self.context, self.versions)
        self._next_tick = LAST if self.population is None else 0
        owners = self._owners() if self.population is not None or self.placing.known else []
        self.placing.meet(owners)
        self._strange = self.placing.strange
        if self.population is not None:
            self.population.restore(owners, self._main_record)
        store.rest([key.encode() for key in owners])
        self.by = by
        self._by_before = None if before is None else before.by
        self._replanning = Replanning([])
        if by is not None:
            self._say_who(by, before)

    # -- in ---------------------------------------------------------------------------

    def receive(self, topic: str, records: Sequence[Fetched], end: int) -> None:
        """Decode fetched records and let them wait; what lies below the checkpoint is dropped."""
        start = self.next_offsets.get(topic, 0)
        if records and records[0].offset < start:
            records = [record for record in records if record.offset >= start]
        items = self.judged(topic, records)
        self.inbox.add(topic, items, end)
        if not items and not self.inbox.waiting_in(topic) and end > start:
            self.next_offsets[topic] = end
            self.pending += 1

    def judged(self, topic: str, records: Sequence[Fetched]) -> list[Waiting[E]]:
        """What the records of one topic are to be applied as."""
        values = [record.value for record in records]
        read_back = self.topology.read_back.get(topic)
        if read_back is None:
            events = zip(self.topology.decode(values), records, strict=True)
            judged: list[Waiting[E]] = [self.judge(event, topic, one) for event, one in events]
            if self.placing.known:
                live = self._live
                self.placing.look_ahead(
                    {each.key for each in judged if type(each) is Happened and each.key not in live}
                )
            return judged
        items: list[Waiting[E]] = []
        for told, record in zip(read_back.decode(values), records, strict=True):
            if isinstance(told, Bad):
                items.append(Refused(told, topic, record))
            elif record.key != (key := read_back.key_of(told)).encode():
                must = f"the key must be {key!r} in UTF-8, as the record says"
                items.append(Refused(Bad("key_mismatch", must), topic, record))
            else:
                at = read_back.happened(told)
                items.append(Returned(READ_BACK if at is None else at, key, told, topic, record))
        return items

    def judge(self, event: E | Bad, topic: str, record: Fetched) -> Happened[E] | Refused:
        """What a decoded record is to be applied as: an event of its key, or a dead letter."""
        if isinstance(event, Bad):
            return Refused(event, topic, record)
        key, at, source = self.topology.identify(event)
        if record.key == key.encode() and topic == source:
            return Happened(at, key, event, topic, record)
        return Refused(self.topology.misplaced(event, topic, record.key), topic, record)

    def step(self, wall: int, limit: int = SLICE_RECORDS, bound: int = LAST) -> int:
        """Apply up to ``limit`` waiting records at wall time ``wall`` (ms); how many it were.

        On the event clock ``wall`` may be ``UNKNOWN``: then no event is in the future. None later
        than ``bound`` (ms): something older may still be on its way.
        """
        taken = self.inbox.take(limit, bound)
        self.take(taken, wall)
        return len(taken.items)

    def take(self, taken: Taken[E], wall: int) -> None:
        """Apply records that wait no more, and go on behind them; as :meth:`apply`."""
        items, positions = taken
        apply = self.apply
        for item in items:
            apply(item, wall)
        self.next_offsets.update(positions)
        self.pending += len(items)

    def apply(self, item: Waiting[E], wall: int) -> None:
        """Apply one decoded record: to its state, or as a dead letter.

        Raises :class:`streams.engine.defects.RuleFailed`, as all that fires timers: after that
        nothing of this partition may be kept.
        """
        if type(item) is Refused:
            return self._dead(item.topic, item.record, item.bad)
        if type(item) is Returned:
            return self._take_back(item, wall)
        at, key, event = item.at, item.key, item.event
        if at > wall or key not in self._live or self._strange:
            bad = self._unfit(key, at, wall)
            if bad is not None:
                return self._dead(item.topic, item.record, bad)
        self._reach(at, wall)
        context = self.context
        context.now = self.now
        state = self._live.get(key) or self._open(key)
        try:
            outcome = self._rule(state, event, at, context)
        except Exception as error:
            where = self._original(item.topic, item.record)
            raise on_event(error, self._rule, event, key, where) from error
        self._keep(item, state, outcome, type(event), item.record.timestamp)

    def _take_back(self, item: Returned, wall: int) -> None:
        """Let a record that was read back act on its key's state."""
        key, told = item.key, item.told
        if item.at != READ_BACK:
            self._reach(item.at, wall)
        state = self._state_of(key)
        take, self.context.now = self.topology.read_back[item.topic].take, self.now
        try:
            outcome = take(state, told, self.context)
        except Exception as error:
            where = self._original(item.topic, item.record)
            raise on_event(error, take, told, key, where) from error
        self._keep(item, state, outcome, type(told), None)

    def _keep(
        self,
        item: Happened[E] | Returned,
        state: S,
        outcome: Decided,
        kind: type,
        timestamp: int | None,
    ) -> None:
        """Keep what a record did to its key's state, with its timer, and send what came of it."""
        status, key = outcome.status, item.key
        self.counts[kind, status] += 1
        if status == "rejected":
            return self._dead(item.topic, item.record, Bad(outcome.reason, outcome.detail))
        self._dirty[key] = state
        if outcome.outputs:
            self._send(outcome.outputs, timestamp)
        next_due = state.next_due
        if next_due is not None or key in self._due_of:
            self.timers.set(key, next_due)

    def _reach(self, at: int, wall: int) -> None:
        """Let the task clock come to what happened at ``at`` (ms), as for an event."""
        now = at
        if self._wall_clock:
            now = min(at, wall)
            self.context.wall = wall
        self.now = now = max(self.now, now)
        due = self._timer_heap
        if due and due[0][0] <= now:
            self._fire()
        if self._wall_clock:  # what falls due is never late, what comes after it may be
            self.context.late = wall - at > BACKLOG_AGE_MS
        if now >= self._next_tick:
            self._tick_if_ripe()

    def advance(self, now: int) -> None:
        """Move the task clock on to ``now`` (never back) and fire what is due by then."""
        self.now = max(self.now, now)
        if self._wall_clock:
            self.context.wall = now
        due = self.timers.next_due
        if due is not None and due <= self.now:
            self._fire()
        if self.now >= self._next_tick:
            self._settle()

    # -- over all keys ------------------------------------------------------------------

    def settle(self, at_rest: bool = False) -> None:
        """Let the population work out what moved up to now, few as it may be.

        ``at_rest`` says that nothing more is at hand, so there is nothing to wait for.
        """
        self._settle(at_rest)

    def _settle(self, at_rest: bool = False) -> None:
        if self.population is None:
            return
        self._next_tick = self.now // TICK_MS * TICK_MS + TICK_MS
        if self.population.due(self.now, at_rest):
            self._take(self.population.tick(self.now, self._state_in_passing, at_rest))

    @property
    def busy(self) -> bool:
        """Whether :meth:`work` has anything left to do."""
        return self._replanning.busy or (self.population is not None and self.population.busy)

    def work(self) -> None:
        """One slice of long work: after a restore, another policy, a new model."""
        if self._replanning.busy:
            if self._replanning.work(self._replan):
                self.pending += 1  # only now the checkpoint names this policy
        elif self.population is not None:
            work = self.population.work
            self._take(work(self.now, self._state_in_passing, self._opened))

    def adopt(self, record: CommonRecord) -> str | None:
        """Take a newer record of its kind into use; why it is refused, or ``None``."""
        if self.population is None:
            return None
        refused = self.population.adopt(record)
        if refused is None and record.version > self.versions.get(record.kind, 0):
            self.versions[record.kind] = record.version
            self.pending += 1
        return refused

    def summarise(self, partitions: int) -> None:
        """Send a snapshot of the population of each kind of which there is news."""
        if self.population is None:
            return
        for kind, snapshot in self.population.summaries(self.number, self.now, partitions):
            key = snapshot_key(kind, self.number)
            self.outputs.append(Sent(PARTITION_SUMMARIES, key, snapshot, None, kind))
            self.pending += 1

    def _tick_if_ripe(self) -> None:
        assert self.population is not None
        if self.population.ripe(self.now):
            self._settle()
        else:
            self._next_tick = self.now + TICK_MS

    def _take(self, changes: Sequence[Changed[S, Output]]) -> None:
        written: list[tuple[bytes, bytes | None]] = []
        for change in changes:
            if change.state is None:
                written += change.records
            else:
                self._dirty[change.key] = change.state
            self._send(change.outputs, None)
        self._write(written)
        self.pending += len(changes)

    def _write(self, records: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Write what was changed without opening the state: an event to come reads it."""
        self._written += records
        self.store.put_all(records)

    def _state_of(self, key: str) -> S:
        return self._live.get(key) or self._open(key)

    def _main_record(self, key: str) -> bytes | None:
        return self._get(self.topology.main_key(key))

    # -- out --------------------------------------------------------------------------

    def drain(self) -> Drained:
        """Everything since the last call, for one transaction; the store is brought up to date."""
        changelog, written, grown = self._written, len(self._written), []
        owner = self.topology.owner
        passed = {key for each, _ in changelog if (key := owner(each)) is not None}
        self._written = []
        for key, state in self._dirty.items():
            records = state.dump()
            changelog += records
            if len(records) > 1:
                grown.append(key)
        changelog += self.timers.records()
        for name, value in self.topology.shared(self.context):
            changelog.append((SHARED_PREFIX + name, value))
        checkpoint = Checkpoint(
            next_offsets=self.next_offsets,
            clock=self.now,
            versions=self.versions,
            topic_ids=self.topic_ids,
            by=self._by_before if self._replanning.busy else self.by,
        )
        changelog.append((CHECKPOINT_KEY, dump_checkpoint(checkpoint)))
        self.store.put_all(changelog[written:] if written else changelog)
        kinds, counts = self.topology.kinds, Counter[tuple[str, str]]()
        for (kind, what), n in self.counts.items():
            counts[kinds[kind], what] += n
        drained = Drained(changelog, self.outputs, dict(self.next_offsets), counts)
        self.outputs, self.counts, self.pending, self.urgent = [], Counter(), 0, False
        used = list(self._dirty)
        self._dirty.clear()
        self.cache.committed(used, grown, passed)
        return drained

    def state(self, key: str) -> S | None:
        """The state of a key, or ``None`` if it is not known."""
        return self._opened(key) or self.topology.load(key, self._get)

    def memory(self) -> dict[str, int]:
        """Bytes it takes by part, about."""
        return memory_of(self)

    def export(self) -> Iterator[tuple[str, Figures]]:
        """Every key and what a user sees of its state at the task clock, sorted by key.

        Without those that are known from records read back alone.

        To be called when everything is drained: it reads the store.
        """
        for key in self._owners():
            state = self.state(key)
            if state is None:
                continue
            figures = self.topology.export(state, self.now, self.context)
            if figures is not None:
                yield key, figures

    # -- inside -----------------------------------------------------------------------

    def _say_who(self, by: WorkedBy, before: Checkpoint | None) -> None:
        """Say by whom it is worked where that is new; by another policy, time all anew."""
        was = None if before is None else before.by
        if was != by:
            key, told = snapshot_key(Workers.kind, self.number), worked_partition(self.number, by)
            self.outputs.append(Sent(PARTITION_SUMMARIES, key, encode(told), None, Workers.kind))
            self.pending += 1
        if before is not None and (was is None or was.policy != by.policy):
            self._replanning = Replanning(sorted(self.timers.due_of, reverse=True))

    def _replan(self, key: str) -> None:
        state = self._state_in_passing(key)
        if self.topology.replan(state, self.context):
            self._dirty[key] = state
            self.timers.set(key, state.next_due)
            self.pending += 1

    def _owners(self) -> list[str]:
        """Every key that the store has something of, in order."""
        letter = self.topology.main_key("")
        return sorted(owner.decode() for owner, _ in self.store.of_letter(letter))

    def _unfit(self, key: str, at: int, wall: int) -> Bad | None:
        """Why an event must not be applied here and now; to be asked where that may be so.

        Where a key belongs is worked out while nothing is known of it here: what has a state was
        placed rightly when it was made, or is known as strange since the partition was opened.
        """
        if at > wall + FUTURE_MS and (self._wall_clock or wall != UNKNOWN):
            return in_future(at, wall, told=self._wall_clock)
        placing = self.placing
        if not placing.known or (key in self._live and key not in placing.strange):
            return None
        met = key in self._dirty or self._main_record(key) is not None
        right = key not in placing.strange if met else placing.has(key)
        return None if right else placing.wrong(key)

    def _open(self, key: str) -> S:
        self.store.use(key.encode())
        state = self._live[key] = self._state_in_passing(key)
        return state

    def _state_in_passing(self, key: str) -> S:
        """The state of a key, which does not stay decoded: work over all would displace others."""
        state = self._opened(key)
        return state or self.topology.load(key, self._get) or self.topology.new(key)

    def _opened(self, key: str) -> S | None:
        return self._live.get(key) or self._dirty.get(key)

    def _fire(self) -> None:
        context = self.context
        for key in self.timers.pop_due(self.now):
            state = self._state_of(key)
            context.now, context.late = self.now, False
            self._send(self._fired(key, state), None)
            self._dirty[key] = state
            self.timers.set(key, state.next_due)
            self.pending += 1

    def _fired(self, key: str, state: S) -> Sequence[Output]:
        rule, due = self.topology.fire, state.next_due
        try:
            outputs = rule(state, self.context)
            left = state.next_due
            if left is not None and left <= self.now:
                raise AssertionError(f"due at {left} ms, still due after firing at {self.now} ms")
        except Exception as error:
            raise on_timer(error, rule, key, due, self.number) from error
        return outputs

    def _send(self, outputs: Iterable[Output], cause_timestamp: int | None) -> None:
        for output in outputs:
            kind = getattr(output, "kind", "")
            value = None if output.deletes else encode(output)
            by_key, topic = output.by_key, output.topic
            self.outputs.append(Sent(topic, output.key, value, cause_timestamp, kind, by_key))
            if topic in self._prompt:
                self.urgent = True

    def _dead(self, topic: str, record: Fetched, bad: Bad) -> None:
        self.counts[Bad, bad.reason] += 1
        letter = encode(dead_letter(self._original(topic, record), bad))
        self.outputs.append(Sent(DEAD_LETTERS, record.key, letter, None, bad.reason))

    def _original(self, topic: str, record: Fetched) -> Original:
        key, headers = record.key, tuple(record.headers)
        return Original(
            topic, self.number, record.offset, record.timestamp, key, record.value, headers
        )


class Opening(NamedTuple):
    """What a partition is opened with: what was restored, and how it is to work."""

    number: int
    store: Store
    checkpoint: Checkpoint | None
    clock: Clock
    budget: Budget | None = None
    partitions: int = UNKNOWN
    by: WorkedBy | None = None

    def of(self, topology: Topology[E, S, C]) -> Partition[E, S, C]:
        """The partition."""
        number, store, checkpoint, clock, budget, partitions, by = self
        return Partition(
            topology, number, store, checkpoint, clock=clock, budget=budget, partitions=partitions,
            by=by,
        )  # fmt: skip


def shared_records(store: Store) -> dict[bytes, bytes]:
    """What the partition's context kept over all keys, by name."""
    skip = len(SHARED_PREFIX)
    return {key[skip:]: value for key, value in store.items() if key.startswith(SHARED_PREFIX)}


def in_future(at: int, wall: int, *, told: bool) -> Bad:
    """Why an event at ``at`` is refused when it is ``wall`` (both in ms).

    Not ``told`` by how much where the same input shall give the same bytes at any time.
    """
    allowed = FUTURE_MS // 1000
    if told:
        detail = f"{(at - wall) / 1000:.0f} s ahead of now; at most {allowed} s are allowed"
    else:
        detail = f"more than {allowed} s ahead of now, which is as much as is allowed"
    return Bad("in_future", f"occurred_at is {detail}")
