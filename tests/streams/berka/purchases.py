"""Purchases, batch: rhythm, the probability of being alive, and the value of 365 days."""

from __future__ import annotations

import polars as pl

from tests.streams.berka.files import DAY, OF, Bank

R, ALPHA, A, B = 0.5248, 6.1830, 0.8914, 1.6140
LEAST_LAPSE = 14 * DAY


def purchases(bank: Bank) -> pl.DataFrame:
    """One row a purchase (every debit), ascending, with what was known once it was made.

    customer, event_id, channel, value, last (its time); n purchases and ``days`` with any so far,
    first_day, lapse (ms; null before the fifth), total (value so far).
    """
    bought = bank.moves.filter("debit").select(
        OF, "event_id", "channel", last="at", value="amount", day=pl.col("at") // DAY
    )
    new_day = (pl.col("day") != pl.col("day").shift(fill_value=-1).over(OF)).cast(pl.Int64)
    gap = pl.col("last").diff()
    usual = gap.rolling_quantile(0.8, "linear", window_size=20, min_samples=4).over(OF)
    n = pl.int_range(1, pl.len() + 1).over(OF)
    return bought.with_columns(
        n=n,
        days=new_day.cum_sum().over(OF),
        first_day=pl.col("day").first().over(OF),
        lapse=pl.when(n >= 5).then(usual.clip(LEAST_LAPSE).round().cast(pl.Int64)),
        total=pl.col("value").cum_sum().over(OF),
    )


def seen(times: pl.DataFrame, bought: pl.DataFrame, by: str = "seen") -> pl.DataFrame:
    """``times`` with the newest purchase not later than each row's ``by`` (ms)."""
    right = bought.drop("event_id", "channel", "value", "day").sort("last")
    keyed = times.sort(by).join_asof(
        right.with_columns(pl.col("last").alias(by)), on=by, by=OF, check_sortedness=False
    )
    return keyed.sort(OF, "at", by)


def alive(at: pl.Expr) -> pl.Expr:
    """MBG/NBD's probability at ``at`` (ms) of who has last, days and first_day (weeks)."""
    repeats = pl.col("days") - 1
    recency = (pl.col("last") // DAY - pl.col("first_day")) / 7
    age = (at / DAY - pl.col("first_day")) / 7
    ratio = ((ALPHA + age) / (ALPHA + recency)).pow(R + repeats)
    return 1 / (1 + A / (B + repeats) * ratio)


def rfm(bank: Bank, bought: pl.DataFrame) -> pl.DataFrame:
    """Raw figures of all who bought, as of the end: recency in UTC days, sums over 365 of them."""
    ended = bought.join(bank.clients.select(OF, today=pl.col("end") // DAY), on=OF)
    within = pl.col("today") - pl.col("day") < 365
    return ended.group_by(OF).agg(
        recency=(pl.col("today") - pl.col("day")).min(),
        frequency=within.sum(),
        monetary=pl.col("value").filter(within).sum(),
        purchases=pl.len(),
        purchase_days=pl.col("day").n_unique(),
        total=pl.col("value").sum(),
    )
