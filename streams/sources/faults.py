"""Records that must be refused, each made from a good one with an id of its own."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from streams.sources.lines import Record
from streams.sources.wheel import Wheel

OVERSIZE_BYTES = 270_000
"""Above the record limit of 256 KiB, below the clients' request limit of 1 MiB."""


class Faults:
    """Spoils good records in one of the ways a bank's systems do."""

    def __init__(self, random: Random, keys: list[bytes], topics: tuple[str, ...]) -> None:
        self._random = random
        self._keys = keys
        self._topics = topics
        ways: list[tuple[float, Callable[[Record], Record]]] = [
            (25, self._cut_off),
            (5, self._not_text),
            (3, self._without_value),
            (35, self._failed_field),
            (10, self._without_key),
            (10, self._with_another_key),
            (10, self._of_the_future),
            (4, self._in_another_topic),
            (0.5, self._oversize),
        ]
        self._wheel = Wheel([weight for weight, _ in ways])
        self._ways = [spoil for _, spoil in ways]

    def spoil(self, good: Record) -> Record:
        """A record with `bad` set to the reason it must be refused for."""
        return self._ways[self._wheel.pick(self._random.random())](good)

    def _cut_off(self, good: Record) -> Record:
        end = self._random.randrange(1, len(good.value))
        return good._replace(value=good.value[:end], bad="not_json")

    def _not_text(self, good: Record) -> Record:
        return good._replace(value=b"\x00\xff" + self._random.randbytes(30), bad="not_json")

    def _without_value(self, good: Record) -> Record:
        return good._replace(value=b"", bad="empty")

    def _failed_field(self, good: Record) -> Record:
        old, new = self._random.choice((
            (b',"channel":"', b',"channel":"tele'),
            (b',"type":"', b',"type":"no_'),
            (b',"occurred_at":"', b',"occurred_at":"on '),
            (b'{"event_id":"', b'{"event_id":"' + b"0" * 64),
            (b'{"event_id":', b'{"surprise":1,"event_id":'),
            (b'"customer_id":"', b'"customer":"'),
        ))  # fmt: skip
        return good._replace(value=good.value.replace(old, new, 1), bad="invalid")

    def _without_key(self, good: Record) -> Record:
        return good._replace(key=None, bad="missing_key")

    def _with_another_key(self, good: Record) -> Record:
        other = self._random.choice(self._keys)
        return good._replace(key=b"x-" + other if other == good.key else other, bad="key_mismatch")

    def _of_the_future(self, good: Record) -> Record:
        start = good.value.index(b'"occurred_at":"') + len(b'"occurred_at":"')
        value = good.value[:start] + b"2199" + good.value[start + 4 :]
        return good._replace(value=value, bad="in_future")

    def _in_another_topic(self, good: Record) -> Record:
        others = [topic for topic in self._topics if topic != good.topic]
        return good._replace(topic=self._random.choice(others), bad="wrong_topic")

    def _oversize(self, good: Record) -> Record:
        attributes = b',"attributes":{"note":"%b"}}' % (b"x" * OVERSIZE_BYTES)
        return good._replace(value=good.value[:-1] + attributes, bad="too_large")
