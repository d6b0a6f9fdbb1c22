"""``touchline kafka`` on a disk of a few megabytes: a tmpfs in a mount namespace of our own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import pytest

from streams.cluster import ports

TOUCHLINE = Path(sys.executable).with_name("touchline")
READY = "export TOUCHLINE_KAFKA__BOOTSTRAP="
START_SECONDS = 120.0
PIECE = bytes(64 << 10)


def namespaces() -> bool:
    """Whether this system lets us mount a disk that nobody else sees."""
    tools = shutil.which("unshare") and shutil.which("nsenter")
    if not tools:
        return False
    line = ["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0


needs_namespaces = pytest.mark.skipif(
    "not __import__('tests.streams.cluster.small_disk', fromlist=['x']).namespaces()",
    reason="no mount namespaces here (unshare -rm)",
)


class SmallDisk:
    """A disk of ``megabytes`` at ``path`` while entered, and the command on it."""

    def __init__(self, path: Path, megabytes: int = 32) -> None:
        self._path, self._size = path, megabytes
        self._port = ports.free_ports(1)[0]
        self._holder: subprocess.Popen[bytes] | None = None
        self._kafka: subprocess.Popen[bytes] | None = None
        self.out = path.with_suffix(".out")

    @property
    def bootstrap(self) -> str:
        """Where the broker listens."""
        return f"{ports.LOOPBACK}:{self._port}"

    @property
    def here(self) -> Path:
        """The disk as we can reach it from outside."""
        assert self._holder is not None
        return Path(f"/proc/{self._holder.pid}/root{self._path}")

    def __enter__(self) -> Self:
        self._path.mkdir()
        mount = f"mount -t tmpfs -o size={self._size}m tmpfs {self._path}"
        line = ["unshare", "-rm", "sh", "-c", f"{mount} && touch {self._path}/there && exec cat"]
        self._holder = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while not (self.here / "there").exists():
            assert time.monotonic() < until, "the disk is not mounted"
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._holder is not None:
            self._holder.kill()
            self._holder.communicate()

    def start(self) -> None:
        """Run ``touchline kafka`` there and wait until it is ready."""
        self.run()
        until = time.monotonic() + START_SECONDS
        while READY not in self.told():
            assert self.running, self.told()
            assert time.monotonic() < until, self.told()
            time.sleep(0.1)

    def run(self) -> subprocess.Popen[bytes]:
        """Run ``touchline kafka`` there."""
        assert self._holder is not None
        line = ["nsenter", "--preserve-credentials", "-U", "-m", "-t", str(self._holder.pid)]
        line += [str(TOUCHLINE), "kafka", "--data-dir", str(self._path), "--port", str(self._port)]
        with self.out.open("wb") as out:
            self._kafka = subprocess.Popen(line, stdout=out, stderr=out)
        return self._kafka

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._kafka is not None and self._kafka.poll() is None:
            self._kafka.send_signal(signal.SIGTERM)
            self._kafka.wait(60)
        self._kafka = None

    @property
    def running(self) -> bool:
        return self._kafka is not None and self._kafka.poll() is None

    def ended(self, seconds: float = 60.0) -> int:
        """Wait until it has ended by itself; its exit status."""
        assert self._kafka is not None
        return self._kafka.wait(seconds)

    def told(self) -> str:
        """What the command has printed since it was run."""
        return self.out.read_text(errors="replace") if self.out.exists() else ""

    def fill(self) -> None:
        """Somebody else's file takes all that is free."""
        with (self.here / "ballast").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(PIECE)
            except OSError:
                pass
        os.sync()

    def free(self) -> None:
        """That file is gone."""
        (self.here / "ballast").unlink()

    def close(self) -> None:
        """The broker and its disk are gone."""
        self.__exit__()
