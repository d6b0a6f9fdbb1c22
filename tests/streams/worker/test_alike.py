"""Whether a group's workers are alike: what is published, signalled once, and said by doctor."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.workers import AGREE, SETTLED_MS, SIGNAL, Gathering
from schemas.codec import encode
from schemas.topics import PARTITION_SUMMARIES
from schemas.workers import WorkedBy, WorkedPartition, Workers, worked_partition
from streams.engine.checkpoint import (
    CHECKPOINT_KEY,
    FORMAT,
    Checkpoint,
    NewerFormat,
    dump_checkpoint,
    load_checkpoint,
)
from streams.engine.partition import Drained, Partition
from streams.engine.store import MemoryStore
from streams.engine.worked_by import worked_by
from streams.queries.alike import alike
from tests.streams.engine.counting import Counted, counting

EAST = WorkedBy("a1", "f1", "0.1.0", "east:1")
WEST = WorkedBy("b2", "f1", "0.1.0", "west:2")
NOON = 1_700_000_000_000


def group(*by: WorkedBy, since: int = NOON) -> list[WorkedPartition]:
    """Partitions 0, 1, ... and who works them."""
    return [worked_partition(n, one.taking_over(None, since)) for n, one in enumerate(by)]


def opened(store: MemoryStore, by: WorkedBy | None, now: int = NOON) -> tuple[Counted, Drained]:
    """A partition that was opened by somebody, and what it is about to commit."""
    saved = store.get(CHECKPOINT_KEY)
    before = load_checkpoint(saved) if saved else None
    one = Partition(
        counting("a"), 0, store, before, clock="event", by=worked_by(by, before, now, 0)
    )
    return one, one.drain()


def said(drained: Drained) -> list[str]:
    """Who says that he works it."""
    sent = [one for one in drained.outputs if one.topic == PARTITION_SUMMARIES]
    assert all(one.key == b"workers/0" for one in sent)
    return [WorkedPartition.model_validate_json(one.value or b"").worker for one in sent]


# -- a partition --------------------------------------------------------------------------


def test_a_partition_says_who_works_it_once_and_since_when_by_the_same_policy() -> None:
    store = MemoryStore()
    one, drained = opened(store, EAST)
    assert said(drained) == ["east:1"]
    assert said(one.drain()) == []
    again, drained = opened(store, EAST, NOON + 5)
    assert said(drained) == [] and again.by is not None and again.by.since == NOON
    other = msgspec.structs.replace(EAST, worker="east:2")
    again, drained = opened(store, other, NOON + 6)
    assert said(drained) == ["east:2"] and again.by is not None and again.by.since == NOON
    again, drained = opened(store, WEST, NOON + 7)
    assert said(drained) == ["west:2"] and again.by is not None and again.by.since == NOON + 7


def test_without_a_worker_nothing_is_said_and_a_checkpoint_of_before_is_read() -> None:
    assert said(opened(MemoryStore(), None)[1]) == []
    before = msgspec.msgpack.encode([1, {"a": 7}, 9, {}])
    assert load_checkpoint(before) == Checkpoint(format=1, next_offsets={"a": 7}, clock=9)


def test_a_newer_checkpoint_is_refused_with_who_wrote_it() -> None:
    newer = dump_checkpoint(Checkpoint(format=FORMAT + 1, by=WorkedBy("", "", "9.9.0", "far:7")))
    fields = [*msgspec.msgpack.decode(newer), {"not": "known"}]
    for value in (newer, msgspec.msgpack.encode(fields)):
        told = refused(value)
        assert (told.by.version, told.by.worker) == ("9.9.0", "far:7")
        assert f"by touchline 9.9.0 (worker far:7) in format {FORMAT + 1}" in str(told)
    for strange in ([FORMAT + 1], [FORMAT + 1, 0, 0, 0, "text"]):
        assert "a newer touchline" in str(refused(msgspec.msgpack.encode(strange)))


def refused(value: bytes) -> NewerFormat:
    try:
        load_checkpoint(value)
    except NewerFormat as error:
        return error
    raise AssertionError("it was taken")


# -- the group ----------------------------------------------------------------------------


def test_a_change_is_signalled_once_when_it_has_settled() -> None:
    gathering = Gathering(None)
    first = gathering.fit(group(EAST, EAST), NOON + SETTLED_MS)
    assert first is not None and first.outputs == ()
    mixed = group(EAST) + group(EAST, WEST, since=NOON + 100_000)[1:]
    made = gathering.fit(mixed, NOON + 100_001)
    assert made is not None and made.outputs == () and len(made.record.partitions) == 2
    made = gathering.fit(mixed, NOON + 100_000 + SETTLED_MS)
    assert made is not None
    [signal] = made.outputs
    assert signal.kind == SIGNAL  # type: ignore[attr-defined]
    assert signal.value == 2.0  # type: ignore[attr-defined]
    assert "policy a1, forms f1, version 0.1.0 in partition 0 (east:1)" in signal.reason
    assert "policy b2, forms f1, version 0.1.0 in partition 1 (west:2)" in signal.reason
    assert gathering.fit(mixed, NOON + 900_000) is None
    # the next leader goes on from the record
    heir = Gathering(Workers.model_validate_json(encode(made.record)))
    assert heir.fit(mixed, NOON + 900_000) is None
    moved = group(WEST, EAST, since=NOON + 900_000)
    made = heir.fit(moved, NOON + 990_000)
    assert made is not None and made.outputs == ()
    made = heir.fit(group(WEST, WEST, since=NOON + 990_000), NOON + 1_990_000)
    assert made is not None and [one.kind for one in made.outputs] == [AGREE]  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from([EAST, WEST]), min_size=3, max_size=3),
                  st.sampled_from([1, SETTLED_MS]), st.booleans()),
        max_size=12,
    )
)  # fmt: skip
def test_signals_are_as_many_as_changes_whoever_leads(
    steps: list[tuple[list[WorkedBy], int, bool]],
) -> None:
    gathering, record, now = Gathering(None), None, NOON
    told, seen, ids = 0, None, set()
    for workers, wait, another in steps:
        now += wait
        since = now
        now += wait
        made = gathering.fit(group(*workers, since=since), now)
        if made is not None:
            record = made.record
            told += len(made.outputs)
            ids |= {one.output_id for one in made.outputs}
        if wait == SETTLED_MS:
            policies = {one.policy for one in workers}
            expected = policies != seen if seen is not None else len(policies) > 1
            assert told == len(ids) and (made is not None and bool(made.outputs)) == expected
            seen = policies
        if another:
            gathering = Gathering(record)


# -- doctor -------------------------------------------------------------------------------


def test_doctor_names_the_workers_that_differ() -> None:
    by = {0: EAST, 1: EAST, 2: WEST}
    found = alike(by, {}, {0: "1 at east"}, "a1")
    [problem] = found.problems
    assert "policy a1, forms f1, version 0.1.0 in partitions 0-1 (east:1) since" in problem
    assert "policy b2, forms f1, version 0.1.0 in partition 2 (west:2) since" in problem
    assert alike(by, {}, {}, "a1").problems == []  # nobody works: it is how they left it
    assert "do not go by the same policies" in alike(by, {}, {}, "a1").notes[0]


def test_doctor_says_where_all_are_alike_and_where_its_own_policy_is_another() -> None:
    found = alike({0: EAST}, {}, {0: "1 at east"}, "a1")
    assert not found.problems and not found.notes and found.told.startswith("policy a1")
    assert "this command by zz" in alike({0: EAST}, {}, {0: "1 at east"}, "zz").notes[0]
    newer = msgspec.structs.replace(EAST, version="0.2.0")
    assert "several versions" in alike({0: EAST, 1: newer}, {}, {0: "1"}, "a1").notes[0]
    forms = msgspec.structs.replace(newer, forms="f2")
    assert "forms of what is stored" in alike({0: EAST, 1: forms}, {}, {0: "1"}, "a1").problems[0]
    assert alike({}, {}, {}, "a1").told == ""


def test_doctor_says_which_partitions_are_too_new_and_who_has_them() -> None:
    why = NewerFormat(2, WorkedBy("a1", "f2", "0.2.0", "east:9"))
    found = alike({1: EAST}, {0: why, 2: why}, {0: "1 at west", 2: "1 at west"}, "a1")
    assert found.problems[0].startswith("partitions 0, 2 (now with worker 1 at west): its state")
    assert "touchline 0.2.0 (worker east:9) in format 2" in found.problems[0]
