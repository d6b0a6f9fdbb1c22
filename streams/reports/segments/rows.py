"""Rows of numbers, one a customer, from JSON lines or CSV; every fault has its line and column.

A number that is none (text, a list) stops the reading: the file means something else. A missing
number only rejects its row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

CUSTOMER: Final = "customer_id"
ID_CHARACTERS: Final = 64
MAX_COLUMNS: Final = 64
SHOWN_CHARACTERS: Final = 40
MISSING: Final = "rows with a missing number"
NO_VECTOR: Final = "customers without a vector"


class RowError(Exception):
    """What is wrong at which line and column, and what must hold."""


class Rejected(NamedTuple):
    """A line that was left out, whose it was, and why."""

    line: int
    customer_id: str
    why: str


class Refused(NamedTuple):
    """A rejected line, with the reason it is counted under."""

    rejected: Rejected
    reason: str


class Row(NamedTuple):
    """A customer's numbers, and the line they stand in."""

    line: int
    customer_id: str
    values: tuple[float, ...]


class Rows:
    """The rows of a file; `names` are the columns of numbers, known once reading has begun."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.names: tuple[str, ...] = ()
        self._lines = lines

    def read(self) -> Iterator[Row | Refused]:
        """Customer and numbers of each row. Raises `RowError`."""
        raise NotImplementedError

    def _take(self, line: int, customer: Any, values: Iterable[Any]) -> Row | Refused:
        """A row from its cells as they were read."""
        if not isinstance(customer, str) or not 0 < len(customer) <= ID_CHARACTERS:
            raise _error(line, CUSTOMER, customer, f"be text of 1 to {ID_CHARACTERS} characters")
        numbers = []
        for name, value in zip(self.names, values, strict=True):
            if value is None or value == "":
                return Refused(Rejected(line, customer, f"{name} is missing"), MISSING)
            numbers.append(_number(line, name, value))
        return Row(line, customer, tuple(numbers))

    def _columns(self, names: list[str], line: int) -> None:
        """Take the header into use."""
        features = [name for name in names if name != CUSTOMER]
        if len(names) != len(features) + 1:
            raise RowError(f"line {line}: there must be one column {CUSTOMER}, {_given(names)}")
        if not 1 <= len(features) <= MAX_COLUMNS:
            raise RowError(
                f"line {line}: {len(features)} columns of numbers;"
                f" there must be 1 to {MAX_COLUMNS} beside {CUSTOMER}"
            )
        for name in features:
            if not 0 < len(name) <= ID_CHARACTERS or not name.isprintable():
                raise _error(line, name, name, f"have a name of 1 to {ID_CHARACTERS} characters")
            if features.count(name) > 1:
                raise RowError(f"line {line}: the column {_shown(name)} is there twice")
        self.names = tuple(features)


class CsvRows(Rows):
    """Rows of CSV (UTF-8, commas, a header)."""

    def read(self) -> Iterator[Row | Refused]:
        reader = csv.reader(_text(self._lines), strict=True)
        try:
            header: list[str] | None = None
            for cells in reader:
                line = reader.line_num
                if not any(cells):
                    continue
                if header is None:
                    header = [cell.strip() for cell in cells]
                    self._columns(header, line)
                    own = header.index(CUSTOMER)
                    continue
                if len(cells) != len(header):
                    raise RowError(
                        f"line {line}: {len(cells)} cells; there must be {len(header)},"
                        " one for each column of the header"
                    )
                values = [cell.strip() for at, cell in enumerate(cells) if at != own]
                yield self._take(line, cells[own].strip(), values)
        except csv.Error as error:
            raise RowError(f"line {reader.line_num}: is not CSV ({error})") from error


class JsonRows(Rows):
    """Rows of JSON lines: an object with `customer_id` and numbers, or `features` with numbers.

    The columns are those of the first row that has any; every row must have the same.
    """

    def read(self) -> Iterator[Row | Refused]:
        for line, text in enumerate(self._lines, 1):
            if not text.strip():
                continue
            row = _object(line, text)
            if "features" in row:
                numbers = row["features"]
                if numbers is None:
                    who = str(row.get(CUSTOMER, ""))
                    yield Refused(Rejected(line, who, "has no vector"), NO_VECTOR)
                    continue
                if not isinstance(numbers, dict):
                    raise _error(line, "features", numbers, "be an object of numbers")
                row = {CUSTOMER: row.get(CUSTOMER), **numbers}
            if not self.names:
                self._columns(list(row), line)
            strange = row.keys() ^ {CUSTOMER, *self.names}
            if strange:
                name = min(strange)
                has = "is new" if name in row else "is missing"
                raise RowError(
                    f"line {line}, column {_shown(name)}: {has}; every row must have the columns"
                    " of the first"
                )
            yield self._take(line, row[CUSTOMER], (row[name] for name in self.names))


def _text(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise RowError(f"line {number}: is not UTF-8 ({error.reason})") from error


def _object(line: int, text: bytes) -> dict[str, Any]:
    try:
        row = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RowError(f"line {line}: is not JSON ({error})") from error
    if not isinstance(row, dict):
        raise RowError(f"line {line}: must be an object with {CUSTOMER} and numbers")
    return row


def _number(line: int, name: str, value: Any) -> float:
    """The cell as a number; not a number and infinity are numbers here, and impossible later."""
    try:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise _error(line, name, value, "be a number")


def _error(line: int, column: str, value: object, must: str) -> RowError:
    return RowError(f"line {line}, column {_shown(column)}: {_shown(value)}; must {must}")


def _given(names: list[str]) -> str:
    shown = ", ".join(chain(map(_shown, names[:6]), ["..."] if len(names) > 6 else []))
    return f"not {shown} (cells are separated by commas)"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
