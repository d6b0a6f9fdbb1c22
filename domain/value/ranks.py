"""The record that ranks all customers: snapshots of all partitions in, new standings out.

Nothing is fitted and nothing is random: the lines follow from the bins of all snapshots, so any
partitioning of the same customers gives the same record. It goes on from the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import ceil
from typing import Any, Final

from domain.policy.value import ValueRules
from domain.value.row import HUNDREDTHS
from domain.value.sketches import Grid, Sketch, add, grid_of
from domain.value.snapshot import Figures, Snapshot, merge
from schemas.fields import moment
from schemas.outputs import output_id
from schemas.standings import Held, Standings, Total

EPOCH: Final = date(1970, 1, 1)
REASON_CHARACTERS: Final = 1_000


class Ranks:
    """Makes standings under a policy; goes on from ``previous``."""

    def __init__(self, rules: ValueRules, previous: Standings | None = None) -> None:
        self.record = previous
        self._rules = rules
        self._grid = grid_of(rules.rfm.relative_error)

    def fit(self, snapshots: Sequence[Snapshot], now: int) -> Standings | None:
        """The next standings, as of ``now`` (ms).

        ``None`` where nobody has bought, or where nothing moved by more than the bins' error.
        """
        merged = merge(snapshots, self._rules.rules_id)
        if merged is None:
            return None
        version = self.record.version + 1 if self.record else 1
        figures = standings_figures(merged[1], self._rules, self._grid)
        draft = Standings(
            standings_id=output_id("standings", version, now),
            version=version,
            occurred_at=moment(now),
            reason="draft",
            rules_id=self._rules.rules_id,
            as_of_day=EPOCH + timedelta(days=merged[0]),
            window_days=self._rules.rfm.window_days,
            relative_error=self._rules.rfm.relative_error,
            **figures,
        )
        reason = why_publish(self.record, draft)
        if reason is None:
            return None
        self.record = draft.model_copy(update={"reason": reason})
        return self.record


def standings_figures(figures: Figures, rules: ValueRules, grid: Grid) -> dict[str, Any]:
    """The fields of ``Standings`` that follow from all customers' bins."""
    recency, frequency = Sketch(grid, figures.recency_days), Sketch(grid, figures.frequency)
    monetary = Sketch(grid, figures.monetary)
    shares = rules.rfm.shares
    return {
        "customers": figures.customers,
        "total_value": figures.monetary.total / HUNDREDTHS,
        "recency_days": tuple(recency.line(share) for share in shares),
        "frequency": tuple(frequency.line(share) for share in shares),
        "monetary": tuple(_amount(monetary.line(share)) for share in shares),
        "median_frequency": frequency.line(0.5),
        **_abc(monetary, rules),
        **_relational(
            monetary,
            Sketch(grid, figures.relational),
            Sketch(grid, figures.relational_sales),
            rules,
        ),
        **_clv(figures, rules, grid),
    }


def _abc(monetary: Sketch, rules: ValueRules) -> dict[str, Any]:
    """Lines, totals, Pareto share and concentration of the value; without any, none of them."""
    customers, value = monetary.bins.customers, monetary.bins.total
    found: dict[str, Any] = {"pareto_value": rules.abc.pareto, "abc_totals": {}}
    a_above, b_above = (monetary.top_line(s) for s in (rules.abc.a_until, rules.abc.b_until))
    pareto = monetary.top_customers(rules.abc.pareto)
    if a_above is None or b_above is None or pareto is None:
        return found
    a, ab = monetary.above(a_above), monetary.above(b_above)
    totals = {"A": a, "B": _less(ab, a), "C": _less((customers, value), ab)}
    held = [
        Held(customers=share, value=monetary.top_value(_count(share, customers)) / value)
        for share in rules.abc.concentration
    ]
    return found | {
        "a_above": _amount(a_above),
        "b_above": _amount(b_above),
        "pareto_customers": pareto / customers,
        "concentration": tuple(held),
        "abc_totals": _totals(totals),
    }


def _relational(
    monetary: Sketch, relational: Sketch, sales: Sketch, rules: ValueRules
) -> dict[str, Any]:
    """Lines and totals of the relationship classes: by value, until so much of sales is reached."""
    everybody = (monetary.bins.customers, monetary.bins.total)
    among = (relational.bins.customers, relational.bins.total)
    totals = {"transactional": _less(everybody, among)}
    found: dict[str, Any] = {"relational_customers": among[0]}
    limits = rules.relation
    top = sales.line_of_top(limits.top)
    upper = sales.line_of_top(round(limits.top + limits.upper, 9))
    if top is not None and upper is not None:
        first, half = relational.above(top), relational.above(upper)
        totals |= {
            "relational_top": first,
            "relational_upper": _less(half, first),
            "relational_lower": _less(among, half),
        }
        found["relational_top_above"] = _amount(top)
        found["relational_upper_above"] = _amount(upper)
    return found | {"relation_totals": _totals(totals)}


def _clv(figures: Figures, rules: ValueRules, grid: Grid) -> dict[str, Any]:
    """Lines and totals of the CLV classes, as far as bins can tell."""
    shares = rules.clv_classes
    everybody = Sketch(grid, add([figures.clv, figures.clv_below_zero]))
    line = everybody.line(round(1.0 - shares.most_valuable, 9))
    assert line is not None
    top = Sketch(grid, figures.clv).above(line)
    growable = Sketch(grid, figures.growable).line(round(1.0 - shares.most_growable, 9))
    return {
        "clv_above": _amount(line),
        "growable_customers": figures.growable.customers,
        "growable_above": _amount(growable),
        "clv_totals": _totals(
            {
                "below_zero": (figures.clv_below_zero.customers, figures.clv_below_zero.total),
                "most_valuable": top,
                "not_above": _less((figures.clv.customers, figures.clv.total), top),
            }
        ),
    }


def why_publish(old: Standings | None, new: Standings) -> str | None:
    """The reason to publish ``new`` after ``old``, with its numbers; None where there is none."""
    if old is None:
        return (
            f"first standings: {new.customers:,} customers with purchases, worth"
            f" {new.total_value:,.2f} in {new.window_days} days"
        )
    if old.rules_id != new.rules_id:
        return f"the policy's rules of value changed from {old.rules_id} to {new.rules_id}"
    before, after = _watched(old), _watched(new)
    error, moved = new.relative_error, []
    for name, (now, of) in after.items():
        then, of_then = before.get(name, (None, None))
        largest = max(abs(of or 0.0), abs(of_then or 0.0))
        if (now is None) != (then is None) or abs((now or 0.0) - (then or 0.0)) > error * largest:
            moved.append(f"{name} went from {_text(then)} to {_text(now)}")
    return "; ".join(moved)[:REASON_CHARACTERS] or None


def _watched(record: Standings) -> dict[str, tuple[float | None, float | None]]:
    """Every figure by its name in words, and what the error is a share of."""
    lines: dict[str, float | None] = {
        "the customers with purchases": record.customers,
        "their value": record.total_value,
        "the median frequency": record.median_frequency,
        "the line of class A": record.a_above,
        "the line of class B": record.b_above,
        "the line of the relational top": record.relational_top_above,
        "the line of the relational upper part": record.relational_upper_above,
        "the line of the most valuable": record.clv_above,
        "the line of the most growable": record.growable_above,
        "the share of customers that makes most of the value": record.pareto_customers,
    }
    for words, values in (
        ("recency", record.recency_days),
        ("frequency", record.frequency),
        ("monetary", record.monetary),
    ):
        lines |= {f"{words} line {place}": line for place, line in enumerate(values, start=1)}
    found = {name: (line, line) for name, line in lines.items()}
    for totals in (record.abc_totals, record.relation_totals, record.clv_totals):
        for name, total in totals.items():
            found[f"the customers of class {name}"] = (total.customers, record.customers)
    return found


def _totals(by_class: dict[str, tuple[int, float]]) -> dict[str, Total]:
    return {
        name: Total(customers=customers, value=value / HUNDREDTHS)
        for name, (customers, value) in by_class.items()
    }


def _less(all_of_them: tuple[int, float], some: tuple[int, float]) -> tuple[int, float]:
    return all_of_them[0] - some[0], all_of_them[1] - some[1]


def _count(share: float, customers: int) -> int:
    """The least number of customers that is this share of them; one at least."""
    return ceil(Fraction(str(share)) * customers)


def _amount(line: int | None) -> float | None:
    return None if line is None else line / HUNDREDTHS


def _text(figure: float | None) -> str:
    return "none" if figure is None else f"{figure:,.4g}" if abs(figure) < 1 else f"{figure:,.2f}"
