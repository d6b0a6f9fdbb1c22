"""What the bank's people at the desk do about the alerts that its customers cause.

An alert's id follows from its cause, so they need not read what comes out. They see to a share of
the VIPs' complaints, each in one of a few ways.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from domain.alerts.ids import first_id
from schemas.topics import TOPIC_OF_TYPE
from schemas.units import MS_PER_HOUR
from streams.sources.lines import Record, Writer

DESK = TOPIC_OF_TYPE["desk"]
PEOPLE = 6
NOTES = (
    "Called, nobody answered.", "Agreed on a call tomorrow at 10:00.", "已致电客户,等待回复。",
    "Wants it in writing.", "Passed to the card team.",
)  # fmt: skip
STEPS = ("assigned", "acknowledged", "noted", "snoozed", "resolved", "reopened", "resolved")
WAYS = ((1,), (1, 4), (0, 1, 2, 4), (3, 1, 4), (1, 2, 4), (2, 1, 4, 5, 6))
"""By indexes of `STEPS`, in their order."""
STEP_HOURS = (0.05, 1.5)
SNOOZE_HOURS = (1, 4)

Schedule = Callable[[int, Callable[..., Record], tuple[object, ...]], None]


class DeskWork:
    """Sees to a `share` of the alerts; hands its records to `schedule(delay_ms, write, ...)`."""

    def __init__(
        self, seed: int, share: float, writer: Writer, schedule: Schedule, haste: float
    ) -> None:
        self._random = Random(f"desk {seed}")
        self._share = share
        self._writer = writer
        self._schedule = schedule
        self._hour = MS_PER_HOUR / haste

    def complained(self, customer: int, event_id: str) -> None:
        """A VIP's complaint was told by this event: somebody may see to its alert."""
        draw = self._random
        if draw.random() >= self._share:
            return
        customer_id = self._writer.keys[customer].decode()
        alert_id = first_id("vip_complaint", customer_id, "complaint", event_id)
        hours, by = 0.0, self._somebody()
        for step in draw.choice(WAYS):
            hours += draw.uniform(*STEP_HOURS)
            self._schedule(round(hours * self._hour), self._act, (customer, alert_id, step, by))

    def _act(self, at: int, customer: int, alert_id: str, step: int, by: str) -> Record:
        draw, action = self._random, STEPS[step]
        more = {"alert_id": alert_id, "action": action, "by": by}
        if action == "assigned":
            more["assign_to"] = self._somebody()
        if action == "snoozed":
            until = at + round(draw.choice(SNOOZE_HOURS) * self._hour)
            more["until"] = self._writer.stamps.text(until)
        if action == "noted" or draw.random() < 0.1:
            more["note"] = draw.choice(NOTES)
        text = self._writer.head(customer, at) + '","channel":"other","type":"desk",'
        told = json.dumps(more, ensure_ascii=False, separators=(",", ":"))
        return self._writer.record(customer, DESK, text + told[1:])

    def _somebody(self) -> str:
        return f"desk-{self._random.randrange(PEOPLE) + 1}"
