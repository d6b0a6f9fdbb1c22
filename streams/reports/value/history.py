"""Purchase histories from a file: CSV, CDNOW's text, or touchpoint events.

CSV has a header with customer, date and amount. CDNOW's lines are customer, date as YYYYMMDD,
number of CDs and dollars, parted by blanks, with or without a header; its sample has a second
number after the first.
Events are lines of JSON as `touchline produce` takes them; the policy says which are purchases.
Purchases of one UTC day are one, as in the CDNOW literature.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from domain.kernel.days import number_of
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.value.history import Histories
from domain.value.purchases import is_purchase
from schemas.codec import Bad, at_ms, decode
from schemas.errors import OperatingError
from schemas.touchpoints import Transaction
from streams.errors import InputUnusable
from streams.files.reading import opened
from streams.files.shapes import refuse

MAX_CUSTOMERS: Final = 1_000_000
CHUNK_LINES: Final = 2_000
WANTED: Final = "purchases come as CSV (customer,date,amount) or one JSON object a line"
COLUMNS: Final = ("customer", "date", "amount")
CDNOW_FIELDS: Final = (4, 5)


class ValueFileError(OperatingError):
    """A history that cannot be used; the message says where, what was found and what must hold."""


class Purchase(NamedTuple):
    """One purchase on a UTC day (days since 1970)."""

    customer: str
    day: int
    amount: float


Progress = Callable[[int], None]
"""Called with the bytes read since the last call."""


@dataclass
class Purchases:
    """Each customer's spend by day (days since 1970); `left_out` counts lines by reason."""

    customers: dict[str, dict[int, float]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, purchase: Purchase) -> None:
        """Count a purchase; those of one day are one, of their whole amount."""
        days = self.customers.setdefault(purchase.customer, {})
        days[purchase.day] = days.get(purchase.day, 0.0) + purchase.amount

    @property
    def first_day(self) -> int:
        """Day of the earliest purchase."""
        return min(min(days) for days in self.customers.values())

    @property
    def last_day(self) -> int:
        """Day of the latest purchase."""
        return max(max(days) for days in self.customers.values())

    def histories(self, last_day: int | None = None) -> Histories:
        """(x, t_x, T, mean spend) of who bought by `last_day`, the end of their T, in weeks.

        In the order of the customers' names; without `last_day` it is that of the latest purchase.
        """
        end = self.last_day if last_day is None else last_day
        rows: list[tuple[float, float, float, float]] = []
        for name in sorted(self.customers):
            days = {day: spent for day, spent in self.customers[name].items() if day <= end}
            if not days:
                continue
            first, x = min(days), len(days) - 1
            spent = math.fsum(amount for day, amount in days.items() if day > first)
            mean = spent / x if x else math.nan
            rows.append((x, (max(days) - first) / 7, (end - first) / 7, mean))
        columns = np.array(rows, dtype=np.float64).reshape(len(rows), 4)
        return Histories(*columns.T.copy())

    def repeats_by_week(self, last_day: int, weeks: int) -> NDArray[np.int64]:
        """Purchases in each of so many weeks behind `last_day`, of who had bought by then."""
        counts = np.zeros(weeks, dtype=np.int64)
        for days in self.customers.values():
            if min(days) > last_day:
                continue
            for day in days:
                week = (day - last_day - 1) // 7
                if 0 <= week < weeks:
                    counts[week] += 1
        return counts


def read_purchases(path: Path, policy: Policy, progress: Progress | None = None) -> Purchases:
    """All purchases of the file. Raises `ValueFileError` with the file and the line."""
    found = Purchases()
    try:
        with opened(path) as source:
            refuse(source.looks, WANTED, csv=True)
            lines = _watched(source.texts(), progress)
            head = next(((number, line) for number, line in lines if line.strip()), None)
            if head is None:
                raise ValueFileError(f"{path} is empty; it must hold purchases")
            for purchase in _reader(path, head, lines, policy, found.left_out):
                found.add(purchase)
                if len(found.customers) > MAX_CUSTOMERS:
                    raise ValueFileError(
                        f"{path} has more than {MAX_CUSTOMERS:,} customers; give a random sample"
                    )
    except InputUnusable as error:
        raise ValueFileError(str(error)) from error
    if not found.customers:
        why = ", ".join(f"{count:,} {reason}" for reason, count in sorted(found.left_out.items()))
        raise ValueFileError(f"{path} holds no purchase" + (f" ({why})" if why else ""))
    return found


_Line = tuple[int, str]


def _reader(
    path: Path, head: _Line, lines: Iterator[_Line], policy: Policy, left_out: Counter[str]
) -> Iterable[Purchase]:
    """The purchases by the format that the first line shows."""
    if head[1].lstrip()[0] == "{":
        return _of_events(path, _then(head, lines), policy, left_out)
    if "," in head[1]:
        return _of_csv(path, head, lines)
    if ";" in head[1]:
        raise ValueFileError(f"{path} has semicolons between its cells; they must be commas")
    return _of_cdnow(path, _then(head, lines))


def _then(head: _Line, lines: Iterator[_Line]) -> Iterator[_Line]:
    yield head
    yield from lines


def _watched(lines: Iterable[_Line], progress: Progress | None) -> Iterator[_Line]:
    for number, line in lines:
        if progress is not None:
            progress(len(line))
        yield number, line


# -- rows --------------------------------------------------------------------------------


def _of_csv(path: Path, head: _Line, lines: Iterator[_Line]) -> Iterator[Purchase]:
    names = [name.strip().lower() for name in _row(path, *head)]
    lacking = [name for name in COLUMNS if name not in names]
    if lacking:
        raise ValueFileError(
            f"{path}, line {head[0]}: the header has no {', '.join(lacking)};"
            f" it must name {', '.join(COLUMNS)}"
        )
    places = [names.index(name) for name in COLUMNS]
    for number, line in lines:
        if not line.strip():
            continue
        row = _row(path, number, line)
        if len(row) != len(names):
            raise ValueFileError(
                f"{path}, line {number}: {len(row)} columns; there must be {len(names)}"
            )
        customer, day, amount = (row[place].strip() for place in places)
        yield _purchase(f"{path}, line {number}", customer, day, amount)


def _row(path: Path, number: int, line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise ValueFileError(f"{path}, line {number}: is not CSV ({error})") from error


def _of_cdnow(path: Path, lines: Iterator[_Line]) -> Iterator[Purchase]:
    head = True
    for number, line in lines:
        fields = line.split()
        if not fields or (head and "date" in fields):
            head = False
            continue
        head = False
        if len(fields) not in CDNOW_FIELDS:
            raise ValueFileError(
                f"{path}, line {number}: {len(fields)} fields; it must be a CSV with a header of"
                f" {','.join(COLUMNS)}, CDNOW's text of 4 or 5 fields, or lines of JSON"
            )
        yield _purchase(f"{path}, line {number}", fields[0], fields[-3], fields[-1])


def _purchase(place: str, customer: str, day: str, amount: str) -> Purchase:
    if not customer:
        raise ValueFileError(f"{place}: the customer is empty; each purchase must name one")
    try:
        spent = float(amount)
    except ValueError:
        spent = math.nan
    if not 0 <= spent < math.inf:
        raise ValueFileError(f"{place}: amount {amount!r}; it must be a number, 0 or more")
    return Purchase(customer, _day(place, day), spent)


def _day(place: str, text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueFileError(
            f"{place}: date {text!r}; it must be a date such as 1997-01-31 or 19970131,"
            " with or without a time"
        ) from None
    return number_of(at.astimezone(UTC) if at.tzinfo else at)


# -- events ------------------------------------------------------------------------------


def _of_events(
    path: Path, lines: Iterator[_Line], policy: Policy, left_out: Counter[str]
) -> Iterator[Purchase]:
    """Purchases worth their margin where one is given, else their amount, in base currency."""
    # 64 bits of each id: with ten million events a purchase is lost once in 300,000 files
    seen: set[int] = set()
    numbered = ((number, line.strip().encode()) for number, line in lines if line.strip())
    while chunk := list(islice(numbered, CHUNK_LINES)):
        events = [decode(line) for _, line in chunk]
        for (number, _), event in zip(chunk, events, strict=True):
            if isinstance(event, Bad):
                raise ValueFileError(f"{path}, line {number}: {event.detail}")
            if not isinstance(event, Transaction) or not is_purchase(event, policy):
                left_out["events that are no purchase"] += 1
            elif event.currency not in policy.rates:
                left_out[f"purchases in {event.currency}, which has no rate"] += 1
            elif (digest := _digest(event)) in seen:
                left_out["repeated events"] += 1
            else:
                seen.add(digest)
                value = event.amount if event.margin is None else event.margin
                day = at_ms(event) // MS_PER_DAY
                yield Purchase(event.customer_id, day, value * policy.rates[event.currency])


def _digest(event: Transaction) -> int:
    return xxh3_64_intdigest(f"{event.customer_id}\n{event.event_id}".encode())
