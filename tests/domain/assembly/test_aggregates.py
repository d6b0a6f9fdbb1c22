"""What a partition sums over its customers, beside the same worked out from the customers."""

from __future__ import annotations

import msgspec
import pytest

from domain.assembly.aggregates import Aggregates, AggregatesFormatError
from tests.domain.bank import DAY, HOUR, Events, Task


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


def test_what_counts_no_customer_and_no_complaint_changes_no_aggregate() -> None:
    make = Events()
    task = Task().take(make.click(0))
    task.ctx.aggregates.to_bytes()
    task.take(make.click(1), make.transaction(2, 50.0), make.click(3, "error"))
    assert not task.ctx.aggregates.changed
    task.take(make.complaint(4, "opened"))
    assert task.ctx.aggregates.changed


def test_bytes_read_back_as_they_were_and_are_small() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 500_000.0), make.complaint(2, "opened"))
    written = task.ctx.aggregates.to_bytes()
    assert Aggregates.from_bytes(written).to_bytes() == written
    assert len(written) < 80


def test_what_an_older_version_wrote_with_sums_in_it_is_read() -> None:
    older = b"\x01" + msgspec.msgpack.encode([[1, 0, 0, 2, 0], [0] * 5, [0] * 5, 9, 1.0, {}])
    assert Aggregates.from_bytes(older).customers == [1, 0, 0, 2, 0]


def test_nothing_saved_is_empty_and_a_foreign_format_is_refused() -> None:
    assert Aggregates.from_bytes(None).customers == [0] * 5
    with pytest.raises(AggregatesFormatError, match="reads 1"):
        Aggregates.from_bytes(b"\x09rest")
