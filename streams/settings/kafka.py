"""How to reach Kafka and how to be let in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr, field_validator, model_validator

from streams.settings.sections import SECTION

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+._-]*://")
_NOT_THERE: Final = {
    "AWS_MSK_IAM": (
        "AWS_MSK_IAM is not spoken: set OAUTHBEARER, and TOUCHLINE_KAFKA__SASL_TOKEN_COMMAND to a "
        "command that prints a token of aws-msk-iam-sasl-signer; or SCRAM-SHA-512"
    ),
    "GSSAPI": "GSSAPI (Kerberos) is not spoken: use SCRAM-SHA-512, OAUTHBEARER or certificates",
}


def addresses(bootstrap: str) -> list[str]:
    """The addresses of a bootstrap, ``host:port`` each.

    Raises ``ValueError`` saying what is wrong; never with what may be a password in it.
    """
    parts = [part.strip() for part in bootstrap.split(",")]
    return [_address(part, nth) for nth, part in enumerate(filter(None, parts), 1)]


def _address(given: str, nth: int) -> str:
    scheme = _SCHEME.match(given)
    if scheme is not None:
        raise ValueError(f"an address is host:port, without {scheme[0]}")
    if "@" in given:
        raise ValueError(
            "an address is host:port, without a user name or password before an @; they go into "
            "TOUCHLINE_KAFKA__SASL_USERNAME and TOUCHLINE_KAFKA__SASL_PASSWORD"
        )
    host, colon, port = given.rpartition(":")
    if not colon:
        raise ValueError(f"an address is host:port; number {nth} has no port, as in kafka:9092")
    inside = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not inside or re.search(r"[\s/\[\]]", inside) or (inside == host and ":" in host):
        raise ValueError("an address is host:port; an IPv6 host stands in brackets: [::1]:9092")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ValueError(f"the port of address {nth} must be a number from 1 to 65535")
    return given


def _no_contents(path: Path) -> Path:
    text = str(path)
    if "\n" in text or "-----BEGIN" in text or text.startswith("eyJ"):
        raise ValueError("must be the path of a file, not what is in it")
    return path


SecretPath = Annotated[Path, AfterValidator(_no_contents)]
"""A file beside secrets: what was given is never shown in an error, it may be what is in it."""


class KafkaSettings(BaseModel):
    """How to reach Kafka. ``bootstrap`` is one or more ``host:port``, with commas between.

    A fetch is answered when there is anything, after ``fetch_wait_ms`` at the latest; the next one
    is sent ``fetch_pause_ms`` after it was, at the soonest.
    """

    model_config = SECTION

    bootstrap: str | None = Field(
        default=None, repr=False, description="Kafka's addresses: host:port, more with commas"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="with or without TLS (SSL) and a login (SASL)"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = Field(
        default="PLAIN", description="how to log in, where the protocol has SASL in it"
    )
    sasl_username: str | None = Field(default=None, description="user name of PLAIN and SCRAM")
    sasl_password: SecretStr | None = Field(default=None, description="password of PLAIN and SCRAM")
    sasl_token_file: SecretPath | None = Field(
        default=None,
        repr=False,
        description="OAUTHBEARER: file with the token, read anew at every connection",
    )
    sasl_token_command: SecretStr | None = Field(
        default=None,
        description="OAUTHBEARER: command that prints the token; run without a shell, within 20 s",
    )
    ssl_cafile: SecretPath | None = Field(
        default=None,
        repr=False,
        description="PEM file of the authorities that are trusted; default: the system's",
    )
    ssl_certfile: SecretPath | None = Field(
        default=None, repr=False, description="PEM file of our certificate, with its chain"
    )
    ssl_keyfile: SecretPath | None = Field(
        default=None,
        repr=False,
        description="PEM file of our certificate's key; default: it is in SSL_CERTFILE",
    )
    ssl_key_password: SecretStr | None = Field(
        default=None, description="password of an encrypted SSL_KEYFILE"
    )
    replication: int = Field(default=1, ge=1, le=7, description="copies of each topic that is made")
    min_insync_replicas: int = Field(
        default=1, ge=1, le=7, description="copies that must have a record before it counts"
    )
    session_timeout_seconds: float = Field(
        default=10.0,
        ge=2.0,
        le=300.0,
        description="silence after which a worker's partitions go to the others",
    )
    heartbeat_seconds: float = Field(
        default=1.0, gt=0.0, le=60.0, description="how often a worker says that it lives"
    )
    fetch_wait_ms: int = Field(
        default=100, ge=1, le=500, description="longest wait of the broker where nothing is new"
    )
    fetch_pause_ms: int = Field(
        default=5, ge=0, le=500, description="shortest time from one fetch to the next"
    )
    retry_backoff_ms: int = Field(
        default=5, ge=1, le=1000, description="wait before a transaction's request is sent again"
    )
    compression: Literal["gzip", "lz4", "zstd", "snappy"] | None = Field(
        default=None, description="compression of what workers write"
    )

    @field_validator("bootstrap")
    @classmethod
    def _addresses(cls, given: str | None) -> str | None:
        return given and ",".join(addresses(given))

    @field_validator("sasl_mechanism", mode="before")
    @classmethod
    def _spoken(cls, given: Any) -> Any:
        why = _NOT_THERE.get(given.upper()) if isinstance(given, str) else None
        if why is not None:
            raise ValueError(why)
        return given

    @model_validator(mode="after")
    def _coherent(self) -> KafkaSettings:
        if self.min_insync_replicas > self.replication:
            raise ValueError(
                "TOUCHLINE_KAFKA__MIN_INSYNC_REPLICAS must not exceed TOUCHLINE_KAFKA__REPLICATION"
            )
        if self.security_protocol.startswith("SASL"):
            self._can_log_in()
        if self.ssl_keyfile is not None and self.ssl_certfile is None:
            raise ValueError(
                "TOUCHLINE_KAFKA__SSL_KEYFILE is of no use without TOUCHLINE_KAFKA__SSL_CERTFILE"
            )
        return self

    def _can_log_in(self) -> None:
        if self.sasl_mechanism == "OAUTHBEARER":
            if (self.sasl_token_file is None) == (self.sasl_token_command is None):
                raise ValueError(
                    "OAUTHBEARER needs either TOUCHLINE_KAFKA__SASL_TOKEN_FILE or "
                    "TOUCHLINE_KAFKA__SASL_TOKEN_COMMAND"
                )
        elif not (self.sasl_username and self.sasl_password):
            raise ValueError(
                f"{self.security_protocol} with {self.sasl_mechanism} needs "
                "TOUCHLINE_KAFKA__SASL_USERNAME and TOUCHLINE_KAFKA__SASL_PASSWORD"
            )
