"""``touchline worker`` into whose background tasks faults are put, one command a line on stdin.

``list``: the kinds of tasks that run now, with how many of each. ``raise KIND``: what each task of
the kind waits for raises an error that nobody expects. ``hang KIND``: it is never woken again.
``answered``: what is noted of the next answer to a fetch raises. Each is answered by a line of JSON
on stdout. The faults are put in from outside: the product knows nothing of them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections import Counter
from concurrent.futures import Future
from typing import Any

REST = "(rest)"


class PutIn(Exception):
    """What a test puts in."""


def kind_of(task: asyncio.Task[Any]) -> str:
    """A task by the name of its coroutine, or of the one that Faust wrapped into it."""
    wrapped = getattr(task, "__wrapped__", None)
    names = [getattr(work, "__qualname__", None) for work in (wrapped, task.get_coro())]
    return next((name for name in names if name is not None), REST)


def tasks_of(kind: str) -> list[asyncio.Task[Any]]:
    """Those of a kind that run now."""
    return [task for task in asyncio.all_tasks() if kind_of(task) == kind]


def waits_for(task: asyncio.Task[Any]) -> asyncio.Future[Any] | None:
    """The future at the end of what a task waits for; ``None`` where it is about to go on."""
    waiter: Any = task
    while isinstance(waiter, asyncio.Task):
        waiter = waiter._fut_waiter  # type: ignore[attr-defined]
    return waiter  # type: ignore[no-any-return]


async def put_in(kind: str, fault: str) -> int:
    """Put a fault into each task of a kind, as soon as it waits for something; how many."""
    hit = 0
    for task in tasks_of(kind):
        for _ in range(1_000):
            waiter = waits_for(task)
            if waiter is not None and not waiter.done():
                break
            await asyncio.sleep(0)
        else:
            continue
        hit += 1
        if fault == "raise":
            waiter.set_exception(PutIn("put in by the test"))
        else:
            for call, _ in list(waiter._callbacks or ()):
                waiter.remove_done_callback(call)
    return hit


def spoil_answer() -> None:
    """What is noted of the next answer to a fetch of the worker's consumer raises."""
    from streams.engine.client.fetch_sessions import FetchSessions

    noted = FetchSessions._answered

    def once(self: Any, *args: Any, **kwargs: Any) -> None:
        FetchSessions._answered = noted  # type: ignore[method-assign]
        raise PutIn("put in by the test")

    FetchSessions._answered = once  # type: ignore[method-assign]


async def obey(command: str) -> object:
    """Do what a line says."""
    what, _, kind = command.partition(" ")
    if what == "list":
        asked = asyncio.current_task()
        return Counter(kind_of(task) for task in asyncio.all_tasks() if task is not asked)
    if what == "answered":
        spoil_answer()
        return None
    return await put_in(kind, what)


def listen(loop: asyncio.AbstractEventLoop) -> None:
    """Obey what comes on stdin, in a thread."""
    for line in sys.stdin:
        done: Future[object] = asyncio.run_coroutine_threadsafe(obey(line.strip()), loop)
        print(json.dumps(done.result(30)), flush=True)


def main() -> None:
    """Run the worker."""
    sys.argv = ["touchline", "worker", "--http-port", "0"]
    from streams.cli import main as touchline
    from streams.worker.process import Worker

    run = Worker.run

    async def listening(self: Any) -> None:
        loop = asyncio.get_running_loop()
        threading.Thread(target=listen, args=(loop,), daemon=True).start()
        await run(self)

    Worker.run = listening  # type: ignore[method-assign]
    touchline()


if __name__ == "__main__":
    main()
