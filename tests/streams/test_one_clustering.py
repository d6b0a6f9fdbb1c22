"""One clustering, however many partitions the customers are spread over."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from agents.customers import customers
from agents.segments import segments
from domain.policy import Policy
from domain.segmentation.assign import Assigner
from schemas.segments import QUARANTINE, SegmentModel
from streams.files.reading import numbered
from streams.replay.events import Replay
from streams.sources.bank import Bank

pytestmark = pytest.mark.long

CUSTOMERS = 700
EVENTS = 45_000
COUNTS = (1, 4, 12)
PAUSE_MS = 6 * 3_600_000
"""From fit to fit by the events' clock: some fifty fits, each with ids to be kept, are enough."""


class End(NamedTuple):
    """Where a replay ended."""

    model: SegmentModel
    segment_of: dict[str, str | None]
    raw: NDArray[np.float64]
    updates: list[bytes]


@cache
def lines() -> list[bytes]:
    """Two weeks of a small bank."""
    bank = Bank(seed=5, customers=CUSTOMERS, bad=0.0)
    return [record[2] for record in itertools.islice(bank.events(), EVENTS)]


@cache
def replayed(partitions: int, events: int = EVENTS, cut: int = 2_000) -> End:
    """So many events of the bank through so many partitions, ``cut`` lines at a time."""
    policy = Policy()
    modelling = replace(segments(policy), replay_ms=PAUSE_MS)
    replay = Replay(customers(policy), partitions, (modelling,))
    numbers = list(numbered(lines()))
    chunks = (numbers[start : min(start + cut, events)] for start in range(0, events, cut))
    outputs = [output for chunk in chunks for output in replay.take(chunk)]
    updates = [value for topic, value in (*outputs, *replay.end()) if topic == "segment-updates"]
    states = [state for state in replay.customers() if state.features]
    model = replay.models["segments"]
    assert isinstance(model, SegmentModel)
    raw = np.array([[getattr(state.features, f) for f in model.features] for state in states])
    return End(model, {s.customer_id: s.segment for s in states}, raw, updates)


@pytest.mark.parametrize("partitions", COUNTS)
def test_every_customer_is_in_the_segment_that_one_partition_gives(partitions: int) -> None:
    one, other = replayed(1), replayed(partitions)
    assert one.segment_of.keys() == other.segment_of.keys()
    assert len(one.segment_of) > 0.9 * CUSTOMERS
    nearest = [Assigner(end.model).nearest(end.raw) for end in (one, other)]
    assert adjusted_rand_score(*nearest) >= 0.99
    assert len(other.updates) > len(other.segment_of)


def test_updates_are_the_same_byte_for_byte_however_the_events_were_cut() -> None:
    one, other = (replayed(4, EVENTS // 3, cut) for cut in (2_000, 137))
    assert one.model == other.model
    assert one.updates == other.updates


@pytest.mark.parametrize("partitions", COUNTS)
def test_the_error_is_that_of_a_batch_fit_over_everybody(partitions: int) -> None:
    end = replayed(partitions)
    assigner = Assigner(end.model)
    inside = assigner.nearest(end.raw) < len(end.model.segments)
    vectors = assigner.standardise(end.raw[inside])
    batch = KMeans(len(end.model.segments), n_init=20, random_state=0).fit(vectors)
    centres = np.array(end.model.centroids)
    squared = ((vectors[:, None, :] - centres[None]) ** 2).sum(axis=2).min(axis=1)
    assert squared.sum() / batch.inertia_ <= 1.01


@pytest.mark.parametrize("partitions", COUNTS)
def test_no_segment_has_two_ids(partitions: int) -> None:
    end = replayed(partitions)
    ids = end.model.segment_ids
    assert len(ids) == len(set(ids))
    found: Counter[Any] = Counter(end.segment_of.values())
    assert set(found) - {QUARANTINE} <= set(ids)
    for card in end.model.segments:
        # as many as the card says, but for those that hysteresis holds back
        assert found[card.segment_id] == pytest.approx(card.size, abs=0.03 * CUSTOMERS)
