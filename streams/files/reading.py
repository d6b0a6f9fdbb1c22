"""A file of text, opened: its lines, whatever it is compressed by and encoded in.

gzip, bzip2 and xz are read by what the bytes say, not by the name; so are UTF-8 with a byte order
mark, UTF-16 and UTF-32. What is none of all that is named (`streams.files.shapes`).
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, Self, cast

from schemas.foreign import BOM, compression, encoding
from streams.errors import InputUnusable
from streams.files.shapes import Looks, refuse

STDIN: Final = "-"
BUFFER_BYTES: Final = 1 << 18
MAX_LINE_BYTES: Final = 1 << 26
"""A line may be so long; one of more than 256 KiB is a dead letter, and this is no line at all."""
_TELLING: Final = 8
"""Bytes that tell what a file is: a pipe may give fewer at first."""

Line = tuple[int, bytes]
"""A line with its number in the file, from 1."""
_OPEN: Final[dict[str, Callable[[BinaryIO], Any]]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}
_ESCAPED: Final = re.compile("[\udc80-\udcff]")
"""Bytes that are no UTF-8, as the codec's `surrogateescape` gives them."""
_DAMAGED: Final = (EOFError, zlib.error, lzma.LZMAError, UnicodeError, OSError)


class Input:
    """What is to be read, from its beginning each time where it is `lasting`, else once.

    `name` is what messages call it; `size` is in bytes as they are stored, None where nobody
    knows; `read` counts how many of them were read this time.
    """

    def __init__(self, name: str, file: BinaryIO, path: Path | None, size: int | None) -> None:
        self.name = name
        self.size = size
        self.read = 0
        self.lasting = path is not None
        self._path = path
        self._begin(file)

    def _begin(self, file: BinaryIO) -> None:
        self.read = 0
        self._file = file
        self._text: io.TextIOWrapper | None = None
        stream: io.BufferedReader = io.BufferedReader(_Counted(file, self), BUFFER_BYTES)
        self._fresh = True
        self.packed: str | None = None
        self.encoding: str | None = None
        try:
            self.packed = compression(stream.peek())
            if self.packed in _OPEN:
                stream = io.BufferedReader(_OPEN[self.packed](stream), BUFFER_BYTES)
            self._head = stream.peek()
        except _DAMAGED as error:
            raise self._damaged(error, 0) from error
        self.encoding = encoding(self._head)
        self._stream = stream

    @property
    def looks(self) -> Looks:
        """How it begins."""
        text = self._head.removeprefix(BOM).decode(self.encoding or "utf-8", "ignore")
        return Looks(self.name, self._head, text, self.packed, self.encoding)

    def of_events(self) -> Self:
        """Itself. Raises InputUnusable, saying what it is, where it cannot be lines of JSON."""
        refuse(self.looks, "events come one JSON object a line", csv=False)
        return self

    def lines(self) -> Iterator[Line]:
        """Its lines with their ends, in UTF-8 where it is in UTF-16 or 32. Raises InputUnusable."""
        stream = self._anew()
        number = 0
        try:
            if self.encoding is None:
                while line := stream.readline(MAX_LINE_BYTES):
                    number += 1
                    if len(line) == MAX_LINE_BYTES:
                        raise self._endless(number)
                    yield number, line[3:] if line[:3] == BOM else line
                return
            while text := self._wrapped(stream, "\n").readline(MAX_LINE_BYTES):
                number += 1
                if len(text) == MAX_LINE_BYTES:
                    raise self._endless(number)
                yield number, text.encode("utf-8", "surrogatepass")
        except _DAMAGED as error:
            raise self._damaged(error, number) from error

    def texts(self) -> Iterator[tuple[int, str]]:
        """Its lines as text, as CSV has them: any line end, also within a line's quotes."""
        number = 0
        try:
            file = self._wrapped(self._anew(), "")
            while text := file.readline(MAX_LINE_BYTES):
                number += 1
                if len(text) == MAX_LINE_BYTES:
                    raise self._endless(number)
                if not text.isascii() and _ESCAPED.search(text):
                    raise self._other_encoding(number)
                yield number, text
        except _DAMAGED as error:
            raise self._damaged(error, number) from error

    def close(self) -> None:
        """Let go of the file, of stdin too where it was wrapped."""
        if self.lasting:
            self._file.close()

    def _anew(self) -> io.BufferedReader:
        if not self._fresh:
            if self._path is None:
                raise AssertionError(f"{self.name} can be read once")
            self._file.close()
            self._begin(_open(self._path))
        self._fresh = False
        return self._stream

    def _wrapped(self, stream: io.BufferedReader, newline: str) -> io.TextIOWrapper:
        if self._text is None:
            errors = "surrogateescape" if self.encoding is None else "surrogatepass"
            self._text = io.TextIOWrapper(
                stream, encoding=self.encoding or "utf-8-sig", errors=errors, newline=newline
            )
        return self._text

    def _other_encoding(self, number: int) -> InputUnusable:
        return InputUnusable(
            f"{self.name}, line {number}: is not text in UTF-8; if it is in Latin-1:"
            f" iconv -f LATIN1 -t UTF-8 {self.name}"
        )

    def _endless(self, number: int) -> InputUnusable:
        return InputUnusable(
            f"{self.name}, line {number} is longer than {MAX_LINE_BYTES >> 20} MiB; give a file"
            " of lines"
        )

    def _damaged(self, error: Exception, number: int) -> InputUnusable:
        where = f"{self.name}, behind line {number}" if number else self.name
        if isinstance(error, UnicodeError):
            form = (self.encoding or "utf-8").upper()
            return InputUnusable(f"{where}: is not text in {form} ({_reason(error)})")
        if isinstance(error, OSError) and error.errno is not None:
            return InputUnusable(f"{self.name} cannot be read: {error.strerror}; give a file")
        if isinstance(error, EOFError):
            return InputUnusable(f"{where}: is cut off within its {self.packed}; get it whole")
        return InputUnusable(f"{where}: its {self.packed} is damaged ({error}); get it anew")


class _Counted(io.RawIOBase):
    """The raw bytes of a file; what was read is counted."""

    def __init__(self, file: BinaryIO, counts: Input) -> None:
        self._file = cast(io.BufferedReader, file)
        self._counts = counts

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """At least what tells the file at first, then what is there: a pipe may be slow."""
        view = memoryview(buffer)
        count = self._file.readinto1(view)
        while not self._counts.read and 0 < count < min(_TELLING, len(view)):
            more = self._file.readinto1(view[count:])
            if not more:
                break
            count += more
        self._counts.read += count
        return count


@contextmanager
def opened(file: str | Path) -> Iterator[Input]:
    """A file, or stdin where it is `-`. Raises InputUnusable where it cannot be read."""
    with ExitStack() as stack:
        if str(file) == STDIN:
            found = Input("stdin", sys.stdin.buffer, None, None)
        else:
            path = Path(file)
            raw = _open(path)
            stack.callback(raw.close)
            about = os.fstat(raw.fileno())
            lasting = stat.S_ISREG(about.st_mode)
            found = Input(
                str(file), raw, path if lasting else None, about.st_size if lasting else None
            )
        stack.callback(found.close)
        yield found


def numbered(lines: Iterable[bytes]) -> Iterator[Line]:
    """Lines with their numbers, from 1."""
    return enumerate(lines, 1)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except IsADirectoryError as error:
        inside = " of a bank; see `touchline import berka`" if (path / "trans.asc").exists() else ""
        raise InputUnusable(f"{path} is a folder{inside}; give a file") from error
    except OSError as error:
        raise InputUnusable(f"{path} cannot be read: {error.strerror}; give a file") from error


def _reason(error: UnicodeError) -> str:
    return error.reason if isinstance(error, UnicodeDecodeError) else str(error)
