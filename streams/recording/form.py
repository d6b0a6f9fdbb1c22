"""The form of a record: for each opening of a partition a tape, on it frame after frame.

A frame is four bytes that give the length of what follows (big-endian), then msgpack. A tape
begins with the state the partition was opened with and goes on with transactions: everything that
was done to the partition, in order, with every time and every model that went into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from schemas.common import CommonRecord
from schemas.deadletter import Fetched
from schemas.workers import WorkedBy
from streams.engine.checkpoint import Checkpoint
from streams.engine.doings import Adopt, Advance, Settle, Summarise, Take, Work
from streams.errors import RecordUnreadable

FORMAT: Final = 1
TAPES: Final = "*.tape"
FITTING: Final = "fitting"
POLICY: Final = "policy.yaml"
LENGTH_BYTES: Final = 4


class Opened(msgspec.Struct, array_like=True, tag=0):
    """The partition was opened with these records of its changelog.

    It is one of so many ``partitions``, 0 in a record from before this was looked at, and worked
    ``by`` a worker and its policy, ``None`` in one from before that was kept.
    ``cached`` is no longer used: how much is kept decoded makes no difference to what comes out.
    """

    format: int
    number: int
    clock: str
    cached: int
    checkpoint: Checkpoint | None
    records: list[tuple[bytes, bytes]]
    partitions: int = 0
    by: WorkedBy | None = None


class Applied(msgspec.Struct, array_like=True, tag=1):
    """A record of an input topic was applied at wall time ``wall`` (ms)."""

    wall: int
    topic: str
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class Advanced(msgspec.Struct, array_like=True, tag=2):
    """The task clock was moved on to ``now`` (ms)."""

    now: int


class Settled(msgspec.Struct, array_like=True, tag=3):
    """The population worked out what had moved."""

    at_rest: bool


class Worked(msgspec.Struct, array_like=True, tag=4):
    """A slice of long work was done."""


class Adopted(msgspec.Struct, array_like=True, tag=5):
    """A model was taken into use; it lies in ``file``, beside the tapes."""

    kind: str
    file: str


class Summarised(msgspec.Struct, array_like=True, tag=6):
    """Snapshots of the population were sent."""

    partitions: int


Action = Applied | Advanced | Settled | Worked | Adopted | Summarised


class Transaction(msgspec.Struct, array_like=True, tag=7):
    """All that was done for one transaction, about to be committed at wall time ``at`` (ms).

    ``next_offsets`` is the position per topic that it commits.
    """

    at: int
    next_offsets: dict[str, int]
    actions: list[Action]


class Landed(msgspec.Struct, array_like=True, tag=8):
    """The transaction before this is committed."""


class Told(msgspec.Struct, array_like=True, tag=9):
    """What the fitting task sent with a new record (topic, value), at wall time ``at`` (ms)."""

    at: int
    outputs: list[tuple[str, bytes]]


class Begun(msgspec.Struct, array_like=True, tag=10):
    """Part of what was done for the transaction that is to come."""

    actions: list[Action]


Frame = Opened | Transaction | Landed | Told | Begun

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


def actions_of(doing: object, file_of: Callable[[CommonRecord], str]) -> Iterator[Action]:
    """A doing as it is written: one action, but of records taken one each.

    ``file_of`` names the file that a model lies in. Draining and landing make frames of their own.
    """
    match doing:
        case Take(taken, wall):
            for item in taken.items:
                yield _applied(item.topic, item.record, wall)
        case Advance(now):
            yield Advanced(now)
        case Settle(at_rest):
            yield Settled(at_rest)
        case Work():
            yield Worked()
        case Adopt(record):
            yield Adopted(record.kind, file_of(record))
        case Summarise(partitions):
            yield Summarised(partitions)
        case _:
            raise AssertionError(f"{type(doing).__name__} has no form in a record")


def _applied(topic: str, record: Fetched, wall: int) -> Applied:
    place = topic, record.offset, record.timestamp
    return Applied(wall, *place, record.key, record.value, list(record.headers))


def dump_frame(frame: Frame) -> bytes:
    """A frame with its length before it."""
    body = _encoder.encode(frame)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def read_frames(path: Path, progress: Callable[[int], None] | None = None) -> Iterator[Frame]:
    """The frames of a tape; one that was cut off while it was written ends it.

    ``progress`` is told how many bytes were read with each.
    Raises :class:`streams.errors.RecordUnreadable` on anything else that is no frame.
    """
    try:
        with path.open("rb") as tape:
            while len(head := tape.read(LENGTH_BYTES)) == LENGTH_BYTES:
                length = int.from_bytes(head, "big")
                body = tape.read(length)
                if len(body) < length:
                    return
                if progress is not None:
                    progress(LENGTH_BYTES + length)
                yield _frame(path, body)
    except OSError as error:
        raise RecordUnreadable(f"{path}: cannot be read ({error.strerror})") from error


def _frame(path: Path, body: bytes) -> Frame:
    try:
        frame: Frame = _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise RecordUnreadable(f"{path}: no tape of a worker's record ({error})") from error
    if type(frame) is Opened and frame.format != FORMAT:
        raise RecordUnreadable(
            f"{path}: written in format {frame.format}, this version reads {FORMAT}; "
            f"replay it with the version that wrote it"
        )
    return frame
