"""Each way not to reach Kafka, on a real broker: one line says what is wrong and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from streams.engine.clients import blocking_client_options
from streams.engine.reaching.faults import Kind
from streams.engine.reaching.look import look
from streams.settings import KafkaSettings, Settings
from tests.streams.engine.reaching.listeners import Relay, answering, broker_of
from tests.streams.secure.certificates import Authority

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl"),
]
USER, PASSWORD, SCRAM_PASSWORD = "touchline", "right-s3cret", "scram-s3cret"
MARK = "s3cret"


@dataclass(frozen=True)
class House:
    """A broker's addresses by the name of its listener, and what is needed to be let in."""

    at: dict[str, str]
    authority: Authority
    stranger: Authority

    def settings(self, listener: str, **changes: Any) -> Settings:
        """What is right for a listener, but for the changes; ``None`` takes a setting away."""
        given: dict[str, Any] = {"bootstrap": self.at.get(listener, listener)}
        trusted = {"ssl_cafile": self.authority.certificate}
        if listener in ("certificate", "tls", "expired"):
            given |= {"security_protocol": "SSL", **trusted}
        if listener == "certificate":
            signed = self.authority.sign("worker")
            given |= {"ssl_certfile": signed.certificate, "ssl_keyfile": signed.key}
        if listener in ("password", "login"):
            protocol = "SASL_SSL" if listener == "password" else "SASL_PLAINTEXT"
            given |= {"security_protocol": protocol, "sasl_mechanism": "SCRAM-SHA-512"}
            given |= {"sasl_username": USER, "sasl_password": SCRAM_PASSWORD, **trusted}
        given |= changes
        kept = {key: value for key, value in given.items() if value is not None}
        return Settings(app_id="reaching", kafka=KafkaSettings(**kept))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    authority, stranger = Authority(directory), Authority(directory, "stranger")
    broker, at = broker_of(directory, authority, {USER: PASSWORD})
    with broker:
        with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
            made = UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, SCRAM_PASSWORD)
            assert admin.alter_user_scram_credentials([made]) == {USER: None}
        yield House({**at, "plain": broker.bootstrap}, authority, stranger)


def told(settings: Settings) -> tuple[Kind, str]:
    """What is wrong and the line that says it."""
    why = look(blocking_client_options(settings), 4.0).why()
    assert why is not None
    assert MARK not in str(why)
    assert "\n" not in str(why)
    return why.kind, str(why)


@pytest.mark.parametrize("listener", ["plain", "tls", "certificate", "password", "login"])
def test_nothing_is_wrong_with_the_right_settings(listener: str, house: House) -> None:
    sight = look(blocking_client_options(house.settings(listener)), everywhere=True)
    assert sight.why() is None
    assert sight.remarks() == []
    assert list(sight.brokers) == ["broker 1"]


CASES: list[tuple[str, dict[str, Any], Kind, str]] = [
    ("password", {"sasl_password": f"wrong-{MARK}"}, Kind.LOGIN,
     "refuses the login of user touchline by SCRAM-SHA-512 ("),
    ("login", {"sasl_password": f"wrong-{MARK}"}, Kind.LOGIN, "check TOUCHLINE_KAFKA__SASL_USERN"),
    ("login", {"sasl_mechanism": "PLAIN"}, Kind.LOGIN, "of user touchline by PLAIN ("),
    ("password", {"sasl_username": "nobody"}, Kind.LOGIN, "refuses the login of user nobody by"),
    ("password", {"sasl_mechanism": "SCRAM-SHA-256"}, Kind.MECHANISM,
     "takes no login by SCRAM-SHA-256, only by PLAIN, SCRAM-SHA-512: set TOUCHLINE_KAFKA__SASL_M"),
    ("password", {"security_protocol": "SSL"}, Kind.LOGIN_WANTED,
     "by a login only (PLAIN, SCRAM-SHA-512), and none is set: set TOUCHLINE_KAFKA__SECURITY_PROT"
     "OCOL to SASL_SSL"),
    ("login", {"security_protocol": "PLAINTEXT"}, Kind.LOGIN_WANTED, "to SASL_PLAINTEXT, TOUCHL"),
    ("plain", {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "a", "sasl_password": "b"},
     Kind.NO_LOGIN, "takes no login, and one is set: set TOUCHLINE_KAFKA__SECURITY_PROTOCOL to PL"),
    ("plain", {"security_protocol": "SSL"}, Kind.PLAIN_PORT, "speaks plain text, and TLS is set"),
    ("login", {"security_protocol": "SASL_SSL"}, Kind.PLAIN_PORT, "to SASL_PLAINTEXT"),
    ("tls", {"security_protocol": "PLAINTEXT"}, Kind.TLS_PORT, "to SSL (SASL_SSL with a login)"),
    ("certificate", {"security_protocol": "PLAINTEXT"}, Kind.TLS_PORT, "speaks TLS, and plain te"),
    ("password", {"security_protocol": "SASL_PLAINTEXT"}, Kind.TLS_PORT, "to SASL_SSL, or the "),
    ("password", {"ssl_cafile": None}, Kind.UNTRUSTED,
     "is not trusted (unable to get local issuer certificate): set TOUCHLINE_KAFKA__SSL_CAFILE"),
    ("expired", {}, Kind.OUTDATED, "has expired (on "),
    ("certificate", {"ssl_certfile": None, "ssl_keyfile": None}, Kind.CERTIFICATE_WANTED,
     "none is set: set TOUCHLINE_KAFKA__SSL_CERTFILE and"),
    ("nowhere.invalid:9092", {}, Kind.UNKNOWN_HOST, "no Kafka answers at nowhere.invalid:9092: un"),
    ("closed", {}, Kind.REFUSED, "nothing listens there: check TOUCHLINE_KAFKA__BOOTSTRAP"),
    ("closed", {"security_protocol": "SSL"}, Kind.REFUSED, "nothing listens there"),
    ("away", {}, Kind.ADVERTISED, "names broker 1 as 127.0.0.1:"),
]  # fmt: skip


@pytest.mark.parametrize(("listener", "changes", "kind", "words"), CASES)
def test_what_is_wrong_is_told(
    listener: str, changes: dict[str, Any], kind: Kind, words: str, house: House
) -> None:
    settings = house.settings(listener, **changes)
    found, line = told(settings)
    assert found is kind, line
    assert words in line
    assert settings.kafka.bootstrap is not None
    assert settings.kafka.bootstrap in line


@pytest.mark.parametrize("expired", [False, True])
def test_a_certificate_of_ours_that_the_broker_does_not_take(expired: bool, house: House) -> None:
    signed = house.authority.expired("ours") if expired else house.stranger.sign("of another")
    given = {"ssl_certfile": signed.certificate, "ssl_keyfile": signed.key}
    kind, line = told(house.settings("certificate", **given))
    assert kind is Kind.CERTIFICATE_REFUSED
    assert "TOUCHLINE_KAFKA__SSL_CERTFILE must not be expired" in line


def test_a_name_that_is_not_in_the_certificate(house: House) -> None:
    with Relay(house.at["tls"], "127.0.0.2") as relay:
        kind, line = told(house.settings("tls", bootstrap=relay.address))
    assert kind is Kind.OTHER_NAME
    assert "is not for that name, but for 127.0.0.1, localhost: use a name that it has" in line


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_a_server_that_never_answers(protocol: str, house: House) -> None:
    with answering(None) as address:
        kind, line = told(house.settings(address, security_protocol=protocol))
    assert kind is Kind.SILENT
    assert "connected to, and silent for 4 s: check that TOUCHLINE_KAFKA__BOOTSTRAP" in line


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not Kafka but HTTP"),
        (b"\x00\x00\x00\x06\x00\x00\x00\x01\xff\xff", "is not Kafka"),
        (bytes(range(200, 256)) * 9, "is not Kafka"),
    ],
)
def test_a_server_that_is_no_kafka(protocol: str, answer: bytes, what: str, house: House) -> None:
    with answering(answer) as address:
        kind, line = told(house.settings(address, security_protocol=protocol))
    assert kind is Kind.NOT_KAFKA, line
    assert what in line


def test_one_address_of_several_is_enough_and_the_others_are_remarks(house: House) -> None:
    several = ",".join([house.at["closed"], house.at["plain"], "nowhere.invalid:1"])
    options = blocking_client_options(house.settings(several))
    assert look(options).why() is None
    sight = look(options, everywhere=True)
    assert sight.why() is None
    assert [line.partition(": check")[0] for line in sight.remarks()] == [
        f"no Kafka answers at {house.at['closed']}: nothing listens there",
        "no Kafka answers at nowhere.invalid:1: unknown host",
    ]


def test_of_several_faults_the_one_that_lies_furthest_on_is_told(house: House) -> None:
    several = ",".join([house.at["closed"], house.at["login"], "nowhere.invalid:1"])
    kind, line = told(house.settings("login", bootstrap=several, sasl_username="nobody"))
    assert kind is Kind.LOGIN
    assert f"Kafka at {house.at['login']} refuses" in line


@pytest.mark.parametrize("words", [("doctor",), ("topics",), ("worker",), ("state", "c-000001")])
def test_a_command_tells_it_in_one_line(words: tuple[str, ...], house: House) -> None:
    given = {
        "BOOTSTRAP": house.at["password"],
        "SECURITY_PROTOCOL": "SASL_SSL",
        "SASL_MECHANISM": "SCRAM-SHA-512",
        "SASL_USERNAME": USER,
        "SASL_PASSWORD": f"wrong-{MARK}",
        "SSL_CAFILE": str(house.authority.certificate),
    }
    others = {key: value for key, value in os.environ.items() if "TOUCHLINE" not in key.upper()}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", *words],
        env={**others, **{f"TOUCHLINE_KAFKA__{key}": value for key, value in given.items()}},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    print(words, round(time.monotonic() - began, 1))
    assert done.returncode == 1
    assert MARK not in done.stdout + done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith(
        f"touchline: Kafka at {house.at['password']} refuses the login of user touchline by SCRAM"
    )
