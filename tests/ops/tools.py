"""Prometheus, promtool and amtool for tests: those on PATH, else Debian's, kept in the cache.

Debian's packages are fetched by apt, which checks their signatures, and unpacked; nothing is
installed, no service begins, and no root is needed.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from streams.cluster.jars import cache_dir, one_at_a_time

PACKAGE_OF = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
}
FETCH_SECONDS = 300.0


class ToolMissing(Exception):
    """A tool is neither on PATH nor to be had; the text says why."""


def tool(name: str) -> Path:
    """The path of a tool of `PACKAGE_OF`. Raises ToolMissing."""
    package = PACKAGE_OF[name]
    if on_path := shutil.which(name):
        return Path(on_path)
    goal = cache_dir() / f"debian-{package}"
    if not goal.is_dir():
        if not (shutil.which("apt-get") and shutil.which("dpkg")):
            raise ToolMissing(f"needs {name} on PATH, or apt-get and dpkg to fetch {package}")
        goal.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(goal):
            if not goal.is_dir():
                _fetch(package, goal)
    return goal / "usr/bin" / name


def _fetch(package: str, goal: Path) -> None:
    """A directory of that name is always whole: it is unpacked elsewhere and renamed."""
    with tempfile.TemporaryDirectory(prefix=f"{goal.name}.", dir=goal.parent) as held:
        at = Path(held)
        try:
            _apt(at, "download", package)
        except ToolMissing:
            # A fresh image has no lists of packages: get them, for this once and beside its own.
            own = ["-o", f"Dir::State={at}/state", "-o", f"Dir::Cache={at}/cache"]
            own += ["-o", "Dir::State::status=/var/lib/dpkg/status"]
            for part in ("state/lists/partial", "cache/archives/partial"):
                (at / part).mkdir(parents=True)
            _apt(at, *own, "update")
            _apt(at, *own, "download", package)
        [archive] = at.glob(f"{package}_*.deb")
        _run(at, "dpkg", "-x", str(archive), str(at / "unpacked"))
        (at / "unpacked").rename(goal)


def _apt(at: Path, *arguments: str) -> None:
    _run(at, "apt-get", "--quiet", *arguments)


def _run(at: Path, *line: str) -> None:
    try:
        done = subprocess.run(
            line, cwd=at, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=FETCH_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ToolMissing(f"{' '.join(line)}: no end after {FETCH_SECONDS:.0f} s") from error
    if done.returncode != 0:
        told = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ToolMissing(f"{' '.join(line)}: {told[-1]}")
