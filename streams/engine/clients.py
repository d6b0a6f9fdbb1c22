"""Options that every Kafka client of ours shares: where Kafka is and how to be let in."""

from __future__ import annotations

from typing import Any

from schemas.errors import OperatingError
from streams.engine.client.connecting import log_in_quickly
from streams.engine.client.writing import break_closed_connections
from streams.engine.tls import ssl_context
from streams.engine.tokens import BlockingProvider, Provider, tokens_of
from streams.settings import Settings, addresses


class NoBootstrap(OperatingError):
    """No Kafka address is set."""


def bootstrap_servers(settings: Settings) -> list[str]:
    """The broker addresses; raises :class:`NoBootstrap` where none is set."""
    if not settings.kafka.bootstrap:
        raise NoBootstrap(
            "no Kafka address: set TOUCHLINE_KAFKA__BOOTSTRAP=host:port, "
            "or start a local broker with `touchline kafka`"
        )
    return addresses(settings.kafka.bootstrap)


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for any aiokafka client.

    Raises :class:`NoBootstrap`, and :class:`SettingError` where a file of TLS does not serve.
    """
    break_closed_connections()
    options = _options(settings, held=True)
    mechanism = str(options.get("sasl_mechanism"))
    if mechanism.startswith("SCRAM"):
        log_in_quickly()
    if mechanism == "OAUTHBEARER":
        options["sasl_oauth_token_provider"] = Provider(tokens_of(settings.kafka))
    return options


def blocking_client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for any kafka-python client; raises as :func:`client_options` does."""
    options = _options(settings, held=False)
    if options.get("sasl_mechanism") == "OAUTHBEARER":
        options["sasl_oauth_token_provider"] = BlockingProvider(tokens_of(settings.kafka))
    if settings.kafka.ssl_certfile is not None:  # it is in the context; this only tells of it
        options["ssl_certfile"] = str(settings.kafka.ssl_certfile)
    return options


def _options(settings: Settings, *, held: bool) -> dict[str, Any]:
    kafka = settings.kafka
    options: dict[str, Any] = {
        "bootstrap_servers": bootstrap_servers(settings),
        "client_id": settings.app_id,
        "security_protocol": kafka.security_protocol,
        "ssl_context": ssl_context(kafka, held=held),
    }
    if kafka.security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = kafka.sasl_mechanism
        if kafka.sasl_mechanism != "OAUTHBEARER":
            assert kafka.sasl_password is not None
            options["sasl_plain_username"] = kafka.sasl_username
            options["sasl_plain_password"] = kafka.sasl_password.get_secret_value()
    return options
