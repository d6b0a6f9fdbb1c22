"""The fallback where Kafka's jars cannot be had: the same node in a Docker container."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from streams.cluster import ports
from streams.cluster.child import Child
from streams.cluster.errors import BrokerError
from streams.cluster.home import require_directory
from streams.cluster.jars import kafka_version, say
from streams.cluster.kraft import container_properties
from streams.cluster.probe import is_ready

_START_SECONDS = 300.0  # the image is fetched in it
_STOP_SECONDS = 30.0
_DATA = "/var/lib/kafka/data"


def docker_answers() -> bool:
    """Whether there is a Docker client here and its engine answers."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    line = [docker, "info", "--format", "{{.ServerVersion}}"]
    try:
        ran = subprocess.run(line, capture_output=True, text=True, timeout=15, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.returncode == 0 and bool(ran.stdout.strip())


def image() -> str:
    """The image of the same Kafka version as pom.xml names."""
    return f"apache/kafka:{kafka_version()}"


def run_line(name: str, port: int, values: Mapping[str, str], data_dir: Path | None) -> list[str]:
    """`docker run` for one node: only the loopback address is published."""
    line = ["docker", "run", "--rm", "--name", name, "--publish", f"{ports.LOOPBACK}:{port}:9092"]
    for key, value in values.items():
        line += ["--env", f"KAFKA_{key.upper().replace('.', '_')}={value}"]
    if data_dir is not None:
        line += ["--volume", f"{data_dir}:{_DATA}"]
    return [*line, image()]


class DockerBroker:
    """One node in a container, with the life of `LocalBroker`; the container goes with us."""

    def __init__(
        self,
        data_dir: Path | None = None,
        port: int | None = None,
        *,
        config: Mapping[str, str] | None = None,
    ) -> None:
        self._data_dir, self._port = data_dir, port or 0
        self._config = dict(config or {})
        self._name = f"touchline-kafka-{uuid.uuid4().hex[:8]}"
        self._child: Child | None = None
        self.ready_seconds = 0.0

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients; known from `start` on."""
        assert self._port, "start() first"
        return f"{ports.LOOPBACK}:{self._port}"

    @property
    def place(self) -> str:
        """Where an operator finds data and log."""
        kept = f"data in {self._data_dir}, " if self._data_dir else ""
        return f"{kept}log: docker logs {self._name}"

    def why_ended(self) -> str:
        """That it has died, and where its log is; it does not tell us why."""
        return f"Kafka has died; {self.place}"

    def little_room(self) -> str | None:
        """A warning where its disk is nearly full: the engine's disk is not ours to see."""
        return None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.pid is not None

    def start(self) -> str:
        """Start and wait until the broker answers; returns `bootstrap`. Raises BrokerError."""
        began = time.monotonic()
        if self._data_dir is not None:
            require_directory(self._data_dir, self._data_dir)
            self._data_dir.chmod(0o777)  # the image has a user of its own
        self._port = self._port or ports.free_ports(1)[0]
        values = container_properties(self._port, _DATA, self._config)
        line = run_line(self._name, self._port, values, self._data_dir)
        say(f"Running {image()} in Docker (the first time it is fetched)")
        self._child = Child(line, command=["docker", "rm", "--force", self._name])
        try:
            self._wait_ready(self._child, began + _START_SECONDS)
        except BaseException:
            self.close()
            raise
        self.ready_seconds = time.monotonic() - began
        return self.bootstrap

    def close(self) -> None:
        """Stop the container and remove it."""
        if self._child is not None:
            subprocess.run(["docker", "stop", self._name], capture_output=True, check=False)
            self._child.stop(_STOP_SECONDS)
        self._child = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def _wait_ready(self, child: Child, deadline: float) -> None:
        while time.monotonic() < deadline:
            if child.pid is None:
                raise BrokerError(f"docker could not run {image()}; try `docker run {image()}`")
            if ports.answers(self._port) and is_ready(self.bootstrap):
                return
            time.sleep(0.2)
        raise BrokerError(f"{image()} is not ready after {_START_SECONDS:.0f} s; is Docker busy?")
