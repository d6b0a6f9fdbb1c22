"""A real Kafka broker on this machine: KRaft, one node or one of several, loopback only.

    with LocalBroker() as broker:
        client = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)

It runs from Maven's jars. All calls block; from asyncio use `asyncio.to_thread`. A broker whose
parent dies, even by SIGKILL, is killed by its watchdog within half a second, and its temporary
directory removed.
"""

import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from streams.cluster import kraft, ports
from streams.cluster.child import Child
from streams.cluster.classes import archive_options
from streams.cluster.ending import is_full, little_room, require_room, why_ended
from streams.cluster.errors import BrokerError
from streams.cluster.home import in_use, require_directory, require_port
from streams.cluster.jars import kafka_jars
from streams.cluster.java import find_java
from streams.cluster.probe import is_ready

_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_PORT_TRIES = 3
_TAIL_LINES = 12
_CLASH = "Address already in use"
_TAKEN = "Failed to acquire lock on file"


class LocalBroker:
    """One broker. After `stop` or `kill`, `restart` brings it back: same port, same data.

    `data_dir` holds properties, log and data, and is kept; without one a temporary directory is
    used and removed by `close`. `port` is a free one unless given. `heap` is the JVM's. `config`
    goes over the broker's properties. With a `seat` it is one of several, and ready when more
    than half of these run: `streams/cluster/several.py` starts them together.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        port: int | None = None,
        *,
        heap: str = "512m",
        config: Mapping[str, str] | None = None,
        seat: kraft.Seat | None = None,
    ) -> None:
        self._seat = seat
        self._given_dir, self._given_port = data_dir, port
        self._heap, self._config = heap, dict(config or {})
        self._home: kraft.Home | None = None
        self._port = 0
        self._controller_port = 0
        self._child: Child | None = None
        self._remove: Callable[[], object] | None = None
        self.ready_seconds = 0.0

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients; known from the first `start` on."""
        assert self._port, "start() first"
        return f"{ports.LOOPBACK}:{self._port}"

    @property
    def home(self) -> kraft.Home:
        """Where properties, log and data are; known from the first `start` on."""
        assert self._home is not None, "start() first"
        return self._home

    @property
    def place(self) -> str:
        """Where an operator finds data and log."""
        return f"data in {self.home.data}, log in {self.home.log}"

    def why_ended(self) -> str:
        """Why it has died, and what to do, in one line."""
        return why_ended(self.home.data, self.home.log)

    def little_room(self) -> str | None:
        """A warning where its disk is nearly full."""
        return little_room(self.home.root)

    @property
    def running(self) -> bool:
        return self.pid is not None

    @property
    def pid(self) -> int | None:
        """Process id of the JVM; None when it does not run."""
        return self._child.pid if self._child is not None else None

    def start(self) -> str:
        """Start and wait until the broker answers a client; returns `bootstrap`.

        Raises BrokerError: no Java, no jars, a port taken, or the end of the broker's log.
        """
        assert not self.running, "runs already"
        java = find_java()
        jars = kafka_jars(java)
        options = kraft.broker_options(self._heap) + archive_options(java, jars)
        began = time.monotonic()
        home = self._open_home()
        clients_know_it = bool(self._given_port or self._port)
        for _ in range(_PORT_TRIES):
            self._choose_ports()
            wanted = kraft.properties(
                home, self._port, self._controller_port, self._config, self._seat
            )
            kraft.write_home(home, wanted)
            kraft.format_storage(java, jars, home, self._seat)
            line = kraft.command(java, jars, home, options, "kafka.Kafka")
            if self._launch([*line, str(home.properties)]):
                self.ready_seconds = time.monotonic() - began
                return self.bootstrap
            if _CLASH not in self.log_tail():
                break
            self._controller_port = 0
            if not clients_know_it:
                self._port = 0
        if _TAKEN in self.log_tail():
            raise in_use(home.root)
        if is_full(home.data, home.log):
            raise BrokerError(self.why_ended())
        raise BrokerError(f"Kafka did not start; the end of {home.log}:\n{self.log_tail()}")

    def stop(self) -> None:
        """Clean stop (SIGTERM, SIGKILL after 30 s). Data and port are kept for `restart`."""
        if self._child is not None:
            self._child.stop(_STOP_SECONDS)
        self._child = None

    def kill(self) -> None:
        """SIGKILL: what a crash of the broker leaves."""
        if self._child is not None:
            self._child.kill()
        self._child = None

    def restart(self) -> str:
        """Start again on the same port with the same data; stops first when running."""
        assert self._port, "start() first"
        self.stop()
        return self.start()

    def close(self) -> None:
        """Stop, and remove the temporary directory. The broker cannot come back."""
        self.stop()
        if self._remove is not None:
            self._remove()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def log_tail(self, lines: int = _TAIL_LINES) -> str:
        """The last lines of the broker's log."""
        log = self.home.log
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join(text.strip().splitlines()[-lines:])

    def _open_home(self) -> kraft.Home:
        if self._home is None and self._given_dir is not None:
            self._home = kraft.Home(self._given_dir.resolve())
            require_directory(self._home.root, self._home.data)
        elif self._home is None:
            root = Path(tempfile.mkdtemp(prefix="touchline-kafka-"))
            self._home = kraft.Home(root)
            self._remove = weakref.finalize(self, _remove_tree, root)
        require_room(self._home.root)
        return self._home

    def _choose_ports(self) -> None:
        """A port once used is kept: clients know it. The controller's may change."""
        if self._given_port is not None:
            require_port(self._given_port)
        if self._port == 0:
            self._port = self._given_port or ports.free_ports(1)[0]
        if not ports.is_free(self._port):
            raise BrokerError(f"port {self._port} is taken; give another one, or none")
        if self._seat is not None:
            self._controller_port = self._seat.controller_port
        elif self._controller_port == 0 or not ports.is_free(self._controller_port):
            self._controller_port = ports.free_ports(1, but=frozenset({self._port}))[0]

    def _launch(self, line: list[str]) -> bool:
        """Start the JVM; True when ready, False when it died."""
        remove = self.home.root if self._given_dir is None else None
        self._child = Child(line, self.home.log, remove=remove)
        try:
            if self._wait_ready(self._child):
                return True
        except BaseException:
            self.kill()
            raise
        self.kill()
        return False

    def _wait_ready(self, child: Child) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if child.pid is None:
                return False
            if ports.answers(self._port) and is_ready(self.bootstrap):
                return True
            time.sleep(0.05)
        raise BrokerError(
            f"Kafka is not ready after {_START_SECONDS:.0f} s; the end of {self.home.log}:\n"
            f"{self.log_tail()}"
        )


def _remove_tree(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
