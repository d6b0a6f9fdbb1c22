"""On a real Kafka that lets no stranger in: every client of ours logs in, and tells no secret."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from tests.streams.running import PARTITIONS, until, worker_process
from tests.streams.secure.broker import Ports, secure_broker, unsigned_token, write
from tests.streams.secure.certificates import Authority

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl"),
]
ROOT = Path(__file__).resolve().parents[3]
USER, PASSWORD, KEY_PASSWORD = "touchline", "password-s3cret", "key-s3cret"
SCRAM_PASSWORD = "scram-s3cret"
MARK = "s3cret"


@dataclass(frozen=True)
class House:
    """The broker and what is needed to be let in."""

    directory: Path
    authority: Authority
    ports: Ports
    token: str

    def ways(self) -> dict[str, dict[str, str]]:
        """Variables and, in lower case, secret files, by the way to be let in."""
        signed = self.authority.sign("worker")
        trusted = {"SSL_CAFILE": str(self.authority.certificate)}
        password = {**trusted, "SECURITY_PROTOCOL": "SASL_SSL", "SASL_USERNAME": USER}
        token = {"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_MECHANISM": "OAUTHBEARER"}
        at = {name: f"127.0.0.1:{port}" for name, port in self.ports._asdict().items()}
        file = str(write(self.directory / "token", self.token + "\n"))
        return {
            "certificate": {
                **trusted,
                "BOOTSTRAP": at["certificate"],
                "SECURITY_PROTOCOL": "SSL",
                "SSL_CERTFILE": str(signed.certificate),
                "SSL_KEYFILE": str(self.authority.encrypt(signed.key, KEY_PASSWORD)),
                "ssl_key_password": KEY_PASSWORD,
            },
            "password": {**password, "BOOTSTRAP": at["password"], "sasl_password": PASSWORD},
            "scram": {
                **password,
                "BOOTSTRAP": at["password"],
                "SASL_MECHANISM": "SCRAM-SHA-512",
                "sasl_password": SCRAM_PASSWORD,
            },
            "token file": {**token, "BOOTSTRAP": at["token"], "SASL_TOKEN_FILE": file},
            "token command": {
                **token,
                "BOOTSTRAP": at["token"],
                "sasl_token_command": f"cat '{file}'",
            },
        }

    def environment(self, name: str, **changes: str) -> dict[str, str]:
        """The variables of a way, its secrets in files."""
        given = {**self.ways()[name], **changes}
        secrets = self.directory / f"secrets of {name}"
        secrets.mkdir(exist_ok=True)
        for key, value in given.items():
            if key.islower():
                write(secrets / f"touchline_kafka__{key}", f"{value}\n")
        others = {key: value for key, value in os.environ.items() if "TOUCHLINE" not in key.upper()}
        return {
            **others,
            **{f"TOUCHLINE_KAFKA__{key}": given[key] for key in given if key.isupper()},
            "TOUCHLINE_SECRETS_DIR": str(secrets),
            "TOUCHLINE_PARTITIONS": str(PARTITIONS),
            "TOUCHLINE_APP_ID": f"secure-{name.replace(' ', '-')}",
            "TOUCHLINE_LOG_FORMAT": "json",
        }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    authority = Authority(directory)
    broker, ports = secure_broker(authority, {USER: PASSWORD})
    with broker:
        with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
            made = UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, SCRAM_PASSWORD)
            assert admin.alter_user_scram_credentials([made]) == {USER: None}
        yield House(directory, authority, ports, unsigned_token(USER))


def run(environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """A command of ours, which tells no secret."""
    line = [sys.executable, "-m", "streams.cli", *words]
    done = subprocess.run(
        line, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert MARK not in done.stdout + done.stderr
    return done


def good(environment: Mapping[str, str], *words: str) -> str:
    """What a command prints that goes well."""
    done = run(environment, *words)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


@pytest.mark.parametrize("way", ["certificate", "scram", "token command"])
def test_all_of_it_works(way: str, house: House, tmp_path: Path) -> None:
    """Topics, a worker with its transactions, producing, reading, examining."""
    environment = house.environment(way)
    good(environment, "topics")
    log = tmp_path / "log"
    with worker_process(environment, log):
        good(environment, "produce", str(ROOT / "docs/events.jsonl"))
        until(lambda: run(environment, "state", "c-000042").returncode == 0, "the customer")
        doctor = until(lambda: _well(run(environment, "doctor")), "nothing to be wrong")
        for process in [each for each in psutil.process_iter() if each.ppid() == os.getpid()]:
            for one in [process, *process.children(recursive=True)]:
                assert MARK not in " ".join(one.cmdline())
    assert "1 worker, " in doctor
    good(environment, "dead-letters", "list")
    assert MARK not in log.read_text()


def _well(done: subprocess.CompletedProcess[str]) -> str | None:
    return done.stdout if done.returncode == 0 else None


@pytest.mark.parametrize("way", ["password", "token file"])
def test_it_is_let_in(way: str, house: House) -> None:
    good(house.environment(way), "topics")


@pytest.mark.parametrize(
    ("way", "changes", "told"),
    [
        ("password", {"sasl_password": f"wrong-{MARK}"}, "check TOUCHLINE_KAFKA__SASL_USERNAME"),
        ("token file", {"SASL_TOKEN_FILE": "/no/s3cret"}, "SASL_TOKEN_FILE: the file cannot be"),
        ("certificate", {"SSL_CERTFILE": "", "SSL_KEYFILE": ""}, "by a client certificate only"),
        ("password", {"SSL_CAFILE": ""}, "is not trusted (unable to get"),
        ("certificate", {"SECURITY_PROTOCOL": "PLAINTEXT"}, "speaks TLS, and plain text is set"),
    ],
)
def test_who_is_not_let_in_is_told_why_in_one_line(
    way: str, changes: dict[str, str], told: str, house: House
) -> None:
    done = run(house.environment(way, **changes), "doctor")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert told in line


def test_the_marketing_example_logs_in(house: House, tmp_path: Path) -> None:
    good(house.environment("password"), "topics")
    given = house.ways()["password"]
    line = [
        *(sys.executable, str(ROOT / "examples/marketing_consumer.py")),
        *("--bootstrap", given["BOOTSTRAP"], "--db", str(tmp_path / "db"), "--seconds", "8"),
        *("--security-protocol", "SASL_SSL", "--cafile", given["SSL_CAFILE"]),
        *(
            "--username",
            USER,
            "--password-file",
            str(write(tmp_path / "password", PASSWORD + "\n")),
        ),
    ]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f"reading  {PARTITIONS} partitions" in done.stdout
    assert MARK not in done.stdout + done.stderr
