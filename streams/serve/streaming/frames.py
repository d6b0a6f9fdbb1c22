"""Changes as server-sent events: made once for all clients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from schemas.topics import (
    ALERT_STATES,
    ALERTS,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    SEGMENT_UPDATES,
    SIGNALS,
)
from streams.readmodel.rows import Change, Positions
from streams.readmodel.told import gone

EVENTS: Final = {
    "alert-state": ALERT_STATES,
    "alert": ALERTS,
    "customer-transition": CUSTOMER_TRANSITIONS,
    "segment-update": SEGMENT_UPDATES,
    "signal": SIGNALS,
    "care-task": CARE_TASKS,
}
"""Names of events as clients ask for them, and the topic of each."""
NAMES: Final = {topic: name for name, topic in EVENTS.items()}
WITH_OWNER: Final = frozenset((ALERT_STATES, ALERTS, CARE_TASKS))
"""Topics whose records tell whose customer it is."""


class Frame(NamedTuple):
    """An event without its end, which has the id; and what decides who may see it."""

    topic: str
    partition: int
    offset: int
    owner_id: str | None
    told: bytes
    to_all: bool = False
    """Whether whose customer it is does not matter."""
    left: Frame | None = None
    """What is told in its place to whose customer's it was until now, and is no longer."""


class Burst(NamedTuple):
    """Frames for all clients that see the same, made once: ``sent`` is what goes to each.

    ``vector`` is the id behind them, ``before`` the positions that clients had been told up to.
    """

    frames: Sequence[Frame]
    vector: str
    sent: bytes
    before: Positions


class _Owned(msgspec.Struct):
    alert_id: str = ""
    owner_id: str | None = None
    deleted: bool = False


_owned: Final = msgspec.json.Decoder(_Owned).decode


def frames(changes: Iterable[Change], owners: Mapping[str, str] | None) -> list[Frame]:
    """Frames of these changes; without ``owners`` (by customer; of records that do not tell) nobody
    asks whose customers they are.

    That an alert's state was deleted says no more than its id, and is told to all: whose it was is
    not known any more. One without a value tells a client nothing.
    """
    return [_frame(change, owners) for change in changes if change.value and change.topic in NAMES]


def _frame(change: Change, owners: Mapping[str, str] | None) -> Frame:
    place, told = (change.topic, change.partition, change.offset), _told(change)
    if owners is None:
        return Frame(*place, None, told)
    if change.topic not in WITH_OWNER:
        return Frame(*place, owners.get(change.customer_id or ""), told)
    owned, left = _owned(change.value), None
    if change.owner_before is not None:
        removed = _told(change._replace(value=gone(owned.alert_id)))
        left = Frame(*place, change.owner_before, removed)
    return Frame(*place, owned.owner_id, told, owned.deleted, left)


def _told(change: Change) -> bytes:
    value = change.value
    if b"\n" in value or b"\r" in value:
        value = msgspec.json.format(value, indent=-1)  # a line end would end the event
    return b"event: %b\ndata: %b\n" % (NAMES[change.topic].encode(), value)


def seen(told: Iterable[Frame], topics: frozenset[str], owner_id: str | None) -> list[Frame]:
    """Of frames, what somebody may see and asked for: themselves, or that they left their own."""
    if owner_id is None:
        return [frame for frame in told if frame.topic in topics]
    found = []
    for frame in told:
        if frame.topic not in topics:
            continue
        if frame.to_all or frame.owner_id == owner_id:
            found.append(frame)
        elif frame.left is not None and frame.left.owner_id == owner_id:
            found.append(frame.left)
    return found


def burst(told: Sequence[Frame], vector: str) -> bytes:
    """Frames as they are sent: the last one has the id of what is behind all of them.

    A client that is cut off within them gets all of them again.
    """
    return b"\n".join(frame.told for frame in told) + id_line(vector)


def id_line(vector: str) -> bytes:
    """The end of an event, which says where the client is with it."""
    return b"id: %b\n\n" % vector.encode()


def event(name: str, value: object, vector: str) -> bytes:
    """An event that is no record."""
    return b"event: %b\ndata: %b\n" % (name.encode(), msgspec.json.encode(value)) + id_line(vector)
