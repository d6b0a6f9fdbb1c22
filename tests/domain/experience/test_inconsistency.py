"""Tiers treated unlike from channel to channel: told once a UTC day, over all partitions."""

from __future__ import annotations

import pytest

from domain.customer.labels import Labels
from domain.customer.parts import Moment
from domain.experience.inconsistency.detector import Detector
from domain.experience.inconsistency.population import ConsistencyPopulation
from domain.experience.inconsistency.summary import (
    Snapshot,
    SnapshotFormatError,
    cells_of,
    load_snapshot,
    snapshot,
)
from domain.kernel.scales import CHANNEL_INDEX
from domain.kernel.units import MS_PER_DAY, MS_PER_HOUR
from domain.policy import Policy
from domain.satisfaction.scorecards import Scorecards

POLICY = Policy()
NOON = 20_500 * MS_PER_DAY + 12 * MS_PER_HOUR
APP, BRANCH = CHANNEL_INDEX["app"], CHANNEL_INDEX["branch"]
VIP = Labels(tier=3)


def cards(*moments: tuple[int, int, float], labels: Labels = VIP) -> Scorecards:
    """Scorecards of (time in ms, channel, score) of weight 10 each."""
    made = Scorecards()
    for at, channel, score in moments:
        moment = Moment(at, 10.0, score, 0, channel)
        made.add_moment(moment, labels, POLICY.half_life_ms, POLICY.experience.moments)
    return made


def told(made: Scorecards, number: int = 0, at: int = NOON) -> Snapshot:
    return load_snapshot(snapshot(made, cells_of(made), number, at // MS_PER_HOUR))


def test_a_spread_of_more_than_two_is_told_with_its_channels() -> None:
    made = told(cards((NOON, APP, 8.5), (NOON, BRANCH, 6.0)))
    found = Detector(POLICY.experience).fit([made], 0)
    assert found is not None
    [signal] = found.outputs
    assert signal.value == 2.5
    assert signal.labels == {"tier": "vip", "highest": "app", "lowest": "branch"}
    assert signal.reason == (
        "Tier vip: Satisfaction is 8.5 by app and 6.0 by branch: a spread of 2.5, above 2."
    )
    assert found.record.days == {"vip": 20_500}


def test_a_spread_of_two_is_not() -> None:
    made = told(cards((NOON, APP, 8.0), (NOON, BRANCH, 6.0)))
    assert Detector(POLICY.experience).fit([made], 0) is None


def test_it_is_told_once_a_day_also_by_a_successor() -> None:
    made = cards((NOON, APP, 9.0), (NOON, BRANCH, 3.0))
    first = Detector(POLICY.experience)
    found = first.fit([told(made)], 0)
    assert found is not None
    assert first.fit([told(made, at=NOON + 5 * MS_PER_HOUR)], 0) is None
    successor = Detector(POLICY.experience, found.record)
    assert successor.fit([told(made, at=NOON + 11 * MS_PER_HOUR)], 0) is None
    again = successor.fit([told(made, at=NOON + 12 * MS_PER_HOUR)], 0)
    assert again is not None
    assert again.record.version == 2
    assert again.outputs[0].signal_id != found.outputs[0].signal_id


def test_partitions_add_up_and_a_silent_one_fades() -> None:
    """Half-life 30 days: after it a partition's weight of 10 counts as 5, its score stays.

    App: (10 x 9 x 1/2 + 10 x 6) / (10 x 1/2 + 10) = 7; branch 4: a spread of 3.
    """
    half_life = round(POLICY.half_life_ms)
    silent = told(cards((NOON, APP, 9.0)), 1)
    later = NOON + half_life
    spoken = told(cards((later, APP, 6.0), (later, BRANCH, 4.0)), 0, later)
    found = Detector(POLICY.experience).fit([silent, spoken], 0)
    assert found is not None
    assert found.outputs[0].value == pytest.approx(3.0, abs=1e-9)


def test_whatever_the_partitioning_the_answer_is_the_same() -> None:
    moments = [(NOON + n * 1_000, (APP, BRANCH)[n % 2], 0.1 * n + 4 * (n % 2)) for n in range(40)]
    whole = Detector(POLICY.experience).fit([told(cards(*moments))], 0)
    parts = [told(cards(*moments[n::4]), n) for n in range(4)]
    found = Detector(POLICY.experience).fit(parts, 0)
    assert whole is not None and found is not None
    assert found.outputs == whole.outputs


def test_a_partition_tells_news_once_an_hour() -> None:
    made = cards((NOON, APP, 9.0))
    population = ConsistencyPopulation(made)
    assert population.summary(0, NOON, 12) is not None
    moment = Moment(NOON, 10.0, 2.0, 0, BRANCH)
    made.add_moment(moment, VIP, POLICY.half_life_ms, POLICY.experience.moments)
    assert population.summary(0, NOON + 1_000, 12) is None
    assert population.summary(0, NOON + MS_PER_HOUR, 12) is not None
    assert population.summary(0, NOON + 2 * MS_PER_HOUR, 12) is None
    assert ConsistencyPopulation(Scorecards()).summary(0, NOON, 12) is None


def test_a_torn_or_foreign_snapshot_is_refused() -> None:
    made = cards((NOON, APP, 9.0))
    whole = snapshot(made, cells_of(made), 0, NOON // MS_PER_HOUR)
    for broken in (whole[:-1], whole[:5] + b"x" + whole[6:], b""):
        with pytest.raises(SnapshotFormatError):
            load_snapshot(broken)
