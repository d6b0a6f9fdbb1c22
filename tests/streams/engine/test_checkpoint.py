"""The checkpoint's form: what was written without ids is read, and what has them by older code."""

from __future__ import annotations

import msgspec
import pytest

from streams.engine.checkpoint import FORMAT, Checkpoint, dump_checkpoint, load_checkpoint

IDS = {"a": bytes(range(16)), "b": b"\xff" * 16}


class Before(msgspec.Struct, array_like=True):
    """The form before there were ids."""

    format: int = FORMAT
    next_offsets: dict[str, int] = msgspec.field(default_factory=dict)
    clock: int = 0
    versions: dict[str, int] = msgspec.field(default_factory=dict)


def test_one_without_ids_is_written_as_before_and_read() -> None:
    before = Before(next_offsets={"a": 7, "b": 0}, clock=1_700_000_000_000, versions={"k": 3})
    written = msgspec.msgpack.encode(before)
    read = load_checkpoint(written)
    assert read.next_offsets == {"a": 7, "b": 0}
    assert read.topic_ids == {}
    assert dump_checkpoint(read) == written


def test_one_with_ids_is_read_again_and_by_the_code_before() -> None:
    checkpoint = Checkpoint(next_offsets={"a": 7}, clock=5, versions={"k": 3}, topic_ids=dict(IDS))
    written = dump_checkpoint(checkpoint)
    assert load_checkpoint(written) == checkpoint
    before = msgspec.msgpack.decode(written, type=Before)
    assert (before.next_offsets, before.clock, before.versions) == ({"a": 7}, 5, {"k": 3})


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(ValueError, match=f"written by a newer touchline in format {FORMAT + 1}"):
        load_checkpoint(msgspec.msgpack.encode(Before(format=FORMAT + 1)))
