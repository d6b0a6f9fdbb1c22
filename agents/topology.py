"""A topology: which topics feed which keyed state, by which pure functions.

A topology is a value. The worker runs it on Kafka, ``touchline replay`` and the tests run
it without a broker; both see the same functions and therefore the same results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from domain.kernel.population import Together
from schemas.codec import Bad
from schemas.figures import CustomerFigures
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
        """``accepted``, ``repeated``, ``rejected``, or another of a small fixed set."""

    @property
    def reason(self) -> str:
        """Why it was rejected: a name from a small fixed set."""

    @property
    def detail(self) -> str:
        """Why it was rejected, in a sentence."""

    @property
    def outputs(self) -> Sequence[Output]:
        """What is to be sent because of it."""


class Clocked(Protocol):
    """What every context has: the time that rules go by, in ms, and whether the event is late.

    ``wall`` is the wall clock where time goes by it.
    """

    now: int
    late: bool
    wall: int


E = TypeVar("E")
"""An event of a topology."""
S = TypeVar("S", bound=Keyed)
"""The state of one key."""
C = TypeVar("C", bound=Clocked)
"""What the rules may look at besides the two."""
R = TypeVar("R")
"""A record that is read back."""

Decode = Callable[[Sequence[bytes | None]], Sequence[E | Bad]]
"""What each value holds, or why it is refused. Never raises."""
Figures = CustomerFigures
"""What a user sees of a state. This is the one place that says what it is made of."""


@dataclass(frozen=True, slots=True)
class ReadBack(Generic[R, S, C]):
    """A topic of the topology's own outputs that it reads itself, for the state of another key.

    It tells what is already so: what is read is applied as soon as it is there, in the order of
    its log, and moves no clock; no merge waits for it. ``decode`` is as in Topology, ``key_of``
    gives the key that a record is for (and has in Kafka), ``take`` lets it act on that key's
    state, given the context, and says what became of it. Where ``happened`` gives a time (ms), the
    record waits for it among the events, as one of them.
    """

    decode: Decode[R]
    key_of: Callable[[R], str]
    take: Callable[[S, R, C], Decided]
    happened: Callable[[R], int | None] = lambda told: None


@dataclass(frozen=True, slots=True)
class Topology(Generic[E, S, C]):
    """Sources, keyed state and rules of one agent, over its events, state and context.

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
    ``replan`` times a key's state anew that was timed by another policy, and says whether it did.
    """

    name: str
    sources: tuple[str, ...]
    decode: Decode[E]
    identify: Callable[[E], tuple[str, int, str]]
    kinds: Mapping[type, str]
    misplaced: Callable[[E, str, bytes | None], Bad]
    new: Callable[[str], S]
    load: Callable[[str, Get], S | None]
    context: Callable[[Mapping[bytes, bytes]], C]
    shared: Callable[[C], Iterable[tuple[bytes, bytes | None]]]
    apply: Callable[[S, E, int, C], Decided]
    fire: Callable[[S, C], Sequence[Output]]
    owner: Callable[[bytes], str | None]
    export: Callable[[S, int, C], Figures | None]
    main_key: Callable[[str], bytes] = lambda key: b"c" + key.encode()
    population: Callable[[C, Mapping[str, int]], Together[S] | None] = lambda context, versions: (
        None
    )
    replan: Callable[[S, C], bool] = lambda state, context: False
    # each topic has records of its own class: only its own functions ever see them
    read_back: Mapping[str, ReadBack[Any, S, C]] = field(default_factory=dict)
    prompt: frozenset[str] = frozenset()

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics that are read; every number of them belongs together."""
        return (*self.sources, *self.read_back)


__all__ = [
    "Bad",
    "C",
    "Clocked",
    "Decided",
    "Decode",
    "E",
    "Figures",
    "Get",
    "Keyed",
    "ReadBack",
    "S",
    "Topology",
]
