"""What is worked out over all customers: snapshots of every partition in, one record out.

A modelling is a value, as a topology is. One task runs all of them and publishes their records;
every worker reads the newest of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from schemas.common import CommonRecord
from schemas.outputs import Output
from schemas.units import MS_PER_HOUR

Summary = TypeVar("Summary")
Summary_contra = TypeVar("Summary_contra", contravariant=True)
Record = TypeVar("Record", bound=CommonRecord)
Record_co = TypeVar("Record_co", bound=CommonRecord, covariant=True)


class Made(NamedTuple, Generic[Record_co]):
    """A record worth publishing, and what is to be sent in the same transaction."""

    record: Record_co
    outputs: Sequence[Output] = ()


class Fits(Protocol[Summary_contra, Record_co]):
    """What makes records of summaries; it goes on from the record it was made with."""

    def fit(self, summaries: Sequence[Summary_contra], now: int, /) -> Made[Record_co] | None:
        """The next record at ``now`` (ms), or ``None``. May be long: not on the event loop."""


@dataclass(frozen=True, slots=True)
class Modelling(Generic[Summary, Record]):
    """One kind: where snapshots come from and records go to, and the pure functions between.

    A snapshot's key is ``kind/partition``; a record lies under ``key`` and names its ``kind`` and
    ``version``. ``load_summary`` and ``load_record`` raise ``ValueError`` on bytes that are torn
    or foreign. ``fitter`` goes on from a record, or begins with ``None``. A replay makes
    a record each ``replay_ms`` of the events' clock at most, and one at the end. Without news it
    is fitted again after ``refit_seconds``, or as the settings say.
    """

    kind: str
    source: str
    target: str
    key: bytes
    load_summary: Callable[[bytes], Summary]
    load_record: Callable[[bytes], Record]
    fitter: Callable[[Record | None], Fits[Summary, Record]]
    replay_ms: int = MS_PER_HOUR
    refit_seconds: float | None = None


AnyModelling = Modelling[Any, Any]
"""One of several run together: each has its own classes, and which is known by its kind alone."""


def snapshot_key(kind: str, number: int) -> bytes:
    """The key of a partition's snapshot of a kind: each replaces the one before.

    >>> snapshot_key("segments", 3)
    b'segments/3'
    """
    return f"{kind}/{number}".encode()


def snapshot_kind(key: bytes | None) -> str:
    """The kind of the snapshot under a key; empty for a key of another form.

    >>> snapshot_kind(b"segments/3"), snapshot_kind(b"3")
    ('segments', '')
    """
    kind, found, _ = (key or b"").rpartition(b"/")
    return kind.decode(errors="replace") if found else ""


__all__ = [
    "AnyModelling",
    "Fits",
    "Made",
    "Modelling",
    "Record",
    "Summary",
    "snapshot_key",
    "snapshot_kind",
]
