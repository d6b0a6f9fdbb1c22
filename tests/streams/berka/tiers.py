"""Tiers by deposit balance, batch: a rise acts at once, a fall after 30 days below the line."""

from __future__ import annotations

import polars as pl

from tests.streams.berka.files import DAY, OF, Bank

TIERS = ("standard", "prospect", "key", "vip", "private")
LINES = (100_000_00, 200_000_00, 300_000_00, 8_000_000_00)
GRACE = 30 * DAY
VIP = 3


def tier_steps(bank: Bank) -> pl.DataFrame:
    """Each change of tier: customer, at, event_id (null for the end of a grace), before, tier.

    A balance in force over [start, stop) holds its tier until stop + 30 days. What falls due at
    the very time of an event comes before it.
    """
    runs = _runs(bank.moves)
    rises = runs.select(OF, "event_id", at="start", seen="start")
    falls = runs.select(OF, at=pl.col("stop") + GRACE).drop_nulls("at")
    falls = falls.join(bank.clients.select(OF, "end"), on=OF).filter(pl.col("at") <= pl.col("end"))
    falls = falls.select(OF, "at", event_id=pl.lit(None, pl.String), seen=pl.col("at") - 1)
    turns = pl.concat([rises.select(falls.columns), falls])
    held_until = pl.col("stop") + GRACE
    in_force = (pl.col("start") <= pl.col("seen")) & ~(held_until <= pl.col("at"))
    found = (
        turns.join(runs.drop("event_id"), on=OF)
        .filter(in_force | held_until.is_null() & (pl.col("start") <= pl.col("seen")))
        .group_by(OF, "at", "seen", "event_id")
        .agg(pl.col("tier").max())
        .sort(OF, "at", "seen")
        .with_columns(before=pl.col("tier").shift(fill_value=0).over(OF))
    )
    return found.filter(pl.col("tier") != pl.col("before")).drop("seen")


def _runs(moves: pl.DataFrame) -> pl.DataFrame:
    """Spans of one tier by balance alone: customer, event_id, start, stop (null: still), tier."""
    tier = sum((pl.col("total") >= line).cast(pl.Int64) for line in LINES)
    of_each = moves.with_columns(tier=tier)
    begins = pl.col("tier") != pl.col("tier").shift(fill_value=-1).over(OF)
    runs = of_each.filter(begins).select(OF, "event_id", "tier", start="at")
    return runs.with_columns(stop=pl.col("start").shift(-1).over(OF))


def tier_transitions(steps: pl.DataFrame) -> pl.DataFrame:
    """As the product tells them: customer, dimension, before, after, at, cause."""
    named = dict(enumerate(TIERS))
    return steps.select(
        OF,
        dimension=pl.lit("tier"),
        before=pl.col("before").replace_strict(named, return_dtype=pl.String),
        after=pl.col("tier").replace_strict(named, return_dtype=pl.String),
        at="at",
        cause="event_id",
    )


def tier_at(times: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """``times`` (customer, at, ...) with the tier in force at each."""
    joined = times.sort("at").join_asof(
        steps.select(OF, "at", "tier").sort("at"), on="at", by=OF, check_sortedness=False
    )
    return joined.with_columns(pl.col("tier").fill_null(0)).sort(OF, "at")
