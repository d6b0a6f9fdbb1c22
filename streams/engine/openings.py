"""What partitions that are opened share: their turns, connected readers, known brokers."""

from __future__ import annotations

import asyncio
import contextlib

from aiokafka.errors import KafkaError

from streams.engine.client.connecting import KnownBrokers
from streams.engine.client.reading import Reader
from streams.engine.restore import Restored, restore_by
from streams.settings import Settings

IDLE_SECONDS = 2.0


class Openings:
    """As many at once as the settings say; each goes through ``async with openings.turn``.

    A reader that restored one partition restores the next: connected once, it need not log in for
    each. Nobody needing it for ``IDLE_SECONDS``, it is closed.
    """

    def __init__(self, settings: Settings) -> None:
        self.turn = asyncio.Semaphore(settings.restores_at_once)
        self.known = KnownBrokers()
        self._settings = settings
        self._idle: list[Reader] = []
        self._under_way = 0
        self._later: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def restore(self, number: int) -> Restored:
        """The state of a partition; raises what reading raises."""
        self._stay()
        self._under_way += 1
        reader = self._idle.pop() if self._idle else Reader(self._settings, check_crcs=False)
        try:
            restored = await restore_by(reader, self._settings, number)
        except BaseException:
            await reader.close()
            raise
        else:
            self._idle.append(reader)
            return restored
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._later = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._leave)

    async def close(self) -> None:
        """Close what is connected."""
        self._stay()
        if self._closing is not None:
            await asyncio.wait([self._closing])
        await self._close_idle()

    def _stay(self) -> None:
        if self._later is not None:
            self._later.cancel()

    def _leave(self) -> None:
        self._closing = asyncio.create_task(self._close_idle(), name="idle readers")

    async def _close_idle(self) -> None:
        while self._idle:
            with contextlib.suppress(KafkaError, OSError):  # it is of no use any more
                await self._idle.pop().close()
