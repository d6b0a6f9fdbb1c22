"""Four customers in two weeks of March 2026, told by hand; the town's days are those of Shanghai.

Week 9 ends on Sunday, 1 March; week 10 on 8 March.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from agents.customers import customers
from agents.modellings import modellings
from domain.policy import Policy
from schemas.fields import milliseconds
from streams.briefing.briefing import Briefing, CustomerBriefing
from streams.briefing.figures import Row
from streams.briefing.periods import Kind, Period
from streams.files.reading import numbered
from streams.replay.events import Replay, replay_file
from streams.reports.folder import read_folder

POLICY = Policy.model_validate(
    {
        "segments": {"enabled": False},
        "briefing": {"recipients": [{"role": "客户体验主管", "email": "cx@bank.example"}]},
    }
)
VIP, NEW, LATE, EARLY = "a-vip", "b-new", "c-monday", "d-sunday"
MONDAY = "2026-03-09T09:00:00+08:00"
"""The morning after week 10."""


def event(customer: str, at: str, kind: str, **fields: Any) -> dict[str, Any]:
    """An event at a time of Shanghai in 2026, such as ``03-02T10:00``."""
    given = {
        "event_id": f"{customer}.{at}.{kind}",
        "customer_id": customer,
        "occurred_at": f"2026-{at}:00+08:00",
        "channel": "call_centre",
        "type": kind,
    }
    return given | fields


def complaint(customer: str, at: str, name: str, status: str, **more: Any) -> dict[str, Any]:
    """A step of a complaint about fraud or fees."""
    opening = {"severity": 3, "factor": "service", "category": "fees"} if status == "opened" else {}
    return event(customer, at, "complaint", complaint_id=name, status=status, **opening | more)


EVENTS: tuple[dict[str, Any], ...] = (
    event(VIP, "02-23T09:00", "profile", tier_pin="vip", owner_id="rm-1"),
    complaint(EARLY, "02-24T10:00", "k-0", "opened"),
    complaint(EARLY, "02-24T11:00", "k-0", "acknowledged"),
    complaint(EARLY, "02-24T12:00", "k-0", "resolved"),
    # a quarter to midnight on Sunday, and on Monday where UTC has Sunday yet
    event(EARLY, "03-01T23:45", "app_click", channel="app", action="launch", source="icon"),
    event(LATE, "03-02T00:30", "app_click", channel="app", action="launch", source="icon"),
    event(NEW, "03-03T09:00", "transaction", amount=120, currency="CNY", direction="debit",
          account_id="a-1"),
    # of a VIP, and nobody sees to it: a need of security is violated
    complaint(VIP, "03-03T10:00", "k-1", "opened", category="fraud", severity=5),
    complaint(NEW, "03-04T10:00", "k-2", "opened"),
    complaint(NEW, "03-04T11:00", "k-2", "acknowledged"),
    complaint(NEW, "03-04T12:00", "k-2", "resolved"),
    event(
        VIP, "03-05T10:00", "service_contact", contact_id="s-1", wait_seconds=30,
        handle_seconds=60, outcome="unresolved", callback_by="2026-03-05T15:00:00+08:00",
    ),
)  # fmt: skip


def replayed(
    folder: Path, until: str, events: Iterable[Mapping[str, Any]] = EVENTS, policy: Policy = POLICY
) -> Path:
    """What a replay of the events up to ``until`` leaves, with its timers run up to then."""
    end = datetime.fromisoformat(until)
    begun = [one for one in events if datetime.fromisoformat(one["occurred_at"]) <= end]
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in begun)
    replay = Replay(customers(policy), 2, modellings(policy))
    replay_file(
        replay,
        numbered(io.BytesIO(lines)),
        folder,
        until=milliseconds(end),
    )
    return folder


def briefed(
    folder: Path,
    out: Path,
    of: Period | None = None,
    kind: Kind = "week",
    policy: Policy = POLICY,
) -> Briefing:
    """The briefing of a replay's folder."""
    made = CustomerBriefing(policy, kind, of)
    return made.briefing(read_folder(folder, made, lambda size: None), out)


def rows(found: Iterable[Row]) -> dict[str, Row]:
    """Rows by the keys of their figures."""
    return {row.figure.key: row for row in found}
