"""Requests that come again under the same idempotency key get the answer they got.

In this process, for some minutes, and no more than fit: it spares work and tells the same places.
That nothing counts twice does not hang on it: events are known by their ids.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from fastapi import Request, Response

from streams.serve.problems import Problem

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEPT_SECONDS: Final = 600.0
MOST_BYTES: Final = 8 * 1024 * 1024
ENTRY_BYTES: Final = 500
_KEY: Final = re.compile(r"[\x20-\x7e]{1,200}")


class _Kept(NamedTuple):
    digest: bytes
    until: float
    answer: Response | None

    @property
    def size(self) -> int:
        return ENTRY_BYTES + (0 if self.answer is None else len(self.answer.body))


class Repeats:
    """Answers by who asked and under which key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._bytes = 0

    def begin(self, who: str, key: str, body: bytes) -> Response | None:
        """The answer of the same request, or ``None``: it is to be done, and ended with ``end``.

        Raises ``Problem`` 409 where it is being done, 422 where the key was of another request.
        """
        self._tidy()
        digest = hashlib.sha256(body).digest()
        kept = self._kept.get((who, key))
        if kept is None:
            self._keep((who, key), _Kept(digest, self._clock() + KEPT_SECONDS, None))
            return None
        if kept.digest != digest:
            raise Problem(
                422, "key_reused", f"This {KEY_HEADER} was that of another request",
                "Take a new key for a new request.",
            )  # fmt: skip
        if kept.answer is None:
            raise Problem(
                409, "being_done", "The same request is being done",
                headers={"Retry-After": "1"},
            )  # fmt: skip
        again = Response(kept.answer.body, kept.answer.status_code)
        again.raw_headers = [
            *kept.answer.raw_headers, (REPLAYED.lower().encode(), b"true")
        ]  # fmt: skip
        return again

    def end(self, who: str, key: str, answer: Response | None) -> None:
        """It was done with this answer; ``None``: it was not done, and may be tried again."""
        kept = self._drop((who, key))
        if kept is not None and answer is not None:
            self._keep((who, key), kept._replace(answer=answer))

    def _keep(self, name: tuple[str, str], kept: _Kept) -> None:
        self._kept[name] = kept
        self._bytes += kept.size

    def _drop(self, name: tuple[str, str]) -> _Kept | None:
        kept = self._kept.pop(name, None)
        if kept is not None:
            self._bytes -= kept.size
        return kept

    def _tidy(self) -> None:
        now = self._clock()
        while self._kept:
            name, oldest = next(iter(self._kept.items()))
            if oldest.until > now and self._bytes <= MOST_BYTES:
                return
            self._drop(name)


def key_of(request: Request) -> str | None:
    """The key of a request, where it has one. Raises ``Problem`` 400."""
    key = request.headers.get(KEY_HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(
            400, "bad_key", f"{KEY_HEADER} must be 1 to 200 printable characters of ASCII"
        )
    return key


def repeats(request: Request) -> Repeats:
    """Those of this application."""
    state = request.app.state
    found: Repeats | None = getattr(state, "repeats", None)
    if found is None:
        state.repeats = found = Repeats()
    return found
