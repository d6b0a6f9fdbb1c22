"""Tasks of ours: ended for sure, and no fault that nobody foresaw ends one."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, Final

from streams.engine.client.routines import looked_at

AGAIN_SECONDS: Final = 0.25
SECONDS: Final = 10.0


def unforeseen(error: Exception) -> str:
    """Its kind and where it came from; its text, which may hold anybody's data, is left out.

    >>> try:
    ...     raise AssertionError("c-1")
    ... except AssertionError as error:
    ...     unforeseen(error).split()[:2]
    ['AssertionError', 'at']
    """
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    name = type(error).__name__
    if frame is None:
        return name
    return f"{name} at {Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"


async def end(task: asyncio.Task[Any] | None) -> None:
    """Cancel a task until it has ended: what it waits for may swallow a cancellation (Python
    3.11's ``wait_for`` does where its time is up in the same moment). Waits 10 s at most."""
    if task is None:
        return
    task.add_done_callback(looked_at)
    deadline = time.monotonic() + SECONDS
    while not task.done() and time.monotonic() < deadline:
        task.cancel()
        await asyncio.wait((task,), timeout=AGAIN_SECONDS)
