"""What `state`, `dead-letters` and `doctor` say of a real worker on a real broker."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.partitioner import murmur2
from typer.testing import CliRunner, Result

from agents.customers import customers
from domain.policy import Policy
from schemas.errors import OperatingError
from streams.cli import app
from streams.cluster.broker import LocalBroker
from streams.replay.events import Replay
from streams.topics.ensure import ensure_topics
from tests.domain.figured import line_of
from tests.streams.running import (
    PARTITIONS,
    Record,
    ago,
    balance,
    environment,
    event,
    got,
    produce,
    until,
    worker_process,
)

pytestmark = pytest.mark.long

APP_ID = "inspect"
APP = "touchpoints.app"
HEADERS = [("trace", b"\x00\xff"), ("trace", b"again")]
SPOILT: Record = (APP, "毕-1".encode(), b'{"not": "whole"')
KEYLESS: Record = (APP, None, event("keyless", "bob", "app_click", action="tab_switch")[2])
TOO_LARGE: Record = (APP, b"bob", b'{"blob": "' + b"x" * 400_000 + b'"}')


class House(NamedTuple):
    """A broker whose records a worker has worked off."""

    broker: LocalBroker
    variables: dict[str, str]
    good: list[Record]


@pytest.fixture(scope="module")
def house(module_broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Five customers' events and three bad records, all of them committed; no worker runs."""
    ensure_topics(module_broker.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
    variables = environment(APP_ID, module_broker.bootstrap)
    good = [balance(f"b-{n}", f"客-{n}", 100_000.0 * n, **ago(60)) for n in range(1, 6)]
    good += [
        event(f"v-{n}", "客-3", "survey", instrument="nps", score=n, **ago(30)) for n in (2, 10)
    ]
    with worker_process(variables, tmp_path_factory.mktemp("house") / "worker.log") as address:
        produce(module_broker.bootstrap, good)
        produce(module_broker.bootstrap, [SPOILT, KEYLESS, TOO_LARGE], HEADERS)
        committed(address, len(good) + 3)
    return House(module_broker, variables, good)


@pytest.fixture
def run(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command of ours in this process, against the house."""
    for name, value in house.variables.items():
        if name.startswith("TOUCHLINE_"):
            monkeypatch.setenv(name, value)
    return lambda *line, **more: CliRunner().invoke(app, [str(one) for one in line], **more)


def committed(address: str, records: int) -> None:
    """Wait until a worker has committed so many records."""
    wanted = f"touchline_commit_records_sum {float(records)}"
    until(lambda: wanted in got(f"{address}/metrics")[1].splitlines() or None, wanted)


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


# -- state ------------------------------------------------------------------------------


def test_all_customers_are_those_of_a_replay_of_the_same_events(
    run: Callable[..., Result], house: House
) -> None:
    replay = Replay(customers(Policy()), PARTITIONS)
    list(replay.feed([value for _, _, value in house.good]))
    list(replay.until(replay.now))
    expected = [line_of(one) for one in replay.customers()]
    newest = max(one["newest_event_at"] for one in expected)

    assert lines(run("state", "--all", "--json", "--at", newest[:19] + "Z")) == expected
    assert [one["customer_id"] for one in expected] == [f"客-{n}" for n in range(1, 6)]


def test_one_customer_is_the_same_line_as_among_all(run: Callable[..., Result]) -> None:
    at = ("--at", "2100-01-01")
    everyone = {one["customer_id"]: one for one in lines(run("state", "--all", "--json", *at))}
    for customer_id, line in everyone.items():
        assert lines(run("state", customer_id, "--json", *at)) == [line]
    assert everyone["客-3"]["balance"] == 300_000.0
    assert everyone["客-3"]["tier"] == "vip"
    assert everyone["客-3"]["events"] == 3


def test_a_person_is_shown_a_table_that_names_what_is_missing(run: Callable[..., Result]) -> None:
    shown = run("state", "客-1").stdout
    assert "100,000.00" in shown
    assert "prospect" in shown
    assert "no app_click" in shown


def test_an_unknown_customer_is_one_line_and_status_1(run: Callable[..., Result]) -> None:
    result = run("state", "nobody")
    assert result.exit_code == 1
    assert isinstance(result.exception, OperatingError)
    assert str(result.exception) == "no customer 'nobody' is known"
    assert result.stdout == ""


@pytest.mark.parametrize("line", [[], ["客-1", "--all", "--json"], ["--all"]])
def test_state_wants_one_customer_or_all_as_json(
    run: Callable[..., Result], line: list[str]
) -> None:
    assert run("state", *line).exit_code == 2


# -- dead letters -----------------------------------------------------------------------


def place(house: House, record: Record) -> str:
    """The id of a record's dead letter, from where a plain consumer finds the record."""
    topic, key, value = record
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    with closing(KafkaConsumer(bootstrap_servers=house.broker.bootstrap)) as consumer:
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        for one in places:
            consumer.seek(one, 0)
            while consumer.position(one) < ends[one]:
                for found in consumer.poll(1_000).get(one, []):
                    if (found.key, found.value) == (key, value):
                        return f"{topic}-{one.partition}-{found.offset}"
    raise AssertionError(f"{record[2][:40]!r} is not in {topic}")


def test_letters_are_listed_newest_first_and_by_reason(
    run: Callable[..., Result], house: House
) -> None:
    letters = lines(run("dead-letters", "list", "--json"))
    times = [one["timestamp"] for one in letters]
    assert times == sorted(times, reverse=True)
    by_reason = {one["reason"]: one["dead_letter_id"] for one in letters}
    assert by_reason["not_json"] == place(house, SPOILT)
    assert by_reason["missing_key"] == place(house, KEYLESS)
    assert by_reason["too_large"] == place(house, TOO_LARGE)

    [one] = lines(run("dead-letters", "list", "--json", "--reason", "missing_key"))
    assert one["dead_letter_id"] == place(house, KEYLESS)
    assert len(lines(run("dead-letters", "list", "--json", "--limit", 2))) == 2
    assert run("dead-letters", "list", "--reason", "bad weather").exit_code == 2


def test_one_letter_is_shown_with_its_bytes_key_and_headers(
    run: Callable[..., Result], house: House
) -> None:
    shown = run("dead-letters", "show", place(house, SPOILT)).stdout
    for text in ('{"not": "whole"', "毕-1", "not_json", "again"):
        assert text in shown


def test_a_letter_that_is_not_there_is_status_1(run: Callable[..., Result]) -> None:
    for letter_id in ("touchpoints.app-1-999999", "nonsense"):
        result = run("dead-letters", "show", letter_id)
        assert result.exit_code == 1
        assert letter_id in str(result.exception)


def test_a_resent_record_is_the_one_that_came_with_key_bytes_and_headers(
    run: Callable[..., Result], house: House
) -> None:
    spoilt = place(house, SPOILT)
    number = int(spoilt.rsplit("-", 2)[1])
    assert number == (murmur2(SPOILT[1]) & 0x7FFFFFFF) % PARTITIONS
    with closing(KafkaConsumer(bootstrap_servers=house.broker.bootstrap)) as consumer:
        where = TopicPartition(APP, number)
        consumer.assign([where])
        consumer.seek_to_end(where)
        consumer.position(where)
        result = run("dead-letters", "resend", spoilt)
        assert (result.exit_code, result.stdout) == (0, "sent 1 again\n")
        [again] = until(lambda: consumer.poll(1_000).get(where), "the record")
    assert (again.key, again.value) == SPOILT[1:]
    assert list(again.headers) == HEADERS


def test_a_record_that_was_too_large_to_keep_is_refused_with_its_place(
    run: Callable[..., Result], house: House
) -> None:
    letter = place(house, TOO_LARGE)
    result = run("dead-letters", "resend", letter)
    _, number, offset = letter.rsplit("-", 2)
    assert result.exit_code == 1
    assert f"{APP}, partition {number}, offset {offset}" in result.stderr
    assert "sent 0 again" in result.stdout


def test_resending_all_of_a_reason_is_asked_for_first(run: Callable[..., Result]) -> None:
    result = run("dead-letters", "resend", "--reason", "missing_key", input="n\n")
    assert result.exit_code == 1
    assert "Send 1 records of reason missing_key again?" in result.output
    result = run("dead-letters", "resend", "--reason", "missing_key", "--yes")
    assert (result.exit_code, result.stdout) == (0, "sent 1 again\n")
    assert run("dead-letters", "resend").exit_code == 2


# -- doctor -----------------------------------------------------------------------------


def test_doctor_finds_nothing_wrong_where_a_worker_is_up_to_date(
    run: Callable[..., Result], house: House, tmp_path: Path
) -> None:
    with worker_process(house.variables, tmp_path / "worker.log") as address:
        until(lambda: got(f"{address}/readyz")[0] == 200 or None, "readiness")
        until(lambda: '"lag_records": 0' in got(f"{address}/readyz")[1] or None, "no lag")
        result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "nothing is wrong" in result.stdout
    assert "1 worker, 0 records waiting" in result.stdout


def test_doctor_tells_of_waiting_records_without_a_worker(
    run: Callable[..., Result], house: House
) -> None:
    produce(house.broker.bootstrap, [event("w-1", "客-1", "app_click", action="tab_switch")])
    result = run("doctor")
    assert result.exit_code == 1
    assert "no worker runs and 1 records wait" in " ".join(result.stdout.split())


def test_doctor_names_missing_topics(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_APP_ID", "never-made")
    result = run("doctor")
    assert result.exit_code == 1
    assert "never-made-customers-changelog" in "".join(result.stdout.split())
    assert "touchline topics" in " ".join(result.stdout.split())


def test_a_partition_whose_input_is_gone_stops_is_named_and_goes_on_when_the_loss_is_accepted(
    run: Callable[..., Result], house: House, tmp_path: Path
) -> None:
    clicks = [event(f"l-{n}", "客-1", "app_click", action="tab_switch") for n in range(20)]
    produce(house.broker.bootstrap, clicks)
    number = (murmur2("客-1".encode()) & 0x7FFFFFFF) % PARTITIONS
    lost = truncate(house, TopicPartition(APP, number), keep=5)
    assert lost >= 15

    with worker_process(house.variables, tmp_path / "worker.log") as address:
        body = until(lambda: stop_told(address), "a stop")
        assert str(number) in json.loads(body)["stopped"]
        result = run("doctor")
        assert result.exit_code == 1
        told = " ".join(result.stdout.split())
        assert f"partition {number} is stuck" in told
        assert f"{APP}: {lost} records from offset" in told
        assert f"--accept-loss {number}" in told

        other = (number + 1) % PARTITIONS
        assert "nothing to accept" in run("doctor", "--accept-loss", other).stdout
        assert run("doctor", "--accept-loss", number, input="n\n").exit_code == 1
        result = run("doctor", "--accept-loss", number, "--yes")
        assert result.exit_code == 0, result.output
        until(lambda: got(f"{address}/readyz")[0] == 200 or None, "going on")
        until(lambda: '"lag_records": 0' in got(f"{address}/readyz")[1] or None, "no lag")
        assert run("doctor").exit_code == 0

    # the five clicks that were left count, and nothing of what was known before is gone
    [after] = lines(run("state", "客-1", "--json"))
    assert after["features"]["tab_switches"] == 5
    assert after["balance"] == 100_000.0


def stop_told(address: str) -> str | None:
    """The page of a worker that is not ready because a partition stopped."""
    status, body = got(f"{address}/readyz")
    return body if status == 503 and json.loads(body)["stopped"] else None


def truncate(house: House, where: TopicPartition, keep: int) -> int:
    """Delete all but the newest records of a partition; how many not yet read are lost."""
    with closing(KafkaAdminClient(bootstrap_servers=house.broker.bootstrap)) as admin:
        committed_at = admin.list_group_offsets({APP_ID: [where]})[APP_ID][where].offset
        with closing(KafkaConsumer(bootstrap_servers=house.broker.bootstrap)) as consumer:
            end: int = consumer.end_offsets([where])[where]
        admin.delete_records({where: end - keep})
    lost: int = end - keep - committed_at
    return lost


# -- without Kafka ----------------------------------------------------------------------


@pytest.mark.parametrize("line", [["state", "x"], ["dead-letters", "list"]])
def test_without_an_answer_from_kafka_a_command_is_one_line(line: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", *line],
        env=environment(APP_ID, "127.0.0.1:9"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    [told] = done.stderr.strip().splitlines()
    assert told.startswith("touchline: no Kafka answers at 127.0.0.1:9")


@pytest.mark.parametrize(
    "line",
    [["state"], ["doctor"], ["demo"]]
    + [["dead-letters", one] for one in ("list", "show", "resend")],
)
def test_every_command_has_help_with_an_example(line: list[str]) -> None:
    assert "Example: touchline" in CliRunner().invoke(app, [*line, "--help"]).stdout
