"""A real Czech bank of 1993-94 as touchpoints (PKDD'99 financial data set, Petr Berka).

`events` reads `client.asc`, `district.asc`, `disp.asc` and `trans.asc` (`;`-separated, quoted,
dates `YYMMDD` of the 20th century) and yields one event a row, in the order of the files:

* a profile for every client of `client.asc`, those who only dispose of another's account too:
  the bank knows them, they just never pay. All lie on the day before the first transaction,
  one millisecond apart, so that no transaction is older than its customer's profile;
* a transaction for every row of `trans.asc`, for the owner of its account.

Nothing is left out: a row the rules will refuse (amount 0) is written as it is, ends in the dead
letters, and is counted in the `Tally`; so is a negative balance, which is an ordinary overdraft.
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from streams.errors import InputUnusable
from streams.files.order import US_PER_SECOND, Order
from streams.files.reading import opened
from streams.sources import SourceError

POLICY_RATE = 3.0
"""Koruna to base currency in the default policy's rate table."""

DIRECTION = {"PRIJEM": "credit", "VYDAJ": "debit", "VYBER": "debit"}
CHANNEL = {
    "VKLAD": "branch",
    "VYBER": "branch",
    "VYBER KARTOU": "atm",
    "PREVOD Z UCTU": "other",
    "PREVOD NA UCET": "other",
    "": "other",
}
CATEGORY_OF_SYMBOL = {
    "UROK": "interest",
    "SANKC. UROK": "overdraft_interest",
    "SLUZBY": "statement_fee",
    "SIPO": "household",
    "DUCHOD": "pension",
    "POJISTNE": "insurance",
    "UVER": "loan_payment",
}
CATEGORY_OF_OPERATION = {
    "VKLAD": "cash_deposit",
    "VYBER": "cash_withdrawal",
    "VYBER KARTOU": "card_withdrawal",
    "PREVOD Z UCTU": "transfer_in",
    "PREVOD NA UCET": "transfer_out",
    "": "unnamed",
}

Row = dict[str, str]
_EPOCH_US = date(1970, 1, 1).toordinal() * 86_400 * US_PER_SECOND


@dataclass
class Tally:
    """What was read, filled while `events` runs: counts of rows."""

    profiles: int = 0
    transactions: int = 0
    negative_balances: int = 0
    amounts_not_above_zero: int = 0

    def __str__(self) -> str:
        named = ((f.name.replace("_", " "), getattr(self, f.name)) for f in fields(self))
        return ", ".join(f"{count:,} {name}" for name, count in named)


def events(
    directory: Path,
    rate: float = POLICY_RATE,
    tally: Tally | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[dict[str, Any]]:
    """Yield the bank's events, profiles first, then transactions in file order.

    Where that is not the order of time, `say` is told how many rows before the first event.

    Amounts and balances are koruna as in the file, and the default policy takes a koruna for 3.0
    of base currency. Another `rate` multiplies them by rate / 3.0, so that under that policy the
    base-currency figures come out as koruna times `rate` (to the last place of a float).
    Raises `SourceError` naming file and line when a file is missing or does not read as expected.
    """
    if not (math.isfinite(rate) and rate > 0):
        raise SourceError(f"--rate must be a number above 0, not {rate}")
    tally = tally if tally is not None else Tally()
    first_day, order = _first_day(directory)
    told = order.told(str(directory / "trans.asc"))
    if told is not None:
        say(told)
    yield from _profiles(directory, first_day - timedelta(days=1), tally)
    yield from _transactions(directory, rate, tally)


def owners(directory: Path) -> dict[str, str]:
    """The client id of each account's owner, from `disp.asc`."""
    rows = _rows(directory, "disp.asc", ("client_id", "account_id", "type"))
    return {row["account_id"]: row["client_id"] for _, row in rows if row["type"] == "OWNER"}


def _profiles(directory: Path, day: date, tally: Tally) -> Iterator[dict[str, Any]]:
    regions = {row["A1"]: row["A3"] for _, row in _rows(directory, "district.asc", ("A1", "A3"))}
    columns = ("client_id", "birth_number", "district_id")
    for line, row in _rows(directory, "client.asc", columns):
        where = f"client.asc line {line}"
        born, sex = _born(row["birth_number"], where)
        if row["district_id"] not in regions:
            raise SourceError(f"{where}: district {row['district_id']} is not in district.asc")
        yield {
            "event_id": f"berka-profile-{row['client_id']}",
            "customer_id": f"berka-{row['client_id']}",
            "occurred_at": _moment(day, tally.profiles),
            "channel": "other",
            "type": "profile",
            "birth_date": born.isoformat(),
            "sex": sex,
            "region": regions[row["district_id"]],
        }
        tally.profiles += 1


def _transactions(directory: Path, rate: float, tally: Tally) -> Iterator[dict[str, Any]]:
    owner_of = owners(directory)
    earlier: dict[str, int] = {}
    columns = ("trans_id", "account_id", "date", "type", "operation", "amount", "balance")
    for line, row in _rows(directory, "trans.asc", (*columns, "k_symbol")):
        where = f"trans.asc line {line}"
        if row["account_id"] not in owner_of:
            raise SourceError(f"{where}: account {row['account_id']} has no OWNER in disp.asc")
        amount = _money(row["amount"], rate, where)
        balance = _money(row["balance"], rate, where)
        nth = earlier.get(row["date"], 0)
        earlier[row["date"]] = nth + 1
        tally.transactions += 1
        tally.negative_balances += balance < 0
        tally.amounts_not_above_zero += amount <= 0
        yield {
            "event_id": f"berka-{row['trans_id']}",
            "customer_id": f"berka-{owner_of[row['account_id']]}",
            "occurred_at": _moment(_day(row["date"], where), nth),
            "channel": _known(CHANNEL, row["operation"], "operation", where),
            "type": "transaction",
            "amount": amount,
            "currency": "CZK",
            "direction": _known(DIRECTION, row["type"], "type", where),
            "account_id": row["account_id"],
            "balance_after": balance,
            "category": _category(row, where),
        }


def _category(row: Row, where: str) -> str:
    symbol = row["k_symbol"].strip()
    if symbol:
        return _known(CATEGORY_OF_SYMBOL, symbol, "k_symbol", where)
    return _known(CATEGORY_OF_OPERATION, row["operation"], "operation", where)


def _money(text: str, rate: float, where: str) -> float:
    """Koruna as written, or times `rate` / 3.0, the product taken in decimals."""
    try:
        koruna = Decimal(text)
    except InvalidOperation:
        raise SourceError(f"{where}: '{text}' is not an amount like 1234.50") from None
    if rate == POLICY_RATE:
        return float(koruna)
    return float(koruna * Decimal(str(rate))) / POLICY_RATE


def _known(table: dict[str, str], value: str, column: str, where: str) -> str:
    if value not in table:
        names = ", ".join(name for name in table if name)
        raise SourceError(f"{where}: {column} '{value}' is not one of {names}")
    return table[value]


def _born(birth_number: str, where: str) -> tuple[date, str]:
    """Birth date and sex from `YYMMDD`, where women have 50 added to the month."""
    woman = birth_number[2:4] > "50"
    if woman:
        birth_number = f"{birth_number[:2]}{int(birth_number[2:4]) - 50:02d}{birth_number[4:]}"
    return _day(birth_number, where), "female" if woman else "male"


def _day(text: str, where: str) -> date:
    try:
        if len(text) != 6:
            raise ValueError
        return date(1900 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        raise SourceError(f"{where}: '{text}' is not a date YYMMDD") from None


def _moment(day: date, milliseconds: int) -> str:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _first_day(directory: Path) -> tuple[date, Order]:
    """The day of the first transaction, and how the file is ordered by day."""
    order = Order(time.time_ns() // 1_000)
    first, days = date.max, dict[str, date]()
    for line, row in _rows(directory, "trans.asc", ("date",)):
        text = row["date"]
        day = days.get(text)
        if day is None:
            day = days[text] = _day(text, f"trans.asc line {line}")
            first = min(first, day)
        order.note(line, day.toordinal() * 86_400 * US_PER_SECOND - _EPOCH_US)
    if not order.lines:
        raise SourceError(f"{directory / 'trans.asc'} holds no transaction")
    return first, order


def _rows(directory: Path, name: str, columns: tuple[str, ...]) -> Iterator[tuple[int, Row]]:
    """Rows of one file with their line numbers; every one of `columns` is there."""
    path = directory / name
    try:
        with opened(path) as file:
            reader = csv.DictReader((text for _, text in file.texts()), delimiter=";")
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise SourceError(f"{path} has no column {', '.join(missing)} in its first line")
            for row in reader:
                if any(row[column] is None for column in columns):
                    raise SourceError(f"{path} line {reader.line_num}: too few columns")
                yield reader.line_num, row
    except InputUnusable as error:
        if path.exists():
            raise
        raise SourceError(
            f"{path} is missing: give the folder that holds client.asc, district.asc, disp.asc"
            " and trans.asc"
        ) from error
    except csv.Error as error:
        raise SourceError(f"{path} is not text with ; between its columns ({error})") from error
