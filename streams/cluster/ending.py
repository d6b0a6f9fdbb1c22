"""Why a broker of our own has ended, in one line; above all a disk that is full."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from streams.cluster.errors import BrokerError

_NEEDED_BYTES = 8 << 20  # a broker that starts writes its metadata at least
_LITTLE_BYTES = 256 << 20
_FULL_BYTES = 1 << 20
_LOG_BYTES = 1 << 20
_FULL = ("No space left on device", "Disk quota exceeded", "not enough space on the disk")
_MEMORY = ("OutOfMemoryError", "There is insufficient memory")
_WORST = re.compile(r"^\S+ (?:ERROR|FATAL) (?P<text>.*?)(?: \([\w.$]+\))?$", re.MULTILINE)
_LONGEST = 200
_REMEDY = "free some or give another --data-dir, then start it again"


def room(path: Path) -> str:
    """How much is free where ``path`` lies."""
    usage = shutil.disk_usage(path)
    return f"{_megabytes(usage.free)} of {_megabytes(usage.total)} free"


def require_room(root: Path) -> None:
    """Raises BrokerError where the disk under ``root`` is too full for a start."""
    if shutil.disk_usage(root).free < _NEEDED_BYTES:
        raise BrokerError(
            f"the disk of {root} is full ({room(root)}), Kafka cannot start: free some, "
            "or give another --data-dir"
        )


def little_room(root: Path) -> str | None:
    """A warning while there is still some room on the disk under ``root``, but little."""
    if shutil.disk_usage(root).free >= _LITTLE_BYTES:
        return None
    return f"The disk of {root} is nearly full ({room(root)}): Kafka ends when it is full"


def is_full(data: Path, log: Path) -> bool:
    """Whether the disk is full, or was when the broker wrote last."""
    text = _end_of(log)
    return any(words in text for words in _FULL) or shutil.disk_usage(data).free < _FULL_BYTES


def why_ended(data: Path, log: Path) -> str:
    """Why the broker with this data and log has ended, and what to do, in one line."""
    text = _end_of(log)
    if is_full(data, log):
        return (
            f"Kafka has died: the disk of {data} is full ({room(data)}); {_REMEDY}: what it has "
            f"acknowledged is kept there"
        )
    if any(words in text for words in _MEMORY):
        return f"Kafka has died: it ran out of memory; give this machine more; its log: {log}"
    told = _WORST.findall(text)
    last = f": {told[-1][:_LONGEST]}" if told else ", killed or ended by somebody"
    return f"Kafka has died{last}; data in {data}, log in {log}"


def _end_of(log: Path) -> str:
    try:
        with log.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - _LOG_BYTES))
            return opened.read().decode(errors="replace")
    except OSError:
        return ""


def _megabytes(count: int) -> str:
    return f"{count / (1 << 20):,.0f} MB"
