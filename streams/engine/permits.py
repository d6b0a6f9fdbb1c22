"""What a worker's login may not do although it must: told once, asked again until it may.

Rights are looked at when the broker has refused something, and now and then: a topic that may not
even be seen is refused by nobody, it is only missing in what clients are told.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import structlog
from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as BlockingKafkaError

from schemas.errors import OperatingError
from streams.engine.admin import plain
from streams.engine.client.refusals import refusal
from streams.engine.observer import Observer
from streams.engine.rights import Right, lacking, of_engine, sentences
from streams.engine.routines import Beat, unheard
from streams.settings import Settings

LOOK_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 2.0
RECENT_SECONDS: Final = 120.0
"""After rights were given back other workers, and what they know of topics, may be behind."""

log = structlog.get_logger("touchline.rights")


class Permits:
    """The rights that one worker needs; ``lacking`` are those it has not, as of the newest look."""

    def __init__(self, settings: Settings, observer: Observer | None = None) -> None:
        self.lacking: tuple[Right, ...] = ()
        self._settings = settings
        self._observer = Observer() if observer is None else observer
        self._needed = of_engine(settings)
        self._looking: asyncio.Task[None] | None = None
        self._lacked_at: float | None = None

    def told(self) -> list[str]:
        """Who lacks what, and the line of `kafka-acls` that mends it."""
        return sentences(self._settings, self.lacking)

    def lacked_lately(self) -> bool:
        """Whether some right was missing within the last two minutes."""
        at = self._lacked_at
        return at is not None and time.monotonic() - at < RECENT_SECONDS

    async def run(self, beat: Beat = unheard) -> None:
        """Look now and then, and every two seconds while something is missing, until cancelled."""
        while True:
            await self.look()
            due = time.monotonic() + LOOK_SECONDS
            while time.monotonic() < due:
                beat()
                await asyncio.sleep(AGAIN_SECONDS)
                if self.lacking:
                    break

    async def look(self) -> tuple[Right, ...]:
        """Ask the broker now, once for all who ask meanwhile; an outage changes nothing."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="rights")
        await asyncio.shield(self._looking)
        return self.lacking

    async def granted(self) -> None:
        """Wait until nothing is missing."""
        missing: object = True
        while missing:
            await asyncio.sleep(AGAIN_SECONDS)
            missing = await self.look()

    async def past(self, error: BaseException, seconds: float) -> None:
        """Wait until what an error came of may be over: rights are there, or so long."""
        if refusal(error) is not None:
            await self.granted()
        else:
            await asyncio.sleep(seconds)

    async def why(self, error: BaseException) -> str:
        """An error in one line: of a refusal, which rights are missing."""
        denied = refusal(error)
        if denied is None:
            return plain(error)
        await self.look()
        return "; ".join(self.told()) or plain(denied)

    async def instead_of(self, error: BaseException) -> str:
        """Which rights are missing where some are, else the error: what may not be seen is lost."""
        await self.look()
        return "; ".join(self.told()) or str(error)

    async def _look(self) -> None:
        try:
            found = await lacking(self._settings, self._needed)
        except (KafkaError, BlockingKafkaError, OperatingError, TimeoutError, OSError) as error:
            log.debug("rights cannot be looked at", why=plain(error))
            return
        if found:
            self._lacked_at = time.monotonic()
        if found == self.lacking:
            return
        new = [right for right in found if right not in self.lacking]
        for sentence in sentences(self._settings, new):
            log.error("a right is missing", why=sentence)
        self.lacking = found
        self._observer.rights_missing(len(found))
        if not found:
            log.info("all rights are there again")
