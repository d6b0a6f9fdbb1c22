"""A broker with an authoriser on which a worker works, and every command by a user of its own.

Each user has exactly what ``touchline topics --acls`` prints for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from kafka import KafkaProducer

from schemas.topics import DEAD_LETTERS, INPUT_TOPICS
from streams.cli import main
from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, dump_checkpoint
from streams.engine.rights import Right, sentences
from streams.serve.access.keeping import Keeping
from streams.settings import KafkaSettings, Settings
from streams.topics.acls import WHO, needs
from streams.topics.ensure import ensure_topics
from tests.streams.running import balance, event, got, produce, until, worker_process
from tests.streams.secure.authorised import PASSWORD, Authorised

APP_ID, LOST_APP_ID, PARTITIONS = "rights", "lost", 1
EVENTS = str(Path(__file__).resolve().parents[3] / "docs/events.jsonl")
IMPATIENT = (
    sys.executable,
    "-m",
    "tests.streams.secure.impatient_worker",
    "worker",
    "--http-port",
    "0",
)
COMMANDS = [who for who in WHO if who not in ("worker", "serve", "desk")]


OF_A_PERSON = (
    "access person password",
    "access person remove",
    "access person end",
    "access login-link",
)


class Done(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


def user_of(who: str) -> str:
    """A name of letters and dashes."""
    return "-".join("".join(filter(str.isalpha, word)) for word in who.split())


@dataclass
class House:
    """Who is there, and what there is to be looked at."""

    kafka: Authorised
    letter: str = ""
    access_key: str = ""
    numbers: Iterator[int] = field(default_factory=itertools.count)
    app_ids: dict[str, str] = field(default_factory=lambda: {"doctor --accept-loss": LOST_APP_ID})

    def settings(self, who: str, app_id: str | None = None) -> Settings:
        """The settings of one of those that need rights."""
        variables = self.kafka.environment(user_of(who), "")
        kafka = KafkaSettings(
            bootstrap=variables["TOUCHLINE_KAFKA__BOOTSTRAP"],
            security_protocol="SASL_PLAINTEXT",
            sasl_username=user_of(who),
            sasl_password=PASSWORD,  # type: ignore[arg-type]
        )
        name = app_id or self.app_ids.get(who, APP_ID)
        return Settings(app_id=name, partitions=PARTITIONS, kafka=kafka)

    def variables(self, who: str, app_id: str | None = None) -> dict[str, str]:
        """The variables of a process of one of them."""
        return self.kafka.environment(
            user_of(who), app_id or self.app_ids.get(who, APP_ID), PARTITIONS
        )

    def words(self, who: str) -> list[str]:
        """How a command is typed, so that it does what it needs rights for."""
        more = {
            "simulate": ["--records", "100", "--customers", "20"],
            "produce": [EVENTS],
            "state": ["steady"],
            "doctor --accept-loss": ["0", "--yes"],
            "erase": ["gone", "--yes"],
            "erase --wait": ["gone", "--yes"],
            "dead-letters show": [self.letter],
            "dead-letters resend": [self.letter],
            "segments export": ["quarantine"],
            "segments explain": ["click-1"],
            "access key make": [f"client-{next(self.numbers)}", "--scope", "read"],
            "access key revoke": [self.access_key],
            "access person add": [f"person-{next(self.numbers)}", "--role", "viewer"],
        }
        if who in OF_A_PERSON:
            more[who] = [self.somebody()]
        return [*who.split(), *more.get(who, [])]

    def run(self, who: str) -> Done:
        """The command, in this process, logged in as its own user."""
        if who == "doctor --accept-loss":
            self.lose()
        words = ["touchline", *self.words(who)]
        signed = {"TOUCHLINE_SERVE__SECRET": "signs-links-where-only-rights-are-tried"}
        environment = {**self.variables(who), **signed, "COLUMNS": "10000"}
        stdin = io.StringIO(f"{PASSWORD}\n")
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with (
            mock.patch.object(sys, "argv", words),
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch.object(sys, "stdin", stdin),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
                status = 0
            except SystemExit as ended:
                status = int(ended.code or 0)
        out.flush()
        return Done(status, out.buffer.getvalue().decode(), err.getvalue())

    def noticed(self, who: str) -> list[Right]:
        """The rights whose absence a run of a command must notice."""
        rights = needs(self.settings(who), who)
        if who == "dead-letters resend":  # a letter goes back to the one topic it came from
            rights = tuple(one for one in rights if one.name in {DEAD_LETTERS, INPUT_TOPICS[0]})
        return [one for one in rights if one.operation != "Create"]  # all is there

    def sentence(self, who: str, right: Right) -> str:
        """What is said where one of them lacks a right."""
        [told] = sentences(self.settings(who), [right])
        return told

    def somebody(self) -> str:
        """A new account."""
        settings = self.settings("worker")
        settings.kafka = KafkaSettings(bootstrap=self.kafka.broker.bootstrap)
        name = f"somebody-{next(self.numbers)}"
        asyncio.run(Keeping(settings).add_person(name, "viewer", None))
        return name

    def lose(self) -> None:
        """Let the other application's partition stand where there is no input."""
        value = dump_checkpoint(Checkpoint(next_offsets={INPUT_TOPICS[0]: 1_000_000_000}))
        with closing(KafkaProducer(bootstrap_servers=self.kafka.broker.bootstrap)) as producer:
            settings = self.settings("worker", LOST_APP_ID)
            producer.send(settings.changelog, value, CHECKPOINT_KEY, partition=0).get(timeout=30)

    def settled(self) -> None:
        """Rights that were changed are so for everybody within a second."""
        time.sleep(1.0)


@contextmanager
def house(directory: Path, users: Sequence[str] = ()) -> Iterator[House]:
    """The broker, with a worker at work, enough customers for segments and one dead letter."""
    kafka = Authorised([*(user_of(who) for who in WHO), *users])
    with kafka.broker as broker:
        one = House(kafka)
        for app_id in (APP_ID, LOST_APP_ID):
            ensure_topics(broker.bootstrap, app_id, PARTITIONS).raise_if_wrong()
        for who in WHO:
            kafka.allow(user_of(who), needs(one.settings(who), who))
        clicks = [
            event(f"k-{n}-{m}", f"click-{n}", "app_click", action="tab_switch")
            for n in range(40)
            for m in range(1 + n % 3)
        ]
        bad = ("touchpoints.app", b"bad", b"{}")
        produce(broker.bootstrap, [balance("b", "steady", 1_000.0), *clicks, bad])
        with worker_process(one.variables("worker"), directory / "log", IMPATIENT) as address:
            until(lambda: got(f"{address}/readyz")[0] == 200, "a ready worker")
            until(lambda: one.run("segments").status == 0, "a segment model")
            listed = until(lambda: one.run("dead-letters list").out.split("\n")[1:2], "a letter")
            one.letter = next(word for word in listed[0].split() if word.startswith("touchpoints"))
            one.access_key = one.run("access key make").out.split("_")[1]
            yield one
    assert "a right is missing" not in (directory / "log").read_text()
