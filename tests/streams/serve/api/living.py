"""`touchline serve` beside a worker on a real broker: what tests of the API ask."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from kafka import KafkaProducer

from schemas.examples import OUTPUT_EXAMPLES
from schemas.fields import moment, rfc3339
from schemas.segments import MODEL_KEY
from schemas.topics import SEGMENT_MODEL
from streams.engine.models import MODEL_PARTITION
from streams.serve.access.keeping import Keeping
from streams.serve.access.who import Scope
from streams.settings import KafkaSettings, Settings
from streams.topics.ensure import ensure_topics_of
from tests.streams.running import (
    PARTITIONS,
    SERVE,
    Record,
    ago,
    balance,
    environment,
    event,
    until,
)


class Living:
    """A running serve: its address, tokens by scope, and ways to ask."""

    def __init__(
        self,
        address: str,
        settings: Settings,
        directory: Path,
        process: subprocess.Popen[bytes],
    ) -> None:
        self.address, self.settings, self.directory = address, settings, directory
        self.process = process
        self._tokens: dict[tuple[str, str | None], str] = {}

    def token(self, *scopes: Scope, owner: str | None = None) -> str:
        """The token of a key with these scopes, made once."""
        named = ",".join(scopes), owner
        if named not in self._tokens:
            made = asyncio.run(
                Keeping(self.settings).make_key(
                    f"test-{len(self._tokens)}", list(scopes), owner_id=owner
                )
            )
            self._tokens[named] = made.token.text
            with self.client(*scopes, owner=owner) as client:
                until(lambda: client.get("/v1/nothing-at-all").status_code != 401, "the key")
                until(lambda: client.get("/v1/segments").status_code not in (401, 503), "the key")
        return self._tokens[named]

    @contextmanager
    def client(self, *scopes: Scope, owner: str | None = None) -> Iterator[httpx.Client]:
        """Somebody who asks with such a key; without a scope nobody in particular."""
        named = ",".join(scopes), owner
        token = self._tokens.get(named) or (self.token(*scopes, owner=owner) if scopes else "")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with httpx.Client(base_url=self.address, headers=headers, timeout=120.0) as client:
            yield client

    def get(self, path: str, *scopes: Scope, owner: str | None = None, **more: Any) -> Any:
        """The answer to a GET, with the scope `read` unless others are named."""
        with self.client(*(scopes or ("read",)), owner=owner) as client:
            return client.get(path, **more)

    def post(self, events: Sequence[Record]) -> str:
        """Post events; the position behind them."""
        body = [json.loads(value) for _, _, value in events]
        with self.client("ingest") as client:
            answer = client.post("/v1/events", json=body)
        assert answer.status_code == 202, answer.text
        return answer.headers["Touchline-Position"]

    def place(self, segment: str, *customers: str) -> None:
        """Have the read model say that these alone are in this segment: a fit takes too long."""
        (file,) = self.directory.glob("model-*.sqlite")
        with closing(sqlite3.connect(file, timeout=30.0)) as connection, connection:
            connection.execute("UPDATE customers SET segment = ''")
            for customer in customers:
                connection.execute(
                    "UPDATE customers SET segment = ? WHERE id = ?", (segment, customer)
                )

    def counted(self, position: str) -> None:
        """Wait until a position counts, for longer than one request may."""
        headers = {"Touchline-After": position}
        with self.client("read") as client:
            until(
                lambda: client.get("/v1/segments", headers=headers).status_code == 200,
                "what was posted to count",
            )


def settings_of(app_id: str, bootstrap: str) -> Settings:
    """As the processes have them."""
    return Settings(app_id=app_id, partitions=PARTITIONS, kafka=KafkaSettings(bootstrap=bootstrap))


def prepared(app_id: str, bootstrap: str) -> Settings:
    """The topics are made, and there is a segment model."""
    settings = settings_of(app_id, bootstrap)
    ensure_topics_of(settings)
    return settings


def make_model(bootstrap: str) -> None:
    """The example of a segment model comes out now."""
    model = dict(OUTPUT_EXAMPLES["SegmentModel"][0])
    model["occurred_at"] = rfc3339(moment(time.time_ns() // 1_000_000))
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    value = json.dumps(model).encode()
    producer.send(SEGMENT_MODEL, value, MODEL_KEY, partition=MODEL_PARTITION).get(timeout=30)
    producer.close()


@contextmanager
def serving(settings: Settings, directory: Path, **more: str) -> Iterator[Living]:
    """A serve process; ended by SIGTERM, which must go well."""
    log = directory / "serve.log"
    variables = {
        **environment(settings.app_id, str(settings.kafka.bootstrap)),
        "TOUCHLINE_SERVE__DIRECTORY": str(directory / "model"),
        "TOUCHLINE_SERVE__REQUESTS_PER_SECOND": "100000",
        **more,
    }
    with log.open("ab") as told:
        process = subprocess.Popen([*SERVE], env=variables, stdout=told, stderr=told)
    try:
        address = until(lambda: _address(process, log), "serve to listen")
        yield Living(address, settings, directory / "model", process)
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
    assert status == 0, log.read_text()


def _address(process: subprocess.Popen[bytes], log: Path) -> str | None:
    assert process.poll() is None, log.read_text()
    found = re.findall(r'"address": ?"(http://127\.0\.0\.1:\d+)"', log.read_text())
    return found[-1] if found else None


def ready(living: Living) -> None:
    """Wait until every partition is current."""
    until(lambda: httpx.get(f"{living.address}/readyz").status_code == 200, "serve to be ready")


def story() -> list[Record]:
    """Some customers: a VIP of `manager-7` in trouble, one of another manager, one of nobody."""
    return [
        event("p-1", "c-vip", "profile", owner_id="manager-7", **ago(500)),
        event("p-2", "c-other", "profile", owner_id="manager-8", **ago(499)),
        balance("t-1", "c-vip", 2_000_000, **ago(400)),
        balance("t-2", "c-other", 3_000_000, **ago(399)),
        balance("t-3", "c-plain", 100, **ago(398)),
        *(
            event(
                f"k-{at}", "c-plain", "app_click", action="launch", source="icon", **ago(300 - at)
            )
            for at in range(12)
        ),
        complaint("x-1", "c-vip", "case-1", **ago(200)),
        complaint("x-2", "c-other", "case-2", **ago(199)),
    ]


def complaint(event_id: str, customer: str, case: str, **fields: Any) -> Record:
    """A severe complaint is opened."""
    return event(
        event_id, customer, "complaint", complaint_id=case, status="opened", severity=5,
        factor="service", category="fees", **fields,
    )  # fmt: skip
