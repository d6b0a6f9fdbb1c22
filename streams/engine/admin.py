"""Opening kafka-python's admin client; why it could not be is said in one line."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

from streams.errors import ClusterError

_CONNECT_SECONDS: Final = 5.0
_REFUSED: Final = (
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
    IllegalSaslStateError,
)
_SETTING: Final = "setting TOUCHLINE_"
_PROTOCOL: Final = "check TOUCHLINE_KAFKA__SECURITY_PROTOCOL"
_LOGIN: Final = (
    f"{_PROTOCOL}, TOUCHLINE_KAFKA__SASL_MECHANISM and the user name, password or token it needs"
)
_TLS: Final = (
    f"{_PROTOCOL}, and the certificates in TOUCHLINE_KAFKA__SSL_CAFILE and "
    "TOUCHLINE_KAFKA__SSL_CERTFILE"
)
_ADDRESS: Final = (
    "check TOUCHLINE_KAFKA__BOOTSTRAP and TOUCHLINE_KAFKA__SECURITY_PROTOCOL, or start a local "
    "broker with `touchline kafka`"
)


def open_admin(options: Mapping[str, Any], answer_ms: int) -> KafkaAdminClient:
    """An admin client of these options of kafka-python, connected within ``answer_ms``.

    Raises :class:`ClusterError` where no address answers, or Kafka lets nobody in.
    """
    servers: list[str] = options["bootstrap_servers"]
    where = ",".join(servers)
    if not any(_listens(server) for server in servers):
        raise ClusterError(f"no Kafka answers at {where}: nothing listens there; {_ADDRESS}")
    with _heard() as told:
        try:
            return KafkaAdminClient(**{**options, "bootstrap_timeout_ms": answer_ms})
        except KafkaError as error:
            sasl = str(options.get("security_protocol")).startswith("SASL")
            raise ClusterError(_why(where, [*told, error], sasl)) from None


def plain(error: BaseException) -> str:
    """The kind and the text of one of Kafka's errors, on one line and each once."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return text if name in text else f"{name}: {text}".removesuffix(": ")


def _listens(server: str) -> bool:
    """Asked first: it takes a moment, and an admin client that finds nobody leaks its socket."""
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, ValueError):
        return False
    return True


def _why(where: str, told: list[BaseException], sasl: bool) -> str:
    """Of all that went wrong, what says most, and what to do about it."""
    refused = [error for error in told if isinstance(error, _REFUSED)]
    if refused:
        text = plain(refused[-1])
        if _SETTING in text:  # our own words: there is no token to log in with
            return text[text.index(_SETTING) :]
        return f"Kafka at {where} refuses the login ({text}): {_LOGIN}"
    tls = [error for error in told if "[SSL" in str(error)]
    if tls:
        return f"TLS with Kafka at {where} fails ({plain(tls[-1])}): {_TLS}"
    if any("disconnected" in str(error) for error in told):  # also after a login it refuses
        return f"Kafka at {where} hangs up: {_LOGIN if sasl else _PROTOCOL}"
    return f"no Kafka answers at {where} ({plain(told[-1])}): {_ADDRESS}"


class _Ear(logging.Handler):
    def __init__(self, told: list[BaseException]) -> None:
        super().__init__(logging.WARNING)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple):
            self._told += [each for each in record.args if isinstance(each, BaseException)]


@contextmanager
def _heard() -> Iterator[list[BaseException]]:
    """The errors that kafka-python logs meanwhile: what it raises in the end is a timeout."""
    told: list[BaseException] = []
    ear, logger = _Ear(told), logging.getLogger("kafka.net")
    logger.addHandler(ear)
    try:
        yield told
    finally:
        logger.removeHandler(ear)
