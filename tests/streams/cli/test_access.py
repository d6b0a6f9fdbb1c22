"""`touchline access` on a real broker: keys and accounts made, told, taken back; the audit."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli import app
from streams.cluster.broker import LocalBroker
from streams.errors import ClusterError
from tests.streams.running import environment

PASSWORD = "correct horse battery"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def variables(
    module_broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    directory = tmp_path_factory.mktemp("serve")
    told = environment("accessed", module_broker.bootstrap)
    return {**told, "TOUCHLINE_SERVE__DIRECTORY": str(directory), "COLUMNS": "200"}


@pytest.fixture
def run(variables: dict[str, str]) -> Run:
    def typed(words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, ["access", *words.split()], input=stdin, env=variables)

    return typed


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(run: Run) -> None:
    made = run("key make crm --scope act --scope read --days 90 --owner o-1 --json")
    told = json.loads(made.stdout)
    secret = told["token"].split("_", 2)[2]
    assert told["scopes"] == ["read", "act"]
    assert told["owner_id"] == "o-1"
    listed = run("key list --json")
    assert secret not in listed.output
    [one] = [
        each for each in map(json.loads, listed.stdout.splitlines()) if each["id"] == told["id"]
    ]
    assert one["expires_at"] == told["expires_at"]
    assert "hash" not in one
    assert f"key {told['id']} of crm is revoked" in run(f"key revoke {told['id']}").output
    assert "revoked 2" in run("key list").output
    plain = run("key make till --scope ingest")
    assert plain.stdout.startswith("tl_")
    assert plain.stdout.count("\n") == 1
    assert "not shown again" in plain.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("key make crm --scope everything", "--scope must be one of ingest, read"),
        ("person add li --role boss", "--role must be one of viewer, desk"),
        ("person add li --role desk --language fr", "--language must be one of en, zh"),
    ],
)
def test_what_cannot_be_is_told(run: Run, words: str, told: str) -> None:
    ended = run(words, PASSWORD + "\n")
    assert ended.exit_code == 2
    assert told in " ".join(ended.output.replace("│", " ").split())


def test_accounts_and_the_audit_of_it(run: Run) -> None:
    assert "may come in as desk" in run("person add chen --role desk --stdin", PASSWORD).output
    assert run("person add demo --role admin --no-password").exit_code == 0
    listed = [json.loads(line) for line in run("person list --json").stdout.splitlines()]
    assert [(each["name"], each["has_password"]) for each in listed] == [
        ("chen", True),
        ("demo", False),
    ]
    assert "password" not in listed[0]
    assert "stamp" not in listed[0]
    assert run("person password chen --stdin", "another horse battery").exit_code == 0
    assert run("person end chen").exit_code == 0
    link = run("login-link demo").stdout
    assert link.startswith("http://127.0.0.1:8080/login/once?link=")
    assert run("person remove chen").exit_code == 0
    refused = run("person remove chen")
    assert "there is no account chen" in str(refused.exception)
    audit = run("audit --json").stdout
    assert [json.loads(line)["subjects"] for line in audit.splitlines()].count(["chen"]) == 4
    assert "changed who may come in: chen" in run("audit").stdout
    for secret in (PASSWORD, "another horse"):
        assert secret not in audit
    assert run("audit --customer nobody").stdout == ""


def test_the_audit_is_followed(run: Run, variables: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "told"
    with log.open("wb") as out:
        following = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "access", "audit", "--follow", "--json"],
            env=variables,
            stdout=out,
        )
    try:
        made = json.loads(run("key make followed --scope read --json").stdout)
        deadline = time.monotonic() + 60
        while made["id"] not in log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 130


def test_without_kafka_it_is_told_in_a_line(run: Run, variables: dict[str, str]) -> None:
    ended = CliRunner().invoke(
        app,
        ["access", "key", "list"],
        env={**variables, "TOUCHLINE_KAFKA__BOOTSTRAP": "127.0.0.1:9"},
    )
    assert isinstance(ended.exception, ClusterError)
