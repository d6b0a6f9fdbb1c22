"""Looking at a name and a password: slowly where it went wrong, alike whether there is the name."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from streams.serve.access import passwords
from streams.serve.access.book import Book
from streams.serve.access.records import PersonRecord

AT_ONCE: Final = 2
"""Passwords that are looked at side by side: each takes 32 MiB and a processor for 50 ms."""

HERE: Final = RateLimitItemPerMinute(5, 1)
"""Of one account from one address."""
ADDRESS: Final = RateLimitItemPerMinute(30, 5)
"""Of one address."""
ACCOUNT: Final = RateLimitItemPerMinute(60, 60)
"""Of one account from anywhere: high, for whoever reaches it keeps its owner out."""


class TooMany(Exception):
    """Tried too often: ``seconds`` until the next attempt is looked at."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"in {seconds} s")


class Logins:
    """Attempts are counted before they are looked at, and forgotten where one went well."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._looking = asyncio.Semaphore(AT_ONCE)

    async def person(
        self, book: Book, name: str, password: str, address: str
    ) -> PersonRecord | None:
        """The account, where the password is its own. Raises :class:`TooMany`."""
        bounds: list[tuple[RateLimitItem, str, str]] = [
            (HERE, address, name),
            (ADDRESS, address, ""),
            (ACCOUNT, "", name),
        ]
        waits = [self._wait(*bound) for bound in bounds if not self._limiter.test(*bound)]
        if waits:
            raise TooMany(max(waits))
        for bound in bounds:
            self._limiter.hit(*bound)
        found = book.people.get(name)
        kept = None if found is None else found.password
        async with self._looking:
            fits = await asyncio.to_thread(passwords.fits, password, kept)
        if not fits:
            return None
        for bound in (bounds[0], bounds[2]):
            self._limiter.clear(*bound)
        return found

    def _wait(self, item: RateLimitItem, *of: str) -> int:
        reset = self._limiter.get_window_stats(item, *of).reset_time
        return max(1, math.ceil(reset - time.time()))
