"""Scorecards beside the same sums worked out from all moments at once, over any partitions."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Any, NamedTuple

import pytest

from domain.customer.labels import Labels
from domain.customer.parts import Moment
from domain.experience.score_rows import (
    ScoreRow,
    inconsistencies,
    inconsistency_signal,
    rows,
    satisfaction_rows,
    stage_rows,
)
from domain.kernel.scales import TIERS
from domain.policy import Policy
from domain.satisfaction.scorecards import BOUNDS, PREFIX, REGION, Scorecards
from domain.satisfaction.tallies import TallyFormatError
from tests.domain.bank import DAY, HOUR, START, Events, Task

POLICY = Policy()
LINES, HALF_LIFE_MS = POLICY.experience.moments, POLICY.half_life_ms
CHANNELS = ("app", "web", "branch", "call_centre", "sms", "email", "wechat", "atm", "mail", "other")
FACTORS = ("none", "product", "service", "relationship", "convenience", "brand", "price")


class Told(NamedTuple):
    """A moment with whom it is of, and how long the wait was."""

    moment: Moment
    labels: Labels
    wait_seconds: float | None


def told(seed: int, count: int = 400) -> list[Told]:
    """Random moments over 300 days."""
    chance, found = Random(seed), list[Told]()
    for _ in range(count):
        moment = Moment(
            START + chance.randrange(300 * DAY), chance.choice((1.0, 3.0)),
            chance.choice((0, 5, 9)), chance.randrange(7), chance.randrange(10),
            chance.randrange(4),
        )  # fmt: skip
        labels = Labels(
            chance.randrange(5), chance.choice(("", "Zhejiang", "Anhui")),
            chance.choice(("", "s1", "s2")), chance.choice(("", "ag-1", "ag-2", "ag-3")),
            chance.choice(("", "br-1")),
        )  # fmt: skip
        found.append(Told(moment, labels, chance.choice((None, 30.0, 700.0))))
    return found


def cards_of(moments: list[Told], partitions: int) -> list[Scorecards]:
    """The moments dealt out to so many partitions, each read back from its records."""
    cards = [Scorecards() for _ in range(partitions)]
    stored: list[dict[bytes, bytes]] = [{} for _ in cards]
    for number, each in enumerate(moments):
        place = number % partitions
        cards[place].add_moment(
            each.moment, each.labels, HALF_LIFE_MS, LINES, wait_seconds=each.wait_seconds
        )
        if number % 7 == 0:
            stored[place].update(cards[place].changed_records())
            cards[place] = Scorecards.from_records(stored[place])
    return cards


def brute_force(moments: list[Told], now: int) -> dict[tuple[str, str], dict[str, float]]:
    """Every row's sums, moment by moment, by ordinary decay towards ``now``."""
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for (at, weight, score, factor, channel, stage, _), labels, wait in moments:
        left = 0.5 ** ((now - at) / HALF_LIFE_MS)
        names = {
            "factor": FACTORS[factor], "tier": TIERS[labels.tier], "channel": CHANNELS[channel],
            "stage": ("", "before", "purchase", "after")[stage], "region": labels.region,
            "segment": labels.segment, "agent": labels.agent, "branch": labels.branch,
        }  # fmt: skip
        for label in names.items():
            if label[1]:
                row = found[label]
                row["weight"] += left * weight
                row["scored"] += left * weight * score
                row["good"] += left * (score >= 7)
                row["bad"] += left * (score < 5)
                row["contacts"] += left * (wait is not None)
                row["waited"] += left * (wait or 0.0)
    return found


@pytest.mark.parametrize("partitions", [1, 4, 12])
@pytest.mark.parametrize("seed", range(4))
def test_rows_are_what_brute_force_says_whatever_the_partitions(seed: int, partitions: int) -> None:
    moments, now = told(seed), START + 310 * DAY
    merged = Scorecards(bounded=False).merge(cards_of(moments, partitions))
    found = {(row.dimension, row.name): row for row in rows(merged, now)}
    expected = brute_force(moments, now)
    assert found.keys() == expected.keys()
    for label, row in found.items():
        sums = expected[label]
        assert row.weight == pytest.approx(sums["weight"])
        assert row.score == pytest.approx(sums["scored"] / sums["weight"])
        assert [row.good, row.bad] == pytest.approx([sums["good"], sums["bad"]], abs=1e-9)
        assert row.contacts == pytest.approx(sums["contacts"], abs=1e-9)
        if row.mean_wait_seconds is not None:
            assert row.mean_wait_seconds == pytest.approx(sums["waited"] / sums["contacts"])


def test_rows_come_in_the_order_of_dimensions_and_names() -> None:
    merged = Scorecards(bounded=False).merge(cards_of(told(1), 3))
    labels = [(row.dimension, row.name) for row in rows(merged, START)]
    assert [name for dimension, name in labels if dimension == "tier"] == list(TIERS)
    assert [name for dimension, name in labels if dimension == "agent"] == ["ag-1", "ag-2", "ag-3"]


def test_what_is_taken_back_is_gone() -> None:
    cards, labels = Scorecards(), Labels(2, "Anhui")
    stays, goes = Moment(START, 1.0, 8.0, 1, 2, 1), Moment(START + DAY, 3.0, 2.0, 1, 2, 1)
    cards.add_moment(stays, labels, HALF_LIFE_MS, LINES)
    before = {key: list(tally) for key, tally in cards.tallies.items()}
    cards.add_moment(goes, labels, HALF_LIFE_MS, LINES)
    cards.add_moment(goes, labels, HALF_LIFE_MS, LINES, sign=-1.0)
    for key, tally in cards.tallies.items():
        assert tally == pytest.approx(before[key], abs=1e-9)


# -- from the events of a customer --------------------------------------------------------


def row_of(task: Task, dimension: str, name: str, at: int) -> ScoreRow:
    """The row of one name as of ``at`` (ms after START)."""
    found = rows(task.ctx.scorecards, START + at)
    return next(row for row in found if (row.dimension, row.name) == (dimension, name))


def test_an_agents_row_has_its_contacts_waits_and_promises_and_nobody_elses() -> None:
    make = Events()
    task = Task().take(
        make.contact(0, 60, "unresolved", contact_id="s-1", agent_id="li", branch_id="north"),
        make.contact(0, 630, "unresolved", contact_id="s-2", agent_id="li"),
        make.contact(0, 0, "resolved", contact_id="s-3", agent_id="wu"),
        make.survey(0, "nps", 9, channel="email"),
        make.feedback(HOUR - 1, "callback_done", contact_id="s-1"),
    ).until(2 * HOUR)  # fmt: skip
    li = row_of(task, "agent", "li", 0)
    assert [li.promises_kept, li.promises_broken] == pytest.approx([1, 1], rel=1e-2)
    assert li.promises_kept_share == pytest.approx(0.5)
    assert [li.contacts, li.mean_wait_seconds] == pytest.approx([2, 345])
    # waits of 10 and 5 (weighing 3), two ends of 2, and a broken promise of 1 that weighs 3
    assert li.score == pytest.approx((10 + 15 + 2 + 2 + 3) / 9, rel=1e-3)
    assert [li.good, li.bad] == pytest.approx([1, 3], rel=1e-2)
    wu = row_of(task, "agent", "wu", 0)
    assert (wu.score, wu.contacts, wu.promises_kept_share) == (10.0, 1.0, None)
    north = row_of(task, "branch", "north", 0)
    assert (north.promises_kept_share, north.contacts) == (1.0, 1.0)


def test_a_callback_that_comes_late_but_was_in_time_turns_broken_into_kept() -> None:
    make = Events()
    task = Task().take(make.contact(0, 0, "unresolved", agent_id="li"), make.click(5 * HOUR))
    assert row_of(task, "agent", "li", 0).promises_kept_share == 0.0
    task.take(make.feedback(HOUR - 1, "callback_done", contact_id="s-1"))
    row = row_of(task, "agent", "li", 0)
    assert row.promises_kept_share == pytest.approx(1.0)
    assert row.score == pytest.approx(6.0)


def test_a_complaint_resolved_late_after_all_is_taken_back() -> None:
    make = Events()
    task = Task().take(make.complaint(0, "opened", severity=2), make.complaint(1, "acknowledged"))
    task.take(make.complaint(3 * HOUR, "resolved"), make.complaint(2 * HOUR, "withdrawn"))
    (row,) = satisfaction_rows(task.ctx.scorecards, START)
    assert row.score == pytest.approx((3 + 5) / 2, abs=0.01)
    assert row.weight == pytest.approx(6, rel=0.01)


def test_region_stage_and_tier_are_those_of_the_customer_and_the_event() -> None:
    make = Events()
    task = Task().take(
        make.profile(0, region="Zhejiang"),
        make.survey(1, "nps", 4, stage="before", channel="app"),
        make.transaction(2, 500_000.0, direction="credit"),
        make.survey(30 * DAY, "nps", 9, stage="after", channel="email"),
    )
    told = {(row.factor, row.tier, row.channel): row for row in
            satisfaction_rows(task.ctx.scorecards, START + 30 * DAY)}  # fmt: skip
    assert set(told) == {("none", "standard", "app"), ("none", "vip", "email")}
    assert told["none", "standard", "app"].weight == pytest.approx(0.5)
    assert row_of(task, "region", "Zhejiang", 0).score == pytest.approx((4 * 0.5 + 9) / 1.5)
    stages = stage_rows(task.ctx.scorecards, START + 30 * DAY)
    assert [(name, score) for name, score, _ in stages] == [("before", 4.0), ("after", 9.0)]


# -- bounds -------------------------------------------------------------------------------


def add(cards: Scorecards, at: int, region: str, score: float = 8.0) -> None:
    """A moment of a customer of a region."""
    moment = Moment(START + at, 1.0, score, 1, 0)
    cards.add_moment(moment, Labels(0, region), HALF_LIFE_MS, LINES)


def test_a_region_too_many_goes_to_other_and_is_counted() -> None:
    cards, bound = Scorecards(), BOUNDS[REGION]
    for number in range(bound + 3):
        add(cards, 0, f"r-{number:03d}")
    add(cards, 0, "r-000")
    found = [row for row in rows(cards, START) if row.dimension == "region"]
    assert len(found) == bound + 1
    other = next(row for row in found if row.name == "other")
    assert other.refused == 3
    assert other.weight == pytest.approx(3)
    assert next(row for row in found if row.name == "r-000").weight == pytest.approx(2)
    again = Scorecards.from_records(dict(cards.changed_records()))
    assert rows(again, START) == rows(cards, START)


def test_the_place_of_a_region_long_silent_is_used_again_and_nothing_is_lost() -> None:
    cards, bound = Scorecards(), BOUNDS[REGION]
    for number in range(bound):
        add(cards, number * DAY, f"r-{number:03d}", 2.0)
    add(cards, 100 * DAY, "early")
    assert "early" not in {row.name for row in rows(cards, START)}
    add(cards, 200 * DAY, "late")
    found = {row.name: row for row in rows(cards, START + 200 * DAY) if row.dimension == "region"}
    assert "late" in found
    assert "r-000" not in found
    assert found["other"].refused == 1
    total = sum(0.5 ** ((200 - n) / 30) for n in range(bound)) + 0.5 ** (100 / 30) + 1
    assert sum(row.weight for row in found.values()) == pytest.approx(total)
    again = Scorecards.from_records(dict(cards.changed_records()))
    add(again, 200 * DAY, "later")
    add(cards, 200 * DAY, "later")
    assert again.tallies == cards.tallies


def test_a_full_set_of_scorecards_is_bounded_and_a_commit_writes_what_changed() -> None:
    cards = Scorecards()
    for number in range(12_000):
        labels = Labels(
            number // 70 % 5,
            f"r{number}",
            f"s{number}",
            f"agent-{number:05d}",
            f"branch-{number:05d}",
        )
        moment = Moment(START, 1.5, 3.3, number % 7, number % 10, number % 4)
        cards.add_moment(moment, labels, HALF_LIFE_MS, LINES, wait_seconds=12.5)
    written = cards.changed_records()
    assert len(written) == 350 + 3 + sum(BOUNDS.values()) + len(BOUNDS)
    assert max(len(value) for _, value in written) < 130
    assert cards.changed_records() == []
    add(cards, HOUR, "r1")
    assert [key for key, _ in cards.changed_records()] == [
        PREFIX + b"f" + bytes((1, 0, 0)), PREFIX + b"r" + (2).to_bytes(2, "big"),
    ]  # fmt: skip


def test_a_foreign_format_is_refused_and_other_records_are_left_alone() -> None:
    with pytest.raises(TallyFormatError, match="reads 1"):
        Scorecards.from_records({PREFIX + b"s\x01": b"\x09rest"})
    assert Scorecards.from_records({b"aggregates": b"\x01"}).tallies == {}
    assert rows(Scorecards(), START) == []


# -- time ---------------------------------------------------------------------------------


def test_a_century_of_moments_does_not_overflow() -> None:
    cards = Scorecards()
    for year in range(120):
        add(cards, year * 365 * DAY, "Anhui", 7.0)
        if year % 10 == 0:
            cards = Scorecards.from_records(dict(cards.changed_records()))
    (row,) = satisfaction_rows(cards, START + 119 * 365 * DAY)
    assert row.score == pytest.approx(7.0)
    assert row.weight == pytest.approx(1 / (1 - 0.5 ** (365 / 30)), rel=1e-9)
    (old,) = satisfaction_rows(cards, START + 10**15)
    assert old.weight == 0.0


def test_a_changed_half_life_keeps_scores_and_weights_as_of_then() -> None:
    cards = Scorecards()
    add(cards, 0, "Anhui", 9.0)
    add(cards, 30 * DAY, "Anhui", 3.0)
    moment = Moment(START + 30 * DAY, 1.0, 4.0, 1, 0)
    cards.add_moment(moment, Labels(0, "Anhui"), HALF_LIFE_MS / 3, LINES)
    (row,) = satisfaction_rows(cards, START + 30 * DAY)
    assert row.weight == pytest.approx(0.5 + 1 + 1)
    assert row.score == pytest.approx((4.5 + 3 + 4) / 2.5)
    (later,) = satisfaction_rows(cards, START + 40 * DAY)
    assert later.weight == pytest.approx(2.5 / 2)


def test_partitions_of_two_half_lives_merge_without_a_fault() -> None:
    one, other = Scorecards(), Scorecards()
    add(one, 0, "Anhui", 9.0)
    moment = Moment(START, 1.0, 3.0, 1, 0)
    other.add_moment(moment, Labels(0, "Anhui"), HALF_LIFE_MS / 2, LINES)
    (row,) = satisfaction_rows(Scorecards(bounded=False).merge([one, other]), START)
    assert row.score == pytest.approx(6.0, abs=1.1)


# -- consistency --------------------------------------------------------------------------


def test_a_tier_met_unlike_from_channel_to_channel_is_told_once_a_day() -> None:
    cards, rules = Scorecards(), POLICY.experience
    for channel, score in ((0, 9.0), (3, 6.5), (2, 7.0)):
        moment = Moment(START, 2.0, score, 1, channel)
        cards.add_moment(moment, Labels(3), HALF_LIFE_MS, LINES)
        cards.add_moment(moment._replace(score=8.0), Labels(1), HALF_LIFE_MS, LINES)
    found: dict[str, Any] = dict(inconsistencies(cards, START, rules))
    assert {name: each.inconsistent for name, each in found.items()} == {
        "prospect": False, "vip": True,
    }  # fmt: skip
    signal = inconsistency_signal("tier", "vip", found["vip"], START)
    assert signal is not None
    assert (signal.kind, signal.value) == ("channel_inconsistency", 2.5)
    assert signal.labels == {"tier": "vip", "highest": "app", "lowest": "call_centre"}
    assert signal.reason.startswith("Tier vip: Satisfaction is 9.0 by app and 6.5 by call_centre")
    later = inconsistency_signal("tier", "vip", found["vip"], START + HOUR)
    assert later is not None
    assert later.signal_id == signal.signal_id
    assert inconsistency_signal("tier", "prospect", found["prospect"], START) is None
    faded = dict(inconsistencies(cards, START + 31 * DAY, rules))
    assert faded["vip"].spread is None
