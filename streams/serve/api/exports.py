"""Everybody in a segment as a file that is sent while it is written."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import anyio
import structlog
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from streams.readmodel.connections import NotReadable
from streams.readmodel.reading import ReadModel
from streams.serve.api.asking import ask_of
from streams.serve.api.exporting import FORMS, Form
from streams.serve.problems import Problem

AT_ONCE: Final = 50
"""Customers decoded before others have their turn."""
PIECE_BYTES: Final = 64 * 1024
MOST_EXPORTS: Final = 8
TAKEN_SECONDS: Final = 60.0
"""Until a piece is taken by whoever asked."""

log = structlog.get_logger("touchline.serve")


class Export:
    """A segment at one moment: ``positions`` is what it is true of.

    Made in a thread. It is written to a file without a name as fast as it can be, however slowly
    it is taken: a moment that is held for long keeps what was erased since in SQLite's log.
    """

    def __init__(
        self, model: ReadModel, segment: str, form: Form, owner_id: str | None, directory: Path
    ) -> None:
        self.positions, self._members = model.members(segment)
        place = directory if directory.is_dir() else None
        try:
            self._file = tempfile.TemporaryFile(dir=place, buffering=0)  # noqa: SIM115
        except BaseException:
            self._close_members()
            raise
        self._owner_id = owner_id
        self._writing = FORMS[form]()
        self._written = 0
        self._more = asyncio.Event()

    async def pieces(self, app: FastAPI) -> AsyncGenerator[bytes]:
        """The file, piece by piece, while it is written."""
        writing = asyncio.create_task(self._write(app), name="export")
        try:
            sent = 0
            while True:
                over = writing.done()
                self._more.clear()
                if sent < self._written:
                    piece = await ask_of(app, os.pread, self._file.fileno(), PIECE_BYTES, sent)
                    sent += len(piece)
                    yield piece
                elif over:
                    writing.result()
                    return
                else:
                    await self._more.wait()
        finally:
            with anyio.CancelScope(shield=True):
                writing.cancel()
                await asyncio.wait((writing,))
                self._file.close()

    async def _write(self, app: FastAPI) -> None:
        try:
            while await ask_of(app, self._next):
                self._more.set()
        except (NotReadable, OSError) as error:
            log.error("an export broke off", error=type(error).__name__)
            raise
        finally:
            self._close_members()
            self._more.set()

    def _next(self) -> bool:
        some = list(islice(self._members, AT_ONCE))
        mine = [one for one in some if self._owner_id in (None, one.figures.owner_id)]
        piece = b"".join(map(self._writing.add, mine))
        more = len(some) == AT_ONCE
        if not more:
            piece += self._writing.end()
        while piece:
            count = self._file.write(piece)
            self._written += count
            piece = piece[count:]
        return more

    def _close_members(self) -> None:
        close = getattr(self._members, "close", None)
        if close is not None:
            close()


class Exporting:
    """The exports of an application that are made and sent, of which there are so many at most."""

    def __init__(self) -> None:
        self._sent = 0

    @contextmanager
    def sending(self) -> Iterator[None]:
        """One more, from before it is made until it is sent. Raises ``Problem`` 503 where there
        are too many."""
        if self._sent >= MOST_EXPORTS:
            raise Problem(
                503, "too_many_exports", "Too many exports are being sent",
                headers={"Retry-After": "30"},
            )  # fmt: skip
        self._sent += 1
        try:
            yield
        finally:
            self._sent -= 1


class Sent(StreamingResponse):
    """An export as it is sent; who takes nothing for long gets no more.

    ``until_sent`` is closed then.
    """

    def __init__(
        self,
        export: Export,
        app: FastAPI,
        media_type: str,
        headers: Mapping[str, str],
        until_sent: ExitStack,
    ) -> None:
        self._pieces = export.pieces(app)
        self._until_sent = until_sent
        super().__init__(self._pieces, media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""

        async def taken(message: Message) -> None:
            async with asyncio.timeout(TAKEN_SECONDS):
                await send(message)

        with self._until_sent:
            try:
                await super().__call__(scope, receive, taken)
            finally:
                await self._pieces.aclose()
