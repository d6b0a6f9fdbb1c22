"""`touchline demo` on a real Kafka: it shows alerts, ends well, and leaves nothing behind."""

import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fcntl import ioctl
from pathlib import Path

import httpx
import psutil
import pytest

from streams.cluster.broker import LocalBroker
from tests.streams.running import environment, until

pytestmark = pytest.mark.live

SMALL = ["--customers", "300", "--rate", "300"]
APP_ID = "demo"


class Demo:
    """A demonstration as a process, and everything it has started so far."""

    def __init__(self, line: list[str], variables: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as told:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streams.cli", "demo", *line],
                env=variables,
                stdout=told,
                stderr=told,
            )
        self.started: set[psutil.Process] = set()
        self.ports: set[int] = set()

    def told(self) -> str:
        return self.log.read_text()

    def wait_for(self, text: str) -> None:
        """Wait until it has printed this, and keep account of what it starts."""

        def printed() -> bool | None:
            assert self.process.poll() is None, self.told()
            self.look()
            return text in self.told() or None

        until(printed, text)

    def look(self) -> None:
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                self.started.add(child)
                with suppress(psutil.NoSuchProcess):
                    listening = child.net_connections("inet")
                    self.ports |= {one.laddr.port for one in listening if one.status == "LISTEN"}

    def child(self, name: str) -> psutil.Process:
        """One of its children by its name: `worker 1` or `bank`."""
        [found] = [one for one in self.started if name_of(one) == name]
        return found

    def end(self, seconds: float = 90.0) -> int:
        """Its exit status, once it has ended by itself."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            self.look()
            assert time.monotonic() < deadline, f"runs still after {seconds:.0f} s\n{self.told()}"
            time.sleep(0.1)
        return self.process.returncode

    def assert_nothing_is_left(self, pages: int = 2) -> None:
        assert len(self.started) >= 3, "two workers and a bank at least"
        until(lambda: not any(alive(one) for one in self.started) or None, "their end", 15.0)
        assert len(self.ports) >= pages
        # a zombie's last threads may hold its sockets for a moment longer
        until(lambda: not any(answers(port) for port in self.ports) or None, "their ports", 15.0)


def name_of(process: psutil.Process) -> str | None:
    """What a process is called; None once it has ended, as helpers of a start do."""
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return None


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def start(module_broker: LocalBroker, tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Starts demonstrations on the broker of this module; whatever goes wrong, none stays."""
    variables = environment(APP_ID, module_broker.bootstrap) | {"TMPDIR": str(tmp_path)}
    demos: list[Demo] = []

    def started(*line: str) -> Demo:
        demos.append(Demo([*SMALL, *line], variables, tmp_path / "demo.log"))
        return demos[-1]

    yield started
    for demo in demos:
        demo.process.kill()
        demo.process.wait()


def test_on_a_machine_without_kafka_it_opens_one_shows_alerts_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    hidden = ("TOUCHLINE_KAFKA__BOOTSTRAP", "TOUCHLINE_PARTITIONS")
    variables = {name: value for name, value in os.environ.items() if name not in hidden}
    variables["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    demo = Demo(["--seconds", "20"], variables, tmp_path / "demo.log")
    assert demo.end() == 0, demo.told()
    told = demo.told()
    counted = re.search(r"^([\d,]+) events through Kafka in ([\d.]+) s", told, re.MULTILINE)
    assert counted, told
    assert int(counted[1].replace(",", "")) > 5_000
    alerts = re.search(r"^([\d,]+) alerts: ([\d,]+) vip_new", told, re.MULTILINE)
    assert alerts, told
    assert int(alerts[1].replace(",", "")) > 50
    assert re.search(
        r"^  alert  P2 vip_new c-\d+ \((vip|private)\): The balance", told, re.MULTILINE
    )
    assert re.search(r"^first alert [\d.]+ s after the command$", told, re.MULTILINE)
    formed = re.search(r"^3 segments: (.+); \d+ in quarantine$", told, re.MULTILINE)
    assert formed, told
    shares = dict(re.findall(r"([a-z-]+) \(s\d+\) [\d,]+ \(([\d.]+) %\)", formed[1]))
    # the bank's shares of the published case; the standard error of the largest is 2.2
    for name, share in (("lurkers", 82), ("quality", 13), ("notification-only", 5)):
        assert float(shares[name]) == pytest.approx(share, abs=7)
    demo.assert_nothing_is_left()
    assert list((tmp_path / "tmp").glob("touchline-*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_a_summary_and_status_0(
    start: Callable[..., Demo], number: signal.Signals
) -> None:
    demo = start()
    demo.wait_for("  alert  ")
    demo.process.send_signal(number)
    assert demo.end() == 0, demo.told()
    assert "events through Kafka" in demo.told()
    demo.assert_nothing_is_left()


def test_the_printed_link_opens_the_desk_at_live_alerts_once(start: Callable[..., Demo]) -> None:
    demo = start()
    demo.wait_for("  desk   http")
    demo.wait_for("  alert  ")
    found = re.search(r"^  desk   (\S+) \(logs in once", demo.told(), re.MULTILINE)
    assert found, demo.told()
    with httpx.Client(follow_redirects=True, timeout=30) as reader:
        desk = reader.get(found[1])
        assert (desk.status_code, desk.url.path) == (200, "/desk")

        def alerts() -> list[str] | None:
            return re.findall(r'<tr id="a-[^"]+" data-id=', reader.get("/desk").text) or None

        reader.base_url = desk.url.join("/")
        until(alerts, "an alert on the desk", 30.0)
    with httpx.Client(follow_redirects=True, timeout=30) as other:
        assert other.get(found[1]).status_code == 403
    demo.process.terminate()
    assert demo.end() == 0, demo.told()
    demo.assert_nothing_is_left()


def test_a_signal_while_it_opens_is_obeyed_at_once(start: Callable[..., Demo]) -> None:
    demo = start()
    demo.wait_for("starting 2 workers")
    demo.process.terminate()
    assert demo.end(30.0) == 0, demo.told()
    assert "stopped before everything was up" in demo.told()
    demo.assert_nothing_is_left(pages=0)


def test_when_it_is_killed_its_children_die_with_it(start: Callable[..., Demo]) -> None:
    demo = start()
    demo.wait_for("  alert  ")
    demo.look()
    demo.process.kill()
    demo.process.wait()
    demo.assert_nothing_is_left()


def test_a_killed_worker_leaves_its_partitions_to_the_other(start: Callable[..., Demo]) -> None:
    demo = start("--seconds", "8")
    demo.wait_for("  alert  ")
    demo.child("worker 1").kill()
    assert demo.end() == 0, demo.told()
    demo.assert_nothing_is_left()


def test_a_bank_that_dies_is_a_failure_that_is_told(start: Callable[..., Demo]) -> None:
    demo = start()
    demo.wait_for("  alert  ")
    demo.child("bank").kill()
    assert demo.end() == 1
    assert "touchline: bank was ended by SIGKILL" in demo.told()
    demo.assert_nothing_is_left()


def test_in_a_terminal_it_draws_over_the_whole_screen_and_gives_it_back(
    module_broker: LocalBroker,
) -> None:
    variables = environment(APP_ID, module_broker.bootstrap) | {"TERM": "xterm-256color"}
    newcomers = ["--customers", "900", "--rate", "300"]
    with terminal([*newcomers, "--seconds", "6"], variables) as (process, shown):
        text = shown()
        assert process.wait(30) == 0, text
    assert text.count("\x1b[?1049h") == text.count("\x1b[?1049l") == 1, "one other screen"
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.partition("\x1b[?1049h")[2])
    for wanted in (
        *("Touchline", "Flow", "Last alerts of", "vip_new", "worker 2", "/metrics"),
        *("Segments: model", "lurkers", "quality", "what tells it apart"),
    ):
        assert wanted in plain
    after = text.partition("\x1b[?1049l")[2]
    assert "events through Kafka" in after
    assert "\x1b[?25h" in text, "the cursor comes back"


@contextmanager
def terminal(
    line: list[str], variables: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], str]]]:
    """A demonstration in a terminal of 100 x 30, and all it writes until it hangs up."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    command = [sys.executable, "-m", "streams.cli", "demo", *line]
    process = subprocess.Popen(
        command, env=variables, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)

    def shown() -> str:
        written, deadline = b"", time.monotonic() + 90
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.5)[0]:
                try:
                    written += os.read(ours, 65_536)
                except OSError:  # Linux says so when the other end is closed
                    break
        return written.decode(errors="replace")

    try:
        yield process, shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)
