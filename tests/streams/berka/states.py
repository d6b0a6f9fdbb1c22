"""Customer states, batch: judged at every event and at every UTC midnight."""

from __future__ import annotations

import polars as pl

from tests.streams.berka.files import DAY, OF, Bank
from tests.streams.berka.purchases import alive, seen


def looks(bank: Bank) -> pl.DataFrame:
    """When a customer with transactions is judged: customer, at, event_id (null: midnight), seen.

    A midnight comes before the event of the same time, so it has ``seen`` less.
    """
    events = bank.moves.select(OF, "at", "event_id", seen="at")
    spans = bank.moves.group_by(OF).agg(first=pl.col("at").min() // DAY + 1)
    days = spans.join(bank.clients, on=OF).select(
        OF, day=pl.int_ranges(pl.col("first"), pl.col("end") // DAY + 1)
    )
    at = pl.col("day") * DAY
    midnights = days.explode("day", empty_as_null=False).select(
        OF, at=at, event_id=pl.lit(None, pl.String), seen=at - 1
    )
    return pl.concat([events, midnights]).sort(OF, "at", "seen")


def judged(times: pl.DataFrame, bought: pl.DataFrame) -> pl.DataFrame:
    """``times`` with the newest purchase seen, p_alive, when it came back, and the state."""
    back = _returns(bought)
    known = seen(times, bought).with_columns(p_alive=alive(pl.col("at")))
    known = known.sort("seen").join_asof(
        back.sort("came_back"),
        left_on="seen",
        right_on="came_back",
        by=OF,
        check_sortedness=False,
        coalesce=False,
    )
    return known.sort(OF, "at", "seen").with_columns(state=_state())


def state_transitions(found: pl.DataFrame) -> pl.DataFrame:
    """Each move from state to state: customer, dimension, before, after, at, cause."""
    before = pl.col("state").shift(fill_value="potential").over(OF)
    moved = found.with_columns(before=before).filter(pl.col("state") != pl.col("before"))
    return moved.select(
        OF,
        dimension=pl.lit("relationship"),
        before="before",
        after="state",
        at="at",
        cause="event_id",
    )


def _returns(bought: pl.DataFrame) -> pl.DataFrame:
    """The purchases of who had been lost without them: customer, came_back (ms)."""
    facts = ("last", "days", "first_day", "lapse")
    before = bought.with_columns(
        pl.col(*facts).shift().over(OF), came_back=pl.col("last")
    ).drop_nulls("last")
    return before.filter(_is_lost(pl.col("came_back"))).select(OF, "came_back")


def _is_lost(at: pl.Expr) -> pl.Expr:
    over = (at - pl.col("last") > 2 * pl.col("lapse")).fill_null(value=False)
    return over | (alive(at) < 0.4)


def _state() -> pl.Expr:
    at = pl.col("at")
    late = (at - pl.col("last") > pl.col("lapse")).fill_null(value=False)
    back = (at - pl.col("came_back") < 30 * DAY).fill_null(value=False)
    return (
        pl.when(pl.col("n").is_null())
        .then(pl.lit("potential"))
        .when(_is_lost(at))
        .then(pl.lit("lost"))
        .when(late | (pl.col("p_alive") < 0.6))
        .then(pl.lit("at_risk"))
        .when(back)
        .then(pl.lit("reactivated"))
        .when(pl.col("n") >= 2)  # loyal needs an attitude, which nobody was asked for
        .then(pl.lit("repeat"))
        .otherwise(pl.lit("first_time"))
    )
