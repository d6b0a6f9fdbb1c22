"""A file of events made ready to be read: counted first, so that what is out of order is told
before anything comes of it, and put in order of time where that is asked for.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

from streams.errors import NotWritten
from streams.files.order import Order
from streams.files.reading import Input, Line, numbered
from streams.files.sorting import RUN_BYTES, Sorter

TOLD_LINES: Final = 2_000
SORT: Final = "rules take them as late, so alerts may be false: --sort puts it in order"

Progress = Callable[[int], None]
"""Called now and then with the bytes read of the file so far, as they are stored."""


class Ready(NamedTuple):
    """Lines to be read once, each with its number in the file; `order` is what was counted.

    `order.bytes` is how long all lines are together, as they are given here.
    """

    lines: Iterator[Line]
    order: Order


@contextmanager
def in_time(
    source: Input,
    say: Callable[[str], None],
    *,
    sort: bool = False,
    run_bytes: int = RUN_BYTES,
    progress: Progress | None = None,
) -> Iterator[Ready]:
    """Count the lines of `source` that are out of order, `say` so, and sort them if told to.

    What can be read once only (a pipe) is kept in a temporary file without a name meanwhile.
    Raises NotWritten where there is no room, InputUnusable where it cannot be read to its end.
    """
    order = Order(time.time_ns() // 1_000)
    with ExitStack() as opened:
        if sort:
            sorter = opened.enter_context(Sorter(run_bytes))
            for line in source.lines():
                order.bytes += len(line[1])
                where = sorter.add(line)
                if where is not None:
                    order.note(line[0], None if where.untimed else where.at)
                _show(source, line[0], progress)
            _tell(order, source.name, say, sort=True)
            yield Ready(sorter.lines(), order)
        elif source.lasting:
            for _ in _watched(source, order, progress):
                pass
            _tell(order, source.name, say, sort=False)
            yield Ready(source.lines(), order)
        else:
            spooled = opened.enter_context(_spool(_watched(source, order, progress)))
            _tell(order, source.name, say, sort=False)
            yield Ready(spooled, order)


def as_it_goes(source: Input, say: Callable[[str], None]) -> Iterator[Line]:
    """The lines of what can be read once and must not wait (a pipe), told of as it comes to them.

    The first line out of order is told at once, how many there were at the end.
    """
    order = Order(time.time_ns() // 1_000)
    try:
        for line in source.lines():
            if order.take(line) and order.earlier == 1:
                say(f"{_told(order, source.name)} so far; {SORT}")
            yield line
    finally:
        if order.earlier > 1:
            say(f"{_told(order, source.name)}; {SORT}")


def _watched(source: Input, order: Order, progress: Progress | None) -> Iterator[Line]:
    """The lines, each counted."""
    for line in source.lines():
        order.take(line)
        _show(source, line[0], progress)
        yield line


def _show(source: Input, number: int, progress: Progress | None) -> None:
    if progress is not None and number % TOLD_LINES == 0:
        progress(source.read)


def _tell(order: Order, name: str, say: Callable[[str], None], *, sort: bool) -> None:
    if not order.lines:
        say(f"{name} holds no line of events")
    if order.earlier:
        say(f"{_told(order, name)}; " + ("it is sorted" if sort else f"{SORT}"))
    if sort and order.untimed:
        say(f"{order.untimed:,} lines of {name} have no time that can be read: they come last")


def _told(order: Order, name: str) -> str:
    told = order.told(name)
    assert told is not None, "only what is out of order is told"
    return told


@contextmanager
def _spool(lines: Iterator[Line]) -> Iterator[Iterator[Line]]:
    """The same lines from a temporary file, once all of them are in it."""
    with tempfile.TemporaryFile() as file:
        try:
            for _, text in lines:
                file.write(text if text.endswith(b"\n") else text + b"\n")
            file.seek(0)
        except OSError as error:
            raise NotWritten(
                f"{tempfile.gettempdir()} cannot hold the input ({error.strerror});"
                " set TMPDIR to a folder with room for it, or give a file"
            ) from error
        yield numbered(file)
