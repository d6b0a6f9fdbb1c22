"""What a briefing tells of a town that is told by hand, and with what it compares it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas.fields import milliseconds
from schemas.figures.published import example
from schemas.topics import ALERTS
from streams.briefing import saved
from streams.briefing.briefing import Briefing, CustomerBriefing
from streams.briefing.counts import COUNTED
from streams.briefing.figures import Value
from streams.briefing.periods import Kind, Period
from streams.briefing.saved import BriefingUnreadable
from streams.errors import ReportSourceError
from streams.reports.live import LIVE
from streams.reports.report import About
from tests.streams.briefing.town import MONDAY, POLICY, briefed, replayed, rows

WEEK_9, WEEK_10, WEEK_11 = (Period("week", 2026, number) for number in (9, 10, 11))


def keep(briefing: Briefing, out: Path) -> None:
    """Leave a briefing's figures as the command does."""
    out.mkdir(exist_ok=True)
    saved.path_in(out, briefing.period).write_bytes(saved.encode(briefing.kept()))


def test_what_happened_in_the_newest_week_that_is_over(folder: Path, tmp_path: Path) -> None:
    """By hand, in days of Shanghai: see the town's events.

    Alerts of week 10 that are not raised again: the VIP's complaint, outrage and dissatisfaction on
    Tuesday at 10:00; the missed acknowledgement at 11:00 (an hour) and the missed resolution on
    Wednesday at 10:00 (a day), which are the two escalations; the broken callback on Thursday.
    Of week 9: the new VIP, which is also a rise of tier. After each resolved complaint a call is
    proposed as a care task; in week 10 an apology for the spoilt first purchase, an apology and a
    compensation for the broken callback, too.
    """
    told = briefed(folder, tmp_path)
    assert (told.period, told.over, told.zone) == (WEEK_10, True, "Asia/Shanghai")
    found = {
        key: (row.now.value, row.before and row.before.value)
        for key, row in rows(told.happened).items()
    }
    assert found == {
        "new_customers": (2, 2),
        "first_purchases": (1, 0),
        "complaints_opened": (2, 1),
        "complaints_resolved": (1, 1),
        "resolved_in_time": (1.0, 1.0),
        "alerts": (6, 1),
        "urgent_alerts": (6, 0),
        "escalations": (2, 0),
        "callbacks_broken": (1, 0),
        "became_lost": (0, 0),
        "won_back": (0, 0),
        "tier_rises": (0, 1),
        "tier_falls": (0, 0),
        "care_tasks": (4, 1),
    }
    moved = rows(told.happened)
    assert (moved["alerts"].change, moved["alerts"].better) == (5, False)
    assert (moved["first_purchases"].change, moved["first_purchases"].better) == (1, True)
    assert (moved["new_customers"].change, moved["new_customers"].better) == (0, None)


def test_how_things_stand(folder: Path, tmp_path: Path) -> None:
    """The VIP's complaint has been open since 3 March, 10:00: for 143 h on the 9th at 9:00.

    Of six promises four were kept; of four customers one is outraged; of one callback none.
    """
    standing = {key: row.now.value for key, row in rows(briefed(folder, tmp_path).standing).items()}
    expected = {
        "customers": 4, "complaints_open": 1, "complaints_overdue": 1, "oldest_open": 143.0,
        "promises_kept": 4 / 6, "outraged": 0.25, "callbacks_kept": 0.0, "buyers": 1,
        "value_of_year": 120.0, "value_share_of_a": 1.0, "nps": None,
    }  # fmt: skip
    assert {key: standing[key] for key in expected} == expected


def test_nothing_is_known_of_a_period_before_the_first_event(folder: Path, tmp_path: Path) -> None:
    told = briefed(folder, tmp_path, WEEK_9)
    assert {row.before for row in told.happened} == {None}
    assert all(row.now.value is not None for row in told.happened)


def test_how_things_stood_is_that_of_the_last_briefing(folder: Path, tmp_path: Path) -> None:
    week = [replayed(tmp_path / "9", "2026-03-02T06:00:00+08:00"), folder]
    first = briefed(week[0], tmp_path)
    assert first.period == WEEK_9
    assert first.compared is None
    assert {row.before for row in first.standing} == {None}
    keep(first, tmp_path)
    told = briefed(week[1], tmp_path)
    assert told.compared is not None
    assert told.compared.as_of == "2026-03-01T22:00:00.000Z"
    standing, stood = rows(told.standing), rows(first.standing)
    for key, row in standing.items():
        assert row.before == Value(stood[key].now.value), key
    assert (standing["complaints_open"].change, standing["complaints_open"].better) == (1, False)
    assert standing["customers"].change == 4 - stood["customers"].now.value == 1  # type: ignore[operator]
    assert standing["nps"].change is None


def test_amounts_of_another_currency_are_not_compared(folder: Path, tmp_path: Path) -> None:
    keep(briefed(replayed(tmp_path / "9", "2026-03-02T06:00:00+08:00"), tmp_path), tmp_path)
    path = saved.path_in(tmp_path, WEEK_9)
    path.write_bytes(path.read_bytes().replace(b'"CNY"', b'"EUR"'))
    standing = rows(briefed(folder, tmp_path).standing)
    assert standing["value_of_year"].before is None
    assert standing["customers"].before == Value(3)


def test_a_briefing_that_stood_no_earlier_is_not_compared_with(
    folder: Path, tmp_path: Path
) -> None:
    told = briefed(folder, tmp_path)
    path = saved.path_in(tmp_path, WEEK_9)
    path.write_bytes(saved.encode(replace(told.kept(), briefing=WEEK_9.name)))
    assert briefed(folder, tmp_path).compared is None


def test_a_briefing_made_twice_is_the_same(folder: Path, tmp_path: Path) -> None:
    first = briefed(folder, tmp_path)
    keep(first, tmp_path)
    again = briefed(folder, tmp_path)
    assert (again.happened, again.standing, again.named, again.kept()) == (
        first.happened, first.standing, first.named, first.kept(),
    )  # fmt: skip


def test_a_period_that_runs_is_told_so_far(folder: Path, tmp_path: Path) -> None:
    told = briefed(folder, tmp_path, WEEK_11)
    assert not told.over
    assert not told.kept().over
    assert told.standing
    assert rows(told.happened)["alerts"].now == Value(0)


def test_a_period_that_has_not_begun_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ReportSourceError, match="2026-W12 has not begun; give an earlier --ending"):
        briefed(folder, tmp_path, WEEK_11.after)


def test_a_later_state_does_not_say_how_things_stood(folder: Path, tmp_path: Path) -> None:
    before = briefed(replayed(tmp_path / "9", "2026-03-02T06:00:00+08:00"), tmp_path)
    keep(before, tmp_path)
    later = replayed(tmp_path / "later", "2026-03-20T09:00:00+08:00")
    told = briefed(later, tmp_path, WEEK_9)
    assert told.standing == ()
    assert {named.kind for named in told.named} == {"callback_broken", "lost"}
    # what was kept of how things stood is not given up
    assert told.kept().standing == before.kept().standing
    assert told.kept().as_of == before.kept().as_of


def test_nothing_has_happened_yet(tmp_path: Path) -> None:
    (tmp_path / "customers.jsonl").write_text("")
    with pytest.raises(ReportSourceError, match="nothing has happened yet"):
        briefed(tmp_path, tmp_path)
    told = briefed(tmp_path, tmp_path, WEEK_9)
    assert {row.now.value for row in told.happened} == {0, None}
    assert told.as_of is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "does not hold the figures of a briefing (Input data was truncated)"),
        (b'{"form": 1}', "does not hold the figures of a briefing (Object missing required"),
        (None, "does not hold the figures of a briefing (it is of 2026-W10)"),
    ],
)
def test_figures_that_cannot_be_used_are_named(
    folder: Path, tmp_path: Path, content: bytes | None, why: str
) -> None:
    made = saved.encode(briefed(folder, tmp_path).kept())
    path = saved.path_in(tmp_path, WEEK_9)
    path.write_bytes(made if content is None else content)
    with pytest.raises(BriefingUnreadable) as refused:
        briefed(folder, tmp_path)
    assert f"{path}: {why}" in str(refused.value)
    assert "remove the file" in str(refused.value)


# -- what Kafka holds no longer ---------------------------------------------------------------

NOW = "2026-05-01T06:00:00+08:00"
"""The outputs of 30 days before lie in Kafka: those from 1 April, 6:00, on."""


def live(out: Path, of: Period | None = None, kind: Kind = "month") -> Briefing:
    """A briefing of a live state with an alert on each of the last 60 days, at noon."""
    made = CustomerBriefing(POLICY, kind, of)
    now = datetime.fromisoformat(NOW)
    for days in range(1, 60):
        at = (now - timedelta(days=days)).replace(hour=12)
        alert = {"occurred_at": at.isoformat(), "kind": "vip_new", "priority": 2}
        made.add_output(ALERTS, alert)
    made.add(replace(example(), first_event_at="2026-01-01T00:00:00.000Z"))
    return made.briefing(About(LIVE, now.isoformat()), out)


def test_a_month_of_which_a_part_is_held_says_from_when_on(tmp_path: Path) -> None:
    told = live(tmp_path)
    assert told.period == Period("month", 2026, 4)
    held = milliseconds(datetime.fromisoformat("2026-04-01T06:00:00+08:00"))
    alerts = rows(told.happened)["alerts"]
    assert alerts.now == Value(30, since=held)
    assert alerts.before is None
    assert alerts.change is None
    assert "alerts" not in told.kept().period
    # complaints closed since 22 March are told of: April is whole, March is not
    opened = rows(told.happened)["complaints_opened"]
    assert opened.now.since is None
    assert opened.before is not None
    assert opened.before.since == milliseconds(datetime.fromisoformat("2026-03-22T06:00+08:00"))
    assert rows(told.happened)["new_customers"].before == Value(0)


def test_a_month_that_is_not_held_is_that_of_its_own_briefing(tmp_path: Path) -> None:
    march = live(tmp_path, Period("month", 2026, 3))
    assert rows(march.happened)["alerts"].now.lost
    kept = march.kept()
    figures = kept.period | {"alerts": 31, "complaints_opened": 7}
    made = replace(kept, period=figures)
    saved.path_in(tmp_path, Period("month", 2026, 3)).write_bytes(saved.encode(made))
    told = rows(live(tmp_path).happened)
    assert told["alerts"].before == Value(31)
    assert told["complaints_opened"].before == Value(7)
    again = rows(live(tmp_path, Period("month", 2026, 3)).happened)
    assert again["alerts"].now == Value(31)
    # one that was made while the month ran had counted a part of it
    running = replace(made, over=False)
    saved.path_in(tmp_path, Period("month", 2026, 3)).write_bytes(saved.encode(running))
    assert rows(live(tmp_path).happened)["alerts"].before is None


def test_both_weeks_are_held_whole(tmp_path: Path) -> None:
    told = live(tmp_path, kind="week")
    assert told.period.first_day == date(2026, 4, 20)
    assert (rows(told.happened)["alerts"].now, rows(told.happened)["alerts"].before) == (
        Value(7), Value(7),
    )  # fmt: skip
    assert {row.now.since for row in told.happened} == {None}
    assert set(rows(told.happened)) == set(COUNTED)


def test_the_town_ends_where_it_says(folder: Path, tmp_path: Path) -> None:
    as_of = briefed(folder, tmp_path).as_of
    assert as_of is not None
    assert datetime.fromisoformat(as_of) == datetime.fromisoformat(MONDAY)
