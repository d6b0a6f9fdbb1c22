"""What a partition was to go on with and is not there: input at its positions, or its state.

Workers and ``doctor`` judge it by the same two functions, from what each of them asks of Kafka.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from streams.engine.checkpoint import Checkpoint


def shown(topic_id: bytes) -> str:
    """A topic's id as Kafka's own commands show it.

    >>> shown(bytes(range(16)))
    'AAECAwQFBgcICQoLDA0ODw'
    """
    return urlsafe_b64encode(topic_id).decode().rstrip("=")


def made_anew(topic: str, was: bytes, now: bytes) -> str:
    """What is said of a topic that has another id than its positions are of."""
    return f"{topic} was deleted and made anew (its id was {shown(was)}, now {shown(now)})"


@dataclass(frozen=True, slots=True)
class Loss:
    """Input that is not there: ``position`` lies outside, or of a topic ``was`` that is no more.

    ``now`` is the id of the one that has its name.
    """

    topic: str
    position: int
    earliest: int
    end: int
    was: bytes = b""
    now: bytes = b""

    def __str__(self) -> str:
        if self.was != self.now:
            return (
                f"{made_anew(self.topic, self.was, self.now)}: what it held from offset "
                f"{self.position} on is lost, and the {self.end - self.earliest:,} records of the "
                f"new one wait"
            )
        if self.position < self.earliest:
            gone = self.earliest - self.position
            return f"{self.topic}: {gone:,} records from offset {self.position} on are deleted"
        return (
            f"{self.topic}: offset {self.position} lies behind the end ({self.end}), "
            f"as after the topic was deleted and made anew"
        )

    @property
    def after(self) -> str:
        """With what its partition goes on once this is accepted."""
        return f"{self.topic} from offset {self.earliest}"


@dataclass(frozen=True, slots=True)
class StateLoss:
    """State that is not there: the changelog holds none, or is another than it was (``was``).

    ``worked_off`` are the records of input that the group has committed.
    """

    topic: str
    worked_off: int
    was: bytes = b""
    now: bytes = b""

    def __str__(self) -> str:
        if self.was != self.now:
            return (
                f"{made_anew(self.topic, self.was, self.now)} while a worker ran: only what was "
                f"written since is there"
            )
        return (
            f"{self.topic} holds no state, but the group had worked off {self.worked_off:,} "
            f"records, as after that topic was deleted"
        )

    @property
    def after(self) -> str:
        """With what its partition goes on once this is accepted."""
        if self.was != self.now:
            return f"the state that {self.topic} holds now"
        return "no customers, at the positions of the group"


def state_loss(
    saved: Checkpoint | None, changelog: str, worked_off: int, ids: Mapping[str, bytes]
) -> StateLoss | None:
    """Whether a partition's state is not there; ``saved`` is its checkpoint, if it has one.

    ``ids`` are those of the topics that there are now, as far as Kafka tells them.
    """
    if saved is None:
        return StateLoss(changelog, worked_off) if worked_off else None
    was, now = _anew(saved, changelog, ids)
    return StateLoss(changelog, worked_off, was, now) if was != now else None


def input_losses(
    saved: Checkpoint, spans: Mapping[str, tuple[int, int]], ids: Mapping[str, bytes]
) -> list[Loss]:
    """Which input a partition was to go on with is not there; ``spans`` has earliest and end."""
    found = []
    for topic, (earliest, end) in spans.items():
        position = saved.next_offsets.get(topic)
        if position is None:
            continue
        was, now = _anew(saved, topic, ids)
        if was != now or not earliest <= position <= end:
            found.append(Loss(topic, position, earliest, end, was, now))
    return found


def _anew(saved: Checkpoint, topic: str, ids: Mapping[str, bytes]) -> tuple[bytes, bytes]:
    """The ids of a topic before and now, the same where one of them is not known."""
    was, now = saved.topic_ids.get(topic), ids.get(topic)
    return (was, now) if was and now else (b"", b"")
