"""What is worked out over all customers: snapshots of every partition in, one record out.

A modelling is a value, as a topology is. One task runs all of them and publishes their records;
every worker reads the newest of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from schemas.outputs import Output


class Made(NamedTuple):
    """A record worth publishing, and what is to be sent in the same transaction."""

    record: Any
    outputs: Sequence[Output] = ()


class Fits(Protocol):
    """What makes records; it goes on from the one it was made with."""

    def fit(self, summaries: Sequence[Any], now: int) -> Made | None:
        """The next record at ``now`` (ms), or ``None``. May be long: not on the event loop."""


@dataclass(frozen=True, slots=True)
class Modelling:
    """One kind: where snapshots come from and records go to, and the pure functions between.

    A snapshot's key is ``kind/partition``; a record lies under ``key`` and names its ``kind`` and
    ``version``. ``load_summary`` and ``load_record`` raise ``ValueError`` on bytes that are torn
    or foreign. ``fitter`` goes on from a record, or begins with ``None``. A replay makes
    a record each ``replay_ms`` of the events' clock at most, and one at the end.
    """

    kind: str
    source: str
    target: str
    key: bytes
    load_summary: Callable[[bytes], Any]
    load_record: Callable[[bytes], Any]
    fitter: Callable[[Any | None], Fits]
    replay_ms: int = 3_600_000


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


__all__ = ["Fits", "Made", "Modelling", "snapshot_key", "snapshot_kind"]
