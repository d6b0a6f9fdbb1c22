"""HTTP/1.1 connections with bounds that the server itself lacks: nobody has to be known to connect.

What the parser holds of a head, of trailers or of a chunk's extension is seen by nobody before it
is whole; so bytes are counted as they come. A connection counts against how many there may be for
as long as it is there, whatever is still done for it; so whoever sends or takes nothing is ended.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES: Final = 32 * 1024
"""Of a head, or of anything else between pieces of bodies; and what comes in one read."""
MOST_SECONDS: Final = 30.0
"""Until a head is whole, from the connection or from its first byte on."""
BODY_SECONDS: Final = 60.0
"""Until a body is whole, whoever reads it, and also after the answer."""
TAKEN_SECONDS: Final = 60.0
"""Until something of an answer is taken that waits."""
MOST_WAITING: Final = 16
"""Requests sent on one connection before those before them are answered."""


class BoundedHeads(HttpToolsProtocol):
    """Ends a connection whose head is too long or too slow, or that sends too far ahead."""

    _bytes = 0
    _timer: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It has so long to say what it wants."""
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._unset_timer()
        self._unset_taking()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what has become nothing whole yet."""
        self._bytes += len(data)
        super().data_received(data)
        if self._bytes > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("Request header fields too large")

    def on_message_begin(self) -> None:
        """A head begins."""
        self._begin()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._bytes = 0
        self._wait_for_body()
        super().on_headers_complete()
        if len(self.pipeline) > MOST_WAITING:
            raise ValueError("too many requests wait on one connection")

    def on_body(self, body: bytes) -> None:
        """A piece of a body: a reader of its own bounds those."""
        self._bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._bytes = 0
        self._unset_timer()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """More of an answer waits than is held."""
        super().pause_writing()
        self._wait_for_taker()

    def resume_writing(self) -> None:
        """It was taken; what waits of one that is closed has to be taken too."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._unset_taking()

    def on_response_complete(self) -> None:
        """An answer is whole; the connection may end with it."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._wait_for_taker()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more was asked."""
        super().timeout_keep_alive_handler()
        self._wait_for_taker()

    def _begin(self) -> None:
        self._unset_timer()
        self._timer = self.loop.call_later(MOST_SECONDS, self._late)

    def _late(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
            self._wait_for_taker()

    def _wait_for_body(self) -> None:
        self._unset_timer()
        self._timer = self.loop.call_later(BODY_SECONDS, self._late_body)

    def _late_body(self) -> None:
        if self.flow.read_paused:  # it waits for us
            self._wait_for_body()
        else:
            self._late()

    def _wait_for_taker(self) -> None:
        """End it where nothing is taken: closed alone, it would wait for ever."""
        self._unset_taking()
        waiting = self.transport.get_write_buffer_size()
        if waiting:
            self._taking = self.loop.call_later(TAKEN_SECONDS, self._look_again, waiting)

    def _look_again(self, before: int) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._wait_for_taker()
        else:
            self.transport.abort()

    def _unset_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
