"""A worker's watch on its way to Kafka: looked at when a client complains, until it is mended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog
from aiokafka.errors import KafkaError

from streams.engine.clients import blocking_client_options
from streams.engine.reaching.faults import Kind, Unreachable
from streams.engine.reaching.look import look
from streams.engine.routines import Beat, unheard
from streams.errors import ClusterError, WorkerFailed
from streams.settings import SettingError, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN_SECONDS: Final = 2.0
"""Between two looks while something is wrong."""
REST_SECONDS: Final = 10.0
"""After a look that found nothing wrong complaints are not listened to for so long."""
CLIENT: Final = "aiokafka"

SETTINGS: Final = "settings"
KINDS: Final = (*(kind.value for kind in Kind), SETTINGS)
"""Of faults, as metrics tell them; ``settings`` are those of files that cannot be used."""

log = structlog.get_logger("touchline.kafka")

Told = Callable[[str | None], None]
"""Hears of the kind of fault that stands, ``None`` once it is mended."""


def _nobody(kind: str | None) -> None:
    """Hear nothing."""


class Reach:
    """Knows why Kafka cannot be reached while that is so: ``why`` says it in one line.

    It looks once somebody doubts: a Kafka client that warns, or :meth:`doubt`. While nothing is
    wrong, it does nothing.
    """

    def __init__(self, settings: Settings, told: Told = _nobody) -> None:
        self._settings, self._told = settings, told
        self._fault: ClusterError | SettingError | None = None
        self._doubted = asyncio.Event()
        self._deaf_until = 0.0

    @property
    def why(self) -> str | None:
        """Why Kafka cannot be reached, as of the newest look."""
        return None if self._fault is None else str(self._fault)

    def doubt(self) -> None:
        """Hear that something did not go well with Kafka."""
        if time.monotonic() >= self._deaf_until:
            self._doubted.set()

    async def run(self, _: Beat = unheard) -> None:
        """Look whenever there is a doubt, until cancelled."""
        with self._listening():
            while True:
                await self._doubted.wait()
                await self.look()
                if self._fault is None:
                    self._doubted.clear()
                    self._deaf_until = time.monotonic() + REST_SECONDS
                else:
                    await asyncio.sleep(AGAIN_SECONDS)

    async def look(self) -> str | None:
        """Look now; gives :attr:`why`."""
        before, self._fault = self.why, await asyncio.to_thread(self._seen)
        why = self.why
        if why != before:
            if why is not None:
                log.error("Kafka cannot be reached", why=why)
            else:
                log.info("Kafka can be reached again")
            fault = self._fault
            kind = fault.kind.value if isinstance(fault, Unreachable) else SETTINGS
            self._told(None if fault is None else kind)
        return why

    async def explained(self, failed: WorkerFailed) -> WorkerFailed:
        """The same failure, behind the fault of the way that explains it where there is one."""
        causes: list[BaseException] = [failed]
        while (cause := causes[-1].__cause__) is not None:
            causes.append(cause)
        if any(isinstance(each, KafkaError | TimeoutError | OSError) for each in causes):
            await self.look()
        why, text = self.why, str(failed)
        return failed if why is None or why in text else WorkerFailed(f"{why} ({text})")

    def _seen(self) -> ClusterError | SettingError | None:
        try:
            return look(blocking_client_options(self._settings)).why()
        except SettingError as error:  # certificates that do not serve
            return error

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Warnings of the Kafka client are doubts; while a fault stands they are only that.

        It would complain of each connection again and again, and our own line says why.
        """
        ear, logger = _Ear(self.doubt, asyncio.get_running_loop()), logging.getLogger(CLIENT)
        handlers = logging.getLogger().handlers

        def spared(record: logging.LogRecord) -> bool:
            is_plain = self._fault is None or not record.name.startswith(CLIENT)
            return is_plain or bool(record.exc_info)  # what nobody expects is told all the same

        logger.addHandler(ear)
        for handler in handlers:
            handler.addFilter(spared)
        try:
            yield
        finally:
            logger.removeHandler(ear)
            for handler in handlers:
                handler.removeFilter(spared)


class _Ear(logging.Handler):
    def __init__(self, heard: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(logging.WARNING)
        self._heard, self._loop = heard, loop

    def emit(self, record: logging.LogRecord) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._heard)
