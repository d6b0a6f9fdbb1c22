"""The directory of the read model: which file is the one in force, and who may write it.

``current`` names the file in force. A file that is built again gets another name: whoever still
reads the old one must not take away, when it closes, what SQLite keeps beside the new one.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from schemas.errors import OperatingError
from streams.settings import Settings

CURRENT: Final = "current"
LOCK: Final = "lock"
BROKEN: Final = "broken"
"""Left by a reader that found the file torn; the follower builds it again."""
_NAME: Final = re.compile(r"model-(\d{8})\.sqlite")


class Occupied(OperatingError):
    """Another follower has the directory."""


def directory_of(settings: Settings) -> Path:
    """Where the read model of these settings lies; it need not exist."""
    given = settings.serve.directory
    if given is not None:
        return given
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "touchline" / "serve" / settings.app_id


def current(directory: Path) -> Path | None:
    """The file in force; ``None`` before there is one. Raises ``OSError`` where that cannot be
    read."""
    try:
        name = (directory / CURRENT).read_text().strip()
    except FileNotFoundError:
        return None
    return directory / name if _NAME.fullmatch(name) else None


def next_file(directory: Path) -> Path:
    """A name that no file here had; what an earlier building left behind is removed."""
    in_force = current(directory)
    number = int(_NAME.fullmatch(in_force.name)[1]) if in_force else 0  # type: ignore[index]
    for path in directory.glob("model-*.sqlite*"):
        if in_force is None or not path.name.startswith(in_force.name):
            path.unlink(missing_ok=True)
    return directory / f"model-{number + 1:08d}.sqlite"


def put_in_force(file: Path) -> None:
    """Let readers find this file from now on; all others are removed with what was in them."""
    directory = file.parent
    told = directory / f"{CURRENT}.new"
    told.write_text(file.name)
    told.replace(directory / CURRENT)
    for path in directory.glob("model-*.sqlite*"):
        if not path.name.startswith(file.name):
            path.unlink(missing_ok=True)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Have the directory for oneself, made where it is missing. Raises :class:`Occupied`."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Occupied(
            f"the directory {directory} cannot be used ({error.strerror}): "
            "set TOUCHLINE_SERVE__DIRECTORY to another one"
        ) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = os.pread(lock, 20, 0).decode(errors="replace").strip()
            raise Occupied(
                f"the directory {directory} has a follower already (process {who or 'unknown'}): "
                "end that one, or set TOUCHLINE_SERVE__DIRECTORY to another directory"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(lock)


__all__ = ["BROKEN", "Occupied", "alone", "current", "directory_of", "next_file", "put_in_force"]
