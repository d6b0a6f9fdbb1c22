"""A Kafka node in KRaft's combined mode: its properties, its storage, its command line."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from streams.cluster.errors import BrokerError
from streams.cluster.java import Java

_FORMAT_SECONDS = 60.0

# Fit for transactions on one node; the rest keeps Kafka's defaults.
_PROPERTIES: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "8",
    "transaction.partition.verification.enable": "true",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # A killed node is let in again only when its old session has run out (9 s by default).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.threads": "1",
    "log.cleaner.dedupe.buffer.size": str(16 << 20),
    "log.index.size.max.bytes": str(1 << 20),
    "num.network.threads": "2",
    "num.io.threads": "4",
}

_ADDED = ("listeners", "advertised.listeners", "listener.security.protocol.map")

_LOG4J = """\
rootLogger.level = WARN
rootLogger.appenderRef.err.ref = err
appender.err.type = Console
appender.err.name = err
appender.err.target = SYSTEM_ERR
appender.err.layout.type = PatternLayout
appender.err.layout.pattern = %d{ISO8601} %p %m (%c)%n
"""


_COPIES = (
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "share.coordinator.state.topic.replication.factor",
    "default.replication.factor",
)
_INSYNC = (
    "transaction.state.log.min.isr",
    "share.coordinator.state.topic.min.isr",
    "min.insync.replicas",
)


class Seat(NamedTuple):
    """A node's place among several: its number from 1 on, and the controllers' ports of all."""

    node: int
    cluster_id: str
    controller_ports: tuple[int, ...]

    @property
    def controller_port(self) -> int:
        return self.controller_ports[self.node - 1]

    def properties(self) -> dict[str, str]:
        """Up to three copies of what Kafka keeps for itself, one of which may be missing."""
        copies = min(3, len(self.controller_ports))
        voters = enumerate(self.controller_ports, start=1)
        return {
            "node.id": str(self.node),
            "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{port}" for n, port in voters),
            **dict.fromkeys(_COPIES, str(copies)),
            **dict.fromkeys(_INSYNC, str(max(1, copies - 1))),
        }


class Home(NamedTuple):
    """The directory of one node: properties, log and, under `data`, what Kafka keeps."""

    root: Path

    @property
    def properties(self) -> Path:
        return self.root / "server.properties"

    @property
    def log4j(self) -> Path:
        return self.root / "log4j2.properties"

    @property
    def log(self) -> Path:
        return self.root / "kafka.log"

    @property
    def data(self) -> Path:
        return self.root / "data"


def properties(
    home: Home,
    port: int,
    controller_port: int,
    more: Mapping[str, str],
    seat: Seat | None = None,
) -> dict[str, str]:
    """server.properties of the node; `more` goes over the rest, but listeners of it are added."""
    client, quorum = f"127.0.0.1:{port}", f"127.0.0.1:{controller_port}"
    own = {
        **_PROPERTIES,
        "listeners": f"PLAINTEXT://{client},CONTROLLER://{quorum}",
        "advertised.listeners": f"PLAINTEXT://{client}",
        "controller.quorum.voters": f"1@{quorum}",
        "log.dirs": str(home.data),
        **(seat.properties() if seat is not None else {}),
    }
    added = {key: f"{own[key]},{more[key]}" for key in _ADDED if key in more}
    return {**own, **more, **added}


def container_properties(port: int, data: str, more: Mapping[str, str]) -> dict[str, str]:
    """The same node in a container: it listens on 9092 inside, published as `port` on loopback."""
    return {
        **_PROPERTIES,
        "listeners": "PLAINTEXT://:9092,CONTROLLER://127.0.0.1:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": "1@127.0.0.1:9093",
        "log.dirs": data,
        **more,
    }


def write_home(home: Home, values: Mapping[str, str]) -> None:
    home.root.mkdir(parents=True, exist_ok=True)
    home.properties.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
    home.log4j.write_text(_LOG4J)


def command(java: Java, jars: Path, home: Home, options: list[str], main: str) -> list[str]:
    """The command line of `main` from the jars, logging by the home's log4j2.properties."""
    line = [str(java.executable), *options, "-Djava.awt.headless=true"]
    line += [f"-Dlog4j2.configurationFile={home.log4j}", f"-Duser.dir={home.root}"]
    return [*line, "-cp", f"{jars}/*", main]


def broker_options(heap: str) -> list[str]:
    """JVM options of a broker that lives for minutes beside its clients on a small machine.

    Only the first compiler (C1): CPU for the first 400,000 records produced and read is 1.9 s
    against 3.5 s with both; from 3 million on the two are equal (about 0.9 s).
    """
    return [f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]


def random_id() -> str:
    """A Kafka Uuid: 16 random bytes in base64url without padding, never led by a dash."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()).startswith("-"):
        pass
    return text


def format_storage(java: Java, jars: Path, home: Home, seat: Seat | None = None) -> None:
    """Make the storage of a new node; one that is formatted is left alone.

    Kafka's own tool does it the first time. Of what it writes only `bootstrap.checkpoint` (the
    feature levels of this Kafka version, nothing of the node) takes a JVM to make, so that file
    is kept beside the jars: the next new node starts a second sooner.
    """
    if (home.data / "meta.properties").exists():
        return
    kept = jars / "bootstrap.checkpoint"
    node, cluster = ("1", random_id()) if seat is None else (str(seat.node), seat.cluster_id)
    if not kept.exists():
        _run_format(java, jars, home, cluster)
        partial = kept.with_suffix(f".{uuid.uuid4().hex}")
        shutil.copyfile(home.data / "bootstrap.checkpoint", partial)
        partial.rename(kept)
        return
    home.data.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(kept, home.data / "bootstrap.checkpoint")
    values = {"version": "1", "cluster.id": cluster, "node.id": node}
    values["directory.id"] = random_id()
    lines = "".join(f"{key}={value}\n" for key, value in values.items())
    (home.data / "meta.properties").write_text(lines)


def _run_format(java: Java, jars: Path, home: Home, cluster: str) -> None:
    line = command(java, jars, home, broker_options("256m"), "kafka.tools.StorageTool")
    line += ["format", "--cluster-id", cluster, "--config", str(home.properties)]
    ran = subprocess.run(line, capture_output=True, text=True, timeout=_FORMAT_SECONDS, check=False)
    if ran.returncode != 0:
        tail = " / ".join((ran.stdout + ran.stderr).strip().splitlines()[-3:])
        raise BrokerError(f"Kafka's storage could not be formatted in {home.data}: {tail}")
