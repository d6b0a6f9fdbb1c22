"""A real broker with a listener of each kind, and servers that are no broker."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from streams.cluster.broker import LocalBroker
from streams.cluster.ports import free_ports
from tests.streams.secure.certificates import Authority, Signed

LISTENERS = {
    "certificate": "SSL",
    "tls": "SSL",
    "expired": "SSL",
    "password": "SASL_SSL",
    "login": "SASL_PLAINTEXT",
    "away": "PLAINTEXT",
}
"""With a client's certificate; without; whose own has expired; TLS and password; password alone;
plain, and named to clients as a port where nothing listens."""
_LOGIN = "org.apache.kafka.common.security"


def broker_of(
    directory: Path, authority: Authority, users: dict[str, str], relayed: str | None = None
) -> tuple[LocalBroker, dict[str, str]]:
    """A broker, not started, that takes PLAIN of these users and SCRAM; its addresses by name.

    To those who come by password it names itself ``relayed``, where that is given.
    """
    *taken, nothing = free_ports(len(LISTENERS) + 1)
    at = {name: f"127.0.0.1:{port}" for name, port in zip(LISTENERS, taken, strict=True)}
    named = {**at, "away": f"127.0.0.1:{nothing}", "password": relayed or at["password"]}
    known = " ".join(f'user_{name}="{password}"' for name, password in users.items())
    config = {
        "listeners": _listed(at),
        "advertised.listeners": _listed(named),
        "listener.security.protocol.map": ",".join(
            f"{name.upper()}:{protocol}" for name, protocol in LISTENERS.items()
        ),
        "listener.name.certificate.ssl.client.auth": "required",
        **keys_of("", directory, authority.sign("broker")),
        **keys_of("listener.name.expired.", directory, authority.expired("old broker")),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
    }
    for name in ("password", "login"):
        of = f"listener.name.{name}."
        config |= {
            f"{of}sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            f"{of}plain.sasl.jaas.config": f"{_LOGIN}.plain.PlainLoginModule required {known};",
            f"{of}scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
        }
    broker = LocalBroker(config=config)
    return broker, {**at, "closed": f"127.0.0.1:{nothing}"}


def _listed(at: dict[str, str]) -> str:
    return ",".join(f"{name.upper()}://{address}" for name, address in at.items())


def keys_of(of: str, directory: Path, signed: Signed) -> dict[str, str]:
    """Settings of a listener that shows this certificate."""
    store = directory / f"{signed.certificate.stem}.store.pem"  # Kafka wants both in one file
    store.write_text(signed.key.read_text() + signed.certificate.read_text())
    return {f"{of}ssl.keystore.type": "PEM", f"{of}ssl.keystore.location": str(store)}


@contextmanager
def answering(answer: bytes | None) -> Iterator[str]:
    """The address of a server that says this to whatever comes; nothing, ever, if ``None``."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    one, _ = server.accept()
                    kept.append(one)
                    if answer is not None:
                        one.recv(4096)
                        one.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        for one in kept:
            one.close()


class Relay:
    """A port that leads to ``target``; ``cut`` ends what is connected."""

    def __init__(self, target: str = "", host: str = "127.0.0.1") -> None:
        self.target = target
        self._server = socket.create_server((host, 0))
        self.address = f"{host}:{self._server.getsockname()[1]}"
        self._open: list[socket.socket] = []

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection there is; new ones are let through."""
        ended, self._open = self._open, []
        for one in ended:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                host, _, port = self.target.rpartition(":")
                try:
                    far = socket.create_connection((host, int(port)))
                except OSError:
                    near.close()
                    continue
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while came := one.recv(65_536):
            other.sendall(came)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
