"""Makes what the peers need, once: environments for Quix and Bytewax, a jar for Kafka Streams.

Everything goes below `bench.harness.cache_dir()`. Each place bears the digest of what it was made
from, so that a changed pin or source makes a new one.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from bench.harness import BenchmarkError, Finished, cache_dir, run_process

HERE = Path(__file__).resolve().parent
KAFKA_STREAMS = HERE / "kafka-streams"
INSTALL_SECONDS = 600.0
STAMP = "made-from"


def environment(name: str) -> Path:
    """The Python of the environment made from `requirements-NAME.txt`.

    Raises `BenchmarkError` with pip's words if it cannot be made.
    """
    requirements = HERE / f"requirements-{name}.txt"

    def fill(place: Path) -> None:
        _run([sys.executable, "-m", "venv", str(place)], f"the environment of {name}")
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        quiet = ["--disable-pip-version-check", "-r", str(requirements)]
        _run([*pip, *quiet], f"the packages of {requirements.name}")

    return _made(f"{name}-venv", [requirements], fill) / "bin" / "python"


def kafka_streams() -> Path:
    """The directory with `peer.jar` and `lib/` of the Kafka Streams peer.

    Raises `BenchmarkError` if there is no Maven or the build fails.
    """
    sources = [KAFKA_STREAMS / "pom.xml", *sorted(KAFKA_STREAMS.rglob("*.java"))]

    def fill(place: Path) -> None:
        if shutil.which("mvn") is None or shutil.which("java") is None:
            raise BenchmarkError("the Kafka Streams peer needs `mvn` and `java` (17 or newer)")
        pom = str(KAFKA_STREAMS / "pom.xml")
        options = ["-q", "-B", "-f", pom, f"-Dbench.target={place}"]
        _run(["mvn", *options, "package"], "the Kafka Streams peer")

    return _made("kafka-streams", sources, fill)


def pins() -> dict[str, str]:
    """The peers' versions as their requirements and the pom name them."""
    found = {}
    for requirements in sorted(HERE.glob("requirements-*.txt")):
        for line in requirements.read_text().split():
            package, version = line.split("==")
            found[f"{requirements.stem.removeprefix('requirements-')}: {package}"] = version
    pom = (KAFKA_STREAMS / "pom.xml").read_text()
    version = pom.partition("<kafka.version>")[2].partition("<")[0]
    return found | {"kafka-streams": version}


def _made(name: str, sources: list[Path], fill: Callable[[Path], None]) -> Path:
    """`cache_dir()/name`, filled anew unless it was filled from the same sources."""
    digest = hashlib.sha256(sys.version.encode())
    for source in sources:
        digest.update(source.read_bytes())
    place = cache_dir() / name
    stamp = place / STAMP
    if not (stamp.exists() and stamp.read_text() == digest.hexdigest()):
        shutil.rmtree(place, ignore_errors=True)
        fill(place)
        stamp.write_text(digest.hexdigest())
    return place


def _run(command: list[str], what: str) -> Finished:
    finished = run_process(command, INSTALL_SECONDS)
    if finished.status != 0:
        words = (finished.stdout + finished.stderr).strip()[-2000:]
        raise BenchmarkError(f"{what} could not be made:\n{words}")
    return finished
