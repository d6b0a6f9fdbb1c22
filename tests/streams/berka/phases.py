"""Lifecycle phases and relationship stages, batch: where a look finds another one than before."""

from __future__ import annotations

import polars as pl

from tests.streams.berka.files import DAY, OF, Bank
from tests.streams.berka.purchases import seen

SPAN = 90


def phases(bank: Bank, times: pl.DataFrame, bought: pl.DataFrame) -> pl.DataFrame:
    """``times`` (customer, at, event_id, seen) with the phase at each.

    The value of the newest 90 UTC days, today's included, over that of the 90 days before.
    """
    known = seen(times, bought).join(bank.clients.select(OF, "known"), on=OF)
    today = pl.col("at") // DAY
    known = known.with_columns(
        newer=(today - SPAN + 1) * DAY - 1, older=(today - 2 * SPAN + 1) * DAY - 1
    )
    for column in ("newer", "older"):
        till = seen(known.select(OF, "at", "seen", column), bought, column)
        sums = till.select(OF, "at", "seen", pl.col("total").fill_null(0).alias(f"till_{column}"))
        known = known.join(sums, on=[OF, "at", "seen"])
    value, before = (
        pl.col("total") - pl.col("till_newer"),
        pl.col("till_newer") - pl.col("till_older"),
    )
    return known.with_columns(phase=_phase(value, before)).sort(OF, "at", "seen")


def _phase(value: pl.Expr, before: pl.Expr) -> pl.Expr:
    young = pl.col("at") - pl.col("known") < SPAN * DAY
    few = pl.col("n").fill_null(0) < 3
    return (
        pl.when(few | young)
        .then(pl.lit("exploration"))
        .when(10 * value < 7 * before)
        .then(pl.lit("decline"))
        .when(10 * value > 11 * before)
        .then(pl.lit("formation"))
        .otherwise(pl.lit("stability"))
    )


def phase_transitions(found: pl.DataFrame) -> pl.DataFrame:
    """Each move from phase to phase: customer, dimension, before, after, at, cause."""
    before = pl.col("phase").shift(fill_value="exploration").over(OF)
    moved = found.with_columns(before=before).filter(pl.col("phase") != pl.col("before"))
    return moved.select(
        OF,
        dimension=pl.lit("lifecycle_phase"),
        before="before",
        after="phase",
        at="at",
        cause="event_id",
    )


def stage_transitions(bought: pl.DataFrame) -> pl.DataFrame:
    """Who buys through a second channel cooperates; the rest needs an attitude, or products."""
    second = bought.filter(pl.col("channel") != pl.col("channel").first().over(OF))
    return (
        second.group_by(OF)
        .agg(pl.col("last", "event_id").sort_by("last").first())
        .select(
            OF,
            dimension=pl.lit("relationship_stage"),
            before=pl.lit("basic"),
            after=pl.lit("cooperative"),
            at="last",
            cause="event_id",
        )
    )
