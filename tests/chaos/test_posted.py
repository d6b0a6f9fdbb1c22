"""Events posted over HTTP while workers are killed and the broker restarts: each counts once."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from random import Random

import pytest
from kafka.errors import KafkaError

from schemas.topics import DEAD_LETTERS, INPUT_TOPICS, READ_BACK_TOPICS
from streams.cluster.broker import LocalBroker
from streams.topics.ensure import ensure_topics
from tests.chaos import faults, oracle
from tests.chaos.fleet import TOUCHLINE, Fleet, Journal, Note
from tests.chaos.harness import told_states, totals_of
from tests.chaos.posting import Posting
from tests.streams.serve.ingest.house import house, listening, settings

pytestmark = pytest.mark.live
APP_ID, PARTITIONS, EVENTS = "posting", 4, 20_000
DRAIN_SECONDS = 180.0
ROOT = Path(__file__).resolve().parents[2]


class Stage:
    """A broker and two workers, as faults want them."""

    def __init__(self, directory: Path) -> None:
        self.note: Note = Journal(directory / "journal.txt")
        self.broker = LocalBroker(directory / "kafka")
        self.broker.start()
        ensure_topics(self.broker.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
        self.changelog = f"{APP_ID}-customers-changelog"
        self.env = {
            "TOUCHLINE_KAFKA__BOOTSTRAP": self.broker.bootstrap,
            "TOUCHLINE_KAFKA__SESSION_TIMEOUT_SECONDS": str(faults.SESSION_SECONDS),
            "TOUCHLINE_APP_ID": APP_ID,
            "TOUCHLINE_PARTITIONS": str(PARTITIONS),
            "PYTHONPATH": str(ROOT),
        }
        command = [str(TOUCHLINE), "worker", "--http-port", "0"]
        self.fleet = Fleet(command, self.env, directory, self.note)
        for name in ("w1", "w2"):
            self.fleet.start(name)

    def close(self) -> None:
        """End all of it."""
        self.fleet.close()
        self.broker.close()

    def inflict(self, seed: int) -> None:
        """Workers killed, the broker killed and restarted, all of it some seconds apart."""
        random = Random(seed)
        for fault in (
            faults.kill_a_worker,
            faults.the_broker_restarts,
            faults.all_workers_die,
            faults.the_broker_crashes,
            faults.kill_a_worker,
        ):
            time.sleep(random.uniform(2, 4))
            fault(self, random)

    def drain(self) -> None:
        """Wait until the workers have committed all of the input."""
        behind: list[str] = []
        until = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < until:
            try:
                behind = oracle.offsets_behind(
                    self.broker.bootstrap, APP_ID, (*INPUT_TOPICS, *READ_BACK_TOPICS)
                )
            except KafkaError as error:  # a broker just back on a busy machine
                behind = [f"not known: {error}"]
            if not behind:
                return
            time.sleep(0.5)
        raise AssertionError(f"behind: {behind[:5]}\n{self.fleet.log_tail('w1')}")


@pytest.mark.timeout(600)
async def test_each_accepted_event_counts_once_and_each_refused_one_has_its_reason(
    tmp_path: Path,
) -> None:
    stage = await asyncio.to_thread(Stage, tmp_path)
    try:
        async with house(settings(stage.broker.bootstrap)) as here, listening(here.app) as address:
            posting = Posting(address, EVENTS, seed=13)
            inflicting = asyncio.create_task(asyncio.to_thread(stage.inflict, 13))
            inflicting.add_done_callback(lambda _: posting.enough.set())
            await posting.post_all()
            await inflicting
            assert here.sending.in_flight == 0
        await asyncio.to_thread(stage.drain)
        found = totals_of(await asyncio.to_thread(told_states, stage.env))
        letters = await oracle.read_topics(stage.broker.bootstrap, [DEAD_LETTERS])
    finally:
        await asyncio.to_thread(stage.close)
    told = posting.told
    assert posting.made >= EVENTS
    assert set(told.accepted) | set(told.refused) == {
        f"t-{number}" for number in range(posting.made)
    }
    assert set(told.refused) == told.bad
    assert set(told.refused.values()) == {"invalid", "in_future"}
    assert found == told.totals()
    assert not letters
    assert not stage.fleet.crashes, "\n".join(stage.fleet.crashes)
    assert told.statuses[503] + told.statuses[429] > 0 or told.posted_again > 3, told.statuses
