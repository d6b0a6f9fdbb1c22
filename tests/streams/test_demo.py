"""`touchline demo` on a real Kafka: it shows alerts, ends well, and leaves nothing behind."""

import io
import json
import os
import pty
import re
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fcntl import ioctl
from pathlib import Path

import psutil
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from rich.console import Console

from schemas.examples import OUTPUT_EXAMPLES
from streams.cluster.broker import LocalBroker
from streams.demo.feed import Heard
from streams.demo.figures import Reading, Workers, quantile, rate
from streams.demo.scene import Options, Scene
from streams.demo.view import draw, spark
from tests.streams.running import environment, until

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
        [found] = [one for one in self.started if one.name() == name]
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
        for port in self.ports:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()


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
    demo = Demo(["--seconds", "12"], variables, tmp_path / "demo.log")
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
    for wanted in ("Touchline", "Flow", "Last alerts of", "vip_new", "worker 2", "/metrics"):
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


# -- what the view is made of ------------------------------------------------------------


@pytest.fixture
def page() -> Iterator[tuple[CollectorRegistry, str, Callable[[], None]]]:
    """A page as a worker's, its address, and how it goes away."""
    registry = CollectorRegistry()
    server, thread = start_http_server(0, "127.0.0.1", registry)

    def close() -> None:
        if thread.is_alive():
            server.shutdown()
            server.server_close()
            thread.join()

    yield registry, f"http://127.0.0.1:{server.server_port}", close
    close()


Page = tuple[CollectorRegistry, str, Callable[[], None]]


def test_counters_of_a_worker_that_is_gone_still_count_and_its_gauges_do_not(page: Page) -> None:
    registry, address, close = page
    Counter("touchline_events", "x", ["type"], registry=registry).labels("survey").inc(7)
    Gauge("touchline_customers", "x", ["tier"], registry=registry).labels("vip").set(3)
    workers = Workers({"worker 1": address})
    reading = workers.read()
    assert reading.total("touchline_events_total", type="survey") == 7
    assert reading.by("touchline_customers", "tier") == {"vip": 3}
    assert workers.ready["worker 1"]

    close()
    reading = workers.read()
    assert reading.total("touchline_events_total", type="survey") == 7
    assert reading.by("touchline_customers", "tier") == {}
    assert not workers.ready["worker 1"]


def test_satisfaction_over_workers_is_weighted(page: Page) -> None:
    registry, address, _ = page
    labels = ["factor", "tier", "channel"]
    score = Gauge("touchline_satisfaction_score", "x", labels, registry=registry)
    weight = Gauge("touchline_satisfaction_weight", "x", labels, registry=registry)
    for cell, mean, weighs in (
        (("price", "vip", "app"), 2.0, 3.0),
        (("price", "vip", "web"), 6, 1),
    ):
        score.labels(*cell).set(mean)
        weight.labels(*cell).set(weighs)
    both = Workers({"worker 1": address, "worker 2": address})
    reading = both.read()
    assert reading.satisfaction("factor") == {"price": pytest.approx((2 * 3 + 6 * 1) / 4)}


def test_a_quantile_of_a_histogram_lies_within_the_bucket_of_the_true_one(page: Page) -> None:
    registry, address, _ = page
    edges = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
    histogram = Histogram("touchline_x_seconds", "x", registry=registry, buckets=edges)
    workers = Workers({"worker 1": address})
    histogram.observe(400)  # before the window: must not count
    earlier = workers.read()
    values = [0.0004 * n for n in range(1, 1_001)]
    for value in values:
        histogram.observe(value)
    later = workers.read()
    for share, cut in ((0.5, 49), (0.99, 98)):
        true = statistics.quantiles(values, n=100)[cut]
        found = quantile(earlier, later, "touchline_x_seconds", share)
        low = max((edge for edge in edges if edge < true), default=0.0)
        high = min(edge for edge in edges if edge >= true)
        assert found is not None
        assert low <= found <= high
    assert quantile(later, later, "touchline_x_seconds", 0.5) is None


def test_a_rate_is_growth_over_time() -> None:
    key = ("touchline_x_total", (("type", "a"),))
    assert rate(Reading(10.0, {key: 5}), Reading(14.0, {key: 25}), "touchline_x_total") == 5.0
    assert rate(Reading(10.0, {}), Reading(10.0, {key: 5}), "touchline_x_total") == 0.0


def test_the_picture_fits_terminals_and_shows_the_newest_alert_first() -> None:
    heard = Heard()
    example = OUTPUT_EXAMPLES["Alert"][0]
    for number in range(50):
        heard.take("alerts", encoded(example, f"c-{number:06d}"))
    options = Options(60.0, 100, 10.0, 2, 1)
    workers = Workers({})
    scene = Scene(options, "127.0.0.1:9092", time.time(), workers, heard, {}, [])
    for width, height in ((100, 30), (140, 40)):
        console = Console(width=width, height=height, record=True, file=io.StringIO())
        console.print(draw(scene, height))
        lines = console.export_text().splitlines()
        assert len(lines) == height
        assert max(map(len, lines)) <= width
        shown = [found[0] for line in lines if (found := re.search(r"c-\d{6}", line))]
        assert shown[:3] == ["c-000049", "c-000048", "c-000047"]
        assert "Last alerts of 50" in "\n".join(lines)


def encoded(example: dict[str, object], customer: str) -> bytes:
    changed = {"customer_id": customer, "alert_id": f"id-{customer}"}
    return json.dumps({**example, **changed}).encode()


def test_an_alert_that_lies_in_kafka_twice_is_noticed() -> None:
    heard = Heard()
    for customer in ("c-1", "c-2", "c-1"):
        heard.take("alerts", encoded(OUTPUT_EXAMPLES["Alert"][0], customer))
    assert (heard.count, heard.doubled) == (3, 1)


def test_a_spark_line_is_as_high_as_its_values() -> None:
    assert spark([0, 1, 2, 4, 8]) == " ▁▂▄█"
    assert spark([]) == spark([0, 0]) == ""
