"""The checkpoint: how far a partition has come, written in every transaction.

It lies in the changelog beside the state it belongs to, so that both are seen together or
not at all. It is the truth of where to go on; the group's committed offsets only mirror it
for lag tools.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from schemas.errors import OperatingError
from schemas.workers import WorkedBy

CHECKPOINT_KEY = b"!checkpoint"
SHARED_PREFIX = b"!s/"
TIMER_PREFIX = b"t"
FORMAT = 3
"""Raised when an older version would misread or lose what this one stores: it then keeps off."""
FIRST_FIELDS, PLACE_OF_WORKER = 4, 5


class Checkpoint(msgspec.Struct, array_like=True):
    """Positions and clock after the last committed record.

    ``next_offsets`` is the position per topic to go on from; ``clock`` the task clock in
    ms; ``versions`` the newest record used of each kind that is made over all customers.
    ``topic_ids`` are those of the topics that the positions are of (16 bytes each), and of the
    changelog: a topic that was made anew under its name has another. Where Kafka tells none, and
    in what was written before they were kept, there are none. ``by`` is who wrote it, ``None``
    before that was kept.
    """

    format: int = FORMAT
    next_offsets: dict[str, int] = msgspec.field(default_factory=dict)
    clock: int = 0
    versions: dict[str, int] = msgspec.field(default_factory=dict)
    topic_ids: dict[str, bytes] = msgspec.field(default_factory=dict)
    by: WorkedBy | None = None


class NewerFormat(OperatingError, ValueError):
    """A newer version wrote this state; ``by`` says who, where that can be read."""

    again: ClassVar = 10.0
    """Looked at again after so long (s)."""

    def __init__(self, number: int, by: WorkedBy) -> None:
        self.number = number
        self.by = by
        who = f"touchline {by.version} (worker {by.worker})" if by.version else "a newer touchline"
        super().__init__(
            f"its state was written by {who} in format {number}; this version reads up to "
            f"{FORMAT}. It is left alone until a worker of that version has it: restart this one "
            f"with it"
        )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Checkpoint)


def dump_checkpoint(checkpoint: Checkpoint) -> bytes:
    """The checkpoint as a changelog value; without what was appended since, as it was before."""
    fields = list(msgspec.structs.astuple(checkpoint))
    while len(fields) > FIRST_FIELDS and not fields[-1]:
        fields.pop()
    return _encoder.encode(fields)


def load_checkpoint(value: bytes) -> Checkpoint:
    """The checkpoint of a changelog value; raises :class:`NewerFormat`."""
    fields = msgspec.msgpack.decode(value)
    if fields[0] > FORMAT:
        raise NewerFormat(fields[0], _worker(fields))
    return _decoder.decode(value)


def _worker(fields: list[object]) -> WorkedBy:
    """Who wrote a checkpoint of a newer format, if it says so where this version would."""
    try:
        return msgspec.convert(fields[PLACE_OF_WORKER], WorkedBy)
    except (IndexError, msgspec.ValidationError):
        return WorkedBy()
