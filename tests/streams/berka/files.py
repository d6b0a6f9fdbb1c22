"""The bank's own files as frames: who did what when. Shares no code with the product.

Money is whole hundredths of the base currency (3.0 for a koruna), so sums and comparisons are
exact. Times are ms since the epoch, UTC.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl
from kafka.partitioner import murmur2

DAY = 86_400_000
RATE = 3
OF = "customer"

CHANNELS = {"VKLAD": "branch", "VYBER": "branch", "VYBER KARTOU": "atm"}


class Bank(NamedTuple):
    """``clients``, their ``moves`` (a row a transaction), and the ``beats`` of each place.

    Columns of ``clients``: customer, known (ms of the profile), place (partition), end (of the last
    event there: how far its clock comes). Of ``moves``, ascending by customer and time: customer,
    at, event_id, debit, amount, total (over all accounts, afterwards), channel. Of ``beats``: place
    and the time of every event there, ascending.
    """

    clients: pl.DataFrame
    moves: pl.DataFrame
    beats: pl.DataFrame


def read(directory: Path, partitions: int) -> Bank:
    """The clients and what their accounts did, placed in so many partitions."""
    moves = _moves(directory)
    clients = _clients(directory, moves["at"].min())
    place = pl.col(OF).map_elements(lambda name: _place(name, partitions), return_dtype=pl.Int64)
    clients = clients.with_columns(place=place)
    happened = pl.concat([moves.select(OF, "at"), clients.select(OF, at="known")])
    beats = happened.join(clients, on=OF).select("place", "at").sort("at")
    ends = beats.group_by("place").agg(end=pl.col("at").max())
    return Bank(clients.join(ends, on="place"), moves, beats)


def _place(customer: str, partitions: int) -> int:
    """Where Kafka's default partitioner puts a key."""
    return int((murmur2(customer.encode()) & 0x7FFFFFFF) % partitions)


def _table(path: Path) -> pl.DataFrame:
    """A file as text columns, rows in the order of the file."""
    return pl.read_csv(path, separator=";", infer_schema=False)


def _named(client: str) -> pl.Expr:
    return pl.lit("berka-") + pl.col(client)


def _midnight(day: str) -> pl.Expr:
    """Ms of a day YYMMDD of the 20th century."""
    date = (pl.lit("19") + pl.col(day)).str.to_date("%Y%m%d")
    return date.cast(pl.Datetime("ms")).dt.epoch("ms")


def _hundredths(money: str) -> pl.Expr:
    """Koruna as hundredths of the base currency."""
    return (pl.col(money).cast(pl.Float64) * 100).round().cast(pl.Int64) * RATE


def _clients(directory: Path, first: object) -> pl.DataFrame:
    """The bank knows its clients on the day before the first transaction, one ms apart."""
    assert isinstance(first, int)
    nth = pl.int_range(pl.len())
    return _table(directory / "client.asc").select(
        _named("client_id").alias(OF), known=first // DAY * DAY - DAY + nth
    )


def _moves(directory: Path) -> pl.DataFrame:
    owners = (
        _table(directory / "disp.asc")
        .filter(pl.col("type") == "OWNER")
        .select("account_id", _named("client_id").alias(OF))
    )
    rows = _table(directory / "trans.asc").with_columns(
        at=_midnight("date") + pl.int_range(pl.len()).over("date")
    )
    held = _hundredths("balance")
    moved = rows.join(owners, on="account_id", how="left", maintain_order="left").select(
        OF,
        "at",
        event_id=_named("trans_id"),
        debit=pl.col("type") != "PRIJEM",
        amount=_hundredths("amount"),
        more=held - held.shift(fill_value=0).over("account_id"),
        channel=pl.col("operation").replace_strict(CHANNELS, default="other"),
    )
    total = pl.col("more").cum_sum().over(OF)
    return moved.with_columns(total=total).drop("more").sort(OF, "at")
