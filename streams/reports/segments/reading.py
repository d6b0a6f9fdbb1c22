"""Customers' vectors from a file: touchpoint events, or a row of numbers for each customer.

A file of events has a `type` in its first line; vectors come as JSON lines or, where the first
character is no brace, as CSV with a header. Rows of `replay`'s `customers.jsonl` will do.
"""

from __future__ import annotations

import itertools
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.assembly.takes import click_code
from domain.customer.recent import CODES, behaviour_vector
from domain.kernel.scales import FEATURES
from domain.kernel.units import WINDOW_MS
from schemas.codec import Bad, at_ms, decode
from schemas.errors import OperatingError
from schemas.touchpoints import AppClick
from streams.errors import InputUnusable
from streams.files.reading import Line, opened
from streams.files.shapes import refuse
from streams.reports.segments.rows import CsvRows, JsonRows, Refused, Rejected, RowError, Rows

CHUNK_LINES: Final = 2_000
MAX_CUSTOMERS: Final = 200_000
KEPT_REJECTS: Final = 1_000
WANTED: Final = "events, or numbers of each customer, come as CSV or one JSON object a line"

Values = tuple[float, ...]
Progress = Callable[[int], None]
"""Called with the bytes read since the last call."""


class SegmentFileError(OperatingError):
    """A file that cannot be used; the message says where, what was found and what must hold."""


@dataclass
class Vectors:
    """One vector per customer, in real units: `raw` (m, d), in the order of `customers` (m,).

    `as_of` (ms) is the time of the newest event, None where the file has no times. `rows` (m,) are
    the lines of the vectors, 0 where a vector is of many. `left_out` counts what was not used,
    by reason; `rejected` names the first of those lines.
    """

    customers: tuple[str, ...]
    names: tuple[str, ...]
    raw: NDArray[np.float64]
    rows: NDArray[np.int64]
    as_of: int | None = None
    lines: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)

    def reject(self, rejected: Rejected, reason: str) -> None:
        """Count a line by its reason, and name it if it is among the first."""
        self.left_out[reason] += 1
        if len(self.rejected) < KEPT_REJECTS:
            self.rejected.append(rejected)


def read_vectors(path: Path, progress: Progress | None = None) -> Vectors:
    """The vectors that the file holds or its clicks amount to. Raises `SegmentFileError`."""
    try:
        with opened(path) as source:
            refuse(source.looks, WANTED, csv=True)
            lines = _watched(source.lines(), progress)
            blank, head = _first(lines)
            lines = itertools.chain(blank, lines)
            if not head:
                raise SegmentFileError(f"{path} is empty; it must hold events or vectors")
            if head.lstrip()[:1] != b"{":
                return _of_rows(CsvRows(lines))
            if _is_event(head):
                return _of_events(lines)
            return _of_rows(JsonRows(lines))
    except InputUnusable as error:
        raise SegmentFileError(str(error)) from error
    except RowError as error:
        raise SegmentFileError(f"{path}, {error}") from error


def _is_event(line: bytes) -> bool:
    try:
        first = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return b'"type"' in line
    return "type" in first


def _first(lines: Iterator[bytes]) -> tuple[list[bytes], bytes]:
    """The lines up to the first that is not blank, and that one."""
    begun: list[bytes] = []
    for line in lines:
        begun.append(line)
        if line.strip():
            return begun, line
    return begun, b""


def _watched(lines: Iterator[Line], progress: Progress | None) -> Iterator[bytes]:
    for _, line in lines:
        if progress is not None:
            progress(len(line))
        yield line


# -- vectors -----------------------------------------------------------------------------


def _of_rows(rows: Rows) -> Vectors:
    """The last row of each customer."""
    found = _nothing(())
    newest: dict[str, tuple[int, Values]] = {}
    for row in rows.read():
        found.lines += 1
        if isinstance(row, Refused):
            found.reject(row.rejected, row.reason)
            continue
        if newest.pop(row.customer_id, None) is not None:
            found.left_out["rows replaced by a later row of the same customer"] += 1
        newest[row.customer_id] = row.line, row.values
        _bounded(newest)
    found.names = rows.names
    return _filled(found, newest)


# -- events ------------------------------------------------------------------------------


def _of_events(lines: Iterable[bytes]) -> Vectors:
    """Vectors from the clicks in the seven days up to the newest event, repeats left out."""
    found = _nothing(FEATURES)
    clicks: dict[str, tuple[array[int], bytearray]] = {}
    seen: set[tuple[str, str]] = set()
    numbered = ((number, line.strip()) for number, line in enumerate(lines, 1) if line.strip())
    while chunk := list(islice(numbered, CHUNK_LINES)):
        events = [decode(line) for _, line in chunk]
        for (number, _), event in zip(chunk, events, strict=True):
            found.lines += 1
            if isinstance(event, Bad):
                why = Rejected(number, "", event.detail)
                found.reject(why, f"events refused: {event.reason}")
                continue
            at = at_ms(event)
            found.as_of = at if found.as_of is None else max(at, found.as_of)
            if not isinstance(event, AppClick):
                found.left_out["events that are no clicks"] += 1
            elif (event.customer_id, event.event_id) in seen:
                found.left_out["repeated events"] += 1
            else:
                seen.add((event.customer_id, event.event_id))
                times, codes = clicks.setdefault(event.customer_id, (array("q"), bytearray()))
                times.append(at)
                codes.append(click_code(event))
        _bounded(clicks)
    return _in_window(found, clicks)


def _in_window(found: Vectors, clicks: dict[str, tuple[array[int], bytearray]]) -> Vectors:
    """Vectors of the clicks in (newest event - 7 days, newest event]."""
    vectors: dict[str, tuple[int, Values]] = {}
    for customer, (times, codes) in clicks.items():
        inside = np.frombuffer(times, dtype=np.int64) > (found.as_of or 0) - WINDOW_MS
        counts = np.bincount(np.frombuffer(codes, dtype=np.uint8)[inside], minlength=CODES)
        left = len(codes) - int(counts.sum())
        if left:
            found.left_out["clicks older than 7 days"] += left
        if left == len(codes):
            found.left_out["customers without a click in the 7 days"] += 1
        else:
            vectors[customer] = 0, behaviour_vector(counts.tolist())
    return _filled(found, vectors)


# -- both --------------------------------------------------------------------------------


def _nothing(names: tuple[str, ...]) -> Vectors:
    return Vectors((), names, np.zeros((0, len(names))), np.zeros(0, dtype=np.int64))


def _filled(found: Vectors, vectors: dict[str, tuple[int, Values]]) -> Vectors:
    """Customers in the order of their ids: what comes out does not hang on the file's order."""
    found.customers = tuple(sorted(vectors))
    values = [vectors[customer][1] for customer in found.customers]
    found.raw = np.array(values, dtype=np.float64).reshape(len(values), len(found.names))
    found.rows = np.array([vectors[customer][0] for customer in found.customers], dtype=np.int64)
    return found


def _bounded(customers: dict[str, Any]) -> None:
    if len(customers) > MAX_CUSTOMERS:
        raise SegmentFileError(
            f"there are more than {MAX_CUSTOMERS:,} customers; fit a random sample of them"
        )
