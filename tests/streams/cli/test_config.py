"""``touchline config``: every setting, its value and where that came from."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from streams import cli
from streams.settings import Settings
from streams.settings.names import variables


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("TOUCHLINE"):
            monkeypatch.delenv(name)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit status."""
    monkeypatch.setattr(sys, "argv", ["touchline", "config", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def listed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> dict[str, dict[str, Any]]:
    assert run(monkeypatch, "--json") == 0
    return {each["name"]: each for each in json.loads(capfd.readouterr().out)}


def test_every_setting_is_told_with_its_source(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "touchline_kafka__sasl_password"
    file.write_text("s3cret")
    capitals = tmp_path / "TOUCHLINE_KAFKA__SASL_USERNAME"
    capitals.write_text("alice\n")
    monkeypatch.setenv("TOUCHLINE_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("TOUCHLINE_PARTITIONS", "24")
    monkeypatch.setenv("TOUCHLINE_COMMIT", '{"linger_seconds": 0.5}')
    found = listed(monkeypatch, capfd)
    assert list(found) == [each.name for each in variables(Settings)]

    def told(name: str) -> tuple[Any, ...]:
        one = found[f"TOUCHLINE_{name}"]
        return one["value"], one["source"], one["default"]

    assert told("PARTITIONS") == (24, "environment", 12)
    assert told("COMMIT__LINGER_SECONDS") == (0.5, "environment", 0.25)
    assert told("COMMIT__INTERVAL_SECONDS") == (0.5, "default", 0.5)
    assert told("KAFKA__SASL_PASSWORD") == ("********", str(file), None)
    assert told("KAFKA__SASL_USERNAME") == ("alice", str(capitals), None)
    assert told("KAFKA__SSL_KEY_PASSWORD") == (None, "default", None)
    assert told("KAFKA__BOOTSTRAP") == (None, "default", None)
    assert found["TOUCHLINE_KAFKA__SASL_PASSWORD"]["secret"]
    assert found["TOUCHLINE_CLOCK"]["meaning"].startswith("wall: now")


def test_the_table_has_a_line_for_each(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOUCHLINE_KAFKA__SASL_PASSWORD", "s3cret")
    assert run(monkeypatch) == 0
    out, err = capfd.readouterr()
    lines = {line.split()[0]: line for line in out.splitlines()}
    for each in variables(Settings):
        assert str(each.field.description) in lines[each.name]
    assert lines["TOUCHLINE_KAFKA__SASL_PASSWORD"].split()[1:3] == ["********", "environment"]
    assert "s3cret" not in out + err


def test_what_is_unknown_is_told_after_the_table(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOUCHLINE_CLOK", "event")
    assert run(monkeypatch) == 1
    out, err = capfd.readouterr()
    assert "TOUCHLINE_CLOCK" in out
    assert err.startswith(
        "touchline: setting TOUCHLINE_CLOK is not known, the nearest is TOUCHLINE_CLOCK"
    )


def test_a_value_that_does_not_fit_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOUCHLINE_CLOCK", "sun")
    assert run(monkeypatch) == 1
    assert capfd.readouterr() == (
        "",
        "touchline: setting TOUCHLINE_CLOCK: Input should be 'wall' or 'event' (got 'sun')\n",
    )
