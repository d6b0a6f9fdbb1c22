"""What moves between the ids of one person: state and events after a merge, and what to forget.

The topic is keyed by the id that it goes to and read back by the customers agent itself, in that
customer's partition: nobody else sends it or reads it, and its form may change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from msgspec import MsgspecError, field
from msgspec.json import Decoder

from schemas import topics
from schemas.codec import Bad
from schemas.fields import Id, OutputId
from schemas.outputs import Output
from schemas.published import Cause


class Merged(NamedTuple):
    """That an id was merged into another one: when (ms) and by which event."""

    into: Id
    at: int
    event_id: Id


def _no_merges() -> dict[str, Merged]:
    return {}


class CustomerMove(Output, frozen=True, kw_only=True, gc=False):
    """Something of `customer_id` that goes to the customer `into`.

    `state`: all `records` of it, by their keys without the id, for it was merged. `event`: one of
    its events, as JSON, that counts there. `forget`: its person was erased as of `at` (ms), and
    `into` was another id of it, or was referred by it. `merged` has the merges known so far, by
    id; `names` are all ids of who is forgotten. `at` is when it happened.
    """

    topic = topics.CUSTOMER_MOVES
    id_field = "move_id"
    by_key = True

    move_id: OutputId
    kind: Literal["state", "event", "forget"]
    customer_id: Id
    into: Id
    at: int
    records: tuple[tuple[bytes, bytes], ...] = ()
    event: str | None = None
    merged: dict[str, Merged] = field(default_factory=_no_merges)
    names: tuple[Id, ...] = ()
    cause: Cause = ()

    @property
    def key(self) -> bytes | None:
        """The id it goes to, so that it comes to the partition with that customer's state."""
        return self.into.encode()


_decode: Final = Decoder(CustomerMove).decode


def decode_moves(values: Sequence[bytes | None]) -> list[CustomerMove | Bad]:
    """The move in each value, or why it is none. Never raises."""
    return [_decoded(value) for value in values]


def _decoded(value: bytes | None) -> CustomerMove | Bad:
    if not value:
        return Bad("empty", "the record has no value; it must hold one move of a customer")
    try:
        return _decode(value)
    except (MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Bad("invalid", f"not a move of a customer: {str(error)[:200]}")
