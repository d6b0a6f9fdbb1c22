"""The way to one address, step by step: connect, TLS, versions, login, the brokers' addresses."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

from kafka.errors import KafkaError
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

from streams.engine.reaching import faults, tls
from streams.engine.reaching.faults import Faulty
from streams.engine.reaching.versions import misfit
from streams.engine.reaching.wire import HungUp, Wire, joined, split

Options = Mapping[str, Any]
"""Options of kafka-python's clients."""
Ranges = Mapping[int, tuple[int, int]]

CERTIFICATE: Final = "ssl_certfile"
"""The option that says whether we have a certificate of our own: its context does not tell."""
_SECOND_LOOK: Final = 2.0
_ROUNDS: Final = 8
"""Answers in a login, at most: SCRAM takes two."""
_UNSUPPORTED_VERSION, _UNSUPPORTED_MECHANISM, _ILLEGAL_STATE = 35, 33, 34
_OURS: Final = "setting TOUCHLINE_"
_NOBODY: Final = "?"
"""A mechanism that no broker has: it answers with those it takes."""


def probe(address: str, options: Options, seconds: float) -> dict[str, str]:
    """Go the whole way to an address; gives the brokers that it names, address by name.

    Raises :class:`Faulty` with the first step that failed.
    """
    with Wire(address, options.get("client_id", "touchline"), seconds) as wire:
        encrypt(wire, options)
        try:
            ranges = _versions(wire, options)
            fault = misfit(ranges)
            if fault is not None:
                raise Faulty(fault)
            if _sasl(options):
                _log_in(wire, options)
            return _brokers(wire, options, ranges)
        except ssl.SSLError as error:
            raise Faulty(tls.of_error(error, _has_certificate(options))) from None


def encrypt(wire: Wire, options: Options) -> None:
    """TLS, where it is set."""
    context: ssl.SSLContext | None = options.get("ssl_context")
    if not _tls(options) or context is None:
        return
    host, port = split(wire.address)
    try:
        wire.encrypt(context)
    except ssl.SSLCertVerificationError as error:
        left = min(_SECOND_LOOK, wire.left())
        raise Faulty(tls.of_verification(error, context, host, port, left)) from None
    except ssl.SSLError as error:
        if error.reason in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL"):  # an answer, not of TLS
            raise Faulty(_no_tls(wire, options)) from None
        raise Faulty(tls.of_error(error, _has_certificate(options))) from None
    except HungUp:
        raise Faulty(_no_tls(wire, options)) from None


def _no_tls(wire: Wire, options: Options) -> faults.Fault:
    """TLS was not answered: whether Kafka is there and speaks plain text."""
    try:
        _asked(wire.address, ApiVersionsRequest(version=0), {})
    except (Faulty, HungUp, ssl.SSLError) as error:
        if isinstance(error, Faulty) and error.fault.kind is faults.Kind.NOT_KAFKA:
            return error.fault
        return faults.hangs_up("when TLS is begun")
    return faults.speaks_plain(_sasl(options))


def _versions(wire: Wire, options: Options) -> Ranges:
    newest = ApiVersionsRequest(
        version=3, client_software_name="touchline", client_software_version="1"
    )
    try:
        answer = wire.ask(newest)
        if answer.error_code == _UNSUPPORTED_VERSION:
            answer = wire.ask(ApiVersionsRequest(version=0))
    except HungUp:
        raise Faulty(_hung_up_at_once(wire, options)) from None
    if answer.error_code:
        raise Faulty(faults.hangs_up(f"(error {answer.error_code} to its first request)"))
    return {one.api_key: (one.min_version, one.max_version) for one in answer.api_keys}


def _hung_up_at_once(wire: Wire, options: Options) -> faults.Fault:
    if _tls(options):  # of TLS 1.3 the broker looks at our certificate after we are through
        if _has_certificate(options):
            return faults.certificate_refused("it hangs up after it")
        return faults.certificate_wanted()
    host, port = split(wire.address)
    if tls.speaks_tls(host, port, min(_SECOND_LOOK, wire.left())):
        return faults.speaks_tls(_sasl(options))
    return faults.hangs_up("at the first request")


def _log_in(wire: Wire, options: Options) -> None:
    name: str = options["sasl_mechanism"]
    try:
        _shake_hands(wire, name, options)
        mechanism = get_sasl_mechanism(name)(host=wire.host, **options)
        for _ in range(_ROUNDS):
            answer = wire.ask(SaslAuthenticateRequest(mechanism.auth_bytes(), version=0))
            if answer.error_code:
                raise Faulty(_refused(name, options, answer.error_message))
            mechanism.receive(answer.auth_bytes)
            if mechanism.is_done():
                return
        raise Faulty(_refused(name, options, "it comes to no end"))
    except KafkaError as error:  # of our provider of tokens
        text = str(error)
        told = text[text.index(_OURS) :] if _OURS in text else text
        raise Faulty(faults.no_token(told)) from None
    except (ValueError, KeyError, UnicodeDecodeError):  # an answer that proves nothing
        raise Faulty(_refused(name, options, "it does not prove that it knows the user")) from None
    except HungUp:
        raise Faulty(_refused(name, options, "it hangs up")) from None


def _shake_hands(wire: Wire, name: str, options: Options) -> None:
    answer = wire.ask(SaslHandshakeRequest(mechanism=name, version=1))
    if answer.error_code == _ILLEGAL_STATE:
        raise Faulty(faults.no_login(_tls(options)))
    if answer.error_code == _UNSUPPORTED_MECHANISM or name not in answer.mechanisms:
        offered = ", ".join(sorted(answer.mechanisms)) or "none"
        raise Faulty(faults.other_mechanism(name, offered))
    if answer.error_code:
        raise Faulty(_refused(name, options, f"error {answer.error_code}"))


def _refused(name: str, options: Options, told: str | None) -> faults.Fault:
    """A login that is refused; what the broker tells, with no secret that it may repeat."""
    text = " ".join((told or "").split()).rstrip(".")
    password = options.get("sasl_plain_password")
    if password:
        text = text.replace(password, "***")
    why = f" ({text})" if text else ""
    return faults.login_refused(name, options.get("sasl_plain_username"), why)


def _brokers(wire: Wire, options: Options, ranges: Ranges) -> dict[str, str]:
    _, newest = ranges[MetadataRequest.API_KEY]
    version = min(newest, 5)
    try:
        answer = wire.ask(
            MetadataRequest(topics=[], allow_auto_topic_creation=False, version=version)
        )
    except HungUp:
        if not _sasl(options):
            offered = _offered(wire.address, options)
            if offered:
                raise Faulty(faults.login_wanted(offered, _tls(options))) from None
        raise Faulty(faults.hangs_up("when it is asked for its brokers")) from None
    return {f"broker {one.node_id}": joined(one.host, one.port) for one in answer.brokers}


def _offered(address: str, options: Options) -> str:
    """The mechanisms that a listener takes; empty where it takes no login."""
    try:
        answer = _asked(address, SaslHandshakeRequest(mechanism=_NOBODY, version=1), options)
    except (Faulty, HungUp, ssl.SSLError):
        return ""
    return ", ".join(sorted(answer.mechanisms))


def _asked(address: str, request: Any, options: Options) -> Any:
    """The answer to a request on a connection of its own."""
    with Wire(address, "touchline", _SECOND_LOOK) as wire:
        encrypt(wire, options)
        return wire.ask(request)


def _tls(options: Options) -> bool:
    return "SSL" in str(options.get("security_protocol", "")).split("_")


def _sasl(options: Options) -> bool:
    return str(options.get("security_protocol", "")).startswith("SASL")


def _has_certificate(options: Options) -> bool:
    return bool(options.get(CERTIFICATE))
