"""Lines put in order of time within bounded memory: an external merge sort.

Runs that fit in memory are sorted and laid down in temporary files, which are then merged. The
files have no name: nothing is left of them, however the work ends.
"""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO, Final, Self

from streams.errors import NotWritten
from streams.files.order import Place, place
from streams.files.reading import Line

RUN_BYTES: Final = 1 << 26
"""Lines held in memory before they are laid down, with what Python needs for each."""
LINE_BYTES: Final = 700
"""What a line's place takes in memory, about."""
FAN_IN: Final = 64
"""Runs merged into one, so that few files are open however large the input is."""
BUFFER_BYTES: Final = 1 << 16

Entry = tuple[Place, bytes]


class Sorter:
    """Takes lines in the order of the file and gives them in order of time; blank ones go.

    As a context it lets go of its files. Raises NotWritten where there is no room for them.
    """

    def __init__(self, run_bytes: int = RUN_BYTES, fan_in: int = FAN_IN) -> None:
        self.runs = 0
        self._run_bytes = run_bytes
        self._fan_in = fan_in
        self._held: list[Entry] = []
        self._size = 0
        self._levels: list[list[IO[bytes]]] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def add(self, line: Line) -> Place | None:
        """Take the next line; where it belongs, None for a blank one."""
        number, text = line
        text = text.strip()
        if not text:
            return None
        where = place(text, number)
        self._held.append((where, text))
        self._size += len(text) + LINE_BYTES
        if self._size >= self._run_bytes:
            self._held.sort()
            self._lay_down(0, iter(self._held))
            self._held, self._size = [], 0
            self.runs += 1
        return where

    def lines(self) -> Iterator[Line]:
        """All lines that were taken, in order, each with its number in the file."""
        self._held.sort()
        runs = [_read(file) for level in self._levels for file in level]
        for where, text in heapq.merge(*runs, self._held):
            yield where.number, text

    def _lay_down(self, level: int, entries: Iterable[Entry]) -> None:
        """Keep a run; where there are many of its level they become one of the next."""
        if level == len(self._levels):
            self._levels.append([])
        files = self._levels[level]
        files.append(self._written(entries))
        if len(files) >= self._fan_in:
            merged = heapq.merge(*map(_read, files))
            self._lay_down(level + 1, merged)
            for file in files:
                file.close()
            files.clear()

    def _written(self, entries: Iterable[Entry]) -> IO[bytes]:
        try:
            file = tempfile.TemporaryFile(buffering=BUFFER_BYTES)  # noqa: SIM115 - closed with all
            self._open.callback(file.close)
            for where, text in entries:
                file.write(b"%d %b\n" % (where.number, text))
            file.seek(0)
        except OSError as error:
            raise NotWritten(
                f"{tempfile.gettempdir()} cannot hold what is to be sorted ({error.strerror});"
                " set TMPDIR to a folder with room for the whole file"
            ) from error
        return file


def _read(file: IO[bytes]) -> Iterator[Entry]:
    """A run as it was laid down."""
    for line in file:
        number, _, text = line[:-1].partition(b" ")
        yield place(text, int(number)), text
