"""Whether a worker's consumer fetches: by the answers that come, not by its own word.

What ended within it is set going again where that is known to heal: fetching and the look-up of
leaders begin anew from where they stand. What else ends, or ends again and again, ends the worker.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer

from schemas.errors import OperatingError
from streams.engine.client.fetch_sessions import FetchSessions
from streams.engine.client.routines import (
    FETCHING,
    METADATA,
    Ended,
    drop_connection,
    drop_deaf_connections,
    ended,
    restart_fetching,
    restart_metadata,
)

ANSWER_SECONDS: Final = 6.0
"""Idle fetches are answered after half a second: older than this, the newest answer is too old."""
POLL_SECONDS: Final = 6.0
DROP_SECONDS: Final = 15.0
"""An unanswered fetch is given up after this, and its connection made anew."""
RESTART_SECONDS: Final = 22.0
"""All fetching begins anew where that did not help."""
MENDS, MENDED_SECONDS = 5, 60.0
"""More often within this time than so, mending does not help."""
A_FETCH, UNANSWERED, A_CONNECTION = "a fetch", "an unanswered fetch", "a connection"
A_PRODUCER = "a producer"
HEALED: Final = (A_FETCH, UNANSWERED, A_CONNECTION, A_PRODUCER, FETCHING, METADATA)
"""All that is said to have begun anew."""
LOOKS = 2
"""One look after the other must find what may just be on its way to begin anew."""

Place = tuple[str, int]
Healed = Callable[[str], None]

log = structlog.get_logger("touchline.fetching")


class ConsumerFailed(OperatingError):
    """The worker's consumer does not work, and cannot be mended."""


class FetchWatch:
    """Looks after one consumer; ``polled`` is when records were asked of it last (monotonic)."""

    def __init__(self, sessions: FetchSessions) -> None:
        self.polled = time.monotonic()
        self._sessions = sessions
        self._consumer: AIOKafkaConsumer | None = None
        self._since: dict[Place, float] = {}
        self._mended: deque[float] = deque(maxlen=MENDS)
        self._found: list[str] = []
        self._dropped: dict[int, float] = {}
        self._restarted = 0.0
        self._failed = 0

    def begin(self, consumer: AIOKafkaConsumer) -> None:
        """Look after this consumer, which was just started."""
        self._consumer = consumer

    def begun(self, place: Place) -> None:
        """A partition is fetched from now on."""
        self._since[place] = time.monotonic()

    def left(self, place: Place) -> None:
        """A partition is fetched no more."""
        self._since.pop(place, None)

    def failed(self) -> None:
        """A fetch failed unexpectedly, and is sent again."""
        self._failed += 1

    def age(self, now: float) -> float:
        """Seconds since the newest answered fetch was sent, of the partition with the oldest one.

        One of which records wait here to be taken does not count: nothing is asked of it.
        """
        asked, untaken = self._sessions.asked_steadily, self._sessions.untaken
        oldest = now
        for place, since in self._since.items():
            at = max(since, asked(place))
            if at < oldest and not untaken(place):
                oldest = at
        return now - oldest

    def reasons(self, now: float) -> list[str]:
        """Why a worker with this consumer is not ready, a sentence each."""
        found = [f"{one}; it is looked at again" for one in self._found]
        if self._since and (age := self.age(now)) > ANSWER_SECONDS:
            found.append(f"no fetch was answered for {age:.0f} s")
        if self._since and now - self.polled > POLL_SECONDS:
            found.append(f"nothing was taken from the consumer for {now - self.polled:.0f} s")
        return found

    def look(self, now: float, healed: Healed) -> None:
        """Mend what can be; raises :class:`ConsumerFailed` where that is in vain.

        ``healed`` hears what was mended.
        """
        consumer = self._consumer
        if consumer is None:
            return
        for _ in range(self._failed):
            self._mend(now, A_FETCH, healed)
        self._failed = 0
        found = []
        for one in ended(consumer):
            if one.what == FETCHING:
                self._told(one)
                self._mend(now, FETCHING, healed)
                self._restart(consumer, now)
            elif one.what == METADATA:
                self._told(one)
                self._mend(now, METADATA, healed)
                restart_metadata(consumer)
            elif str(one) in self._found:
                raise ConsumerFailed(str(one))
            else:
                found.append(str(one))
        self._found = found
        if drop_deaf_connections(consumer):
            self._mend(now, A_CONNECTION, healed)
        self._unanswered(consumer, now, healed)

    def _unanswered(self, consumer: AIOKafkaConsumer, now: float, healed: Healed) -> None:
        """Give up fetches that nobody answers; a broker may be away for long: without a limit."""
        for node, sent in list(self._sessions.under_way.items()):
            if now - sent > DROP_SECONDS and self._dropped.get(node) != sent:
                self._dropped[node] = sent
                log.warning("a fetch is not answered: connecting anew", broker=node)
                drop_connection(consumer, node)
                healed(UNANSWERED)
        if self.age(now) > RESTART_SECONDS and now - self._restarted > RESTART_SECONDS:
            log.warning("fetches are not answered: fetching begins anew", seconds=self.age(now))
            self._restart(consumer, now)
            healed(FETCHING)

    def _restart(self, consumer: AIOKafkaConsumer, now: float) -> None:
        self._restarted = now
        self._sessions.forget()
        restart_fetching(consumer)

    def _told(self, one: Ended) -> None:
        log.error("part of the Kafka client ended, and begins anew", what=one.what, why=one.why)

    def _mend(self, now: float, what: str, healed: Healed) -> None:
        """Count a mend; raises :class:`ConsumerFailed` where there were too many lately."""
        if len(self._mended) == MENDS and now - self._mended[0] < MENDED_SECONDS:
            raise ConsumerFailed(
                f"{what} failed, after {MENDS} mends of the Kafka client within "
                f"{now - self._mended[0]:.0f} s: see the errors above in the log"
            )
        self._mended.append(now)
        healed(what)
