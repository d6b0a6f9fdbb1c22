"""A real broker with listeners that want a certificate, a password or a token."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import NamedTuple

from streams.cluster.broker import LocalBroker
from streams.cluster.ports import free_ports
from tests.streams.secure.certificates import Authority

_LOGIN = "org.apache.kafka.common.security"


class Ports(NamedTuple):
    """The listeners: TLS with a client's certificate; TLS and password; token alone."""

    certificate: int
    password: int
    token: int


def secure_broker(authority: Authority, users: dict[str, str]) -> tuple[LocalBroker, Ports]:
    """A broker, not started, whose listeners are at these ports of 127.0.0.1.

    It takes PLAIN of these users, and tokens that nobody has signed.
    """
    ports = Ports(*free_ports(3))
    server = authority.sign("broker")
    store = server.key.with_name("broker.store.pem")  # Kafka wants PKCS 8 and the chain in one
    store.write_text(server.key.read_text() + server.certificate.read_text())
    listeners = ",".join(
        f"{name.upper()}://127.0.0.1:{port}" for name, port in ports._asdict().items()
    )
    taken = " ".join(f'user_{name}="{password}"' for name, password in users.items())
    config = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "CERTIFICATE:SSL,PASSWORD:SASL_SSL,TOKEN:SASL_PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
        "listener.name.certificate.ssl.client.auth": "required",
        "listener.name.password.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.password.plain.sasl.jaas.config": (
            f"{_LOGIN}.plain.PlainLoginModule required {taken};"
        ),
        "listener.name.password.scram-sha-512.sasl.jaas.config": (
            f"{_LOGIN}.scram.ScramLoginModule required;"
        ),
        "listener.name.token.sasl.enabled.mechanisms": "OAUTHBEARER",
        "listener.name.token.oauthbearer.sasl.jaas.config": (
            f"{_LOGIN}.oauthbearer.OAuthBearerLoginModule required "
            'unsecuredLoginStringClaim_sub="broker";'
        ),
    }
    return LocalBroker(config=config), ports


def unsigned_token(subject: str, seconds: float = 3600.0) -> str:
    """A token as the broker's validator for developers takes it."""
    now = time.time()
    claims = {"sub": subject, "iat": now - 60, "exp": now + seconds}
    parts = [{"alg": "none"}, claims]
    return ".".join([*(_segment(part) for part in parts), ""])


def _segment(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def write(path: Path, text: str) -> Path:
    """The path, with this text in it."""
    path.write_text(text)
    return path
