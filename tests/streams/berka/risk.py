"""Churn risk, batch. Nobody complained or was asked: what remains is p_alive and the silence."""

from __future__ import annotations

import polars as pl

from tests.streams.berka.files import OF
from tests.streams.berka.tiers import VIP, tier_at

HIGH = 0.6


def churn_risk() -> pl.Expr:
    """Of a judged look: 1 - product of (1 - r) over independent causes; null who never bought."""
    gap = (pl.col("at") - pl.col("last")) / pl.col("lapse") - 1
    return 1 - pl.col("p_alive") * (1 - 0.5 * gap.clip(0, 1)).fill_null(1)


def churn_looks(judged: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """The risk (``size``) at each look, where the tier falls too, and whether a VIP's is high.

    It has ``crossed`` where it was not seen high at the look before, or who had it was no VIP then.
    """
    looked = judged.select(OF, "at", "seen", cause="event_id", size=churn_risk().fill_null(0))
    nothing = pl.lit(None, pl.String)
    below = steps.filter(pl.col("tier") < VIP)
    falls = below.select(OF, "at", seen="at", cause=nothing, size=0.0)
    tiers = tier_at(pl.concat([looked, falls]), steps).sort(OF, "at", "seen")
    high = (pl.col("tier") >= VIP) & (pl.col("size") >= HIGH)
    crossed = pl.col("high") & ~pl.col("high").shift(fill_value=False).over(OF)
    return tiers.with_columns(high=high).with_columns(crossed=crossed)
