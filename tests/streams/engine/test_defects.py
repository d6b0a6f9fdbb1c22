"""A rule that raises: what is said of it, and that nothing of its batch is kept."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import pytest

from agents.customers import customers
from domain.policy import Policy
from domain.value import purchases
from schemas.deadletter import Original
from streams.engine.defects import RuleFailed
from streams.engine.partition import Partition
from streams.engine.store import MemoryStore
from streams.replay.events import Replay
from tests.streams.engine.counting import TIMER_MS, Counted, Counting, counted, counting, line

WALL = 1_000_000_000


def divide(count: Any, by: int) -> None:
    """What is wrong with the rules below."""
    count.total //= by


def broken_rule(count: Any, event: Any, at: int, context: Any) -> Any:
    """Raises on an amount of 13, having changed the state already."""
    if event.amount == 13:
        count.total += 1_000
        divide(count, 0)
    return WORKING.apply(count, event, at, context)


def broken_timer(count: Any, context: Any) -> Any:
    """Raises whatever is due."""
    divide(count, 0)


def endless_timer(count: Any, context: Any) -> list[Any]:
    """Leaves the timer as it is."""
    return []


WORKING = counting("a")


def partition(topology: Counting, clock: Literal["wall", "event"] = "event") -> Counted:
    return Partition(topology, 3, MemoryStore(), None, clock=clock)


def records(*events: tuple[str, int, int], start: int = 0) -> list[Original]:
    return [
        Original("a", 3, start + n, at, key.encode(), line(key, at, amount, "a"))
        for n, (key, at, amount) in enumerate(events)
    ]


def exported(one: Counted) -> list[tuple[str, dict[str, Any]]]:
    one.drain()
    return counted(one)


def test_a_rule_that_raises_names_rule_key_topic_partition_and_offset() -> None:
    one = partition(dataclasses.replace(WORKING, apply=broken_rule))
    one.receive("a", records(("x", 10, 1), ("x", 20, 13), ("y", 30, 1), start=40), 43)
    with pytest.raises(RuleFailed) as raised:
        one.step(WALL)
    failed = raised.value
    assert isinstance(failed.__cause__, ZeroDivisionError)
    assert failed.rule.startswith(f"{__name__}.divide:")
    assert [call.partition(":")[0] for call in failed.calls] == [f"{__name__}.broken_rule"]
    assert (failed.key, failed.topic, failed.partition, failed.offset) == ("x", "a", 3, 41)
    said = str(failed)
    assert "a[3] offset 41" in said
    assert "customer 'x'" in said
    assert "ZeroDivisionError: integer division or modulo by zero" in said
    assert "\n" not in said


def test_a_timer_that_raises_names_rule_key_and_due_time() -> None:
    one = partition(dataclasses.replace(WORKING, fire=broken_timer))
    one.receive("a", records(("x", 10, 0), ("y", 20 + TIMER_MS, 1)), 2)
    with pytest.raises(RuleFailed) as raised:
        one.step(WALL)
    assert raised.value.rule.startswith(f"{__name__}.divide:")
    assert "customer 'x' due at 1970-01-01T00:00:01.010Z (partition 3)" in str(raised.value)


def test_a_timer_that_stays_due_names_its_rule() -> None:
    one = partition(dataclasses.replace(WORKING, fire=endless_timer), clock="wall")
    one.receive("a", records(("x", 10, 0)), 1)
    one.step(WALL)
    with pytest.raises(RuleFailed, match=rf"rule {__name__}.endless_timer failed .*still due"):
        one.advance(WALL + TIMER_MS)


def test_nothing_of_the_batch_is_in_the_store_and_a_fixed_rule_goes_on_from_there() -> None:
    broken, store = dataclasses.replace(WORKING, apply=broken_rule), MemoryStore()
    one = Partition(broken, 3, store, None, clock="event")
    one.receive("a", records(("x", 10, 1)), 1)
    one.step(WALL)
    one.drain()
    committed = dict(store.records)
    batch = records(("x", 20, 2), ("x", 30, 13), ("y", 40, 4), start=1)
    one.receive("a", batch, 4)
    with pytest.raises(RuleFailed):
        one.step(WALL)
    assert store.records == committed
    assert one.next_offsets == {"a": 1}
    fixed = Partition(WORKING, 3, store, None, clock="event")
    fixed.next_offsets = {"a": 1}
    fixed.receive("a", batch, 4)
    fixed.step(WALL)
    totals = {key: figures["total"] for key, figures in exported(fixed)}
    assert totals == {"x": 1 + 2 + 13, "y": 4}


def test_a_replay_names_the_line_and_counts_empty_ones() -> None:
    replay = Replay(dataclasses.replace(WORKING, apply=broken_rule), 2)
    lines = [line("x", 10, 1, "a"), b"\n", line("x", 20, 2, "a"), line("x", 30, 13, "a")]
    with pytest.raises(RuleFailed, match=r"\(line 4\)") as raised:
        list(replay.feed(lines))
    assert raised.value.line == 4


def test_a_customers_rule_is_named_by_the_function_that_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> bool:
        raise KeyError("category")

    monkeypatch.setattr(purchases, "is_purchase", broken)
    value = (
        b'{"event_id":"e-7","customer_id":"c-1","occurred_at":"2026-03-01T10:00:00Z",'
        b'"channel":"app","type":"transaction","amount":5,"currency":"CNY","direction":"debit",'
        b'"account_id":"a","balance_after":10}'
    )
    with pytest.raises(RuleFailed) as raised:
        list(Replay(customers(Policy()), 1).feed([value]))
    failed = raised.value
    assert failed.event_id == "e-7"
    assert failed.rule.startswith("domain.value.purchases.take:")
    assert failed.calls[0].startswith("domain.dispatch.apply:")
    assert "event 'e-7' of customer 'c-1' (line 1): KeyError: 'category'" in str(failed)
