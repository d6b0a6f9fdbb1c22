"""What can be wrong on the way to Kafka, each as one line: what, at which address, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from streams.errors import ClusterError

AT: Final = "{at}"
"""Where the address goes in what a fault says."""
_K: Final = "TOUCHLINE_KAFKA__"
_PROTOCOL: Final = f"{_K}SECURITY_PROTOCOL"
_BOOTSTRAP: Final = f"{_K}BOOTSTRAP"


class Kind(StrEnum):
    """What is wrong; the later, the further the way was gone."""

    UNKNOWN_HOST = "unknown_host"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    SILENT = "silent"
    NOT_KAFKA = "not_kafka"
    TLS_PORT = "tls_port"
    PLAIN_PORT = "plain_port"
    TLS = "tls"
    UNTRUSTED = "untrusted"
    OUTDATED = "outdated"
    OTHER_NAME = "other_name"
    CERTIFICATE_WANTED = "certificate_wanted"
    CERTIFICATE_REFUSED = "certificate_refused"
    HANGS_UP = "hangs_up"
    VERSION = "version"
    LOGIN_WANTED = "login_wanted"
    NO_LOGIN = "no_login"
    MECHANISM = "mechanism"
    TOKEN = "token"
    LOGIN = "login"
    ADVERTISED = "advertised"


_FAR: Final = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. ``says`` has ``{at}`` where the address goes; no secret is in it."""

    kind: Kind
    says: str
    do: str

    def line(self, at: str) -> str:
        """What is wrong at these addresses and what to do, in one line."""
        return f"{self.says.replace(AT, at)}: {self.do}" if self.do else self.says

    @property
    def far(self) -> int:
        """How far the way was gone: what was wrong further on says more."""
        return _FAR[self.kind]


class Faulty(Exception):
    """A step of the way failed; carries its fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.says)
        self.fault = fault


class Unreachable(ClusterError):
    """Kafka cannot be worked with; the message says why, where and what to do. ``kind`` is the
    fault's."""

    def __init__(self, line: str, kind: Kind) -> None:
        super().__init__(line)
        self.kind = kind


# -- the connection ---------------------------------------------------------------------


def unknown_host() -> Fault:
    return Fault(
        Kind.UNKNOWN_HOST,
        "no Kafka answers at {at}: unknown host",
        f"check the name in {_BOOTSTRAP}, and that this machine can look it up (DNS)",
    )


def nothing_listens() -> Fault:
    return Fault(
        Kind.REFUSED,
        "no Kafka answers at {at}: nothing listens there",
        f"check {_BOOTSTRAP} and whether the broker runs, or start a local broker with "
        "`touchline kafka`",
    )


def unreachable(why: str) -> Fault:
    return Fault(
        Kind.UNREACHABLE,
        f"no Kafka answers at {AT}: {why}",
        f"check {_BOOTSTRAP}, and the network and firewall on the way there",
    )


def silent(seconds: float) -> Fault:
    return Fault(
        Kind.SILENT,
        f"no Kafka answers at {AT}: it is connected to, and silent for {seconds:.0f} s",
        f"check that {_BOOTSTRAP} is a Kafka listener, and the broker's log",
    )


def not_kafka(what: str) -> Fault:
    return Fault(
        Kind.NOT_KAFKA,
        f"what answers at {AT} is not Kafka{what}",
        f"check host and port in {_BOOTSTRAP}",
    )


def hangs_up(when: str) -> Fault:
    return Fault(
        Kind.HANGS_UP,
        f"Kafka at {AT} hangs up {when}",
        f"check {_PROTOCOL} and {_BOOTSTRAP}, and the broker's log, which says why",
    )


# -- TLS --------------------------------------------------------------------------------


def speaks_tls(sasl: bool) -> Fault:
    protocol = "SASL_SSL" if sasl else "SSL (SASL_SSL with a login)"
    return Fault(
        Kind.TLS_PORT,
        "Kafka at {at} speaks TLS, and plain text is set",
        f"set {_PROTOCOL} to {protocol}, or the port of its plain listener in {_BOOTSTRAP}",
    )


def speaks_plain(sasl: bool) -> Fault:
    protocol = "SASL_PLAINTEXT" if sasl else "PLAINTEXT (SASL_PLAINTEXT with a login)"
    return Fault(
        Kind.PLAIN_PORT,
        "Kafka at {at} speaks plain text, and TLS is set",
        f"set the port of its TLS listener in {_BOOTSTRAP}, or {_PROTOCOL} to {protocol}",
    )


def untrusted(why: str) -> Fault:
    return Fault(
        Kind.UNTRUSTED,
        f"the certificate of Kafka at {AT} is not trusted ({why})",
        f"set {_K}SSL_CAFILE to the PEM file of the authority that signed it",
    )


def expired(when: str) -> Fault:
    return Fault(
        Kind.OUTDATED,
        f"the certificate of Kafka at {AT} has expired{when}",
        "renew it at the broker (or set this machine's clock right)",
    )


def not_yet_valid(when: str) -> Fault:
    return Fault(
        Kind.OUTDATED,
        f"the certificate of Kafka at {AT} is not valid yet{when}",
        "set this machine's clock right, or renew the certificate at the broker",
    )


def other_name(names: str) -> Fault:
    return Fault(
        Kind.OTHER_NAME,
        f"the certificate of Kafka at {AT} is not for that name{names}",
        f"use a name that it has in {_BOOTSTRAP}, or issue it with this one (subjectAltName)",
    )


def certificate_wanted() -> Fault:
    return Fault(
        Kind.CERTIFICATE_WANTED,
        "Kafka at {at} lets in by a client certificate only, and none is set",
        f"set {_K}SSL_CERTFILE and {_K}SSL_KEYFILE",
    )


def certificate_refused(why: str) -> Fault:
    return Fault(
        Kind.CERTIFICATE_REFUSED,
        f"Kafka at {AT} refuses our certificate ({why})",
        f"{_K}SSL_CERTFILE must not be expired, and signed by an authority the broker trusts",
    )


def tls_fails(why: str) -> Fault:
    return Fault(
        Kind.TLS,
        f"TLS with Kafka at {AT} fails ({why})",
        f"check {_PROTOCOL}, and which TLS versions and ciphers the broker takes",
    )


# -- the login --------------------------------------------------------------------------


def login_wanted(offered: str, tls: bool) -> Fault:
    return Fault(
        Kind.LOGIN_WANTED,
        f"Kafka at {AT} lets in by a login only ({offered}), and none is set",
        f"set {_PROTOCOL} to {'SASL_SSL' if tls else 'SASL_PLAINTEXT'}, {_K}SASL_MECHANISM, and "
        "the user name, password or token it needs",
    )


def no_login(tls: bool) -> Fault:
    return Fault(
        Kind.NO_LOGIN,
        "Kafka at {at} takes no login, and one is set",
        f"set {_PROTOCOL} to {'SSL' if tls else 'PLAINTEXT'}, or the port of its listener that "
        f"takes a login in {_BOOTSTRAP}",
    )


def other_mechanism(mechanism: str, offered: str) -> Fault:
    return Fault(
        Kind.MECHANISM,
        f"Kafka at {AT} takes no login by {mechanism}, only by {offered}",
        f"set {_K}SASL_MECHANISM to what it takes, with the user name, password or token for that",
    )


def login_refused(mechanism: str, user: str | None, why: str) -> Fault:
    if mechanism == "OAUTHBEARER":
        return Fault(
            Kind.LOGIN,
            f"Kafka at {AT} refuses the token{why}",
            f"check what {_K}SASL_TOKEN_FILE or {_K}SASL_TOKEN_COMMAND gives: is it expired, of "
            "another issuer or for another audience?",
        )
    return Fault(
        Kind.LOGIN,
        f"Kafka at {AT} refuses the login of user {user} by {mechanism}{why}",
        f"check {_K}SASL_USERNAME and {_K}SASL_PASSWORD, and that the broker has this user for "
        f"{mechanism}",
    )


def no_token(told: str) -> Fault:
    """There is no token to log in with: ``told`` is a whole line already."""
    return Fault(Kind.TOKEN, told, "")


# -- the brokers ------------------------------------------------------------------------


def too_old(api: str, has: int, needed: int) -> Fault:
    return Fault(
        Kind.VERSION,
        f"Kafka at {AT} is too old: it speaks {api} up to version {has}, {needed} is needed",
        "upgrade the brokers (2.1 or newer)",
    )


def lacks(api: str) -> Fault:
    return Fault(
        Kind.VERSION,
        f"Kafka at {AT} does not speak {api}, which is needed",
        "upgrade the brokers (2.1 or newer), or use a Kafka that has transactions",
    )


def too_new(api: str, has: int, spoken: int) -> Fault:
    return Fault(
        Kind.VERSION,
        f"Kafka at {AT} is too new: it speaks {api} from version {has} on, this client up to "
        f"{spoken}",
        "install a newer version of Touchline",
    )


def advertised(nodes: str, why: str) -> Fault:
    return Fault(
        Kind.ADVERTISED,
        f"Kafka at {AT} answers, but names {nodes}, where it cannot be worked with ({why})",
        "set advertised.listeners of the broker to an address that is good from here, or make "
        "this one so",
    )
