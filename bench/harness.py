"""What all benchmarks share: the machine, a broker of their own, topics, and processes with an end.

A benchmark goes `with broker() as bootstrap:`, then `make_topic`, `run_process` and `last_json`.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from kafka.admin import KafkaAdminClient, NewTopic

ROOT = Path(__file__).resolve().parent.parent
ADDRESS_VARIABLE = "TOUCHLINE_BENCH_BOOTSTRAP"
OUTPUT_TAIL_CHARACTERS = 2000
GRACE_SECONDS = 5.0


class BenchmarkError(Exception):
    """A measurement could not be taken; the message says which and why."""


@dataclass(frozen=True)
class Finished:
    """A process that has ended: exit status (None: killed at its time limit), output, cost."""

    status: int | None
    stdout: str
    stderr: str
    seconds: float
    cpu_seconds: float


def machine_info() -> dict[str, Any]:
    """Cores, memory, processor, system and the load of the minute before, as plain data."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_average_1m": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of `packages` as installed here; `absent` for one that is not."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def cache_dir() -> Path:
    """Where benchmarks keep what they build and install; made if it does not exist."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = base / "touchline" / "bench"
    place.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def broker(heap: str = "1g") -> Iterator[str]:
    """The address of a Kafka for the time of the block.

    That in `TOUCHLINE_BENCH_BOOTSTRAP`, else a local broker with `heap` for its JVM, stopped and
    removed at the end. Raises `BrokerError` if it does not start.
    """
    given = os.environ.get(ADDRESS_VARIABLE)
    if given:
        yield given
        return
    from streams.cluster.broker import LocalBroker  # here, so that an address needs no Java

    with LocalBroker(heap=heap) as local:
        yield local.bootstrap


def make_topic(
    bootstrap: str, topic: str, partitions: int, config: Mapping[str, str] | None = None
) -> None:
    """Make a topic with one replica that nothing expires from, unless `config` says otherwise."""
    wanted = {"retention.ms": "-1", **(config or {})}
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=wanted)])


def delete_topics(bootstrap: str, part_of_name: str) -> list[str]:
    """Delete every topic whose name holds `part_of_name`; returns their names."""
    assert part_of_name, "an empty part would delete every topic"
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        doomed = [topic for topic in admin.list_topics() if part_of_name in topic]
        if doomed:
            admin.delete_topics(doomed)
    return doomed


def run_process(
    command: Sequence[str], timeout_seconds: float, env: Mapping[str, str] | None = None
) -> Finished:
    """Run `command` from the repository's root until it ends or its time is up.

    It gets a session of its own, so that at the time limit it and all that it started are ended by
    that one id: SIGTERM, then SIGKILL after `GRACE_SECONDS`. Output goes to files, so that nothing
    blocks on a full pipe.
    """
    environment = {**os.environ, **(env or {})}
    spent, began = _children_cpu(), time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        status: int | None
        try:
            status = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read())
    elapsed = time.monotonic() - began
    return Finished(status, texts[0], texts[1], elapsed, _children_cpu() - spent)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def last_json(finished: Finished) -> dict[str, Any]:
    """The JSON object on the last line of output that holds one.

    Raises `BenchmarkError` with the end of the output if the process failed or printed none.
    """
    if finished.status != 0:
        why = "ran out of time" if finished.status is None else f"exited with {finished.status}"
        raise BenchmarkError(f"{why} after {finished.seconds:.1f} s\n{_tail(finished)}")
    for line in reversed(finished.stdout.splitlines()):
        start = line.find("{")  # terminal control codes may stand before it
        if start >= 0:
            parsed: dict[str, Any] = json.loads(line[start:])
            return parsed
    raise BenchmarkError(f"printed no line of JSON\n{_tail(finished)}")


def _tail(finished: Finished) -> str:
    return (finished.stdout + finished.stderr).strip()[-OUTPUT_TAIL_CHARACTERS:]
