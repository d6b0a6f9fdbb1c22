"""The jars of one Kafka node: fetched by Maven once, then kept in the cache directory."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from streams.cluster.errors import THREE_WAYS, BrokerError
from streams.cluster.java import Java
from streams.settings import load_settings

_POM = Path(__file__).with_name("pom.xml")
_FETCH_SECONDS = 1_200.0


def kafka_version() -> str:
    """The Kafka version that pom.xml names."""
    found = re.search(
        r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>([^<]+)<", _POM.read_text()
    )
    assert found is not None, f"{_POM} names no Kafka"
    return found[1]


def cache_dir() -> Path:
    """TOUCHLINE_CACHE_DIR, else `touchline` in the XDG cache directory."""
    if given := load_settings().cache_dir:
        return given
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "touchline"


def jars_dir() -> Path:
    """Where the jars of this pom.xml belong; another pom.xml gets another directory."""
    mark = hashlib.sha256(_POM.read_bytes()).hexdigest()[:8]
    return cache_dir() / f"kafka-{kafka_version()}-{mark}"


def kafka_jars(java: Java) -> Path:
    """Directory with all jars, fetched when missing.

    A directory of that name is always whole: jars arrive in a temporary one that is renamed.
    Raises BrokerError when Maven is missing or fails.
    """
    goal = jars_dir()
    if goal.is_dir():
        return goal
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerError(f"no Kafka jars and no Maven (mvn) to fetch them: {THREE_WAYS}")
    goal.parent.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(goal):
        if not goal.is_dir():
            _fetch(maven, java, goal)
    return goal


@contextmanager
def one_at_a_time(goal: Path) -> Iterator[None]:
    """Hold the lock file beside `goal`: a second process waits instead of fetching too."""
    with goal.with_name(f"{goal.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(maven: str, java: Java, goal: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f"{goal.name}.", dir=goal.parent) as parent:
        # The pom is copied: an installed package may lie where Maven must not write.
        pom, jars = Path(parent) / "pom.xml", Path(parent) / "jars"
        shutil.copyfile(_POM, pom)
        command = [maven, "--batch-mode", "--strict-checksums", "--file", str(pom)]
        command += ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        command += [f"-DoutputDirectory={jars}"]
        _run_maven(command, java)
        if not any(jars.glob("kafka_*.jar")):
            raise BrokerError("Maven ended well but left no Kafka jar; run it by hand to see why")
        jars.rename(goal)


def _run_maven(command: list[str], java: Java) -> None:
    console = Console(stderr=True)
    text = f"Fetching Kafka {kafka_version()} with Maven, once"
    with (
        subprocess.Popen(
            command,
            env={**os.environ, "JAVA_HOME": str(java.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as maven,
        _killed_after(_FETCH_SECONDS, maven),
        console.status(text) as status,
    ):
        if not console.is_terminal:
            say(text)
        errors = _follow(maven, lambda files: status.update(f"{text}: {files} files"))
    if maven.returncode != 0:
        why = errors[0] if errors else f"exit status {maven.returncode}"
        raise BrokerError(f"Maven could not fetch Kafka: {why}; or: {THREE_WAYS}")
    say(f"Fetched Kafka {kafka_version()}")


def _follow(maven: subprocess.Popen[str], show: Callable[[int], None]) -> list[str]:
    """Read Maven's output to its end, showing how many files came; returns its error lines."""
    errors: list[str] = []
    files = 0
    assert maven.stdout is not None
    for line in maven.stdout:
        files += "Downloaded from" in line
        show(files)
        if "ERROR" in line:
            errors.append(line.strip())
    return errors


@contextmanager
def _killed_after(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def say(text: str) -> None:
    """Progress for the operator: on standard error, so that no output is spoilt."""
    print(text, file=sys.stderr, flush=True)
