"""A port, an address or a directory that cannot be had is one line, before anything is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streams import cli
from streams.cluster.broker import LocalBroker
from streams.cluster.errors import BrokerError

HOLDER = (
    "import fcntl, sys; f = open(sys.argv[1], 'wb'); fcntl.lockf(f, fcntl.LOCK_EX);"
    "print('held', flush=True); sys.stdin.read()"
)


def told(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command says that does not go well."""
    monkeypatch.setattr(sys, "argv", ["touchline", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    out, err = capfd.readouterr()
    assert out == ""
    [line] = err.splitlines()
    return line


@pytest.mark.parametrize("port", ["80000", "-1", "65536"])
def test_a_port_that_cannot_be(
    port: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    line = told(monkeypatch, capfd, "kafka", "--port", port)
    assert (
        line == f"touchline: port {port} cannot be: give one from 1 to 65535, or 0 for a free one"
    )


def test_a_workers_port_that_cannot_be(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert told(monkeypatch, capfd, "worker", "--http-port", "80000") == (
        "touchline: setting TOUCHLINE_HTTP__PORT: Input should be less than or equal to 65535 "
        "(got 80000)"
    )


def test_an_address_of_a_page(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ("simulate", "--bootstrap", "http://127.0.0.1:9092")
    line = told(monkeypatch, capfd, *words)
    assert line == "touchline: --bootstrap: an address is host:port, without http://"
    monkeypatch.setenv("TOUCHLINE_KAFKA__BOOTSTRAP", "http://127.0.0.1:9092")
    line = told(monkeypatch, capfd, "topics")
    assert line.endswith("TOUCHLINE_KAFKA__BOOTSTRAP: an address is host:port, without http://")


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (file, file / "below"):
        with pytest.raises(BrokerError, match=r"^data directory .* cannot be made \(") as refused:
            LocalBroker(path)._open_home()
        assert "\n" not in str(refused.value)


def test_a_directory_that_a_kafka_has_is_left_alone(tmp_path: Path) -> None:
    """Held as Kafka holds it: by a lock on this file."""
    (tmp_path / "data").mkdir()
    lock = tmp_path / "data" / ".lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BrokerError, match=r"is in use by a Kafka that runs; stop that one"):
            LocalBroker(tmp_path)._open_home()
        assert list(tmp_path.iterdir()) == [tmp_path / "data"]
        holder.communicate()
    assert LocalBroker(tmp_path)._open_home().root == tmp_path


@pytest.mark.live
def test_the_second_broker_in_a_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with LocalBroker(tmp_path) as first:
        before = first.home.properties.read_bytes(), first.home.log.read_bytes()
        line = told(monkeypatch, capfd, "kafka", "--data-dir", str(tmp_path))
        assert line == (
            f"touchline: data directory {tmp_path} is in use by a Kafka that runs; stop that one, "
            "or give another one"
        )
        assert first.running
        assert (first.home.properties.read_bytes(), first.home.log.read_bytes()) == before
