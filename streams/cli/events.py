"""A file of events for a command: looked through first, with a bar, and sorted where told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from streams.files.in_time import Ready
    from streams.files.reading import Input

Sort = Annotated[
    bool,
    typer.Option(
        "--sort",
        help="Put the events in order of time first, in bounded memory and a temporary file.",
    ),
]


@contextmanager
def events_of(file: str | Path, console: Console, *, sort: bool) -> Iterator[Ready]:
    """The lines of a file, or of stdin where it is `-`; what is out of order is told on `console`.

    Raises InputUnusable, NotWritten.
    """
    from streams.files.reading import opened

    with opened(file) as source, ready(source.of_events(), console, sort=sort) as lines:
        yield lines


@contextmanager
def ready(source: Input, console: Console, *, sort: bool) -> Iterator[Ready]:
    """The same of what is opened."""
    from streams.files.in_time import in_time

    shown = console.is_terminal
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task("sorting" if sort else "looking through", total=source.size)
        with in_time(
            source,
            lambda text: say(console, text),
            sort=sort,
            progress=lambda read: bar.update(task, completed=read),
        ) as lines:
            bar.stop()
            yield lines


def say(console: Console, text: str) -> None:
    """A line as it stands, however wide the terminal is."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
