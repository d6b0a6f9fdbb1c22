"""No command shows a secret, however it fails: marked ones are looked for in all that is said."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from streams import cli
from streams.settings import SettingError, load_settings, names
from streams.settings.listing import STARS, listed_settings
from streams.settings.model import Settings

EVENTS = Path(__file__).resolve().parents[3] / "docs" / "events.jsonl"
CLOSED = "127.0.0.1:1"
SECRETS = [each for each in names.variables(Settings) if each.secret]
PATHS = [each for each in names.variables(Settings) if not each.field.repr and not each.secret]
MARKS = {each.name: f"mark-{uuid.uuid4().hex}" for each in (*SECRETS, *PATHS)}
COMMAND = "TOUCHLINE_KAFKA__SASL_TOKEN_COMMAND"
MARKED = {each.name: MARKS[each.name] for each in SECRETS}
MARK = MARKS[SECRETS[0].name]


def kafka(**values: str) -> dict[str, str]:
    """Variables of the section, by the name in the model."""
    return {f"TOUCHLINE_KAFKA__{name.upper()}": value for name, value in values.items()}


LOGIN = kafka(bootstrap=CLOSED, security_protocol="SASL_SSL", sasl_username="touchline")
OAUTH = kafka(bootstrap=CLOSED, security_protocol="SASL_PLAINTEXT", sasl_mechanism="OAUTHBEARER")
WRONG: dict[str, dict[str, str]] = {
    "no user name": kafka(security_protocol="SASL_SSL"),
    "too many replicas": kafka(min_insync_replicas="3"),
    "no number": {**LOGIN, **kafka(replication="many")},
    "no choice": {**LOGIN, **kafka(sasl_mechanism="AWS_MSK_IAM")},
    "a section that is no JSON": {"TOUCHLINE_KAFKA": f'{{"sasl_password": "{MARK}"'},
    "a section that is text": {"TOUCHLINE_KAFKA": f'"{MARK}"'},
    "a list for a secret": {
        "TOUCHLINE_KAFKA": f'{{"sasl_password": ["{MARK}"], "ssl_key_password": ["{MARK}"]}}',
        **{each.name: "" for each in SECRETS},
    },
    "unknown": {f"{SECRETS[0].name}S": MARK, "TOUCHLINE_NOTHING": MARK},
    "password in the address": kafka(bootstrap=f"touchline:{MARK}@kafka:9092"),
    "address of a page": kafka(bootstrap=f"kafka:1,https://touchline:{MARK}@kafka:9092/{MARK}"),
    "password for a port": kafka(bootstrap=f"touchline:{MARK}"),
    "contents for paths": {
        **LOGIN,
        **{one.name: f"-----BEGIN KEY-----\n{MARKS[one.name]}\n" for one in PATHS},
    },
    "paths of nothing": {
        **LOGIN,
        **{one.name: f"/{MARKS[one.name]}" for one in PATHS if "FILE" in one.name},
    },
    "a command that fails": {**OAUTH, COMMAND: f"false {MARK}"},
    "a command that cannot be": {**OAUTH, COMMAND: f"/{MARK} '"},
    "nobody there": kafka(bootstrap=CLOSED),
    "nobody there to log in": LOGIN,
}


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of ours, by the words that call it."""
    if group is None:
        group = typer.main.get_command(cli.app) if isinstance(cli.app, typer.Typer) else cli.app
    if not isinstance(group, click.Group) and not hasattr(group, "commands"):
        yield path
        return
    if path and group.invoke_without_command:
        yield path
    for name, below in group.commands.items():
        yield from commands(below, (*path, name))


ARGUMENTS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("kafka",): ("--port", "80000"),
    ("produce",): (str(EVENTS),),
    ("replay",): (str(EVENTS), "--out", "{tmp}/out"),
    ("state",): ("c-1",),
    ("schemas",): ("--out", "{tmp}/schemas"),
    ("import", "berka"): ("{tmp}/nothing",),
    ("import", "bank-case"): ("--end", "never"),
    ("dead-letters", "show"): ("0" * 64,),
    ("segments", "export"): ("s1",),
    ("segments", "explain"): ("c-1",),
    ("segments", "fit"): ("{tmp}/nothing",),
    ("clv", "fit"): ("{tmp}/nothing",),
    ("policy", "check"): ("{tmp}/nothing",),
    ("policy", "diff"): ("{tmp}/nothing", "{tmp}/nothing", str(EVENTS)),
    ("simulate",): ("--records", "1", "--customers", "1"),
}
IN_THEIR_OWN = {("worker",), ("demo",), ("serve",)}
"""They change this process: logs, children; serve goes on without a broker."""

PRETTY: Any = {
    name: getattr(cli.app, name)
    for name in ("pretty_exceptions_enable", "pretty_exceptions_show_locals")
}

Says = Callable[..., str]


@pytest.fixture
def says(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Says:
    """All that a command says, its traceback where it has one, and what it starts."""
    started: list[str] = []
    popen = subprocess.Popen.__init__

    def watched(self: Any, args: Any, *rest: Any, **more: Any) -> None:
        started.append(repr(args))
        popen(self, args, *rest, **more)

    monkeypatch.setattr(subprocess.Popen, "__init__", watched)
    monkeypatch.setattr(cli, "app", typer.main.get_command(cli.app))

    def run(words: tuple[str, ...], environment: Mapping[str, str]) -> str:
        started.clear()
        given = [word.replace("{tmp}", str(tmp_path)) for word in words]
        raised = ""
        with monkeypatch.context() as patch:
            clear(patch)
            for name, value in {**MARKED, **environment}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["touchline", *given])
            try:
                cli.main()
            except SystemExit:
                pass
            except BaseException:
                raised = traceback.format_exc()
        out, err = capfd.readouterr()
        # the words of the token command are the operator's own, and its alone
        argv = "" if environment.get(COMMAND) else "\n".join(started)
        return "\n".join([out, err, raised, argv])

    return run


def clear(patch: pytest.MonkeyPatch) -> None:
    """Nothing of ours in the environment."""
    for name in list(os.environ):
        if name.upper().startswith("TOUCHLINE"):
            patch.delenv(name)


def shown(text: str) -> list[str]:
    """The settings whose marked value is in the text."""
    return [name for name, mark in MARKS.items() if mark in text or mark[5:] in text]


def test_every_command_is_tried() -> None:
    known = set(commands())
    assert {*ARGUMENTS, *IN_THEIR_OWN} <= known
    assert ("topics",) in known
    assert ("segments",) in known
    assert SECRETS


@pytest.mark.parametrize("why", list(WRONG))
def test_no_fault_of_the_settings_shows_a_secret(why: str, says: Says) -> None:
    for words in (("topics",), ("state",), ("produce",)):
        told = says((*words, *ARGUMENTS.get(words, ())), WRONG[why])
        assert "\ntouchline: " in f"\n{told}", (words, told)
        assert shown(told) == [], (words, told)


@pytest.mark.long
@pytest.mark.parametrize("why", ["no user name", "a command that fails", "nobody there to log in"])
def test_no_failing_command_shows_a_secret(why: str, says: Says) -> None:
    failed = 0
    for words in set(commands()) - IN_THEIR_OWN:
        told = says((*words, *ARGUMENTS.get(words, ())), WRONG[why])
        assert shown(told) == [], (words, told)
        assert "Traceback" not in told, (words, told)
        failed += "touchline: " in told
    assert failed >= 10, "most commands cannot do without settings that fit"


@pytest.mark.long
def test_no_help_shows_a_secret(says: Says) -> None:
    for words in {*commands(), (), ("segments",), ("report",)}:
        told = says((*words, "--help"), LOGIN)
        assert "Usage" in told
        assert shown(told) == []


def test_the_config_shows_stars(says: Says) -> None:
    for words in (("config",), ("config", "--json")):
        told = says(words, LOGIN)
        assert shown(told) == []
        assert told.count(STARS) == len(SECRETS)


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("worker",), "nobody there to log in"),
        (("demo", "--seconds", "1"), "nobody there to log in"),
    ],
)
def test_no_failing_process_shows_a_secret(words: tuple[str, ...], why: str) -> None:
    others = {name: value for name, value in os.environ.items() if "TOUCHLINE" not in name.upper()}
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "streams.cli", *words],
        env={**others, **MARKED, **WRONG[why], "TOUCHLINE_LOG_LEVEL": "debug"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert "touchline: " in done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert shown(done.stdout + done.stderr) == []


@pytest.mark.long
def test_serve_without_a_broker_shows_no_secret(tmp_path: Path) -> None:
    others = {name: value for name, value in os.environ.items() if "TOUCHLINE" not in name.upper()}
    said = tmp_path / "said"
    place = {"TOUCHLINE_SERVE__DIRECTORY": str(tmp_path / "model"), "TOUCHLINE_LOG_LEVEL": "debug"}
    with said.open("wb") as out:
        serve = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "serve", "--port", "0"],
            env={**others, **MARKED, **WRONG["nobody there to log in"], **place},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 90
        while "no events can be sent" not in said.read_text():
            assert serve.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
    finally:
        serve.terminate()
        serve.wait(30)
    assert "Traceback" not in said.read_text()
    assert shown(said.read_text()) == []


def test_nothing_that_an_error_holds_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what caused it: whoever prints a traceback prints that too."""
    for wrong in WRONG.values():
        with monkeypatch.context() as patch:
            clear(patch)
            for name, value in {**MARKED, **wrong}.items():
                patch.setenv(name, value)
            try:
                told = repr(load_settings())
            except SettingError as error:
                told = "".join(traceback.format_exception(error))
                assert error.__cause__ is None
                assert error.__context__ is None
            assert shown(told) == []


def test_a_traceback_shows_no_values(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A fault of ours keeps its traceback, which has lines of the program and nothing else."""
    app = typer.Typer(**PRETTY, add_completion=False)

    @app.command()
    def fails() -> None:
        password = MARK
        raise KeyError(len(password))

    former = sys.excepthook
    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(sys, "argv", ["touchline"])
    try:
        with pytest.raises(KeyError) as raised:
            cli.main()
        sys.excepthook(raised.type, raised.value, raised.tb)
    finally:
        sys.excepthook = former
    told = capfd.readouterr().err
    assert "raise KeyError(len(password))" in told
    assert shown(told) == []


LOGS = """
import logging, os, sys, structlog
from streams.settings import load_settings
from streams.worker.logs import configure_logs

settings = load_settings()
configure_logs(settings)

def fails():
    password = settings.kafka.sasl_password.get_secret_value()
    raise KeyError(len(password))

try:
    fails()
except KeyError:
    structlog.get_logger("touchline").exception("failed", settings=settings)
    logging.getLogger("touchline").exception("failed: %s", settings)
logging.getLogger("kafka.admin").debug("configuration: %s", dict(os.environ))
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_log_line_shows_a_secret(form: str) -> None:
    """Neither the values around an error, nor the settings where somebody logs them."""
    given = {"TOUCHLINE_LOG_LEVEL": "debug", "TOUCHLINE_LOG_FORMAT": form, **LOGIN}
    line = [sys.executable, "-c", LOGS]
    done = subprocess.run(
        line, env=os.environ | MARKED | given, capture_output=True, text=True, check=True
    )
    assert done.stderr.count("Traceback") == 2
    assert shown(done.stdout + done.stderr) == []


def test_the_search_finds_what_is_shown(monkeypatch: pytest.MonkeyPatch, says: Says) -> None:
    """Were a secret not known as one, the tests above would fail."""
    monkeypatch.setattr(names, "_holds_secret", lambda _: False)
    told = says(("topics",), WRONG["a list for a secret"])
    assert SECRETS[0].name in shown(told)


def test_the_search_finds_pydantics_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was shown before: the whole section as it was given."""
    clear(monkeypatch)
    monkeypatch.setitem(Settings.model_config, "hide_input_in_errors", False)
    given = {"sasl_password": [MARK]}
    with pytest.raises(ValueError, match="sasl_password") as refused:
        Settings(kafka=given)  # type: ignore[arg-type]
    assert [each["input"] for each in refused.value.errors()] == [[MARK]]  # type: ignore[attr-defined]


def test_stars_do_not_tell_how_long_a_secret_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clear(monkeypatch)
    for value in ("x", "x" * 100):
        monkeypatch.setenv(SECRETS[0].name, value)
        [found] = [each for each in listed_settings() if each.name == SECRETS[0].name]
        assert found.value == STARS
