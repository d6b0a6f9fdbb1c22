"""The C library's allocator, set for a process whose large blocks are short-lived.

A worker fetches megabytes at a time while it keeps a record of a kilobyte here and there. glibc
learns from the first to take large blocks from the heap too, where what lies between holds them.
"""

from __future__ import annotations

import ctypes
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
WANTED: Final = (
    (M_MMAP_THRESHOLD, 256 * 1024),  # above it a block is given back as soon as it is free
    (M_TRIM_THRESHOLD, 16 * 1024 * 1024),
    (M_ARENA_MAX, 2),  # threads do little here
)


def give_back_early() -> bool:
    """Let freed memory go back to the system; false where the C library knows no such thing."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return False
    return all([mallopt(what, value) == 1 for what, value in WANTED])
