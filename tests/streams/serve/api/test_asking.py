"""Questions in threads: how many at once, what is raised, and who is told to stop meanwhile."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from functools import partial

import pytest

from streams.serve.api.asking import Threads


async def test_answers_and_errors_come_back_to_whoever_asked() -> None:
    threads = Threads(2)
    assert await threads.ask(lambda: 7) == 7
    assert await threads.ask(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await threads.ask(lambda: 1 // 0)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await threads.ask(lambda: next(iter(())))
    assert await threads.ask(lambda: 8) == 8


async def test_there_are_never_more_at_once_and_all_are_answered() -> None:
    threads, lock = Threads(3), threading.Lock()
    now = most = 0

    def question(number: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1
        return number

    asked = [threads.ask(partial(question, number)) for number in range(20)]
    assert await asyncio.gather(*asked) == list(range(20))
    assert most == 3


async def test_whoever_is_told_to_stop_goes_on_once_the_thread_is_done() -> None:
    threads, begun, go, ended = Threads(1), threading.Event(), threading.Event(), []

    def question() -> None:
        begun.set()
        go.wait(10)
        ended.append(True)

    task = asyncio.create_task(threads.ask(question))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(3):  # told once or often
        task.cancel()
        await asyncio.sleep(0.01)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]
    assert await threads.ask(lambda: "the next") == "the next"


async def test_one_that_is_told_to_stop_as_it_is_answered_stops() -> None:
    threads, ended = Threads(1), threading.Event()
    task = asyncio.create_task(threads.ask(ended.set))
    await asyncio.sleep(0)  # it has asked
    ended.wait(10)
    time.sleep(0.02)  # noqa: ASYNC251 - the loop stands still, with the answer on its way to it
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)


async def test_threads_end_with_what_held_them() -> None:
    threads = Threads(2)
    ident = await threads.ask(threading.current_thread)
    del threads
    gc.collect()
    await asyncio.to_thread(ident.join, 10)
    assert not ident.is_alive()
