"""One blocking connection to an address, by which a request is asked and answered at a time."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any, Final, Self

from kafka.protocol.parser import KafkaProtocol

from streams.engine.reaching import faults
from streams.engine.reaching.faults import Faulty

LARGEST: Final = 16 << 20
"""Bytes of an answer: what claims to be longer is not Kafka's, but text or TLS."""
_READ: Final = 65_536
_ALERT: Final = 0x15
"""The first byte of an alert of TLS."""


class HungUp(Exception):
    """The other side closed the connection, or reset it."""


class Wire:
    """A connection to ``host:port`` that has ``seconds`` for all that is done on it.

    What does not come off is raised as :class:`Faulty`, but for :class:`HungUp` and errors of TLS,
    whose meaning hangs on the step.
    """

    def __init__(self, address: str, client_id: str, seconds: float) -> None:
        self.address, self._seconds = address, seconds
        self.host, self._port = split(address)
        self._until = time.monotonic() + seconds
        self._client_id = client_id
        self._socket: socket.socket | ssl.SSLSocket | None = None
        self._protocol = self._fresh()

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def connect(self) -> None:
        """Look the host up, and connect to the first of its addresses that lets us."""
        try:
            found = socket.getaddrinfo(self.host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Faulty(faults.unknown_host()) from None
        why = faults.nothing_listens()
        for family, kind, protocol, _, where in found:
            one = socket.socket(family, kind, protocol)
            try:
                one.settimeout(self.left())
                one.connect(where)
            except ConnectionRefusedError:
                one.close()
            except TimeoutError:
                one.close()
                why = faults.unreachable(f"no connection within {self._seconds:.0f} s")
            except OSError as error:
                one.close()
                why = faults.unreachable((error.strerror or "no connection").lower())
            else:
                self._socket = one
                return
        raise Faulty(why)

    def encrypt(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Begin TLS. Raises ``ssl.SSLError`` and :class:`HungUp`."""
        plain = self._open()
        plain.settimeout(self.left())
        try:
            encrypted = context.wrap_socket(plain, server_hostname=self.host)
        except ssl.SSLEOFError:
            raise HungUp from None
        except TimeoutError:
            raise Faulty(faults.silent(self._seconds)) from None
        except ssl.SSLError:
            raise
        except OSError:
            raise HungUp from None
        self._socket = encrypted
        return encrypted

    def ask(self, request: Any) -> Any:
        """Send one of kafka-python's requests; gives its answer.

        Raises ``ssl.SSLError`` and :class:`HungUp`; Faulty where nothing or nothing of Kafka's
        comes.
        """
        self._protocol.send_request(request)
        wire = self._open()
        try:
            wire.settimeout(self.left())
            wire.sendall(self._protocol.send_bytes())
            return self._answer(wire)
        except TimeoutError:
            raise Faulty(faults.silent(self._seconds)) from None
        except ssl.SSLEOFError:
            raise HungUp from None
        except ssl.SSLError:
            raise
        except OSError:
            raise HungUp from None

    def left(self) -> float:
        """Seconds that are left, at least a tenth."""
        return max(0.1, self._until - time.monotonic())

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _answer(self, wire: socket.socket) -> Any:
        head = b""
        while True:
            if time.monotonic() > self._until:
                raise TimeoutError
            wire.settimeout(self.left())
            came = wire.recv(_READ)
            if not came:
                raise HungUp
            if len(head) < 16:
                head += came[:16]
            if head[0] == _ALERT and len(head) > 1 and head[1] == 3:
                raise HungUp
            try:
                answers = self._protocol.receive_bytes(came)
            except Exception:  # bytes of anybody, read by tables
                raise Faulty(faults.not_kafka(_looks_like(head))) from None
            if answers:
                return answers[0][1]

    def _open(self) -> socket.socket:
        assert self._socket is not None, "connect() first"
        return self._socket

    def _fresh(self) -> KafkaProtocol:
        return KafkaProtocol(client_id=self._client_id, receive_message_max_bytes=LARGEST)


def split(address: str) -> tuple[str, int]:
    """The host without brackets, and the port."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def joined(host: str, port: int) -> str:
    """``host:port``, as a bootstrap has it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _looks_like(head: bytes) -> str:
    for mark, name in ((b"HTTP/", "HTTP"), (b"SSH-", "SSH"), (b"220 ", "mail or FTP")):
        if head.startswith(mark):
            return f" but {name}"
    return ""
