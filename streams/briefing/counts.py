"""What occurred in a period, counted from times that are kept of customers and in outputs.

How far back each is complete: first events and purchases for ever, complaints for 40 days after
they were closed (`domain.complaints.steps`), outputs for as long as their topics hold them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from domain.complaints.steps import KEEP_CLOSED_MS
from domain.kernel.scales import TIERS
from domain.policy.alerts import BROKEN_PROMISE, ESCALATION
from schemas.figures import ComplaintFigures, CustomerFigures
from schemas.topics import ALERTS, CARE_TASKS, CUSTOMER_TRANSITIONS
from streams.briefing.figures import Figure
from streams.briefing.periods import Kind, Period, period_of

Kept = Literal["ever", "complaints", "outputs"]
_COUNTED: Final[Sequence[tuple[Figure, Kept]]] = (
    (Figure("new_customers", "count", +1), "ever"),
    (Figure("first_purchases", "count", +1), "ever"),
    (Figure("complaints_opened", "count", -1), "complaints"),
    (Figure("complaints_resolved", "count", +1), "complaints"),
    (Figure("resolved_in_time", "share", +1), "complaints"),
    (Figure("alerts", "count", -1), "outputs"),
    (Figure("urgent_alerts", "count", -1), "outputs"),
    (Figure("escalations", "count", -1), "outputs"),
    (Figure("callbacks_broken", "count", -1), "outputs"),
    (Figure("became_lost", "count", -1), "outputs"),
    (Figure("won_back", "count", +1), "outputs"),
    (Figure("tier_rises", "count", +1), "outputs"),
    (Figure("tier_falls", "count", -1), "outputs"),
    (Figure("care_tasks", "count", 0), "outputs"),
)
COUNTED: Final = {figure.key: (figure, kept) for figure, kept in _COUNTED}
"""The figures of a period, and by what they are kept."""
URGENT: Final = 1
"""The priority of alerts that are urgent."""


class Counts:
    """Counts by period; periods are few, so what is kept is small."""

    def __init__(self, kind: Kind, zone: ZoneInfo) -> None:
        self._kind, self._zone = kind, zone
        self._counts: Counter[tuple[str, Period]] = Counter()
        self.first: Period | None = None
        """The period of the earliest event of all."""

    def period(self, at: str | datetime) -> Period:
        """The period of a time (text: RFC 3339)."""
        when = datetime.fromisoformat(at) if isinstance(at, str) else at
        return period_of(when.astimezone(self._zone).date(), self._kind)

    def add(self, customer: CustomerFigures) -> None:
        """Count what is kept of a customer."""
        if customer.first_event_at is not None:
            first = self._count("new_customers", customer.first_event_at)
            self.first = first if self.first is None else min(self.first, first)
        if customer.first_purchase_at is not None:
            self._count("first_purchases", customer.first_purchase_at)
        for case in customer.complaint_cases:
            self._complaint(case)

    def add_output(self, topic: str, output: Mapping[str, Any]) -> None:
        """Count an output."""
        for key in _OF_TOPIC[topic](output):
            self._count(key, output["occurred_at"])

    def value(self, key: str, period: Period) -> float | None:
        """A figure of a period; ``None`` for a share of nothing."""
        if key == "resolved_in_time":
            judged = self._counts["judged", period]
            return self._counts["in_time", period] / judged if judged else None
        return self._counts[key, period]

    def _complaint(self, case: ComplaintFigures) -> None:
        self._count("complaints_opened", case.opened_at)
        if case.status == "resolved" and case.resolve_hours is not None:
            begun = datetime.fromisoformat(case.cycle_began_at)
            resolved = begun + timedelta(hours=case.resolve_hours)
            self._count("complaints_resolved", resolved)
            if case.resolved_in_time is not None:
                self._count("judged", resolved)
                if case.resolved_in_time:
                    self._count("in_time", resolved)

    def _count(self, key: str, at: str | datetime) -> Period:
        period = self.period(at)
        self._counts[key, period] += 1
        return period


def kept_from(kept: Kept, as_of: int, outputs_from: int) -> int:
    """From when on figures that are kept so are complete, in ms; 0: from the beginning."""
    return {"ever": 0, "complaints": as_of - KEEP_CLOSED_MS, "outputs": outputs_from}[kept]


def _alert(output: Mapping[str, Any]) -> list[str]:
    if output.get("raises_again"):
        return []
    kinds = {ESCALATION: "escalations", BROKEN_PROMISE: "callbacks_broken"}
    more = kinds.get(output["kind"])
    urgent = output["priority"] == URGENT
    return ["alerts", *(["urgent_alerts"] if urgent else []), *([more] if more else [])]


def _transition(output: Mapping[str, Any]) -> list[str]:
    dimension, state, before = output["dimension"], output["to_state"], output.get("from_state")
    if dimension == "relationship":
        return {"lost": ["became_lost"], "reactivated": ["won_back"]}.get(state, [])
    if dimension == "tier" and before in TIERS and state in TIERS:
        return ["tier_rises" if TIERS.index(state) > TIERS.index(before) else "tier_falls"]
    return []


def _task(output: Mapping[str, Any]) -> list[str]:
    return ["care_tasks"] if output.get("state", "proposed") == "proposed" else []


_OF_TOPIC: Final[Mapping[str, Callable[[Mapping[str, Any]], list[str]]]] = {
    ALERTS: _alert,
    CARE_TASKS: _task,
    CUSTOMER_TRANSITIONS: _transition,
}
TOPICS: Final = tuple(_OF_TOPIC)
"""The outputs that are counted."""
