"""Bytes to stdout, for a reader who may go away before the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def stdout_bytes(gone: type[Exception]) -> Iterator[BinaryIO]:
    """Stdout for bytes, flushed at the end. Raises ``gone`` where nobody reads on."""
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise gone("the reader of the output went away before the end") from None
