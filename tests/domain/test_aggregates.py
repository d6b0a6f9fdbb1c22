"""What a partition sums over its customers, beside the same worked out from the customers."""

from __future__ import annotations

import pytest

from domain.aggregates import Aggregates, AggregatesFormatError
from domain.parts import Moment
from tests.domain.bank import DAY, HOUR, START, Events, Task

HALF_LIFE_MS = 30.0 * DAY


def test_customers_and_complaints_are_counted_by_tier_as_they_move() -> None:
    make = Events()
    task = Task().take(make.click(0), make.complaint(1, "opened"))
    aggregates = task.ctx.aggregates
    assert aggregates.customers == [1, 0, 0, 0, 0]
    assert aggregates.complaints_open == [1, 0, 0, 0, 0]
    task.until(DAY + 1)
    assert aggregates.complaints_overdue == [1, 0, 0, 0, 0]
    task.take(make.transaction(DAY + HOUR, 500_000.0))
    assert aggregates.customers == [0, 0, 0, 1, 0]
    assert aggregates.complaints_open == [0, 0, 0, 1, 0]
    assert aggregates.complaints_overdue == [0, 0, 0, 1, 0]
    task.take(make.complaint(DAY + 2 * HOUR, "resolved"))
    assert aggregates.complaints_open == aggregates.complaints_overdue == [0] * 5


def test_a_click_changes_no_aggregate() -> None:
    make = Events()
    task = Task().take(make.click(0))
    task.ctx.aggregates.to_bytes()
    task.take(make.click(1), make.transaction(2, 50.0))
    assert not task.ctx.aggregates.changed
    task.take(make.click(3, "error"))
    assert task.ctx.aggregates.changed


def test_satisfaction_is_summed_by_factor_tier_and_channel() -> None:
    make = Events()
    task = Task().take(
        make.click(0, "error"),
        make.survey(30 * DAY, "nps", 9, channel="email"),
        make.survey(30 * DAY, "nps", 3, channel="email"),
    )
    rows = task.ctx.aggregates.satisfaction_rows(START + 30 * DAY)
    told = {(row.factor, row.tier, row.channel): row for row in rows}
    assert set(told) == {("none", "standard", "email"), ("convenience", "standard", "app")}
    email, app = told["none", "standard", "email"], told["convenience", "standard", "app"]
    assert [email.score, email.weight] == pytest.approx([6.0, 2.0])
    assert [app.score, app.weight] == pytest.approx([3.0, 0.5])


def test_a_complaint_resolved_late_after_all_is_taken_back() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened", severity=2), make.complaint(1, "acknowledged"))
    task.take(make.complaint(3 * HOUR, "resolved"), make.complaint(2 * HOUR, "withdrawn"))
    (row,) = task.ctx.aggregates.satisfaction_rows(START)
    assert row.score == pytest.approx((3 + 5) / 2, abs=0.01)
    assert row.weight == pytest.approx(6, rel=0.01)


def test_bytes_read_back_as_they_were_and_are_small() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, 500_000.0), make.survey(1, "nps", 9), make.complaint(2, "opened")
    )
    aggregates = task.ctx.aggregates
    written = aggregates.to_bytes()
    again = Aggregates.from_bytes(written)
    assert again.to_bytes() == written
    assert again.satisfaction_rows(START + DAY) == aggregates.satisfaction_rows(START + DAY)
    full = Aggregates()
    for cell in range(350):
        factor, rest = divmod(cell, 50)
        tier, channel = divmod(rest, 10)
        full.add_moment(Moment(START, 1.0, 5.0, factor, channel), tier, HALF_LIFE_MS)
    assert len(full.sums) == 350
    assert len(full.to_bytes()) < 8_000


def test_nothing_saved_is_empty_and_a_foreign_format_is_refused() -> None:
    assert Aggregates.from_bytes(None).customers == [0] * 5
    with pytest.raises(AggregatesFormatError, match="reads 1"):
        Aggregates.from_bytes(b"\x09rest")


def test_a_century_of_moments_does_not_overflow() -> None:
    aggregates = Aggregates()
    for year in range(120):
        at = START + year * 365 * DAY
        aggregates.add_moment(Moment(at, 1.0, 7.0, 0, 0), 0, HALF_LIFE_MS)
    (row,) = aggregates.satisfaction_rows(at)
    assert row.score == pytest.approx(7.0)
    assert row.weight == pytest.approx(1 / (1 - 0.5 ** (365 / 30)), rel=1e-9)
    (old,) = aggregates.satisfaction_rows(START + 10**15)
    assert old.weight == 0.0
