"""On a broker that allows nothing else the rights that are printed are enough; one less is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.consumer.fetcher import IsolationLevel

from schemas.topics import ALERTS, DEAD_LETTERS, SIGNALS
from streams.engine.rights import Right, of_engine, of_topics, sentences
from streams.engine.transaction import Denied, TransactionalProducer
from streams.topics.acls import needs
from streams.topics.ensure import ensure_topics
from tests.streams.running import balance, got, produce, until, worker_process
from tests.streams.secure.rights_house import (
    COMMANDS,
    LOST_APP_ID,
    PARTITIONS,
    House,
    house,
)

pytestmark = [pytest.mark.live, pytest.mark.long]

MISSED = {
    "group": Right("group", "{}", "Read"),
    "id": Right("transactional-id", "{}-0", "Write"),
    "input": Right("topic", "touchpoints.surveys", "Read"),
    "output": Right("topic", DEAD_LETTERS, "Write"),
    "clock": Right("topic", "{}-clock-probes", "Write"),
}
"""By user: what a worker of its own lacks from the start."""


@pytest.fixture(scope="module")
def all_of_it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), ["refused", *MISSED]) as found:
        yield found


@pytest.mark.parametrize("who", COMMANDS)
def test_these_rights_are_enough_and_one_less_is_told_in_one_line(
    who: str, all_of_it: House
) -> None:
    told = all_of_it.run(who)
    assert told.status == 0, told
    right = all_of_it.noticed(who)[-1]
    all_of_it.kafka.deny(all_of_it.settings(who).kafka.sasl_username or "", [right])
    all_of_it.settled()
    told = all_of_it.run(who)
    sentence = all_of_it.sentence(who, right)
    assert told.status == 1, told
    if who == "doctor":
        assert f"PROBLEM: {sentence}" in told.out
    else:
        assert told.err.splitlines()[-1] == f"touchline: {sentence}"


def test_workers_that_each_lack_a_right_say_so_and_begin_once_it_is_given(
    all_of_it: House, tmp_path: Path
) -> None:
    bootstrap = all_of_it.kafka.broker.bootstrap
    lacking = {}
    for name, right in MISSED.items():
        ensure_topics(bootstrap, name, PARTITIONS).raise_if_wrong()
        settings = all_of_it.settings(name, name)
        lacking[name] = right._replace(name=right.name.format(name))
        rights = [one for one in needs(settings, "worker") if one != lacking[name]]
        assert len(rights) == len(needs(settings, "worker")) - 1
        all_of_it.kafka.allow(name, rights)
    all_of_it.settled()
    produce(bootstrap, [balance("w", "waits", 5.0), ("touchpoints.app", b"bad", b"{}")])
    with ExitStack() as running:
        workers = [
            worker_process(all_of_it.variables(name, name), tmp_path / name) for name in MISSED
        ]
        with ThreadPoolExecutor() as side_by_side:
            started = list(side_by_side.map(running.enter_context, workers))
        addresses = dict(zip(MISSED, started, strict=True))
        for name, address in addresses.items():
            [sentence] = sentences(all_of_it.settings(name, name), [lacking[name]])
            until(partial(missed, address, sentence), f"{name} to be missed")
            all_of_it.kafka.allow(name, [lacking[name]])
            assert sentence in (tmp_path / name).read_text()
        for name, address in addresses.items():
            until(partial(done, address), f"{name} to be ready and to have worked")
    for name in MISSED:
        assert "commits failed in a row" not in (tmp_path / name).read_text()


async def test_a_refused_transaction_is_ended_and_holds_nobody_up(all_of_it: House) -> None:
    settings = all_of_it.settings("worker", LOST_APP_ID)
    rights = [
        *of_topics("Write", SIGNALS, settings.changelog),
        Right("transactional-id", f"{LOST_APP_ID}-own", "Write"),
    ]
    settings.kafka.sasl_username = "refused"
    all_of_it.kafka.allow("refused", rights)
    all_of_it.settled()
    producer = TransactionalProducer(settings, 0, "own")
    for _ in range(2):
        await producer.open()
        with pytest.raises(Denied, match=r"TopicAuthorizationFailed.*alerts"):
            await producer.publish({SIGNALS: [(b"k", b"v")], ALERTS: [(b"k", b"v")]}, {})
    until(partial(all_ended, all_of_it), "what was refused to be ended", 30)
    await producer.open()
    await producer.publish({SIGNALS: [(b"k", b"v")]}, {})
    await producer.close()


def all_ended(found: House) -> bool:
    """Whether no transaction is open in the topic of signals."""
    place = TopicPartition(SIGNALS, 0)
    with closing(KafkaAdminClient(bootstrap_servers=found.kafka.broker.bootstrap)) as admin:
        stable, end = (
            admin.list_partition_offsets({place: OffsetSpec.LATEST}, level)[place].offset
            for level in (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED)
        )
    return bool(stable == end)


def missed(address: str, sentence: str) -> bool:
    """Whether a worker says that it is not ready for this."""
    return sentence in json.loads(got(f"{address}/readyz")[1])["reasons"]


def done(address: str) -> bool:
    """Whether a worker is ready and nothing waits for it."""
    status, text = got(f"{address}/readyz")
    told = json.loads(text)
    return status == 200 and bool(told["open"]) and not told["lag_records"]


def test_what_is_printed_is_what_is_needed(all_of_it: House) -> None:
    settings = all_of_it.settings("worker")
    assert set(of_engine(settings)) < set(needs(settings, "worker"))
