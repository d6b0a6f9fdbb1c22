"""A TLS connection of ours ends although the other side does not answer our close."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvloop

from streams.engine.tls import ssl_context
from streams.settings import KafkaSettings
from tests.streams.secure.certificates import Authority

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
SOON = 10.0
"""Seconds; both event loops would wait for 30."""


class Deaf:
    """A server that shakes hands once and then neither reads nor writes until it is released.

    ``closed`` tells whether the client said its close, and then ended the connection.
    """

    def __init__(self, authority: Authority) -> None:
        signed = authority.sign("deaf")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(signed.certificate, signed.key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.release = threading.Event()
        self.closed = False
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        taken, _ = self._socket.accept()
        with self._context.wrap_socket(
            taken, server_side=True, suppress_ragged_eofs=False
        ) as secured:
            self.release.wait(SOON)
            secured.settimeout(SOON)
            while secured.recv(64):
                pass  # raises where the connection ends without a close
            self.closed = True

    @contextmanager
    def serving(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self.release.set()
            self._thread.join(2 * SOON)
            self._socket.close()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_our_close_is_said_and_no_answer_waited_for(
    run: Callable[..., None], tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    server = Deaf(authority)
    kafka = KafkaSettings(security_protocol="SSL", ssl_cafile=authority.certificate)

    async def leave() -> None:
        context = ssl_context(kafka)
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        writer.write(b"a request")
        writer.close()
        async with asyncio.timeout(SOON):
            await writer.wait_closed()

    with server.serving():
        run(leave())
    assert server.closed
