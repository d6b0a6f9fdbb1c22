"""A topology: which topics feed which keyed state, by which pure functions.

A topology is a value. The worker runs it on Kafka, ``touchline replay`` and the tests run
it without a broker; both see the same functions and therefore the same results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from schemas.codec import Bad
from schemas.outputs import Output

Get = Callable[[bytes], bytes | None]


class Keyed(Protocol):
    """The state of one key, kept as several small records."""

    @property
    def next_due(self) -> int | None:
        """When the earliest timer of this key is due, in ms since the epoch."""

    def dump(self) -> list[tuple[bytes, bytes | None]]:
        """The records touched since the last dump; ``None`` deletes a record."""


class Decided(Protocol):
    """What a rule says of one event."""

    @property
    def status(self) -> str:
        """``accepted``, ``repeated`` or ``rejected``."""

    @property
    def reason(self) -> str:
        """Why it was rejected: a name from a small fixed set."""

    @property
    def detail(self) -> str:
        """Why it was rejected, in a sentence."""

    @property
    def outputs(self) -> Sequence[Output]:
        """What is to be sent because of it."""


class Changed(Protocol):
    """A key whose state changed without an event of its own, and what is to be sent."""

    @property
    def key(self) -> str:
        """The key."""

    @property
    def state(self) -> Keyed | None:
        """Its state; ``None``: it was not opened, and ``records`` are to be written."""

    @property
    def records(self) -> Sequence[tuple[bytes, bytes | None]]:
        """Records of a state that was not opened."""

    @property
    def outputs(self) -> Sequence[Output]:
        """What is to be sent."""


class Population(Protocol):
    """What is worked out over all keys of a partition, and shared with the other partitions.

    Times are in ms; ``open_`` gives the state of a key, ``opened`` that of one which is open
    already, else ``None``. Nothing here may depend on how events were cut into batches.
    """

    def ripe(self, now: int) -> bool:
        """Whether to tick although more events wait."""

    def due(self, now: int, at_rest: bool) -> bool:
        """Whether a tick would find anything to do; ``at_rest``: nothing more is at hand."""

    def tick(self, now: int, open_: Callable[[str], Any], at_rest: bool) -> Sequence[Changed]:
        """Work out what moved up to ``now``."""

    @property
    def busy(self) -> bool:
        """Whether :meth:`work` has anything left to do."""

    def work(
        self, now: int, open_: Callable[[str], Any], opened: Callable[[str], Any | None]
    ) -> Sequence[Changed]:
        """One bounded slice of long work."""

    def restore(self, keys: Iterable[str], record_of: Callable[[str], bytes | None]) -> None:
        """Take in the keys of a restored store, in later slices of work."""

    def adopt(self, record: Any) -> str | None:
        """Take a newer record of its ``kind`` into use; why it is refused, or ``None``."""

    def summaries(self, number: int, clock: int, partitions: int) -> Iterable[tuple[str, bytes]]:
        """Kind and snapshot, which replaces the partition's last one, of each with news."""


AT_ONCE: Final = -(1 << 62) + 1
"""The time, in ms, at which what is read back is merged: before all that waits."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A topic of the topology's own outputs that it reads itself, for the state of another key.

    It tells what is already so: what is read is applied as soon as it is there, in the order of
    its log. It moves no clock, no merge waits for it, and nothing is sent because of it.
    ``decode`` is as in Topology, ``key_of`` gives the key that a record is for (and has in
    Kafka), ``take`` lets it act on that key's state, given the context.
    """

    decode: Callable[[Sequence[bytes | None]], Sequence[Any]]
    key_of: Callable[[Any], str]
    take: Callable[[Any, Any, Any], None]


@dataclass(frozen=True, slots=True)
class Topology:
    """Sources, keyed state and rules of one agent.

    ``identify`` gives ``(key, occurred_at in ms, the topic this event belongs to)``.
    ``misplaced`` says why an event may not stand in a topic under a key.
    ``kinds`` names each class of event for metrics, and ``Bad`` as ``dead_letter``.
    ``context`` builds the rules' context (with ``now`` and ``late`` to be set) from the
    partition's shared records as last saved, by name; ``shared`` gives those that changed since,
    ``None`` for one that is to be deleted.
    ``owner`` names the key that a state record is the main record of, or ``None``;
    ``main_key`` is that record's key; ``export`` is what a user sees of a state at a time in ms,
    given the context, or ``None`` for one that is known from records read back alone.
    ``read_back`` has topics of its own outputs that it reads itself; ``prompt`` has those that
    somebody waits for: while there is little to do, a commit is made for them at once.
    ``population`` is the part of the context that looks over all keys, where there is one;
    the versions tell it which record of each kind has been in use: older ones are left aside.
    """

    name: str
    sources: tuple[str, ...]
    decode: Callable[[Sequence[bytes | None]], Sequence[Any]]
    identify: Callable[[Any], tuple[str, int, str]]
    kinds: Mapping[type, str]
    misplaced: Callable[[Any, str, bytes | None], Bad]
    new: Callable[[str], Any]
    load: Callable[[str, Get], Any]
    context: Callable[[Mapping[bytes, bytes]], Any]
    shared: Callable[[Any], Iterable[tuple[bytes, bytes | None]]]
    apply: Callable[[Any, Any, int, Any], Any]
    fire: Callable[[Any, Any], Sequence[Output]]
    owner: Callable[[bytes], str | None]
    export: Callable[[Any, int, Any], dict[str, Any] | None]
    main_key: Callable[[str], bytes] = lambda key: b"c" + key.encode()
    population: Callable[[Any, Mapping[str, int]], Population | None] = lambda context, versions: (
        None
    )
    read_back: Mapping[str, ReadBack] = field(default_factory=dict)
    prompt: frozenset[str] = frozenset()

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics that are read; every number of them belongs together."""
        return (*self.sources, *self.read_back)


__all__ = [
    "AT_ONCE",
    "Bad",
    "Changed",
    "Decided",
    "Get",
    "Keyed",
    "Population",
    "ReadBack",
    "Topology",
]
