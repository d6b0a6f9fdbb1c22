"""Whoever looks on for long, such as by a stream: ended once they would be let in no more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import structlog

from streams.serve.access.book import Book
from streams.serve.access.ending import unforeseen
from streams.serve.access.following import Following

LOOK_SECONDS: Final = 10.0
"""Keys and sessions expire without anybody saying so."""

log = structlog.get_logger("touchline.access")


class _Looker(NamedTuple):
    still: Callable[[], bool]
    end: Callable[[], None]


class Lookers:
    """Asked anew whenever something of who may come in has changed."""

    def __init__(self, following: Following) -> None:
        self._following = following
        self._looking: set[_Looker] = set()

    @contextlib.contextmanager
    def joined(self, still: Callable[[], bool], end: Callable[[], None]) -> Iterator[None]:
        """``end`` is called when ``still`` no longer holds."""
        one = _Looker(still, end)
        self._looking.add(one)
        try:
            yield
        finally:
            self._looking.discard(one)

    async def run(self) -> None:
        """Look until cancelled."""
        seen: tuple[Book | None, int] = (None, 0)

        def changed() -> bool:
            return (self._following.book, self._following.position) != seen

        while True:
            await self._following.until(changed, LOOK_SECONDS)
            seen = self._following.book, self._following.position
            for one in [each for each in self._looking if not _still(each)]:
                self._looking.discard(one)
                one.end()


def _still(one: _Looker) -> bool:
    """Whether it may go on; where that cannot be found out it may not, and the others can."""
    try:
        return one.still()
    except Exception as error:
        log.error("whether somebody may still look on is not known", why=unforeseen(error))
        return False
