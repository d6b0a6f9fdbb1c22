"""That somebody looked is written down, once for a while of looking."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

from fastapi import Request

from streams.serve.access.gate import Gate
from streams.serve.access.who import Who

WHILE_SECONDS: Final = 600.0
"""A page that renews itself is one look for so long."""
MOST: Final = 20_000


class Looks:
    """Who looked at whom of late, in this process; what is forgotten is written once more."""

    def __init__(self) -> None:
        self._noted: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    @classmethod
    def of(cls, request: Request) -> Looks:
        """Those of the application that a request came to."""
        state = request.app.state
        found: Looks | None = getattr(state, "looks", None)
        if found is None:
            state.looks = found = cls()
        return found

    async def note(
        self, gate: Gate, who: Who, customer_id: str, request: Request | None = None
    ) -> None:
        """Write a look into the audit, unless it goes on from one that is there."""
        if self._begins(who.name, "looked", customer_id):
            await gate.note(who, "looked", customer_id=customer_id, request=request)

    async def listing(self, gate: Gate, who: Who, request: Request) -> None:
        """The same for a list that renews itself."""
        if self._begins(who.name, "listed", request.url.path):
            await gate.note(who, "listed", request=request)

    def _begins(self, name: str, act: str, what: str) -> bool:
        now, look = time.monotonic(), (name, act, what)
        if now - self._noted.get(look, -WHILE_SECONDS) < WHILE_SECONDS:
            return False
        self._noted[look] = now
        self._noted.move_to_end(look)
        while len(self._noted) > MOST:
            self._noted.popitem(last=False)
        return True
