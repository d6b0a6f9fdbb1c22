"""The report on complaints: tables over all customers' complaints, exactly.

It takes customers as `domain.assembly` gives them. Complaints are those told of: open, or
closed within 40 days. Kept of each: two lengths of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Final

import msgspec

from domain.customer.adding_up import AddsUp
from domain.customer.grouping import UNKNOWN
from domain.kernel.scales import FACTORS, TIERS
from domain.policy import Policy
from schemas.figures import ComplaintFigures, CustomerFigures

LEVELS: Final = 3
DIMENSIONS: Final[Mapping[str, Callable[[ComplaintFigures], str | int | None]]] = {
    "tier": lambda case: case.tier,
    "category": lambda case: case.category,
    "factor": lambda case: case.factor,
    "product": lambda case: case.product,
    "channel": lambda case: case.channel,
    "severity": lambda case: case.severity,
}
"""What complaints are told apart by."""
ORDERS: Final = {"tier": TIERS, "factor": FACTORS, "severity": ("5", "4", "3", "2", "1")}
SLOW: Final = 0.9
"""The share of complaints that are quicker than what is called slow."""
WEEKDAYS: Final = 5


class ComplaintRow(msgspec.Struct, frozen=True, kw_only=True):
    """Complaints of one kind. Shares are ``None`` without a promise that was kept or broken.

    ``promises_kept_share`` is over all promises of all cycles; ``level_1`` to ``level_3`` count
    the complaints that came so far at least. Hours are of the newest cycle, ``slow_hours`` those
    of the 90th of 100 resolutions. Amounts in base currency.
    """

    name: str
    complaints: int
    open: int
    overdue: int
    resolved: int
    withdrawn: int
    reopened: int
    acknowledged_in_time_share: float | None
    resolved_in_time_share: float | None
    promises_kept: int
    promises_broken: int
    promises_kept_share: float | None
    level_1: int
    level_2: int
    level_3: int
    median_acknowledge_hours: float | None
    median_resolve_hours: float | None
    slow_hours: float | None
    compensation_given: float
    compensation_due: float


class Benchmark(msgspec.Struct, frozen=True):
    """A published figure, and the share of complaints that meet it; ``None`` without any."""

    name: str
    share: float | None
    of: int


class StepRow(msgspec.Struct, frozen=True):
    """A step of a category's playbook: of so many complaints that have it, in how many it is done.

    Of a complaint that was reopened the newest time of waiting counts.
    """

    category: str
    step: str
    done: int
    of: int
    share: float


class ComplaintReport(msgspec.Struct, frozen=True, kw_only=True):
    """All tables. ``ever`` counts all complaints there ever were, also those no longer told of."""

    currency: str
    customers: int
    complainants: int
    ever: int
    irregular_steps: int
    total: ComplaintRow
    by: dict[str, tuple[ComplaintRow, ...]]
    promised_hours: dict[str, tuple[float, float]]
    oldest_open_hours: float | None
    benchmarks: tuple[Benchmark, ...]
    steps: tuple[StepRow, ...]


class _Tally:
    """The complaints of one kind, added up."""

    __slots__ = ("_acknowledge", "_counts", "_due", "_given", "_resolve")

    def __init__(self) -> None:
        self._counts = dict.fromkeys(_COUNTED, 0)
        self._given: list[float] = []
        self._due: list[float] = []
        self._acknowledge: list[float] = []
        self._resolve: list[float] = []

    def add(self, case: ComplaintFigures) -> None:
        counts = self._counts
        for name, counted in _COUNTED.items():
            counts[name] += counted(case)
        for hours, taken in (
            (self._acknowledge, case.acknowledge_hours),
            (self._resolve, case.resolve_hours),
        ):
            if taken is not None:
                hours.append(taken)
        self._given.append(case.compensation_given)
        self._due.append(case.compensation_due)

    def merge(self, other: _Tally) -> None:
        for name, count in other._counts.items():
            self._counts[name] += count
        self._given += other._given
        self._due += other._due
        self._acknowledge += other._acknowledge
        self._resolve += other._resolve

    def row(self, name: str) -> ComplaintRow:
        counts = dict(self._counts)
        acknowledged = (counts.pop("acknowledged_in_time"), counts.pop("acknowledged_late"))
        resolved = (counts.pop("resolved_in_time"), counts.pop("resolved_late"))
        return ComplaintRow(
            name=name,
            acknowledged_in_time_share=_share(*acknowledged),
            resolved_in_time_share=_share(*resolved),
            promises_kept_share=_share(counts["promises_kept"], counts["promises_broken"]),
            median_acknowledge_hours=median(self._acknowledge) if self._acknowledge else None,
            median_resolve_hours=median(self._resolve) if self._resolve else None,
            slow_hours=_slow(self._resolve),
            compensation_given=_sum(self._given),
            compensation_due=_sum(self._due),
            **counts,
        )


class ComplaintPortfolio(AddsUp):
    """Adds up customers; ``report`` gives the tables at any time.

    >>> ComplaintPortfolio.of([], Policy()).report().total.complaints
    0
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._customers = self._complainants = self._ever = self._irregular = 0
        self._total = _Tally()
        self._by: dict[tuple[str, str], _Tally] = {}
        self._oldest: float | None = None
        self._met: dict[str, list[bool]] = {name: [] for name in _names(policy)}
        # by category and step: done, of
        self._steps: dict[tuple[str, str], tuple[int, int]] = {}

    def add(self, customer: CustomerFigures) -> None:
        """Add one exported customer."""
        cases = customer.complaint_cases
        self._customers += 1
        self._complainants += bool(cases)
        self._ever += customer.complaints
        self._irregular += customer.irregular_steps
        for case in cases:
            self._total.add(case)
            for dimension, dimension_of in DIMENSIONS.items():
                self._tally(dimension, dimension_of(case)).add(case)
            if case.open_hours is not None:
                self._oldest = max(self._oldest or 0.0, case.open_hours)
            for name, met in self._meets(case):
                self._met[name].append(met)
            for step in case.steps:
                self._step((case.category or UNKNOWN, step.step), step.done_at is not None, 1)

    def merge(self, other: ComplaintPortfolio) -> None:
        """Add the customers of another part; no customer may be in both."""
        self._customers += other._customers
        self._complainants += other._complainants
        self._ever += other._ever
        self._irregular += other._irregular
        self._total.merge(other._total)
        for (dimension, name), tally in other._by.items():
            self._tally(dimension, name).merge(tally)
        if other._oldest is not None:
            self._oldest = max(self._oldest or 0.0, other._oldest)
        for name, met in other._met.items():
            self._met[name] += met
        for key, (done, of) in other._steps.items():
            self._step(key, done, of)

    def report(self) -> ComplaintReport:
        """The tables of all customers added so far."""
        promises = self._policy.complaints
        return ComplaintReport(
            currency=self._policy.currency.base,
            customers=self._customers,
            complainants=self._complainants,
            ever=self._ever,
            irregular_steps=self._irregular,
            total=self._total.row("all"),
            by={dimension: self._rows(dimension) for dimension in DIMENSIONS},
            promised_hours={
                tier: (getattr(promises.acknowledge_hours, tier),
                       getattr(promises.resolve_hours, tier))
                for tier in TIERS
            },
            oldest_open_hours=self._oldest,
            benchmarks=tuple(
                Benchmark(name, _share(sum(met), len(met) - sum(met)), len(met))
                for name, met in self._met.items()
            ),
            steps=tuple(self._step_rows()),
        )  # fmt: skip

    # -- inside -------------------------------------------------------------------------

    def _tally(self, dimension: str, name: str | int | None) -> _Tally:
        label = UNKNOWN if name is None else str(name)
        return self._by.setdefault((dimension, label), _Tally())

    def _step(self, key: tuple[str, str], done: int, of: int) -> None:
        before = self._steps.get(key, (0, 0))
        self._steps[key] = (before[0] + done, before[1] + of)

    def _step_rows(self) -> Iterable[StepRow]:
        """By category, the unknown last, each in the order of its playbook."""
        names = {category for category, _ in self._steps}
        for category in sorted(names, key=lambda name: (name == UNKNOWN, name)):
            book = self._policy.complaints.playbook.of("" if category == UNKNOWN else category)
            for step in book.steps:
                done, of = self._steps.get((category, step), (0, 0))
                if of:
                    yield StepRow(category, step, done, of, done / of)

    def _rows(self, dimension: str) -> tuple[ComplaintRow, ...]:
        """In the order of the dimension, else the most complaints first; the unknown last."""
        order = {name: place for place, name in enumerate(ORDERS.get(dimension, ()))}
        rows = [tally.row(name) for (where, name), tally in self._by.items() if where == dimension]
        rows.sort(
            key=lambda row: (
                row.name == UNKNOWN, order.get(row.name, 0), -row.complaints, row.name
            )
        )  # fmt: skip
        return tuple(rows)

    def _meets(self, case: ComplaintFigures) -> Iterable[tuple[str, bool]]:
        """The published limits that can be told of a complaint, and whether it keeps them."""
        rules = self._policy.complaints.benchmarks
        regulator, summary, final = _names(self._policy)
        if case.resolve_hours is not None or case.escalated_to == LEVELS:
            yield regulator, case.escalated_to < LEVELS
        if case.resolve_hours is not None:
            begun = datetime.fromisoformat(case.cycle_began_at)
            ended = begun + timedelta(hours=case.resolve_hours)
            yield summary, ended.date() <= after_weekdays(begun, rules.summary_days).date()
            yield final, ended <= begun + timedelta(weeks=rules.final_weeks)


def after_weekdays(begun: datetime, days: int) -> datetime:
    """So many working days (Monday to Friday) after a day.

    >>> after_weekdays(datetime(2026, 3, 5), 3)  # a Thursday
    datetime.datetime(2026, 3, 10, 0, 0)
    """
    at = begun
    while days > 0:
        at += timedelta(days=1)
        days -= at.weekday() < WEEKDAYS
    return at


def _names(policy: Policy) -> tuple[str, str, str]:
    rules = policy.complaints
    return (
        f"within the regulator's {rules.regulator_days:g} days"
        f" ({rules.regulator_complex_days:g} when complex)",
        f"resolved within {rules.benchmarks.summary_days} working days (FCA summary answer)",
        f"resolved within {rules.benchmarks.final_weeks} weeks (FCA final response)",
    )


_COUNTED: Final[Mapping[str, Callable[[ComplaintFigures], int]]] = {
    "complaints": lambda case: 1,
    "open": lambda case: int(case.open),
    "overdue": lambda case: int(case.overdue),
    "resolved": lambda case: int(case.status == "resolved"),
    "withdrawn": lambda case: int(case.status == "withdrawn"),
    "reopened": lambda case: int(case.reopened > 0),
    "acknowledged_in_time": lambda case: int(case.acknowledged_in_time is True),
    "acknowledged_late": lambda case: int(case.acknowledged_in_time is False),
    "resolved_in_time": lambda case: int(case.resolved_in_time is True),
    "resolved_late": lambda case: int(case.resolved_in_time is False),
    "promises_kept": lambda case: case.promises_kept,
    "promises_broken": lambda case: case.promises_broken,
    "level_1": lambda case: int(case.escalated_to >= 1),
    "level_2": lambda case: int(case.escalated_to >= 2),
    "level_3": lambda case: int(case.escalated_to >= LEVELS),
}


def _share(yes: int, no: int) -> float | None:
    return yes / (yes + no) if yes + no else None


def _slow(hours: list[float]) -> float | None:
    """The 90th of 100, by rank."""
    return sorted(hours)[ceil(SLOW * len(hours)) - 1] if hours else None


def _sum(amounts: list[float]) -> float:
    """The same in whatever order they come."""
    return round(sum(round(amount * 100) for amount in amounts) / 100, 2)
