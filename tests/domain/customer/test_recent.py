"""Repeats and the 7-day behaviour window."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.customer.recent import (
    CODE_OF_TYPE,
    MAX_ENTRIES,
    MAX_SPILL_HOURS,
    NEWS_VIEW,
    NOT_A_CLICK,
    Recent,
    RecentFormatError,
)
from domain.kernel.scales import FEATURES
from schemas.cases import TouchpointBase
from tests.domain import oracle
from tests.domain.bank import DAY, HOUR, MINUTE, SECOND, START, Events, Task

ACTIONS = (
    "launch", "tab_switch", "function_visit", "account_message", "news_message", "news_view",
    "error",
)  # fmt: skip


def clicks(make: Events, times: list[int], seed: int = 1) -> list[TouchpointBase]:
    """A click of any kind at each time."""
    chosen = random.Random(seed)
    return [
        make.click(at, chosen.choice(ACTIONS[:-1]), chosen.choice(("icon", "push"))) for at in times
    ]


def test_a_repeat_changes_nothing_but_the_count_of_repeats() -> None:
    make = Events()
    first = make.transaction(0, 500_000.0, event_id="same")
    task = Task().take(first)
    before = task.figures(HOUR)
    outputs = list(task.outputs)
    task.take(make.transaction(HOUR, 1.0, event_id="same"))
    assert task.statuses == ["accepted", "repeated"]
    assert task.figures(HOUR) == before | {"repeats": 1}
    assert task.outputs == outputs


def test_an_id_is_told_as_a_repeat_for_7_days_and_is_new_after() -> None:
    make = Events()
    task = Task().take(make.click(0, event_id="same"))
    task.take(make.click(7 * DAY - 1, event_id="same"), make.click(7 * DAY, event_id="same"))
    assert task.statuses == ["accepted", "repeated", "accepted"]


def test_more_than_7_days_behind_the_newest_is_rejected_and_changes_nothing() -> None:
    make = Events()
    task = Task().take(make.click(8 * DAY))
    task.save()
    before = task.figures()
    task.take(make.click(DAY), make.click(DAY - 1))
    assert task.statuses == ["accepted", "accepted", "rejected"]
    assert task.figures()["events"] == 2
    assert before["events"] == 1
    task.save()
    task.take(make.click(DAY - 1))
    assert task.save() == []


def test_the_xor_is_that_of_xxh3_over_accepted_ids() -> None:
    import xxhash

    make = Events()
    events = clicks(make, [n * MINUTE for n in range(40)])
    expected = 0
    for event in events:
        expected ^= xxhash.xxh3_64_intdigest(event.event_id.encode())
    figures = Task().take(*events, *events).figures()
    assert figures["event_xor"] == f"{expected:016x}"
    assert (figures["events"], figures["repeats"]) == (40, 40)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 20 * 24), min_size=1, max_size=60),
    st.integers(0, 30 * 24),
    st.integers(0, 1_000),
)
def test_the_vector_counts_what_lies_within_7_days(
    hours: list[int], now_hours: int, seed: int
) -> None:
    events = clicks(Events(), [hour * HOUR for hour in sorted(hours)], seed)
    now = max(now_hours * HOUR, max(hours) * HOUR)
    got = Task().take(*events).figures(now)["features"]
    assert got == oracle.features(events, START + now)
    assert got is None or tuple(got) == FEATURES


def test_the_window_is_open_at_its_start_and_closed_at_its_end() -> None:
    make = Events()
    task = Task().take(make.click(0, "launch", "push"), make.click(1, "news_view"))
    assert task.figures(7 * DAY - 1)["features"]["behaviours"] == 2
    assert task.figures(7 * DAY)["features"] == {
        "behaviours": 1, "app_launches": 0, "account_messages": 0, "push_share": 0.0,
        "tab_switches": 0, "functions_visited": 0, "news_messages": 0, "news_views": 1,
    }  # fmt: skip
    assert task.figures(7 * DAY + 1)["features"] is None
    assert task.figures(7 * DAY + 1)["missing"]["features"] == "no app_click within 7 days"


def test_an_error_alone_makes_a_vector_without_behaviours() -> None:
    features = Task().take(Events().click(0, "error")).figures()["features"]
    assert features["behaviours"] == 0


def test_a_full_memory_still_counts_the_window_and_signals_once_a_day() -> None:
    make = Events()
    times = [n * 3 * MINUTE for n in range(3_300)]  # 20 an hour, just under 7 days
    events = clicks(make, times)
    task = Task(reload_always=False).take(*events)
    task.reload()
    assert task.figures()["events"] == 3_300
    assert len(task.customer.recent) <= MAX_ENTRIES + 16
    # What left the memory leaves the window by the hour (20 events), the rest exactly.
    for later, slack in ((10 * MINUTE, 20), (2 * DAY, 20), (5 * DAY, 0)):
        at = times[-1] + later
        expected = oracle.features(events, START + at)
        got = task.figures(at)["features"]
        assert expected is not None
        for name in set(FEATURES) - {"push_share"}:
            assert expected[name] <= got[name] <= expected[name] + slack
        assert got["push_share"] == pytest.approx(expected["push_share"], abs=slack / 1_000)
    signals = task.signals()
    assert {signal.kind for signal in signals} == {"repeat_memory_overflow"}
    days = {signal.occurred_at[:10] for signal in signals}
    assert len(signals) == len(days) >= 2
    assert task.figures()["memory_overflows"] == 3_300 - len(task.customer.recent)


def test_a_flood_keeps_memory_and_records_bounded() -> None:
    make = Events()
    task = Task()
    for day in range(16):
        task.take(*clicks(make, [day * DAY + n * 80 * SECOND for n in range(1_000)]))
        task.save()
    assert len(task.customer.recent) <= MAX_ENTRIES + 16
    assert len(task.customer.recent.spill) <= MAX_SPILL_HOURS
    assert len(task.customer.recent.index or {}) <= MAX_ENTRIES + 16
    pages = [key for key in task.records if key[:1] == b"p"]
    assert len(pages) <= MAX_ENTRIES // 16 + 2
    assert sum(map(len, task.records.values())) < 45_000


def test_repeats_are_told_in_a_busy_customers_index_too() -> None:
    make = Events()
    events = clicks(make, [n * MINUTE for n in range(500)])
    task = Task().take(*events)
    assert task.customer.recent.index is not None
    task.reload()
    task.take(*events[::7])
    assert task.figures()["repeats"] == len(events[::7])
    assert task.figures()["events"] == 500


def test_old_pages_leave_when_they_are_outdated() -> None:
    make = Events()
    task = Task().take(*clicks(make, [n * HOUR for n in range(100)]))
    task.save()
    task.take(*clicks(make, [40 * DAY + n * HOUR for n in range(64)]))
    task.reload()
    assert len(task.customer.recent) < 64 + 2 * 16
    pages = [key for key in task.records if key[:1] == b"p"]
    assert len(pages) == task.customer.core.sealed_pages


def test_an_id_is_only_found_where_an_entry_begins() -> None:
    recent = Recent()
    recent.add(bytes(range(8)), 1_000, 1)
    recent.add(bytes(range(8, 16)), 1_000, 1)
    assert not recent.seen(bytes(range(4, 12)), 0, 1)
    assert recent.seen(bytes(range(8, 16)), 0, 1)
    assert not recent.seen(bytes(range(8, 16)), 1_000, 1)


def test_the_same_id_in_two_types_is_two_events_and_a_repeat_of_each() -> None:
    make = Events()
    both = (make.click(0, event_id="17"), make.transaction(MINUTE, event_id="17"))
    task = Task(reload_always=True).take(*both)
    assert task.statuses == ["accepted", "accepted"]
    task.take(*both, make.campaign(HOUR, "sent", event_id="17"), *both)
    assert task.statuses[2:] == ["repeated", "repeated", "accepted", "repeated", "repeated"]
    assert task.figures()["events"] == 3


def test_what_was_kept_before_types_were_told_is_a_repeat_of_whatever_is_no_click() -> None:
    recent, digest = Recent(), bytes(range(8))
    recent.add(digest, 1_000, NOT_A_CLICK)
    assert all(recent.seen(digest, 0, code) for code in CODE_OF_TYPE.values())
    assert not recent.seen(digest, 0, NEWS_VIEW)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_repeats_by_type_are_those_of_a_plain_list_however_busy_the_customer(
    data: st.DataObject,
) -> None:
    make = Events()
    filler = data.draw(st.sampled_from((0, 130)))
    task = Task().take(*clicks(make, [n * SECOND for n in range(filler)]))
    accepted: list[tuple[int, str, str]] = []
    at = HOUR
    for _ in range(data.draw(st.integers(1, 60))):
        at += data.draw(st.sampled_from((MINUTE, 6 * HOUR, 2 * DAY)))
        which = f"id-{data.draw(st.integers(1, 3))}"
        event = data.draw(st.sampled_from((make.click, make.transaction)))(at, event_id=which)
        repeat = any(
            (kind, known) == (event.type, which) and when > at - 7 * DAY
            for when, kind, known in accepted
        )
        task.take(event)
        assert task.statuses[-1] == ("repeated" if repeat else "accepted")
        if not repeat:
            accepted.append((at, event.type, which))
        if data.draw(st.booleans()):
            task.reload()


def test_a_page_of_another_format_is_refused() -> None:
    with pytest.raises(RecentFormatError, match="has format 9 and 273 bytes"):
        Recent().unpack_page(bytes((9,)) + bytes(272))
