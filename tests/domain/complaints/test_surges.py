"""Systemic issues: what stands out is what plain loops over all complaints find."""

from __future__ import annotations

from statistics import fmean, pstdev
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.complaints.surges.detector import Detector, Found
from domain.complaints.surges.hourly import OTHERS, Hourly, HourlyFormatError, Series
from domain.complaints.surges.summary import SnapshotFormatError, load_snapshot, snapshot
from domain.policy import Policy
from domain.policy.complaints import SystemicIssues
from schemas.codec import encode
from schemas.surges import Surges
from tests.domain.bank import DAY, HOUR, MINUTE, SECOND, START, Events, Task, ms_of
from tests.schemas.checked import checked

RULES = SystemicIssues()
SERIES = [
    Series("fees", "card", "app"), Series("fees", "", "call_centre"), Series("wait", "", "app"),
]  # fmt: skip
PATIENT = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


class Opened(NamedTuple):
    """A complaint as the counts see it; ``at`` in ms."""

    at: int
    series: Series
    event_id: str


def opened(at: int, series: Series, count: int = 1) -> list[Opened]:
    """So many complaints from ``at`` (ms after START) on, a second apart."""
    start = START + at
    return [
        Opened(start + n * SECOND, series, f"{series.category}-{start + n * SECOND}-{n}")
        for n in range(count)
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[Opened]:
    """Bursts of complaints within 40 days, most of them within the last two."""
    found: dict[tuple[int, Series], int] = {}
    hours = st.one_of(st.integers(0, 40 * 24), st.integers(38 * 24, 40 * 24))
    for _ in range(draw(st.integers(1, 25))):
        place = draw(hours), draw(st.sampled_from(SERIES))
        found[place] = draw(st.integers(1, 12))
    return [
        each
        for (hour, series), count in sorted(found.items())
        for each in opened(hour * HOUR, series, count)
    ]


def surges(history: list[Opened], now: int) -> dict[tuple[Series, int], int]:
    """(series, hour) -> complaints of every hour of the last 24 that stands out, by plain loops."""
    hour_now = max(now, *(each.at for each in history)) // HOUR
    first = min(each.at for each in history) // HOUR
    found = {}
    for series in {each.series for each in history}:
        hours = [each.at // HOUR for each in history if each.series == series]
        for hour in range(hour_now - 23, hour_now + 1):
            before = [hours.count(h) for h in range(max(first, hour - 672), hour)]
            if hours.count(hour) < 5 or len(before) < 24:
                continue
            sigma = max(pstdev(before), fmean(before) ** 0.5)
            if hours.count(hour) > fmean(before) + 4 * sigma + 1e-9:
                found[series, hour] = hours.count(hour)
    return found


def partitions(history: list[Opened], count: int = 1) -> list[Hourly]:
    """The history spread over partitions by event id."""
    made = [Hourly() for _ in range(count)]
    for each in history:
        made[sum(each.event_id.encode()) % count].add(each.at, each.series, each.event_id)
    return made


def detect(made: list[Hourly], now: int, detector: Detector | None = None) -> Found | None:
    """What is found in the snapshots of all partitions."""
    told = [snapshot(each, number, now) for number, each in enumerate(made)]
    loaded = [load_snapshot(each) for each in told if each is not None]
    return (detector or Detector(RULES)).fit(loaded, now)


def signalled(found: Found | None) -> dict[tuple[Series, int], int]:
    """(series, hour) -> complaints of what was found."""
    result = {}
    for signal in checked(found.outputs) if found else ():
        labels = signal.labels
        series = Series(labels["category"], labels.get("product", ""), labels["channel"])
        assert signal.value is not None
        result[series, ms_of(signal.occurred_at) // HOUR] = int(signal.value)
    return result


@PATIENT
@given(histories(), st.integers(0, 30))
def test_what_stands_out_is_what_plain_loops_find(history: list[Opened], later: int) -> None:
    now = max(each.at for each in history) + later * HOUR
    assert signalled(detect(partitions(history), now)) == surges(history, now)


@PATIENT
@given(st.data(), st.integers(2, 5))
def test_neither_order_nor_partitioning_changes_anything(data: st.DataObject, count: int) -> None:
    history = data.draw(histories())
    now = max(each.at for each in history)
    one = detect(partitions(history), now)
    many = detect(partitions(data.draw(st.permutations(history)), count), now)
    assert one == many


@PATIENT
@given(histories(), st.integers(1, 4))
def test_each_hour_is_signalled_once_by_whoever_signals(history: list[Opened], count: int) -> None:
    made = [Hourly() for _ in range(count)]
    previous: Surges | None = None
    told: list[str] = []
    newest: dict[int, bytes] = {}
    for number, each in enumerate(history):
        made[number % count].add(each.at, each.series, each.event_id)
        told_now = snapshot(made[number % count], number % count, each.at)
        assert told_now is not None
        newest[number % count] = told_now
        # a successor each time, which knows only the record
        found = Detector(RULES, previous).fit([load_snapshot(s) for s in newest.values()], 0)
        if found is not None:
            assert found.record.version == (previous.version if previous else 0) + 1
            previous = Surges.model_validate_json(encode(found.record))
            told += [signal.signal_id for signal in found.outputs]
    assert len(told) == len(set(told))
    # told as soon as it was so: at least what is so at the end
    assert len(surges(history, history[-1].at)) <= len(told)


# -- examples -----------------------------------------------------------------------------


def test_a_surge_says_how_many_of_what_when_and_against_which_line() -> None:
    quiet = [each for day in range(2) for each in opened(day * DAY, SERIES[0])]
    burst = opened(2 * DAY + 30 * MINUTE, SERIES[0], 7)
    found = detect(partitions(quiet + burst, 3), START + 2 * DAY + 31 * MINUTE)
    assert found is not None
    [signal] = found.outputs
    # 2 in 48 hours: mean 1/24, sigma its root
    line = 1 / 24 + 4 * (1 / 24) ** 0.5
    assert signal.reason == (
        "7 complaints about fees of card through app between 2026-03-04 00:00 and 01:00 UTC;"
        f" the 48 hours before had 0.04 an hour, sigma 0.20, and the line is {line:.2f}."
    )
    assert signal.kind == "systemic_issue"
    assert signal.labels == {"category": "fees", "product": "card", "channel": "app"}
    assert signal.cause == tuple(each.event_id for each in burst[:3])
    assert found.record.reason == "Complaints about fees of card through app stood out."


@pytest.mark.parametrize(("count", "told"), [(4, False), (5, True)])
def test_fewer_than_five_are_no_surge(count: int, told: bool) -> None:
    history = opened(0, SERIES[1]) + opened(3 * DAY, SERIES[0], count)
    assert bool(detect(partitions(history), START + 3 * DAY)) == told


@pytest.mark.parametrize(("hours", "told"), [(23, False), (24, True)])
def test_less_than_24_hours_of_history_are_not_enough(hours: int, told: bool) -> None:
    history = opened(0, SERIES[1]) + opened(hours * HOUR, SERIES[0], 50)
    assert bool(detect(partitions(history), START + hours * HOUR)) == told


def test_what_is_usual_is_no_surge_however_many_there_are() -> None:
    history = [each for h in range(72) for each in opened(h * HOUR, SERIES[0], 20 + h % 2)]
    history += opened(72 * HOUR, SERIES[0], 38)
    # mean 20.5, sigma its root 4.53: the line is 38.6
    assert detect(partitions(history), START + 72 * HOUR) is None
    history += opened(72 * HOUR + MINUTE, SERIES[0], 1)
    assert detect(partitions(history), START + 72 * HOUR) is not None


def test_late_complaints_raise_an_hour_of_the_day_before_but_not_an_older_one() -> None:
    base = opened(0, SERIES[0]) + opened(4 * DAY, SERIES[1])
    within = detect(partitions(base + opened(3 * DAY + HOUR, SERIES[0], 9)), START + 4 * DAY)
    assert signalled(within) == {(SERIES[0], START // HOUR + 73): 9}
    assert detect(partitions(base + opened(3 * DAY, SERIES[0], 9)), START + 4 * DAY) is None


def test_of_many_series_256_are_kept_apart_and_the_rest_together_wherever_they_are() -> None:
    several = [Series(f"c-{n}", "", "app") for n in range(400)]
    history = [each for n, series in enumerate(several) for each in opened(n * MINUTE, series)]
    history += [each for series in several for each in opened(3 * DAY, series, 6)]
    [one] = partitions(history)
    assert len(one.series) == 257
    assert OTHERS in one.series
    total = sum(hour.count for series in one.series for _, hour in one.hours_of(series))
    assert total == len(history)
    now = START + 3 * DAY
    backwards = detect(partitions(history[::-1], 7), now)
    found = detect(partitions(history), now)
    assert found is not None
    assert backwards == found
    assert len(found.outputs) == 257
    [others] = [signal for signal in found.outputs if not signal.labels]
    assert others.value == 6 * (400 - 256)
    assert "of all other kinds together" in others.reason


# -- records and snapshots ----------------------------------------------------------------


@PATIENT
@given(st.data())
def test_records_hold_everything_and_are_the_same_in_any_order(data: st.DataObject) -> None:
    history = data.draw(histories())
    stores: list[dict[bytes, bytes]] = []
    for order in (history, data.draw(st.permutations(history))):
        store: dict[bytes, bytes] = {}
        hourly = Hourly()
        for each in order:
            hourly.add(each.at, each.series, each.event_id)
            for key, value in hourly.changed_records():
                if value is None:
                    store.pop(key, None)
                else:
                    store[key] = value
            assert hourly.changed_records() == []
            if data.draw(st.booleans()):
                hourly = Hourly.from_records({**store, b"aggregates": b"\x09"})
                hourly.untold = True
        stores.append(store)
        assert detect([hourly], history[-1].at) == detect(partitions(history), history[-1].at)
    assert stores[0] == stores[1]


def test_a_complaint_writes_one_small_record_and_old_days_are_deleted() -> None:
    hourly = Hourly()
    store: dict[bytes, bytes] = {}
    for day in range(60):
        for n in range(50):
            for each in opened(day * DAY + n * MINUTE, SERIES[n % 3]):
                hourly.add(*each)
            written = hourly.changed_records()
            assert n == 0 or [len(value or b"") < 250 for _, value in written] == [True]
            for key, value in written:
                if value is None:
                    del store[key]
                else:
                    store[key] = value
    # first, and for each series the days of 29 times 24 hours
    assert len(store) <= 1 + 3 * 30
    assert len(store) == 1 + sum(len({h // 24 for h, _ in hourly.hours_of(s)}) for s in SERIES)


def test_records_of_another_format_stop_loudly() -> None:
    with pytest.raises(HourlyFormatError, match="this version reads 1"):
        Hourly.from_records({b"surges/first": b"\x02\x00"})


def test_a_torn_snapshot_is_told_wherever_it_is_torn() -> None:
    [hourly] = partitions(opened(0, SERIES[0], 4))
    told = snapshot(hourly, 3, START)
    assert told is not None
    assert snapshot(hourly, 3, START) is None, "there is no news"
    assert load_snapshot(told).partition == 3
    for length in range(len(told)):
        with pytest.raises(SnapshotFormatError):
            load_snapshot(told[:length])
    for place in range(len(told)):
        torn = told[:place] + bytes((told[place] ^ 1,)) + told[place + 1 :]
        with pytest.raises(SnapshotFormatError, match="torn"):
            load_snapshot(torn)


def test_a_full_snapshot_stays_well_below_what_a_record_may_weigh() -> None:
    hourly = Hourly()
    for n in range(260):
        for h in range(0, 29 * 24, 3):
            for each in opened(h * HOUR + n, Series(f"category-{n}", f"product-{n}", "app"), 2):
                hourly.add(*each)
    told = snapshot(hourly, 0, hourly.newest * HOUR)
    assert told is not None
    assert len(told) < 256 * 1_024


# -- from complaints ----------------------------------------------------------------------


def test_complaints_are_counted_when_they_are_opened_and_only_then() -> None:
    make = Events()
    task = Task().take(
        make.complaint(0, "opened"),
        make.complaint(MINUTE, "acknowledged"),
        make.complaint(2 * MINUTE, "resolved"),
        make.complaint(HOUR, "reopened"),
        make.complaint(2 * HOUR, "opened", complaint_id="k-2", channel="app"),
    )
    hourly = task.ctx.hourly
    first, second = Series("fees", "", "call_centre"), Series("fees", "", "app")
    assert [hour.count for _, hour in hourly.hours_of(first)] == [1]
    assert [hour.examples for _, hour in hourly.hours_of(second)] == [
        [(START + 2 * HOUR, "e-00005")]
    ]
    off = Policy.model_validate({"complaints": {"systemic": {"enabled": False}}})
    assert Task(off).take(make.complaint(0, "opened")).ctx.hourly.series == []
