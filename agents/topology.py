"""A topology: which topics feed which keyed state, by which pure functions.

A topology is a value. The worker runs it on Kafka, ``touchline replay`` and the tests run
it without a broker; both see the same functions and therefore the same results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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


@dataclass(frozen=True, slots=True)
class Topology:
    """Sources, keyed state and rules of one agent.

    ``identify`` gives ``(key, occurred_at in ms, the topic this event belongs to)``.
    ``misplaced`` says why an event may not stand in a topic under a key.
    ``kinds`` names each class of event for metrics, and ``Bad`` as ``dead_letter``.
    ``context`` builds the rules' context (with ``now`` and ``late`` to be set) from the
    partition's shared figures as last saved; ``shared`` gives them if they changed since.
    ``owner`` names the key that a state record is the main record of, or ``None``;
    ``export`` is what a user sees of a state at a time in ms.
    """

    name: str
    sources: tuple[str, ...]
    decode: Callable[[Sequence[bytes | None]], Sequence[Any]]
    identify: Callable[[Any], tuple[str, int, str]]
    kinds: Mapping[type, str]
    misplaced: Callable[[Any, str, bytes | None], Bad]
    new: Callable[[str], Any]
    load: Callable[[str, Get], Any]
    context: Callable[[bytes | None], Any]
    shared: Callable[[Any], bytes | None]
    apply: Callable[[Any, Any, int, Any], Any]
    fire: Callable[[Any, Any], Sequence[Output]]
    owner: Callable[[bytes], str | None]
    export: Callable[[Any, int], dict[str, Any]]


__all__ = ["Bad", "Decided", "Get", "Keyed", "Topology"]
