"""A worker whose way to Kafka is barred while it runs: says why, and goes on once it is mended."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from streams.topics.ensure import ensure_topics
from tests.streams.engine.reaching.listeners import Relay, broker_of
from tests.streams.running import PARTITIONS, balance, got, produce, until, worker_process
from tests.streams.secure.certificates import Authority

pytestmark = [
    pytest.mark.live,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl"),
]
USER, PASSWORD = "touchline", "right-s3cret"
APP = "barred"


@dataclass(frozen=True)
class Barred:
    """A broker that can be barred, and the relay by which its clients come."""

    directory: Path
    authority: Authority
    bootstrap: str
    relay: Relay

    def password(self, password: str) -> None:
        """What the user's password is from now on; whoever is in has to log in anew."""
        changed = UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, password)
        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            assert admin.alter_user_scram_credentials([changed]) == {USER: None}
        self.relay.cut()

    def environment(self) -> dict[str, str]:
        """A worker's variables."""
        given = {
            "BOOTSTRAP": self.relay.address,
            "SECURITY_PROTOCOL": "SASL_SSL",
            "SASL_MECHANISM": "SCRAM-SHA-512",
            "SASL_USERNAME": USER,
            "SASL_PASSWORD": PASSWORD,
            "SSL_CAFILE": str(self.authority.certificate),
        }
        return {
            **{key: value for key, value in os.environ.items() if "TOUCHLINE" not in key.upper()},
            **{f"TOUCHLINE_KAFKA__{key}": value for key, value in given.items()},
            "TOUCHLINE_APP_ID": APP,
            "TOUCHLINE_PARTITIONS": str(PARTITIONS),
            "TOUCHLINE_LOG_FORMAT": "json",
        }


@pytest.fixture(scope="module")
def barred(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Barred]:
    directory = tmp_path_factory.mktemp("barred")
    authority = Authority(directory)
    with Relay() as relay:
        broker, at = broker_of(directory, authority, {USER: PASSWORD}, relay.address)
        relay.target = at["password"]
        with broker:
            made = Barred(directory, authority, broker.bootstrap, relay)
            made.password(PASSWORD)
            ensure_topics(broker.bootstrap, APP, PARTITIONS)
            yield made


@dataclass(frozen=True)
class Worker:
    """A worker by its pages."""

    pages: str

    def ready(self) -> bool:
        return got(f"{self.pages}/readyz")[0] == 200

    def unready(self, words: str) -> str | None:
        """The reason with these words for which it is not ready."""
        status, text = got(f"{self.pages}/readyz")
        found = [why for why in json.loads(text)["reasons"] if words in why]
        return found[0] if status == 503 and found else None

    def figures(self, name: str) -> dict[str, float]:
        """The values of a metric by its labels, but for those that are 0."""
        lines = got(f"{self.pages}/metrics")[1].splitlines()
        found = [line.rsplit(" ", 1) for line in lines if line.startswith(f"{name}{{")]
        told = {labels.removeprefix(name): float(value) for labels, value in found}
        return {labels: value for labels, value in told.items() if value}

    def events(self) -> float:
        return sum(self.figures("touchline_events_total").values())


def test_a_worker_says_why_and_goes_on_once_it_is_mended(barred: Barred, tmp_path: Path) -> None:
    log = tmp_path / "log"
    bars: list[tuple[Callable[[], None], Callable[[], None], str, str]] = [
        (
            lambda: barred.password("another-s3cret"),
            lambda: barred.password(PASSWORD),
            f"refuses the login of user {USER} by SCRAM-SHA-512",
            "login",
        ),
    ]
    with worker_process(barred.environment(), log) as pages:
        worker = Worker(pages)
        until(worker.ready, "the worker to be ready")
        for nth, (bar, mend, words, kind) in enumerate(bars, 1):
            bar()
            why = until(partial(worker.unready, words), words, 30)
            assert worker.figures("touchline_kafka_fault") == {f'{{kind="{kind}"}}': 1.0}
            produce(barred.bootstrap, [balance(f"b-{nth}", "c-1", 1000.0 + nth)])
            mend()
            until(worker.ready, "the worker to be ready again", 60)
            assert worker.figures("touchline_kafka_fault") == {}
            until(partial(_at_least, worker, nth), "the event to be applied")
            lines = [json.loads(line) for line in log.read_text().splitlines() if "{" in line]
            said = [one for one in lines if one.get("event") == "Kafka cannot be reached"]
            assert [one["why"] for one in said][nth - 1 :] == [why]
    text = log.read_text()
    assert "s3cret" not in text
    assert "Traceback" not in text


def _at_least(worker: Worker, events: int) -> bool:
    return worker.events() >= events
