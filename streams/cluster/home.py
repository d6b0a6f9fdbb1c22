"""Whether a broker can have the port and the directory that it is given; asked before any start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from streams.cluster.errors import BrokerError

_LOCK = ".lock"  # Kafka holds it while it runs


def require_port(port: int) -> None:
    """Raises BrokerError where this is no port that a server can have; 0 stands for a free one."""
    if not 0 <= port <= 65_535:
        raise BrokerError(f"port {port} cannot be: give one from 1 to 65535, or 0 for a free one")


def require_directory(root: Path, data: Path) -> None:
    """Make ``root``. Raises BrokerError where that cannot be, or where a Kafka has its ``data``."""
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BrokerError(
            f"data directory {root} cannot be made ({error.strerror}); give another one"
        ) from None
    if not os.access(root, os.W_OK | os.X_OK):
        raise BrokerError(f"data directory {root} cannot be written; give another one")
    if _is_locked(data / _LOCK):
        raise in_use(root)


def in_use(root: Path) -> BrokerError:
    """What is told where another Kafka has the directory."""
    return BrokerError(
        f"data directory {root} is in use by a Kafka that runs; stop that one, or give another one"
    )


def _is_locked(file: Path) -> bool:
    if sys.platform == "win32" or not file.exists():
        return False
    import fcntl

    try:
        with file.open("r+b") as opened:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except PermissionError:
        return False  # whose it is can be seen only by trying
    except OSError:
        return True
    return False
