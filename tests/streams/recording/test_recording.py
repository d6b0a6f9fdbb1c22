"""A record without a broker: what it leaves out, where it ends, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.customers import Touched, customers
from agents.modellings import modellings
from domain.assembly.context import Context
from domain.customer.state import Customer
from domain.policy import Policy, load_policy
from schemas.deadletter import Original
from schemas.topics import ALERTS
from streams.cli import app
from streams.engine.checkpoint import CHECKPOINT_KEY, load_checkpoint
from streams.engine.doings import Advance, Drain, Land, Take
from streams.engine.inbox import Taken
from streams.engine.partition import Opening
from streams.engine.store import MemoryStore
from streams.errors import NotWritten, RecordUnreadable
from streams.recording.form import Landed, Opened, dump_frame
from streams.recording.playing import Playback
from streams.recording.writing import Recorded, Recorder
from tests.streams.running import event

LIMIT = 1 << 20
WALL = 1_900_000_000_000
POLICY = Policy()


class Worked:
    """A partition that goes on from what its store holds, as after a restore, and its record."""

    def __init__(self, recorder: Recorder, store: MemoryStore) -> None:
        saved = store.get(CHECKPOINT_KEY)
        checkpoint = load_checkpoint(saved) if saved else None
        opening = Opening(0, store, checkpoint, "wall")
        self.partition = opening.of(customers(POLICY))
        self.do = recorder.watch(self.partition, opening)

    def landed(self) -> None:
        """Hear that what was drained last is committed."""
        self.do(Land())


def large(one: Worked, *numbers: int) -> list[bytes]:
    """Apply large transactions, each of a customer of its own, and drain; their alerts."""
    for number in numbers:
        topic, key, value = event(
            f"e-{number}", f"c-{number}", "transaction", amount=800_000, currency="CNY",
            direction="credit", account_id=f"a-{number}", balance_after=1_000,
        )  # fmt: skip
        record = Original(topic, 0, number, WALL, key, value)
        items = one.partition.judged(topic, [record])
        one.do(Take(Taken(items, {topic: number + 1}), WALL))
    return [sent.value or b"" for sent in one.do(Drain()).outputs if sent.topic == ALERTS]


def played(directory: Path) -> tuple[list[bytes], Playback[Touched, Customer, Context]]:
    """The alerts of a record."""
    playback = Playback(customers(POLICY), modellings(POLICY), directory)
    return [value for topic, value in playback.play() if topic == ALERTS], playback


def copied(store: MemoryStore) -> MemoryStore:
    other = MemoryStore()
    other.put_all(list(store.items()))
    return other


def test_only_what_was_committed_is_played_wherever_a_worker_ended(tmp_path: Path) -> None:
    recorder, store = Recorder(tmp_path, POLICY, LIMIT), MemoryStore()
    one = Worked(recorder, store)
    first = large(one, 1)
    one.landed()
    kept = copied(store)
    large(one, 2)  # aborted: the next goes on from before it
    two = Worked(recorder, kept)
    second = large(two, 2, 3)  # committed, but its worker ended before it knew
    three = Worked(recorder, kept)
    third = large(three, 4)
    three.landed()
    large(three, 5)  # nobody knows

    alerts, playback = played(tmp_path)
    assert len(first) == len(third) == 1
    assert len(second) == 2
    assert alerts == first + second + third
    assert (playback.left_out, playback.gaps) == (1, 0)
    assert playback.events == 4
    assert [one.customer_id for one in playback.customers()] == ["c-1", "c-2", "c-3", "c-4"]


def test_a_frame_cut_off_while_it_was_written_ends_its_tape(tmp_path: Path) -> None:
    one = Worked(Recorder(tmp_path, POLICY, LIMIT), MemoryStore())
    first = large(one, 1)
    one.landed()
    large(one, 2)
    [tape] = tmp_path.glob("*.tape")
    tape.write_bytes(tape.read_bytes()[:-3])
    alerts, playback = played(tmp_path)
    assert alerts == first
    assert playback.left_out == 0


def test_a_tape_that_was_cut_off_at_once_decides_nothing(tmp_path: Path) -> None:
    recorder, store = Recorder(tmp_path, POLICY, LIMIT), MemoryStore()
    one = Worked(recorder, store)
    first = large(one, 1)
    one.landed()
    large(one, 2)
    Worked(recorder, copied(store))
    tape = max(tmp_path.glob("*.tape"))
    tape.write_bytes(tape.read_bytes()[:-3])
    alerts, playback = played(tmp_path)
    assert alerts == first
    assert playback.left_out == 1
    assert [state.customer_id for state in playback.customers()] == ["c-1"]


def test_what_went_on_without_a_record_is_told(tmp_path: Path) -> None:
    recorder, store = Recorder(tmp_path, POLICY, LIMIT), MemoryStore()
    one = Worked(recorder, store)
    first = large(one, 1)
    one.landed()
    unrecorded = Worked(Recorder(tmp_path / "other", POLICY, LIMIT), store)
    large(unrecorded, 2)
    three = Worked(recorder, store)
    third = large(three, 3)
    three.landed()
    alerts, playback = played(tmp_path)
    assert alerts == first + third
    assert playback.gaps == 1


def test_an_idle_partition_is_written_down_a_thousand_steps_at_a_time(tmp_path: Path) -> None:
    one = Worked(Recorder(tmp_path, POLICY, LIMIT), MemoryStore())
    first = large(one, 1)
    one.landed()
    for second in range(2_500):
        one.do(Advance(WALL + second * 1_000))
    assert isinstance(one.do, Recorded)
    assert one.do.noted == 500
    one.partition.next_offsets["touchpoints.app"] = 7
    one.do(Drain())
    one.landed()
    alerts, playback = played(tmp_path)
    assert alerts == first
    assert playback.now == one.partition.now
    assert dict(playback.partitions[0].store.items()) == dict(one.partition.store.items())


def test_what_lies_in_the_directory_counts_towards_its_limit(tmp_path: Path) -> None:
    size = 0
    for _ in range(50):
        recorder = Recorder(tmp_path, POLICY, 40_000)
        one = Worked(recorder, MemoryStore())
        large(one, *range(20))
        one.landed()
        size = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert recorder.full
    assert 20_000 < size <= 40_000


def test_at_its_limit_a_record_ends_and_the_work_goes_on(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, POLICY, 30_000)
    one = Worked(recorder, MemoryStore())
    sent = []
    for number in range(100):
        sent += large(one, number)
        one.landed()
    assert recorder.full
    assert len(sent) == 100
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 30_000
    alerts, _ = played(tmp_path)
    assert 0 < len(alerts) < 100
    assert isinstance(one.do, Recorded)
    assert not one.do.noted
    assert alerts == sent[: len(alerts)]
    assert not isinstance(Worked(recorder, MemoryStore()).do, Recorded)


def test_a_disk_that_takes_no_more_ends_the_record_not_the_work(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "gone", POLICY, LIMIT)
    one = Worked(recorder, MemoryStore())
    for file in (tmp_path / "gone").iterdir():
        file.unlink()
    (tmp_path / "gone").rmdir()
    assert len(large(one, 1)) == 1
    assert recorder.full


def test_a_directory_of_another_policy_is_refused(tmp_path: Path) -> None:
    Recorder(tmp_path, POLICY, LIMIT)
    Recorder(tmp_path, POLICY, LIMIT)  # another worker of the same policy
    (tmp_path / "other.yaml").write_text("tiers: {grace_days: 12.0}")
    other = load_policy(tmp_path / "other.yaml")
    with pytest.raises(NotWritten, match="holds the record of another policy; give an empty"):
        Recorder(tmp_path, other, LIMIT)


def test_a_place_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritten, match="no record can be kept here"):
        Recorder(tmp_path / "file" / "record", POLICY, LIMIT)


@pytest.mark.parametrize(
    ("tape", "why"),
    [
        (b"\x00\x00\x00\x02{}", "no tape of a worker's record"),
        (dump_frame(Landed()), "does not begin with an opened partition"),
        (dump_frame(Opened(9, 0, "wall", 1, None, [])), "written in format 9, this version reads"),
    ],
)
def test_what_is_no_record_is_refused_by_name(tmp_path: Path, tape: bytes, why: str) -> None:
    Recorder(tmp_path, POLICY, LIMIT)
    (tmp_path / "0000-1.tape").write_bytes(tape)
    with pytest.raises(RecordUnreadable, match=f"0000-1.tape: {why}"):
        played(tmp_path)


def test_the_command_plays_a_record_into_the_usual_files(tmp_path: Path) -> None:
    one = Worked(Recorder(tmp_path / "record", POLICY, LIMIT), MemoryStore())
    alerts = large(one, 1, 2)
    one.landed()
    large(one, 3)
    result = CliRunner().invoke(
        app, ["replay", str(tmp_path / "record"), "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "alerts.jsonl").read_bytes() == b"".join(a + b"\n" for a in alerts)
    assert "2 events (2 accepted" in result.output
    assert "left out: the last transaction of 1 partitions" in result.output


def test_a_record_has_its_own_policy(tmp_path: Path) -> None:
    Recorder(tmp_path, POLICY, LIMIT)
    line = ["replay", str(tmp_path), "--out", str(tmp_path / "out"), "--until", "2030-01-01"]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 2
    assert "leave out --policy and --until" in " ".join(result.output.replace("│", " ").split())


def test_a_directory_without_a_record_is_told_how_to_get_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["replay", str(tmp_path), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, RecordUnreadable)
    assert "`touchline worker --record" in str(result.exception)
