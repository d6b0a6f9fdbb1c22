"""A briefing as a value: the figures of a period beside the last, and who is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from domain.policy import Policy
from schemas.fields import milliseconds
from schemas.figures import CustomerFigures
from schemas.units import MS_PER_DAY
from streams.briefing import saved
from streams.briefing.counts import COUNTED, TOPICS, Counts, kept_from
from streams.briefing.exceptions import Exceptions, Named
from streams.briefing.figures import Row, Value
from streams.briefing.periods import Kind, Period, period_at
from streams.briefing.saved import Saved
from streams.briefing.standing import STANDING, Standing
from streams.errors import ReportSourceError
from streams.reports.live import LIVE
from streams.reports.report import About
from streams.topics.wanted import SEGMENT_DAYS

NOTHING: Final = Value(None, lost=True)
Told = tuple[Saved | None, Saved | None]
"""What the last briefing told, and this one where it was made before."""


@dataclass(frozen=True)
class Briefing:
    """Everything that a briefing tells, in no language.

    ``over`` is whether its period is. ``standing`` is empty where the state is of a later period.
    ``compared`` is what the last briefing told of how things stood, ``earlier`` what this one told
    where it was made before; ``None`` where nothing was.
    ``outputs_from`` (ms) is from when on alerts and transitions are kept, 0: all of them.
    """

    period: Period
    zone: str
    over: bool
    as_of: str | None
    source: str
    currency: str
    happened: tuple[Row, ...]
    standing: tuple[Row, ...]
    compared: Saved | None
    earlier: Saved | None
    named: tuple[Named, ...]
    outputs_from: int
    lines: Mapping[str, float]

    @property
    def begins(self) -> int:
        """When the period begins, in ms."""
        return self.period.begins(ZoneInfo(self.zone))

    def kept(self) -> Saved:
        """Its figures for the next briefing.

        Made again when the state is of a later period, it keeps what it told of how things stood.
        """
        happened = {row.figure.key: row.now.value for row in self.happened if not row.now.since}
        if not self.standing and self.earlier is not None:
            return replace(self.earlier, over=self.over, period=happened)
        return Saved(
            briefing=self.period.name,
            over=self.over,
            as_of=self.as_of,
            source=self.source,
            currency=self.currency,
            period=happened,
            standing={row.figure.key: row.now.value for row in self.standing},
        )


class CustomerBriefing:
    """Takes customers and outputs as reports do, and makes a briefing of them."""

    kind = "briefing"
    topics = TOPICS

    def __init__(self, policy: Policy, kind: Kind, of: Period | None = None) -> None:
        self._policy, self._kind, self._of = policy, kind, of
        self._zone = ZoneInfo(policy.complaints.calendar.time_zone)
        self._counts = Counts(kind, self._zone)
        self._standing = Standing(policy)
        self._exceptions = Exceptions(policy, of)

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self._counts.add(customer)
        self._standing.add(customer)
        self._exceptions.add(customer)

    def add_output(self, topic: str, output: Mapping[str, Any]) -> None:
        """Take an output of its topics."""
        self._counts.add_output(topic, output)
        self._exceptions.add_output(self._counts.period(output["occurred_at"]), output)

    def briefing(self, about: About, folder: Path) -> Briefing:
        """The briefing of the period that is asked for, else of the newest that is over.

        ``folder`` is where the last one's figures lie. Raises ReportSourceError where there is no
        such period, BriefingUnreadable where those figures cannot be used.
        """
        as_of = None if about.as_of is None else milliseconds(datetime.fromisoformat(about.as_of))
        period, running = self._periods(about, as_of)
        stands = running is None or running in (period, period.after)
        last, earlier = saved.read(folder, period.before), saved.read(folder, period)
        compared = last if saved.is_before(last, about.as_of) else None
        outputs_from = self._outputs_from(about, as_of)
        return Briefing(
            period=period,
            zone=self._zone.key,
            over=running is None or running > period,
            as_of=about.as_of,
            source=about.source,
            currency=self._policy.currency.base,
            happened=self._happened(period, as_of, outputs_from, (last, earlier)),
            standing=self._as_it_stands(compared) if stands else (),
            compared=compared,
            earlier=earlier,
            named=self._exceptions.named(period, stands=stands),
            outputs_from=outputs_from,
            lines={
                "churn_risk": self._policy.alerts.churn_risk,
                "dissatisfied": self._policy.alerts.dissatisfied_below,
            },
        )

    # -- inside -------------------------------------------------------------------------

    def _periods(self, about: About, as_of: int | None) -> tuple[Period, Period | None]:
        """The period that is told of, and that of the state."""
        running = None if as_of is None else period_at(as_of, self._kind, self._zone)
        if self._of is None:
            if running is None:
                raise ReportSourceError(
                    f"{about.source}: nothing has happened yet, so no period is over; give one"
                    " with --ending DATE"
                )
            return running.before, running
        if running is not None and self._of > running:
            raise ReportSourceError(
                f"{about.source}: is of {running.name}, and {self._of.name} has not begun; give an"
                " earlier --ending"
            )
        return self._of, running

    def _outputs_from(self, about: About, as_of: int | None) -> int:
        """Kafka holds an output for its retention; a replay's folder has all of them."""
        if as_of is None or about.source != LIVE:
            return 0
        days = self._policy.retention.output_days - SEGMENT_DAYS
        return as_of - round(days * MS_PER_DAY)

    def _happened(
        self, period: Period, as_of: int | None, outputs_from: int, told: Told
    ) -> tuple[Row, ...]:
        last, earlier = told
        first = self._counts.first
        rows = []
        for key, (figure, kept) in COUNTED.items():
            whole = kept_from(kept, as_of or 0, outputs_from)
            now = self._value(key, period, whole, earlier)
            before = self._value(key, period.before, whole, last)
            nothing = before.lost or (first is not None and first > period.before)
            rows.append(Row(figure, now, None if nothing else before))
        return tuple(rows)

    def _value(self, key: str, period: Period, whole: int, told: Saved | None) -> Value:
        """A figure of a period, of which what it is counted from is kept from ``whole`` on.

        Where that is not the whole period, it is what the period's own briefing told.
        """
        if whole <= period.begins(self._zone):
            return Value(self._counts.value(key, period))
        if told is not None and told.over and told.period.get(key) is not None:
            return Value(told.period[key])
        if whole >= period.ends(self._zone):
            return NOTHING
        return Value(self._counts.value(key, period), since=whole)

    def _as_it_stands(self, last: Saved | None) -> tuple[Row, ...]:
        before = saved.comparable(last, self._policy.currency.base)
        return tuple(
            Row(STANDING[key], Value(value), Value(before[key]) if key in before else None)
            for key, value in self._standing.values().items()
        )
