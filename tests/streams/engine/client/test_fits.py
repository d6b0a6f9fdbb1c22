"""A worker starts only where the installed aiokafka and Faust are as the engine uses them."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from streams.engine.client import fits
from streams.engine.client.fits import (
    AIOKAFKA,
    ATTRIBUTE,
    FAUST,
    PACKAGES,
    Known,
    check_fit,
    misfits,
)
from streams.errors import MisfitClient

ROOT = Path(__file__).parents[4]
IN_C = ("DefaultRecordBatch", "MemoryRecords")
"""Classes of an extension: nothing can be taken from them."""
EVERY_NAME = [
    (place, name, takes)
    for names in (AIOKAFKA, FAUST)
    for place, wanted in names.items()
    for name, takes in wanted.items()
    if not place.endswith(IN_C)
]


def owner_of(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def refused() -> str:
    with pytest.raises(MisfitClient) as caught:
        check_fit()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_is_installed_fits() -> None:
    check_fit()


@pytest.mark.parametrize(("place", "name", "takes"), EVERY_NAME, ids=str)
def test_a_name_taken_away_is_missed(
    place: str, name: str, takes: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = owner_of(place)

    def nothing_set(self: object) -> None:
        """Set nothing."""

    for each in owner.__mro__[:-1]:  # a base may have it as well
        if name in vars(each):
            monkeypatch.delattr(each, name)
        if takes is ATTRIBUTE and "__init__" in vars(each):
            monkeypatch.setattr(each, "__init__", nothing_set)
    assert list(misfits({place: {name: takes}})) == [f"{owner.__name__}.{name} is missing"]


def test_the_refusal_says_what_is_missing_which_version_there_is_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(owner_of("aiokafka.consumer.fetcher:Fetcher"), "_notify")
    assert refused() == (
        f"aiokafka {version('aiokafka')} does not fit: Fetcher._notify is missing; known to fit "
        "are >=0.14,<0.15: install one of them with `pip install 'aiokafka>=0.14,<0.15'`"
    )


def test_a_method_with_other_parameters_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(self: Any, assignment: Any, request: Any) -> None:
        """Take one less."""

    fetcher = owner_of("aiokafka.consumer.fetcher:Fetcher")
    monkeypatch.setattr(fetcher, "_proc_fetch_request", other)
    assert (
        "Fetcher._proc_fetch_request takes (assignment, request)"
        " instead of taking (assignment, node_id, request)"
    ) in refused()
    monkeypatch.setattr(fetcher, "_proc_fetch_request", 7)
    assert "Fetcher._proc_fetch_request is no method" in refused()


def test_a_class_that_is_gone_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(importlib.import_module("aiokafka.consumer.fetcher"), "FetchResult")
    assert "aiokafka.consumer.fetcher.FetchResult is missing" in refused()


@pytest.mark.parametrize("installed", ["0.13.9", "0.15.0", "1.0", "0.9", "unknown"])
def test_a_version_nobody_has_tried_does_not_fit(
    installed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fits, "version", lambda _: installed)
    assert refused().startswith(f"aiokafka {installed} does not fit; known to fit are >=0.14,<0.15")


def test_a_package_that_is_not_there_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(fits, "version", none)
    assert refused().startswith("aiokafka (not installed) does not fit")


def test_versions_are_compared_by_number() -> None:
    known = Known("0.14", "0.15")
    assert all(known.has(each) for each in ("0.14", "0.14.0", "0.14.12", "0.14.1rc1"))
    assert not Known("0.9", "0.10").has("0.14")


def test_the_versions_that_are_installed_are_those_known_to_fit() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = dict(re.split(r"(?=[<>=])", each, maxsplit=1) for each in project["dependencies"])
    for package, (known, _) in PACKAGES.items():
        assert wanted[package] == str(known)


def test_a_worker_does_not_start_with_a_client_that_does_not_fit() -> None:
    program = (
        "import sys, aiokafka.consumer.fetcher as fetcher\n"
        "del fetcher.FetchResult\n"
        "from streams.cli import main\n"
        "sys.argv = ['touchline', 'worker']\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line.startswith("touchline: aiokafka ")
    assert "aiokafka.consumer.fetcher.FetchResult is missing" in line
