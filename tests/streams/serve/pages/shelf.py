"""Customers that lie ready: what the read model would answer after a replay, without a broker.

Figures, state and outputs are those of the product's own partitions; only the file of the
follower is left out, which has its own tests.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, tzinfo
from typing import Any, cast

from agents.customers import customers
from agents.modellings import modellings
from domain.policy import Policy
from schemas import topics
from schemas.segments import SegmentModel
from streams.engine.placing import partition_of
from streams.readmodel.loading import Loaded
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import (
    AlertFilter,
    AlertRow,
    Currency,
    CustomerFilter,
    Found,
    Moment,
    Page,
    Whole,
)
from streams.replay.events import Replay
from streams.serve.pages.sentences import milliseconds_of

PARTITIONS = 2
DAY_MS = 86_400_000
TYPE_OF = {
    topics.ALERTS: "alert",
    topics.CARE_TASKS: "care_task",
    topics.CUSTOMER_TRANSITIONS: "customer_transition",
    topics.SEGMENT_UPDATES: "segment_update",
    topics.SIGNALS: "signal",
}


class Shelf:
    """The read model of what these lines say, as of ``end`` (ms)."""

    def __init__(
        self, lines: Iterable[bytes], policy: Policy, *, end: int, waiting: Iterable[bytes] = ()
    ) -> None:
        self.end = end
        self.policy = policy
        self._moments: dict[str, list[Moment]] = defaultdict(list)
        self._alerts: dict[str, list[dict[str, Any]]] = defaultdict(list)
        made = tuple(replace(each, replay_ms=DAY_MS) for each in modellings(policy))
        self._replay = Replay(customers(policy), PARTITIONS, made)
        kept = list(lines)
        for line in kept:
            self._keep(line, counted=True)
        for topic, value in [*self._replay.feed(kept), *self._replay.until(end)]:
            self._output(topic, value)
        for line in waiting:
            self._keep(line, counted=False)
        self.erased_ids: set[str] = set()
        self.lacking: set[str] = set()

    def _keep(self, line: bytes, *, counted: bool) -> None:
        event = json.loads(line)
        if "customer_id" not in event:
            return
        topic = topics.TOPIC_OF_TYPE[event["type"]]
        at = milliseconds_of(event["occurred_at"])
        self._moments[event["customer_id"]].append(
            Moment(at, topic, event["type"], counted, None, 1, line)
        )

    def _output(self, topic: str, value: bytes) -> None:
        record = json.loads(value)
        owner = record.get("customer_id")
        if owner is None or topic not in TYPE_OF:
            return
        at = milliseconds_of(record["occurred_at"])
        self._moments[owner].append(Moment(at, topic, TYPE_OF[topic], True, None, 1, value))
        if topic == topics.ALERTS and not record.get("raises_again"):
            self._alerts[owner].append(record | {"status": "open", "level": record.get("level", 1)})

    def currency(self) -> list[Currency]:
        return [Currency(number, 0.2, 0) for number in range(PARTITIONS)]

    def state(self, customer_id: str) -> Loaded | None:
        number = partition_of(customer_id.encode(), PARTITIONS)
        found = self._replay.partitions[number].state(customer_id)
        return None if found is None else Loaded(found, self.end)

    def customer(self, customer_id: str) -> Whole | None:
        loaded = self.state(customer_id)
        if loaded is None:
            return None
        partition = self._replay.partitions[partition_of(customer_id.encode(), PARTITIONS)]
        figures = partition.topology.export(loaded.state, self.end, partition.context)
        return None if figures is None else Whole(customer_id, cast(Any, figures), self.end)

    def erased(self, customer_id: str) -> bool:
        return customer_id in self.erased_ids

    def customers(self, which: CustomerFilter, cursor: str | None, limit: int) -> Page:
        ids = sorted(each.customer_id for each in self._replay.customers())
        rows = []
        for customer_id in ids:
            whole = self.customer(customer_id)
            if whole is None or (cursor and customer_id <= cursor):
                continue
            known = whole.figures
            row = Found(
                customer_id, known.tier, known.segment, known.owner_id, known.relationship.state,
                known.balance, known.satisfaction, known.complaints_open, known.alerts_open,
            )  # fmt: skip
            if _fits(row, which):
                rows.append(row)
        more = rows[limit - 1].customer_id if len(rows) > limit else None
        return Page(rows[:limit], more)

    def lacks_events(self, customer_id: str) -> bool:
        return customer_id in self.lacking

    def timeline(
        self,
        customer_id: str,
        cursor: str | None,
        limit: int,
        *,
        opened: bool | date,
        zone: tzinfo = UTC,
    ) -> Page:
        moments = sorted(self._moments[customer_id], key=lambda moment: -moment.at)
        if opened is not True:
            moments = _folded(moments, opened, zone)
        start = int(cursor or 0)
        more = str(start + limit) if len(moments) > start + limit else None
        return Page(moments[start : start + limit], more)

    def tasks(self, customer_id: str) -> list[Moment]:
        told = (topics.CARE_TASKS, topics.TOPIC_OF_TYPE["care"])
        return [moment for moment in self._moments[customer_id] if moment.source in told]

    def alerts(self, which: AlertFilter, cursor: str | None, limit: int) -> Page:
        found = self._alerts[which.customer_id or ""]
        rows = [
            AlertRow(one["alert_id"], one["customer_id"], "open", json.dumps(one).encode())
            for one in sorted(found, key=lambda one: (one["priority"], one["raised_at"]))
        ]
        return Page(rows[:limit], None)

    def newest(self, topic: str) -> list[bytes]:
        model = self._replay.models.get(SegmentModel.kind)
        known = topic == topics.SEGMENT_MODEL and model is not None
        return [cast(SegmentModel, model).model_dump_json().encode()] if known else []

    def as_model(self) -> ReadModel:
        """For what asks for a read model."""
        return cast(ReadModel, self)


def _fits(row: Found, which: CustomerFilter) -> bool:
    asked = (
        (which.tier, row.tier), (which.segment, row.segment), (which.state, row.state),
    )  # fmt: skip
    return (
        row.customer_id.startswith(which.prefix)
        and all(not wanted or value in wanted for wanted, value in asked)
        and which.owner_id in (None, row.owner_id)
        and which.complaint_open in (None, row.complaints_open > 0)
    )


def _folded(moments: list[Moment], opened: date | bool, zone: tzinfo) -> list[Moment]:
    """Clicks of a day as one line, but for errors and those of a day that is open."""
    days: dict[tuple[date, str], Moment] = {}
    found: list[Moment] = []
    for moment in moments:
        at = datetime.fromtimestamp(moment.at // 1000, zone).date()
        small = moment.type in ("app_click", "transaction") and b'"error"' not in moment.value
        if not small or at == opened or moment.refused or not moment.counted:
            found.append(moment)
            continue
        day = (at, moment.type)
        if day in days:
            days[day] = days[day]._replace(count=days[day].count + 1)
        else:
            days[day] = moment
    return sorted([*found, *days.values()], key=lambda moment: -moment.at)


__all__ = ["Shelf"]
