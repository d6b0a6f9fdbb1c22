"""Every command that talks to Kafka, on a broker that lets no stranger in; its authority is ours.

With a password over TLS (SCRAM-SHA-512), and with a certificate of its own (mutual TLS). Commands
are found in the command line itself: one that is in neither list below fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from streams.cli import app
from tests.streams.secure import test_secure_kafka
from tests.streams.secure.commanded import DEMO, TRIED, Command, Ended, all_of_them, ended
from tests.streams.secure.test_secure_kafka import MARK, House

pytestmark = [
    pytest.mark.live,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl"),
]
house = test_secure_kafka.house  # a broker of this module's own

WAYS = ("scram", "certificate")
WITHOUT_KAFKA = {
    "report standards",
    "clv fit", "config", "import bank-case", "import berka", "kafka", "policy check", "policy diff",
    "policy fields", "policy show", "replay", "schemas", "segments fit",
}  # fmt: skip
"""These read files, print what is built in, or make a broker of their own."""

Told = Mapping[str, list[tuple[Command, Ended]]]


@pytest.fixture(scope="module")
def told(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """How every command ended, by the way to be let in: both ways side by side."""

    variables = {way: house.environment(way) for way in WAYS}  # each signs a certificate anew

    def through(way: str) -> list[tuple[Command, Ended]]:
        directory: Path = tmp_path_factory.mktemp(way)
        found = all_of_them(variables[way], directory, pool)
        return list(found.items())

    with ThreadPoolExecutor(4) as pool, ThreadPoolExecutor(2) as ways:
        found = dict(zip(WAYS, ways.map(through, WAYS), strict=True))
    for way in WAYS:
        demo = {"TOUCHLINE_APP_ID": f"{variables[way]['TOUCHLINE_APP_ID']}-demo"}
        found[way].append((DEMO, ended(variables[way] | demo, DEMO)))
    yield found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", range(len(TRIED)), ids=[str(each) for each in TRIED])
def test_a_command_works_on_a_secured_broker(number: int, way: str, told: Told) -> None:
    [(command, how)] = [each for each in told[way] if _is(each[0], TRIED[number])]
    assert how.status == command.status, how.said
    assert command.prints in how.said
    assert MARK not in how.said


def test_no_command_is_left_out() -> None:
    tried = {" ".join(path) for path in _paths() for each in TRIED if _called(each, path)}
    known = {"worker", "serve", *tried, *WITHOUT_KAFKA}
    assert known == {" ".join(path) for path in _paths()}


@cache
def _paths() -> list[tuple[str, ...]]:
    """The names of every command that may be given, groups that run by themselves included."""

    def below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        commands = getattr(command, "commands", None)
        if not commands or getattr(command, "invoke_without_command", False):
            yield path
        for name, each in (commands or {}).items():
            yield from below(each, (*path, name))

    return list(below(typer.main.get_command(app), ()))


def _called(command: Command, path: tuple[str, ...]) -> bool:
    """Whether the words call this very command."""
    named = command.words[: len(path)] == path
    longer = [each for each in _paths() if len(each) > len(path) and each[: len(path)] == path]
    return named and not any(command.words[: len(each)] == each for each in longer)


def _is(command: Command, wanted: Command) -> bool:
    """The same but for what was found and put in its braces."""
    pairs = zip(command.words, wanted.words, strict=False)
    same = len(command.words) == len(wanted.words)
    return same and all(given == asked or "{" in asked for given, asked in pairs)
