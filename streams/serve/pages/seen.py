"""All that a customer's page shows, put together from the read model's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.customer.state import Customer
from domain.policy import Policy
from schemas import topics
from schemas.figures import ComplaintFigures, CustomerFigures
from schemas.segments import SegmentCard, SegmentModel
from streams.queries.explain import Explanation, explain
from streams.queries.segments import Member
from streams.readmodel.rows import AlertRow, Moment, Whole
from streams.serve.pages.clocks import Clock, clocks, next_level
from streams.serve.pages.insight import Insight, insight
from streams.serve.pages.lacking import Lacking, lacking
from streams.serve.pages.moments import Scored, scored
from streams.serve.pages.story import Record, line, record_of
from streams.serve.pages.summary import Around, Lines, Summary, Waiting, summary

WAITING: Final = ("open", "acknowledged", "snoozed")
"""Statuses of alerts that somebody may still act on."""
ENDED: Final = frozenset(("done", "declined", "feedback", "expired"))


class CaseShown(NamedTuple):
    """A complaint with its clocks; ``coming`` is the one that brings the next level."""

    case: ComplaintFigures
    clocks: list[Clock]
    coming: Clock | None


class Task(NamedTuple):
    """A care task that is not ended; ``state`` is the furthest that was told."""

    record: Record
    state: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A customer as its page shows it. ``now`` in ms."""

    known: CustomerFigures
    now: int
    words: Summary
    beside: Insight
    cases: list[CaseShown]
    segment: Explanation | None
    cards: Mapping[str, SegmentCard]
    moments: list[Scored]
    alerts: Sequence[Record]
    tasks: list[Task]
    lacks: list[Lacking]


class Sources(NamedTuple):
    """What the read model answered. ``story`` are the newest moments, folded; ``tasks`` tell of
    care tasks."""

    whole: Whole
    state: Customer | None
    alerts: Sequence[AlertRow]
    story: Sequence[Moment]
    tasks: Sequence[Moment]
    model: SegmentModel | None


def seen(found: Sources, policy: Policy) -> Seen:
    """Everything of a customer's page but its timeline."""
    known, now = found.whole.figures, found.whole.as_of
    beside = Insight(None, None, [])
    segment = None
    if found.state is not None:
        beside = insight(found.state, policy, now)
        if found.model is not None:
            segment = explain(
                Member(known.customer_id, found.state.core, now, found.state), found.model, policy
            )
    alerts = [record for row in found.alerts if (record := record_of(row.value))]
    told = [line(moment) for moment in found.story]
    return Seen(
        known=known,
        now=now,
        words=summary(known, _around(found.whole, beside, alerts, segment, policy)),
        beside=beside,
        cases=[
            CaseShown(case, clocks(case, now), next_level(case, now))
            for case in sorted(known.complaint_cases, key=lambda case: not case.open)
        ],
        segment=segment,
        cards={card.segment_id: card for card in found.model.segments} if found.model else {},
        moments=scored(told, known.complaint_cases, policy),
        alerts=alerts,
        tasks=open_tasks(found.tasks),
        lacks=lacking(known),
    )


def _around(
    whole: Whole,
    beside: Insight,
    alerts: Sequence[Record],
    segment: Explanation | None,
    policy: Policy,
) -> Around:
    lines = Lines(policy.alerts.dissatisfied_below, policy.alerts.churn_risk)
    waiting = [
        Waiting(
            str(alert["alert_id"]),
            str(alert["kind"]),
            alert["priority"],
            alert["raised_at"],
            alert.get("complaint_id"),
        )
        for alert in alerts
        if alert["status"] == "open"
    ]
    name = segment.segment_name if segment is not None else None
    return Around(
        now=whole.as_of,
        alerts=waiting,
        falls_at=beside.falls_at,
        falls_to=beside.falls_to,
        month_ago=beside.month_ago(),
        segment_name=name or whole.figures.segment,
        lines=lines,
    )


def open_tasks(told: Sequence[Moment]) -> list[Task]:
    """Care tasks that were proposed and not ended, by what these tell; soonest due first.

    >>> task = b'{"task_id": "t1", "due_at": "2026-01-02T00:00:00.000Z", "state": "proposed"}'
    >>> made = Moment(1, "care-tasks", "care_task", True, None, 1, task)
    >>> done = Moment(2, "touchpoints.care", "care", True, None, 1,
    ...               b'{"task_id": "t1", "action": "approved"}')
    >>> [task.state for task in open_tasks([done, made])]
    ['approved']
    """
    tasks: dict[str, Record] = {}
    states: dict[str, str] = {}
    for moment in sorted(told, key=lambda moment: moment.at):
        record = record_of(moment.value)
        task_id = record.get("task_id")
        if not isinstance(task_id, str) or moment.refused is not None:
            continue
        if moment.source == topics.CARE_TASKS:
            state = str(record.get("state", "proposed"))
            if state == "proposed":  # what was proposed says why
                tasks[task_id] = record
                states.setdefault(task_id, state)
            elif states.get(task_id) not in ENDED:
                tasks.setdefault(task_id, record)
                states[task_id] = state
        elif record.get("action") in ("approved", *ENDED) and states.get(task_id) not in ENDED:
            states[task_id] = str(record["action"])
    found = [Task(record, states[each]) for each, record in tasks.items()]
    waiting = [task for task in found if task.state not in ENDED]
    return sorted(waiting, key=lambda task: str(task.record.get("due_at", "")))
