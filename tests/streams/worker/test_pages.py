"""The worker's pages, asked over HTTP as Prometheus and an orchestrator ask them."""

import json
import re
import socket
from pathlib import Path

import aiohttp
import pytest

from agents.customers import Touched, customers
from domain.assembly.context import Context
from domain.customer.state import Customer
from domain.policy import Policy
from streams.cluster.broker import LocalBroker
from streams.engine.status import Status
from streams.errors import WorkerFailed
from streams.settings import HttpSettings, Settings
from streams.topics.ensure import ensure_topics
from streams.worker.metrics import Metrics
from streams.worker.pages import LAG_TOLD_SECONDS, Pages, unready_because
from streams.worker.process import Worker
from tests.streams.running import PARTITIONS, environment, got, until, worker_process

APP_ID = "pages"
OurWorker = Worker[Touched, Customer, Context]
OurPages = Pages[Touched, Customer, Context]


class _Task:
    """As much of a partition task as readiness looks at."""

    def __init__(self, status: Status) -> None:
        self.status = status

    def still_for(self, now: float) -> float:
        return 0.0

    def broken(self) -> str | None:
        return None


@pytest.fixture
async def worker() -> OurWorker:
    """A worker that was made and never run."""
    settings = Settings()
    settings.kafka.bootstrap = "127.0.0.1:9"
    return Worker(settings, customers(Policy()), Metrics())


def assigned(worker: OurWorker, *statuses: Status) -> None:
    worker.tasks.assigned_once = True
    for number, status in enumerate(statuses):
        worker.tasks.by_number[number] = _Task(status)  # type: ignore[assignment]


async def asked(pages: OurPages, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{pages.address}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_a_worker_without_an_assignment_is_alive_and_not_ready(
    worker: OurWorker,
) -> None:
    async with Pages(HttpSettings(port=0), Metrics(), worker) as pages:
        alive, _ = await asked(pages, "/livez")
        ready, body = await asked(pages, "/readyz")
    assert (alive, ready) == (200, 503)
    assert json.loads(body)["reasons"] == ["no assignment from the group yet"]


async def test_a_free_port_is_chosen_on_loopback_and_given_back(worker: OurWorker) -> None:
    async with Pages(HttpSettings(port=0), Metrics(), worker) as pages:
        assert pages.address == f"http://127.0.0.1:{pages.port}"
        assert pages.port > 0
        status, text = await asked(pages, "/metrics")
        assert status == 200
        assert "touchline_build_info" in text
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", pages.port))


async def test_a_taken_port_is_one_sentence_that_says_what_to_set(worker: OurWorker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WorkerFailed, match=rf":{port}.*TOUCHLINE_HTTP__PORT"):
            async with Pages(HttpSettings(port=port), Metrics(), worker):
                pass


async def test_a_failed_worker_is_neither_alive_nor_ready(worker: OurWorker) -> None:
    assigned(worker, Status.OPEN)
    worker.fail(RuntimeError("five commits failed in a row"))
    async with Pages(HttpSettings(port=0), Metrics(), worker) as pages:
        alive, body = await asked(pages, "/livez")
        ready, _ = await asked(pages, "/readyz")
    assert (alive, ready) == (503, 503)
    assert "five commits failed in a row" in body


async def test_every_partition_must_be_open(worker: OurWorker) -> None:
    metrics = Metrics()
    assigned(worker, Status.OPEN, Status.OPENING)
    assert unready_because(worker, metrics, 0.0) == ["partition 1 is opening"]
    assigned(worker, Status.OPEN, Status.OPEN)
    assert unready_because(worker, metrics, 0.0) == []


async def test_a_worker_more_than_there_are_partitions_is_ready(worker: OurWorker) -> None:
    assigned(worker)
    assert unready_because(worker, Metrics(), 0.0) == []


async def test_a_stopped_partition_is_named_with_its_reason(worker: OurWorker) -> None:
    metrics = Metrics()
    assigned(worker, Status.OPEN, Status.STOPPED)
    metrics.stopped(1, "12 records are gone")
    assert unready_because(worker, metrics, 0.0) == ["partition 1 stopped: 12 records are gone"]


async def test_lag_without_a_commit_is_told_only_after_a_long_while(
    worker: OurWorker,
) -> None:
    metrics = Metrics()
    assigned(worker, Status.OPEN)
    metrics.lag({("touchpoints.app", 0): 3})
    told = metrics.holdings.lag_told
    assert told is not None
    metrics.holdings.lag_told = told + 3_600  # the lag is looked at all the time
    patience = worker.settings.commit.deadline_seconds + 10
    assert unready_because(worker, metrics, told + patience - 1) == []
    [reason] = unready_because(worker, metrics, told + patience + 1)
    assert reason == "partition 0 has lag and made no commit for 31 s"

    metrics.holdings.committed(0)
    assert unready_because(worker, metrics, told + patience + 1) == []


async def test_a_watch_of_the_lag_that_died_is_noticed(worker: OurWorker) -> None:
    metrics = Metrics()
    assigned(worker, Status.OPEN)
    metrics.lag({})
    told = metrics.holdings.lag_told
    assert told is not None
    [reason] = unready_because(worker, metrics, told + LAG_TOLD_SECONDS + 1)
    assert reason == "lag was last looked at 16 s ago"


# -- a worker as it is run ---------------------------------------------------------------


def test_a_running_worker_logs_its_address_gets_ready_and_shows_its_partitions(
    module_broker: LocalBroker, tmp_path: Path
) -> None:
    ensure_topics(module_broker.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
    variables = environment(APP_ID, module_broker.bootstrap)
    with worker_process(variables, tmp_path / "worker.log") as address:
        assert got(f"{address}/livez")[0] == 200

        def ready() -> str | None:
            status, body = got(f"{address}/readyz")
            if status != 200:
                assert status == 503
                assert json.loads(body)["reasons"], "not ready must have a reason"
            return body if status == 200 else None

        assert json.loads(until(ready, "readiness"))["open"] == [0, 1, 2]
        text = got(f"{address}/metrics")[1]
        assert re.search(r"^touchline_partitions_open 3\.0$", text, re.MULTILINE)
        assert re.search(r"^touchline_restore_seconds_count 3\.0$", text, re.MULTILINE)
        assert got(f"{address}/stats")[0] == 404, "Faust's own pages are off"
