"""The checkpoint: how far a partition has come, written in every transaction.

It lies in the changelog beside the state it belongs to, so that both are seen together or
not at all. It is the truth of where to go on; the group's committed offsets only mirror it
for lag tools.
"""

from __future__ import annotations

import msgspec

CHECKPOINT_KEY = b"!checkpoint"
SHARED_PREFIX = b"!s/"
TIMER_PREFIX = b"t"
FORMAT = 1


class Checkpoint(msgspec.Struct, array_like=True):
    """Positions and clock after the last committed record.

    ``next_offsets`` is the position per topic to go on from; ``clock`` the task clock in
    ms; ``versions`` the newest record used of each kind that is made over all customers.
    ``topic_ids`` are those of the topics that the positions are of (16 bytes each), and of the
    changelog: a topic that was made anew under its name has another. Where Kafka tells none, and
    in what was written before they were kept, there are none.
    """

    format: int = FORMAT
    next_offsets: dict[str, int] = msgspec.field(default_factory=dict)
    clock: int = 0
    versions: dict[str, int] = msgspec.field(default_factory=dict)
    topic_ids: dict[str, bytes] = msgspec.field(default_factory=dict)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Checkpoint)


def dump_checkpoint(checkpoint: Checkpoint) -> bytes:
    """The checkpoint as a changelog value; without ids to the byte as before there were any."""
    if not checkpoint.topic_ids:
        return _encoder.encode(msgspec.structs.astuple(checkpoint)[:-1])
    return _encoder.encode(checkpoint)


def load_checkpoint(value: bytes) -> Checkpoint:
    """The checkpoint of a changelog value; raises ``ValueError`` on a newer format."""
    checkpoint = _decoder.decode(value)
    if checkpoint.format > FORMAT:
        raise ValueError(
            f"the changelog was written by a newer version (checkpoint format "
            f"{checkpoint.format}, this version reads up to {FORMAT}): start the newer version"
        )
    return checkpoint
