"""One client of a stream: what waits for it, bounded, and where it is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

from streams.readmodel.rows import Positions
from streams.serve.streaming.frames import Burst, Frame, burst, seen

MOST_BYTES: Final = 1024 * 1024
"""What may wait for a client; one that takes less than comes is told to read anew."""


class Client:
    """Takes bursts from the hub and gives them to whoever writes to the connection.

    ``behind``: of each partition, the offset behind the last record it has; what is told again is
    left out.
    """

    def __init__(
        self, topics: frozenset[str], owner_id: str | None, most_bytes: int = MOST_BYTES
    ) -> None:
        self.topics, self.owner_id = topics, owner_id
        self.behind: Positions = {}
        self._in_step = False
        self._most = most_bytes
        self._waiting: deque[Burst] = deque()
        self._bytes = 0
        self._there = asyncio.Event()
        self.lost = False
        self.over = False

    @property
    def sees(self) -> tuple[frozenset[str], str | None]:
        """What decides which frames are for it: clients that agree in this get the same bytes."""
        return self.topics, self.owner_id

    def offer(self, came: Burst) -> None:
        """What has come out and is for it, from the hub: it waits."""
        if self.lost or self.over:
            return
        size = len(came.sent)
        if self._bytes + size > self._most:
            self.lose()
            return
        self._waiting.append(came)
        self._bytes += size
        self._there.set()

    def new(self, frames: Iterable[Frame]) -> list[Frame]:
        """Of these, what is for it and it does not have yet; from now on it has them."""
        fresh = []
        for frame in frames:
            place = frame.topic, frame.partition
            if frame.offset >= self.behind.get(place, 0):
                self.behind[place] = frame.offset + 1
                fresh.append(frame)
        return seen(fresh, *self.sees)

    def at(self, told: Positions) -> Positions | None:
        """Where it is: it has all that the hub has told, unless something waits for it (``None``)
        or it has more of its own looking."""
        if self._waiting:
            return None
        for place, offset in told.items():
            self.behind[place] = max(offset, self.behind.get(place, 0))
        return self.behind

    def lose(self) -> None:
        """What waits is gone: it is to read anew what it shows."""
        self.lost = True
        self._waiting.clear()
        self._bytes = 0
        self._there.set()

    def found_again(self) -> None:
        """It was told so; from here on it takes what comes."""
        self.lost = self._in_step = False
        if not self._waiting and not self.over:
            self._there.clear()

    def end(self) -> None:
        """Nothing more comes: the process ends."""
        self.over = True
        self._there.set()

    async def take(self, seconds: float) -> bytes | None:
        """All that waits, as it is sent; ``None`` after so long without anything, or when lost or
        over."""
        try:
            async with asyncio.timeout(seconds):
                await self._there.wait()
        except TimeoutError:
            return None
        if not self._waiting:
            return None
        taken = list(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        if not self.over:
            self._there.clear()
        return b"".join(map(self._sent, taken))

    def _sent(self, came: Burst) -> bytes:
        """A burst as it is sent here, without what it has already: once it is where the hub is, it
        has nothing of what comes."""
        if not self._in_step:
            before = came.before
            if any(at > before.get(place, 0) for place, at in self.behind.items()):
                left = self.new(came.frames)
                return burst(left, came.vector) if left else b""
            self._in_step = True
        return came.sent
