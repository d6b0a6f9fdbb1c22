"""The report on complaints, against counts by hand and by another way."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from domain.complaints.portfolio import ComplaintPortfolio, ComplaintReport, after_weekdays
from domain.kernel.scales import TIERS
from domain.policy import Policy
from schemas.figures import CustomerFigures
from tests.domain.bank import DAY, HOUR, Events, Task
from tests.domain.figured import figured

OPENED = datetime(2026, 3, 5, 15, 0)  # a Thursday


def case(**given: Any) -> dict[str, Any]:
    """A complaint resolved in time after two days."""
    return {
        "status": "resolved", "open": False, "overdue": False, "tier": "vip", "severity": 3,
        "factor": "service", "category": "fees", "product": None, "channel": "app",
        "opened_at": "2026-03-05T15:00:00.000Z", "cycle_began_at": "2026-03-05T15:00:00.000Z",
        "reopened": 0, "open_hours": None, "acknowledged_in_time": True, "resolved_in_time": True,
        "acknowledge_hours": 0.5, "resolve_hours": 48.0, "promises_kept": 2, "promises_broken": 0,
        "escalated_to": 0, "compensation_given": 0.0, "compensation_due": 0.0,
    } | given  # fmt: skip


def customer(*cases: dict[str, Any], ever: int | None = None) -> CustomerFigures:
    total = len(cases) if ever is None else ever
    return figured({"complaint_cases": list(cases), "complaints": total})


def report(*customers: CustomerFigures) -> ComplaintReport:
    return ComplaintPortfolio.of(customers, Policy()).report()


WAITING = {
    "status": "opened", "open": True, "overdue": True, "open_hours": 50.0,
    "acknowledged_in_time": False, "resolved_in_time": None, "acknowledge_hours": None,
    "resolve_hours": None, "promises_kept": 0, "promises_broken": 1, "escalated_to": 1,
}  # fmt: skip
LATE = {
    "resolved_in_time": False, "resolve_hours": 400.0, "promises_kept": 1, "promises_broken": 1,
    "escalated_to": 3, "compensation_due": 250.0, "compensation_given": 10.0, "tier": "key",
    "category": "cards", "severity": 5,
}  # fmt: skip


def test_rows_are_counted_by_hand() -> None:
    found = report(
        customer(case(), case(**WAITING)),
        customer(case(**LATE), ever=4),
        customer(),
    )
    assert (found.customers, found.complainants, found.ever) == (3, 2, 6)
    total = found.total
    assert (total.complaints, total.open, total.overdue, total.resolved) == (3, 1, 1, 2)
    assert total.acknowledged_in_time_share == pytest.approx(2 / 3)
    assert total.resolved_in_time_share == 0.5
    assert (total.promises_kept, total.promises_broken, total.promises_kept_share) == (3, 2, 0.6)
    assert (total.level_1, total.level_2, total.level_3) == (2, 1, 1)
    assert (total.median_resolve_hours, total.slow_hours) == (224.0, 400.0)
    assert (total.compensation_given, total.compensation_due) == (10.0, 250.0)
    assert found.oldest_open_hours == 50.0
    assert [(row.name, row.complaints) for row in found.by["tier"]] == [("key", 1), ("vip", 2)]
    assert [(row.name, row.complaints) for row in found.by["category"]] == [
        ("fees", 2), ("cards", 1),
    ]  # fmt: skip
    assert [(row.name, row.complaints) for row in found.by["severity"]] == [("5", 1), ("3", 2)]
    assert [row.name for row in found.by["product"]] == ["unknown"]


def test_without_complaints_there_are_no_shares() -> None:
    found = report(customer(), customer(ever=3))
    assert found.total.complaints == 0
    assert found.total.resolved_in_time_share is None
    assert found.total.slow_hours is None
    assert found.by["tier"] == ()
    assert [one.share for one in found.benchmarks] == [None, None, None]


def test_published_limits_count_those_that_are_known_to_keep_them() -> None:
    still_waiting_past_all = case(**WAITING | {"escalated_to": 3})
    found = report(
        customer(case(resolve_hours=5 * 24.0)),  # Tuesday: the third working day
        customer(case(resolve_hours=6 * 24.0)),  # Wednesday
        customer(case(resolve_hours=9 * 7 * 24.0, escalated_to=3)),
        customer(case(**WAITING), still_waiting_past_all),
    )
    regulator, summary, final = found.benchmarks
    assert (regulator.share, regulator.of) == (0.5, 4)
    assert summary.share == pytest.approx(1 / 3)
    assert final.share == pytest.approx(2 / 3)
    assert (summary.of, final.of) == (3, 3)
    assert "15 days (30 when complex)" in regulator.name


@pytest.mark.parametrize("start", range(14))
def test_working_days_skip_weekends(start: int) -> None:
    begun = OPENED + timedelta(days=start)
    day, left = begun, 3
    while left:  # another way: look at the calendar's names
        day += timedelta(days=1)
        left -= day.strftime("%a") not in {"Sat", "Sun"}
    assert after_weekdays(begun, 3) == day


def test_parts_merge_to_the_same_tables_in_whatever_order() -> None:
    random = Random(4)
    kinds: list[dict[str, Any]] = [{}, WAITING, LATE]
    everyone = [
        customer(
            *(
                case(**random.choice(kinds) | {"tier": random.choice(TIERS)})
                for _ in range(random.randrange(4))
            )
        )
        for _ in range(200)
    ]
    whole = report(*everyone)
    random.shuffle(everyone)
    merged = ComplaintPortfolio.of(everyone[:70], Policy())
    merged.merge(ComplaintPortfolio.of(everyone[70:], Policy()))
    assert merged.report() == whole
    by_tier = [row for row in whole.by["tier"]]
    assert sum(row.complaints for row in by_tier) == whole.total.complaints > 200
    assert msgspec.json.decode(msgspec.json.encode(whole))["total"]["name"] == "all"


def test_complaints_of_the_rules_come_through_as_they_were_lived() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 500_000.0),
        make.complaint(HOUR, "opened", complaint_id="k-1"),
        make.complaint(HOUR + HOUR // 2, "acknowledged", complaint_id="k-1"),
        make.complaint(20 * HOUR, "resolved", complaint_id="k-1"),
        make.complaint(2 * DAY, "opened", complaint_id="k-2", severity=5),
    )
    task.until(4 * DAY)
    found = report(task.exported())
    (vip,) = found.by["tier"]
    assert vip.name == "vip"
    assert (vip.complaints, vip.resolved, vip.open, vip.overdue) == (2, 1, 1, 1)
    assert (vip.acknowledged_in_time_share, vip.resolved_in_time_share) == (0.5, 0.5)
    assert (vip.median_resolve_hours, vip.level_2) == (19.0, 1)
    assert found.promised_hours["vip"] == (1.0, 24.0)
    assert found.oldest_open_hours == 48.0


def test_steps_done_are_counted_by_category_in_the_order_of_the_playbook() -> None:
    def steps(*done: str) -> list[dict[str, Any]]:
        names = ("accept", "apologise", "understand", "solve", "agree", "follow_up")
        return [
            {"step": name, "done_at": "2026-03-05T15:00:00.000Z" if name in done else None}
            for name in names
        ]

    one = customer(case(steps=steps("accept", "solve")), case(steps=steps("accept")))
    other = customer(case(category=None, steps=steps()), case(category="app", steps=steps("agree")))
    portfolio = ComplaintPortfolio.of([one], Policy())
    portfolio.merge(ComplaintPortfolio.of([other], Policy()))
    rows = portfolio.report().steps
    assert [row.category for row in rows] == ["app"] * 6 + ["fees"] * 6 + ["unknown"] * 6
    fees = {row.step: (row.done, row.of, row.share) for row in rows if row.category == "fees"}
    assert list(fees)[:4] == ["accept", "apologise", "understand", "solve"]
    assert (fees["accept"], fees["solve"], fees["agree"]) == ((2, 2, 1.0), (1, 2, 0.5), (0, 2, 0.0))
