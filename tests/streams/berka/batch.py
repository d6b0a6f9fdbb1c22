"""Everything that must come out of the bank's files, worked out over all of them at once.

Numbers are those of the domain reference, written out in each file. Nothing of the product is
used, nor any state: windows, joins and cumulated sums over whole columns.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from tests.streams.berka.alerts import Alerts, alerts
from tests.streams.berka.files import DAY, OF, Bank, read
from tests.streams.berka.phases import phase_transitions, phases, stage_transitions
from tests.streams.berka.purchases import purchases, rfm
from tests.streams.berka.ranks import relational
from tests.streams.berka.risk import churn_risk
from tests.streams.berka.states import judged, looks, state_transitions
from tests.streams.berka.tiers import TIERS, tier_at, tier_steps, tier_transitions


class Moved(NamedTuple):
    """A move from one state to another; ``cause`` is null where time alone caused it."""

    before: str
    after: str
    at: int
    cause: str | None


class Batch(NamedTuple):
    """By customer and dimension the moves in order, all alerts, and by customer the figures.

    ``bought`` are all purchases, and ``buyers`` those among whom customers are ranked.
    """

    moves: dict[tuple[str, str], list[Moved]]
    alerts: Alerts
    figures: dict[str, dict[str, Any]]
    bought: pl.DataFrame
    buyers: pl.DataFrame


def batch(directory: Path, partitions: int) -> Batch:
    """What must come out of the files in ``directory`` as of the end of each partition's clock."""
    bank = read(directory, partitions)
    bought, steps, times = purchases(bank), tier_steps(bank), looks(bank)
    states = judged(times, bought)
    told = (
        tier_transitions(steps),
        state_transitions(states),
        phase_transitions(phases(bank, times, bought)),
        stage_transitions(bought),
    )
    moves = defaultdict(list)
    for customer, dimension, *move in pl.concat(told).iter_rows():
        moves[customer, dimension].append(Moved._make(move))
    found = alerts(bank, steps, states)
    figures, buyers = _figures(bank, bought, steps), relational(bank, bought)
    return Batch(dict(moves), found, figures, bought, buyers)


def _figures(bank: Bank, bought: pl.DataFrame, steps: pl.DataFrame) -> dict[str, dict[str, Any]]:
    ends = bank.clients.select(OF, at="end", event_id=pl.lit(None, pl.String), seen="end")
    tier = pl.col("tier").replace_strict(dict(enumerate(TIERS)), return_dtype=pl.String)
    state = judged(ends, bought).with_columns(churn_risk=churn_risk())
    parts = (
        _sums(bank),
        tier_at(ends, steps).select(OF, tier),
        state.select(OF, "state", "p_alive", "churn_risk", "last", "lapse"),
        phases(bank, ends, bought).select(OF, "phase"),
        rfm(bank, bought),
        stage_transitions(bought).select(OF, stage="after"),
    )
    whole = bank.clients
    for part in parts:
        whole = whole.join(part, on=OF, how="left")
    return {row[OF]: row for row in whole.iter_rows(named=True)}


def _sums(bank: Bank) -> pl.DataFrame:
    """Counts and hundredths of the base currency of all who did anything."""
    within = pl.col("end") // DAY - pl.col("at") // DAY < 30
    return (
        bank.moves.join(bank.clients, on=OF)
        .sort(OF, "at")
        .group_by(OF)
        .agg(
            transactions=pl.len(),
            moved=pl.col("amount").sum(),
            moved_30_days=pl.col("amount").filter(within).sum(),
            balance=pl.col("total").last(),
        )
    )
