"""Bytes to stdout, for a reader who may go away before the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from streams.errors import NotWritten


@contextmanager
def stdout_bytes() -> Iterator[BinaryIO]:
    """Stdout for bytes, flushed at the end. Raises NotWritten where nobody reads on."""
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise NotWritten("the reader of the output went away before the end") from None
