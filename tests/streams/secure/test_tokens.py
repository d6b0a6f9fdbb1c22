"""Tokens of OAUTHBEARER: read anew from a file, printed by a command, never shown."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError
from kafka.errors import SaslAuthenticationFailedError

from streams.engine import tokens
from streams.engine.clients import blocking_client_options, client_options
from streams.engine.tokens import BlockingProvider, Provider, Tokens
from streams.settings import KafkaSettings, SettingError, Settings

FILE = "setting TOUCHLINE_KAFKA__SASL_TOKEN_FILE: "
COMMAND = "setting TOUCHLINE_KAFKA__SASL_TOKEN_COMMAND: "
SECRET = "s3cret"


def python(code: str) -> str:
    """A command that runs this."""
    return f'"{sys.executable}" -c "{code}"'


def refused(source: Tokens) -> str:
    with pytest.raises(SettingError) as told:
        source.token()
    assert told.value.__cause__ is None
    assert SECRET not in str(told.value)
    return str(told.value)


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    source = Tokens(file, None)
    assert refused(source) == f"{FILE}the file cannot be read (No such file or directory)"
    for token in ("a.b.c", "eyJ-_~+/9.x.y=="):
        file.write_text(f"{token}\n")
        assert source.token() == token


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "gives no token"),
        (" \n", "gives no token"),
        (f"Bearer {SECRET}", "gives something else than a token alone"),
        (f"{SECRET}\x01auth=x", "gives something else than a token alone"),
        (f"{SECRET}\n{SECRET}", "gives something else than a token alone"),
        (f'{{"access_token": "{SECRET}"}}', "gives something else than a token alone"),
    ],
)
def test_what_is_no_token_is_not_sent_and_not_shown(content: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(content)
    assert refused(Tokens(tmp_path / "token", None)) == FILE + why


def test_a_command_prints_it_and_is_asked_once_for_a_burst(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = tmp_path / "counted"
    counted.touch()
    code = (
        f"f = open('{counted}', 'a+'); f.write('x'); f.seek(0); print(f'token-{{len(f.read())}}')"
    )
    source = Tokens(None, python(code))

    async def burst() -> list[str]:
        return await asyncio.gather(*(Provider(source).token() for _ in range(20)))

    assert set(asyncio.run(burst())) == {"token-1"}
    monkeypatch.setattr(tokens, "REUSE_SECONDS", -1.0)
    assert source.token() == "token-2"
    assert source.token() == "token-3"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (f"/nowhere/{SECRET}", "it cannot be run (No such file or directory)"),
        (f"'{SECRET}", "it cannot be run (it is no command line)"),
        ("", "it cannot be run (it is no command line)"),
        (
            python(f"import sys; print('{SECRET}'); sys.exit('{SECRET}')"),
            "it ended with status 1; run it by hand to see why",
        ),
        (python("pass"), "gives no token"),
        (python(f"print('a {SECRET}')"), "gives something else than a token alone"),
    ],
)
def test_a_command_that_gives_none(command: str, why: str) -> None:
    assert refused(Tokens(None, command)) == COMMAND + why


def test_a_command_without_end_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "COMMAND_SECONDS", 2.0)
    alive = tmp_path / "alive"
    script = tmp_path / "token"
    script.write_text(f"#!/bin/sh\n(while :; do echo x >> {alive}; sleep 0.05; done) &\nsleep 60\n")
    script.chmod(0o755)
    assert refused(Tokens(None, str(script))) == f"{COMMAND}no end after 2 s"
    size = alive.stat().st_size if alive.exists() else 0
    time.sleep(0.5)
    assert size == (alive.stat().st_size if alive.exists() else 0)


async def test_the_event_loop_goes_on_while_a_command_runs() -> None:
    waiting = asyncio.create_task(
        Provider(Tokens(None, python("import time; time.sleep(0.5); print('a.b')"))).token()
    )
    turns = 0
    while not waiting.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert await waiting == "a.b"
    assert turns > 5


async def test_no_token_is_an_error_that_a_client_knows(tmp_path: Path) -> None:
    """So that it tries again, and a worker lives on while the file is being renewed."""
    source = Tokens(tmp_path / "nothing", None)
    with pytest.raises(KafkaConnectionError, match="SASL_TOKEN_FILE: the file cannot be read"):
        await Provider(source).token()
    with pytest.raises(SaslAuthenticationFailedError, match="SASL_TOKEN_FILE: the file cannot"):
        BlockingProvider(source).token()


def test_both_kinds_of_client_get_their_provider(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a.b")
    kafka = KafkaSettings(
        bootstrap="kafka:9092",
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="OAUTHBEARER",
        sasl_token_file=tmp_path / "token",
    )
    settings = Settings(kafka=kafka)
    ours, blocking = client_options(settings), blocking_client_options(settings)
    assert blocking.pop("sasl_oauth_token_provider").token() == "a.b"
    assert asyncio.run(ours.pop("sasl_oauth_token_provider").token()) == "a.b"
    assert ours == blocking
    assert "sasl_plain_password" not in ours
