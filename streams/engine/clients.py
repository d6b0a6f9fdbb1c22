"""Options that every Kafka client of ours shares: where Kafka is and how to be let in."""

from __future__ import annotations

import ssl
from typing import Any

from schemas.errors import OperatingError
from streams.settings import KafkaSettings, Settings


class NoBootstrap(OperatingError):
    """No Kafka address is set."""


def bootstrap_servers(settings: Settings) -> list[str]:
    """The broker addresses; raises :class:`NoBootstrap` where none is set."""
    if not settings.kafka.bootstrap:
        raise NoBootstrap(
            "no Kafka address: set TOUCHLINE_KAFKA__BOOTSTRAP=host:port, "
            "or start a local broker with `touchline kafka`"
        )
    return [address.strip() for address in settings.kafka.bootstrap.split(",")]


def ssl_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """The TLS context where the protocol asks for one."""
    if "SSL" not in kafka.security_protocol.split("_"):
        return None
    return ssl.create_default_context(cafile=str(kafka.ssl_cafile) if kafka.ssl_cafile else None)


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for any aiokafka client."""
    kafka = settings.kafka
    options: dict[str, Any] = {
        "bootstrap_servers": bootstrap_servers(settings),
        "client_id": settings.app_id,
        "security_protocol": kafka.security_protocol,
        "ssl_context": ssl_context(kafka),
    }
    if kafka.security_protocol.startswith("SASL"):
        assert kafka.sasl_password is not None
        options |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password.get_secret_value(),
        }
    return options


def admin_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for any kafka-python client, without the addresses."""
    options = client_options(settings)
    del options["bootstrap_servers"]
    return options
