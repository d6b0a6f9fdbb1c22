"""Which rights are printed, for whom and how."""

from __future__ import annotations

import json

import pytest
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from typer.testing import CliRunner

from schemas.topics import INPUT_TOPICS, OUTPUT_TOPICS
from streams.cli import app
from streams.engine.client.refusals import refusal
from streams.engine.rights import Right, acl_lines, of_topics, operations, sentences
from streams.settings import KafkaSettings, Settings
from streams.topics.acls import WHO, needs, of_command
from streams.topics.wanted import topic_specs
from tests.streams.secure.commanded import READING, Command

SETTINGS = Settings(
    app_id="cx",
    partitions=2,
    kafka=KafkaSettings(
        bootstrap="kafka:9092",
        security_protocol="SASL_SSL",
        sasl_username="anna",
        sasl_password="-",  # type: ignore[arg-type]
    ),
)


def test_what_is_alike_is_one_line() -> None:
    rights = [
        *of_topics("Read", "a", "b"),
        *of_topics("Write", "b", "c"),
        Right("group", "g", "Read"),
    ]
    assert acl_lines(rights, ["User:o n"], "k:1") == [
        "kafka-acls --bootstrap-server k:1 --add --allow-principal 'User:o n' --operation Read"
        " --topic a",
        "kafka-acls --bootstrap-server k:1 --add --allow-principal 'User:o n' --operation Read"
        " --operation Write --topic b",
        "kafka-acls --bootstrap-server k:1 --add --allow-principal 'User:o n' --operation Write"
        " --topic c",
        "kafka-acls --bootstrap-server k:1 --add --allow-principal 'User:o n' --operation Read"
        " --group g",
    ]


def test_who_lacks_what_is_said_with_the_line_that_mends_it() -> None:
    assert sentences(SETTINGS, [Right("transactional-id", "cx-1", "Write")]) == [
        "User:anna lacks Write on transactional id cx-1: kafka-acls --bootstrap-server kafka:9092"
        " --add --allow-principal User:anna --operation Write --transactional-id cx-1"
    ]


def test_a_worker_reads_all_inputs_and_writes_all_outputs() -> None:
    rights = set(needs(SETTINGS, "worker"))
    assert rights >= {*of_topics("Read", *INPUT_TOPICS), *of_topics("Write", *OUTPUT_TOPICS)}
    ids = {right.name for right in rights if right.kind == "transactional-id"}
    assert ids == {"cx-0", "cx-1", "cx-segments"}
    named = {right.name for right in rights if right.kind == "topic"}
    assert named == {spec.name for spec in topic_specs("cx")}
    assert not {right for right in rights if right.operation in ("Create", "Describe")}


@pytest.mark.parametrize("who", WHO)
def test_no_right_is_said_twice_or_follows_from_another(who: str) -> None:
    rights = needs(SETTINGS, who)
    assert len(rights) == len(set(rights)) > 0
    strong = {right[:2] for right in rights if right.operation in ("Read", "Write")}
    assert not {right for right in rights if right.operation == "Describe" and right[:2] in strong}


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("topics --check", "topics --check"),
        ("erase c-1 --yes --wait", "erase --wait"),
        ("segments", "segments"),
        ("doctor --accept-loss=3", "doctor --accept-loss"),
        ("segments explain c-1", "segments explain"),
        ("dead-letters resend --reason invalid", "dead-letters resend"),
        ("replay state --out doctor", None),
    ],
)
def test_a_command_is_known_by_its_words(words: str, who: str | None) -> None:
    assert of_command(words.split()) == who


@pytest.mark.parametrize("command", READING, ids=str)
def test_each_command_that_reads_has_its_rights_listed(command: Command) -> None:
    who = of_command(command.words)
    assert who is not None
    assert str(command).startswith(who)


def test_a_refusal_is_found_below_what_it_led_to() -> None:
    denied = TopicAuthorizationFailedError("alerts")
    try:
        try:
            raise denied
        except KafkaError as error:
            raise KafkaError("Unexpected error during batch delivery") from error
    except KafkaError as told:
        assert refusal(told) is denied
    assert refusal(KafkaError("else")) is None


def test_of_what_is_not_there_nothing_is_known() -> None:
    assert operations({"error_code": 3, "authorized_operations": []}) is None
    known = operations({"error_code": 0, "authorized_operations": ["DESCRIBE_CONFIGS"]})
    assert known == frozenset({"DescribeConfigs"})
    assert "Describe" not in (operations({"error_code": 29}) or {"Describe"})


def test_rights_are_printed_without_asking_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHLINE_KAFKA__BOOTSTRAP", "127.0.0.1:9")
    line = ["topics", "--acls", "--user", "anna", "--user", "ben"]
    told = CliRunner().invoke(app, [*line, "--json"])
    found = {each["who"]: each for each in map(json.loads, told.output.splitlines())}
    assert list(found) == list(WHO)
    assert found["desk"] == {
        "who": "desk",
        "principals": ["User:anna", "User:ben"],
        "rights": [{"kind": "topic", "name": "touchpoints.desk", "operation": "Write"}],
    }
    plain = CliRunner().invoke(app, [*line, "--for", "desk"]).output
    assert plain == (
        "# desk\nkafka-acls --bootstrap-server 127.0.0.1:9 --add --allow-principal User:anna"
        " --allow-principal User:ben --operation Write --topic touchpoints.desk\n"
    )
    assert CliRunner().invoke(app, ["topics", "--acls", "--for", "nobody"]).exit_code == 2
    assert CliRunner().invoke(app, ["topics", "--user", "anna"]).exit_code == 2
