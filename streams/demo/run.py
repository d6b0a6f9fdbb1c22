"""`make demo`: opens everything, shows it, and closes everything it opened, in every case."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import yaml
from rich.console import Console

from domain.policy import Policy
from schemas.errors import OperatingError
from streams.cluster.ports import LOOPBACK, free_ports, is_free
from streams.cluster.run import AnyBroker, choose_broker
from streams.demo import roles
from streams.demo.children import Child, stop_all
from streams.demo.feed import Feed
from streams.demo.figures import Workers
from streams.demo.plain import Lines, say, summary
from streams.demo.scene import HASTE, Desk, Options, Scene
from streams.demo.view import View
from streams.engine.clients import bootstrap_servers
from streams.settings import Settings, load_settings
from streams.topics.ensure import ensure_topics_of

PARTITIONS = 6
"""Of a Kafka of our own, unless TOUCHLINE_PARTITIONS says otherwise: enough for six workers, and
made in half the time of the default."""
READY_SECONDS = 90.0
DRAIN_SECONDS = 15.0
STOP_SECONDS = 20.0
LOOK_SECONDS = 0.25
SCAN_SECONDS = 3.0
LAG_SECONDS = 1.1
"""Longer than between two looks of a worker at its lag."""


class DemoFailed(OperatingError):
    """A part of the demonstration ended by itself."""


class Told:
    """Set by SIGINT, SIGTERM and SIGHUP. While things are opened, a signal breaks in at once.

    A second one ends the waiting for what is still under way.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.hurry = threading.Event()
        self.opening = True

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.stop.is_set():
            self.hurry.set()
        self.stop.set()
        if self.opening:
            self.opening = False
            raise KeyboardInterrupt


def run_demo(options: Options, command_at: float) -> None:
    """Run until told or for ``options.seconds``; raises :class:`OperatingError` on failure."""
    console = Console()
    told = Told()
    with _signals(told), ExitStack() as opened:
        opened.callback(setattr, told, "opening", False)
        try:
            scene = _open(options, command_at, console, opened)
        except KeyboardInterrupt:
            say("stopped before everything was up")
            return
        finally:
            told.opening = False
        with View(scene, console) if console.is_terminal else Lines(scene) as shown:
            _watch(scene, told, shown.update)
            _finish(scene, told, shown.update)
        for line in summary(scene):
            say(line, console)
        _must_never_be(scene)
        if not told.stop.is_set() and not scene.feed.count:
            raise DemoFailed(f"no alert came out in {scene.seconds:.0f} s")


# -- opening ----------------------------------------------------------------------------


def _open(options: Options, command_at: float, console: Console, opened: ExitStack) -> Scene:
    settings = load_settings()
    directory = Path(tempfile.mkdtemp(prefix="touchline-demo-"))
    opened.callback(shutil.rmtree, directory, ignore_errors=True)
    children = [
        Child(f"worker {n}", roles.worker, directory) for n in range(1, options.workers + 1)
    ]
    children.append(Child("bank", partial(roles.bank, options), directory))
    told = directory / "desk"
    desk = Desk(Child("desk", partial(roles.desk, told), directory, begets=True), told)
    everyone = [*children, desk.process]
    opened.callback(stop_all, everyone, STOP_SECONDS)
    with _steps(console, command_at) as step:
        broker = _open_kafka(settings, step, opened)
        opened.callback(stop_all, everyone, STOP_SECONDS)  # before Kafka closes
        step("making topics")
        ensure_topics_of(settings).raise_if_wrong()
        feed = Feed(settings, settings.partitions)
        opened.callback(feed.stop)
        step(f"starting {options.workers} workers, the bank and the desk")
        environment = _environment(settings, directory)
        addresses = _start_workers(environment, children[:-1])
        workers = Workers(addresses)
        opened.callback(workers.stop)
        feed.start()
        workers.start()
        where = {"TOUCHLINE_KAFKA__BOOTSTRAP": _where(settings)}
        children[-1].go(where)
        taken = frozenset(int(each.rpartition(":")[2]) for each in addresses.values())
        desk.process.go(environment | _of_desk(settings, directory, taken))
        shown = workers, feed, addresses, children, broker
        scene = Scene(options, _where(settings), command_at, *shown, desk=desk)
        _wait_open(scene, settings.partitions)
    return scene


def _open_kafka(
    settings: Settings, step: Callable[[str], None], opened: ExitStack
) -> AnyBroker | None:
    """The Kafka that the settings name, else one of our own, which is given back."""
    if settings.kafka.bootstrap:
        step(f"using Kafka at {_where(settings)}: simulated customers will be written there")
        return None
    step("starting Kafka")
    broker = choose_broker()
    opened.enter_context(broker)
    settings.kafka.bootstrap = broker.bootstrap
    if "partitions" not in settings.model_fields_set:
        settings.partitions = PARTITIONS
    return broker


@contextmanager
def _steps(console: Console, command_at: float) -> Iterator[Callable[[str], None]]:
    if not console.is_terminal:
        yield lambda text: say(f"{time.time() - command_at:5.1f} s  {text}")
        return
    with console.status("opening") as status:
        yield status.update


def _environment(settings: Settings, directory: Path) -> dict[str, str]:
    """What workers and desk have in common."""
    return {
        "TOUCHLINE_KAFKA__BOOTSTRAP": _where(settings),
        "TOUCHLINE_CLOCK": "wall",
        "TOUCHLINE_POLICY": str(settings.policy or _hasty_policy(directory)),
        "TOUCHLINE_PARTITIONS": str(settings.partitions),
    }


def _start_workers(environment: dict[str, str], children: list[Child]) -> dict[str, str]:
    addresses = {}
    for child, port in zip(children, free_ports(len(children)), strict=True):
        own = {"TOUCHLINE_HTTP__HOST": LOOPBACK, "TOUCHLINE_HTTP__PORT": str(port)}
        child.go(environment | own)
        addresses[child.name] = f"http://{LOOPBACK}:{port}"
    return addresses


def _of_desk(settings: Settings, directory: Path, taken: frozenset[int]) -> dict[str, str]:
    """Where the desk listens and keeps its file, unless the settings say it."""
    own: dict[str, str] = {}
    if "directory" not in settings.serve.model_fields_set:
        own["TOUCHLINE_SERVE__DIRECTORY"] = str(directory / "serve")
    if "port" not in settings.serve.model_fields_set:
        usual = settings.serve.port
        own["TOUCHLINE_SERVE__PORT"] = str(usual if is_free(usual) else free_ports(1, but=taken)[0])
    return own


def _hasty_policy(directory: Path) -> Path:
    """The default policy with its promises shortened as the bank's hours are.

    Segments are looked at as anew every few seconds: customers come in within that time.
    """
    policy = Policy()
    given = policy.complaints.model_dump()
    promises = {
        name: {tier: hours / HASTE for tier, hours in by_tier.items()}
        for name, by_tier in given.items()
        if name.endswith("_hours")
    }
    days = {name: value / HASTE for name, value in given.items() if name.endswith("_days")}
    callback = {"callback_hours": policy.satisfaction.callback_hours / HASTE}
    segments = {"scan_seconds": SCAN_SECONDS}
    sections = {"complaints": promises | days, "satisfaction": callback, "segments": segments}
    path = directory / "policy.yaml"
    path.write_text(yaml.safe_dump(sections))
    return path


def _wait_open(scene: Scene, partitions: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while sum(scene.workers.partitions.values()) < partitions:
        _check(scene)
        if time.monotonic() > deadline:
            told = scene.processes[0].told()
            raise DemoFailed(f"workers not ready after {READY_SECONDS:.0f} s\n{told}")
        time.sleep(0.05)
    scene.opened = time.monotonic()


def _where(settings: Settings) -> str:
    return ",".join(bootstrap_servers(settings))


# -- running and closing ----------------------------------------------------------------


def _watch(scene: Scene, told: Told, show: Callable[[], None]) -> None:
    seconds = scene.options.seconds
    while not told.stop.wait(LOOK_SECONDS):
        scene.notice()
        show()
        _check(scene)
        if seconds is not None and scene.seconds >= seconds:
            return


def _must_never_be(scene: Scene) -> None:
    if scene.feed.doubled:
        raise DemoFailed(f"{scene.feed.doubled} outputs came out twice: that must never be")
    if scene.feed.broken:
        raise DemoFailed(
            f"{scene.feed.broken} segment updates do not go on from the customer's last one: "
            "that must never be"
        )


def _check(scene: Scene) -> None:
    if scene.broker is not None and not scene.broker.running:
        raise DemoFailed(scene.broker.why_ended())
    *workers, bank = scene.processes
    if not bank.running:
        raise DemoFailed(bank.told())
    if scene.desk is not None and not scene.desk.process.running:
        raise DemoFailed(scene.desk.process.told())
    if not any(worker.running for worker in workers):
        raise DemoFailed(workers[0].told())
    if scene.feed.failure:
        raise DemoFailed(f"outputs could not be read: {scene.feed.failure}")


def _finish(scene: Scene, told: Told, show: Callable[[], None]) -> None:
    """The bank closes first, so that what it sent is worked off before the workers end."""
    stop_all(scene.processes[-1:], STOP_SECONDS)
    deadline = time.monotonic() + DRAIN_SECONDS
    before = -1
    while time.monotonic() < deadline and not told.hurry.wait(LAG_SECONDS):
        scene.workers.read()
        show()
        if scene.lag == 0 and scene.records == before:
            return
        before = scene.records


@contextmanager
def _signals(told: Told) -> Iterator[None]:
    former = {
        number: signal.signal(number, told)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, action in former.items():
            signal.signal(number, action)
