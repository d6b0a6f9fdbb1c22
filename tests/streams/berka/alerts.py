"""Alerts, batch: what each kind asks for, then cooldowns and the cap of the policy's defaults."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import polars as pl

from tests.streams.berka.files import DAY, OF, Bank
from tests.streams.berka.risk import churn_looks
from tests.streams.berka.tiers import TIERS, VIP, tier_at

LARGE = 100_000_00
WEEK = 7 * DAY
CAP = 20
HOUR = 3_600_000
COOLDOWN = {"vip_balance_drop": HOUR, "account_anomaly": HOUR, "vip_churn_risk": 24 * HOUR}
UNACKNOWLEDGED = HOUR // 6
TOP_LEVEL = 3


class Raised(NamedTuple):
    """An alert: ``size`` is the number that made it one, ``cause`` null where time alone did."""

    customer: str
    kind: str
    at: int
    cause: str | None
    tier: str
    size: float | None
    priority: int
    level: int = 1


class Alerts(NamedTuple):
    """What is to be raised, and of how many of each customer cooldown or cap made nothing."""

    raised: list[Raised]
    suppressed: Counter[str]


def alerts(bank: Bank, steps: pl.DataFrame, judged: pl.DataFrame) -> Alerts:
    """All alerts of ``steps`` (of tier), ``judged`` looks and the bank's transactions."""
    moves, risks = tier_at(bank.moves, steps), churn_looks(judged, steps)
    due = [_new_vips(steps), _drops(moves, steps), _anomalies(moves), _large(moves)]
    due.append(risks.filter("crossed").with_columns(kind=pl.lit("vip_churn_risk")))
    columns = (OF, "kind", "at", "cause", "tier", "size")
    found = pl.concat([each.select(columns) for each in due]).sort(OF, "at", maintain_order=True)
    passed = _allowed(list(map(Raised._make, _prioritised(found, risks).iter_rows())))
    passed.raised.extend(_again(passed.raised, bank, steps))
    passed.raised.sort(key=lambda each: (each.customer, each.at))
    return passed


def _prioritised(found: pl.DataFrame, risks: pl.DataFrame) -> pl.DataFrame:
    """5 less the rank of the tier, less 1 where the churn risk is high once the event is known."""
    earlier = found.with_columns(seen="at").sort("seen").join_asof(
        risks.select(OF, "seen", "high").sort("seen"),
        on="seen", by=OF, check_sortedness=False,
    )  # fmt: skip
    high = pl.col("high").fill_null(value=False) | (pl.col("kind") == "vip_churn_risk")
    priority = 5 - pl.col("tier").clip(upper_bound=VIP) - high.cast(pl.Int64)
    named = pl.col("tier").replace_strict(dict(enumerate(TIERS)), return_dtype=pl.String)
    ordered = earlier.with_columns(priority=priority, tier=named, level=1)
    return ordered.drop("seen", "high").sort(OF, "at", maintain_order=True)


def _allowed(due: list[Raised]) -> Alerts:
    """What cooldowns (by customer and kind) and the cap (by customer and UTC day) let pass."""
    last: dict[tuple[str, str], int] = {}
    of_day: Counter[tuple[str, int]] = Counter()
    found = Alerts([], Counter())
    for each in due:
        rested = each.at - last.get((each.customer, each.kind), 0)
        day = each.customer, each.at // DAY
        if rested < COOLDOWN.get(each.kind, 0) or of_day[day] >= CAP:
            found.suppressed[each.customer] += 1
            continue
        last[each.customer, each.kind] = each.at
        of_day[day] += 1
        found.raised.append(each)
    return found


def _again(raised: list[Raised], bank: Bank, steps: pl.DataFrame) -> list[Raised]:
    """Nobody acknowledges anything here: priority 1 comes twice more, ten minutes after another.

    An alert is raised once its partition's clock has come to it, with the next event there is.
    """
    names = [field for field in Raised._fields if field != "level"]
    urgent = pl.DataFrame(
        [each[:-1] for each in raised if each.priority == 1], schema=names, orient="row"
    )
    placed = urgent.join(bank.clients, on=OF).sort("at")
    beats = bank.beats.with_columns(beat="at")
    heard = placed.join_asof(beats, on="at", by="place", strategy="forward", check_sortedness=False)
    levels = [
        heard.with_columns(at=pl.col("beat") + waits * UNACKNOWLEDGED, level=waits + 1)
        for waits in range(1, TOP_LEVEL)
    ]
    due = pl.concat(levels).filter(pl.col("at") <= pl.col("end"))
    named = pl.col("tier").replace_strict(dict(enumerate(TIERS)), return_dtype=pl.String)
    then = tier_at(due.drop("tier"), steps).with_columns(tier=named)
    waited = (pl.col("at") - pl.col("beat")) / 1_000
    rows = then.with_columns(size=waited).select(Raised._fields).iter_rows()
    return [Raised._make(row) for row in rows]


def _new_vips(steps: pl.DataFrame) -> pl.DataFrame:
    rises = steps.filter((pl.col("before") < VIP) & (pl.col("tier") >= VIP))
    nothing = pl.lit(None, pl.Float64)
    return rises.with_columns(kind=pl.lit("vip_new"), cause="event_id", size=nothing)


def _large(moves: pl.DataFrame) -> pl.DataFrame:
    kind, size = pl.lit("large_transaction"), pl.col("amount") / 100
    large = moves.filter(pl.col("amount") >= LARGE)
    return large.with_columns(kind=kind, cause="event_id", size=size)


def _drops(moves: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Balances that have just fallen by 30 % from the maximum in force within 7 days."""
    before = pl.col("total").shift()
    high = pl.col("held").rolling_max_by("at", f"{WEEK}i", closed="right")
    fell = (
        moves.with_columns(held=before.over(OF))
        .with_columns(high=high.over(OF))
        .filter((pl.col("held") - pl.col("total") > 0) & (pl.col("high") > 0))
        .filter(10 * (pl.col("high") - pl.col("total")) >= 3 * pl.col("high"))
        .filter(10 * (pl.col("high") - pl.col("held")) < 3 * pl.col("high"))
    )
    until = pl.col("at").shift(-1).over(OF)
    spans = steps.select(OF, since="at", until=until, held_tier="tier")
    in_force = (pl.col("since") <= pl.col("at")) & (
        pl.col("until").is_null() | (pl.col("until") > pl.col("at") - WEEK)
    )
    highest = (
        fell.join(spans, on=OF).filter(in_force).group_by("event_id").agg(pl.col("held_tier").max())
    )
    tiered = fell.drop("tier").join(highest.rename({"held_tier": "tier"}), on="event_id")
    vips = tiered.filter(pl.col("tier") >= VIP)
    share = (pl.col("high") - pl.col("total")) / pl.col("high")
    return vips.with_columns(kind=pl.lit("vip_balance_drop"), cause="event_id", size=share)


def _anomalies(moves: pl.DataFrame) -> pl.DataFrame:
    """Amounts over 5 units from the median of the 100 before of the same direction, from 20 on."""
    nth = pl.int_range(pl.len()).over(OF, "debit")
    logs = moves.with_columns(nth=nth, ln=(pl.col("amount") / 100).log())
    middle = pl.col("ln").median()
    usual = (
        logs.sort(OF, "debit", "nth")
        .rolling("nth", period="100i", offset="-100i", closed="left", group_by=[OF, "debit"])
        .agg(so_many=pl.len(), middle=middle, mad=(pl.col("ln") - middle).abs().median())
    )
    found = logs.join(usual, on=[OF, "debit", "nth"]).filter(pl.col("so_many") >= 20)
    unit = pl.max_horizontal(1.4826 * pl.col("mad"), pl.lit(0.1))
    away = (pl.col("ln") - pl.col("middle")).abs() / unit
    odd = found.with_columns(size=away).filter(pl.col("size") > 5)
    return odd.with_columns(kind=pl.lit("account_anomaly"), cause="event_id")
