"""`touchline kafka`, and the broker that `touchline demo` opens for itself."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from streams.cluster.broker import LocalBroker
from streams.cluster.docker import DockerBroker, docker_answers
from streams.cluster.errors import THREE_WAYS, BrokerError
from streams.cluster.home import require_port
from streams.cluster.jars import kafka_jars
from streams.cluster.java import find_java

_LOOK_SECONDS = 0.5
AnyBroker = LocalBroker | DockerBroker


def choose_broker(data_dir: Path | None = None, port: int | None = None) -> AnyBroker:
    """A broker that can run here, not yet started: from Maven's jars, else in Docker.

    Raises BrokerError naming the three ways when neither serves, and where port or directory
    cannot be had.
    """
    if port is not None:
        require_port(port)
    try:
        kafka_jars(find_java())
    except BrokerError as error:
        if docker_answers():
            return DockerBroker(data_dir, port)
        text = str(error)
        raise BrokerError(text if THREE_WAYS in text else f"{text}; or: {THREE_WAYS}") from error
    return LocalBroker(data_dir, port)


def run_broker(port: int | None = None, data_dir: Path | None = None) -> None:
    """Run a broker until Ctrl-C or SIGTERM, then stop it cleanly. For the main thread.

    Prints its address and where its data are. Raises BrokerError when it cannot start or dies.
    """
    with _signals() as stop, choose_broker(data_dir, port) as broker:
        if stop.is_set():
            return
        print(f"Kafka is ready at {broker.bootstrap} after {broker.ready_seconds:.1f} s")
        print(f"{broker.place}", flush=True)
        print(f"export TOUCHLINE_KAFKA__BOOTSTRAP={broker.bootstrap}", flush=True)
        warned = False
        while not stop.wait(_LOOK_SECONDS):
            if not broker.running:
                raise BrokerError(broker.why_ended())
            if not warned and (little := broker.little_room()):
                print(little, file=sys.stderr, flush=True)
                warned = True
        print("Stopping Kafka", flush=True)


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; the former handlers come back afterwards."""
    stop = threading.Event()

    def told(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    former = {one: signal.signal(one, told) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for one, action in former.items():
            signal.signal(one, action)
