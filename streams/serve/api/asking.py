"""Questions to the read model from routes: in a bounded number of threads, never on the loop.

Each route asks at least one, so the way to a thread and back is as short as can be: a queue that
threads wait at, and one call of the loop when an answer is there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, Final, ParamSpec, TypeVar

from fastapi import FastAPI, Request

THREADS: Final = 8
"""Most questions at once; each thread holds a connection to SQLite and decodes under the GIL."""

P = ParamSpec("P")
R = TypeVar("R")


async def ask(request: Request, question: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The answer to a blocking question."""
    return await ask_of(request.app, question, *args, **kwargs)


async def ask_of(app: FastAPI, question: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The same, where there is no request."""
    threads: Threads | None = getattr(app.state, "threads", None)
    if threads is None:
        app.state.threads = threads = Threads(THREADS)
    found: R = await threads.ask(partial(question, *args, **kwargs))
    return found


class _Asked:
    """A question under way: where its answer goes, and whether its thread is done with it."""

    __slots__ = ("answer", "ended", "loop", "over", "question")

    def __init__(self, question: Callable[[], Any]) -> None:
        self.question = question
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Any] = self.loop.create_future()
        self.over: asyncio.Future[None] | None = None
        self.ended = False


class Threads:
    """So many threads at most, begun when there is something to ask; they end with this."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun = 0
        self._under_way = 0
        self._queue: SimpleQueue[_Asked | None] = SimpleQueue()

    def __del__(self) -> None:
        for _ in range(self._begun):
            self._queue.put(None)

    async def ask(self, question: Callable[[], Any]) -> Any:
        """The answer. Whoever is cancelled goes on once the thread has ended: what the question
        works with may be closed then."""
        asked = _Asked(question)
        self._under_way += 1
        if self._begun < min(self._most, self._under_way):  # the others may be busy
            self._begun += 1
            name = f"question-{self._begun}"
            threading.Thread(target=_work, args=(self._queue,), name=name, daemon=True).start()
        self._queue.put(asked)
        try:
            return await asked.answer
        except asyncio.CancelledError:
            if asked.answer.cancelled() and not asked.ended:
                await _over(asked)
            raise
        finally:
            self._under_way -= 1


async def _over(asked: _Asked) -> None:
    """Wait until the thread is done with it, however often it is told to stop."""
    asked.over = asked.loop.create_future()
    while not asked.over.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait((asked.over,))


def _work(queue: SimpleQueue[_Asked | None]) -> None:
    while (asked := queue.get()) is not None:
        answer = error = None
        try:
            answer = asked.question()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            asked.loop.call_soon_threadsafe(_told, asked, answer, error)
        del asked, answer, error


def _told(asked: _Asked, answer: Any, error: BaseException | None) -> None:
    asked.ended = True
    if asked.over is not None:
        asked.over.set_result(None)
    elif asked.answer.done():  # cancelled, and whoever asked has not gone on yet
        return
    elif isinstance(error, StopIteration):  # no future takes one
        asked.answer.set_exception(RuntimeError("a question raised StopIteration"))
    elif error is not None:
        asked.answer.set_exception(error)
    else:
        asked.answer.set_result(answer)
