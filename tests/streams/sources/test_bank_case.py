"""The bank case as events: sizes, window and push share counted anew from the lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from schemas.codec import Bad, decode
from streams.sources import SourceError
from streams.sources.bank_case import END, SPARE_MS, BankCase

pytestmark = pytest.mark.long

SEEDS = (1, 2, 3, 7, 11)
WEEK = timedelta(days=7)


def parsed(case: BankCase) -> list[dict[str, Any]]:
    return [json.loads(line) for line in case.lines()]


def counted(case: BankCase) -> dict[str, Counter[str]]:
    """Clicks of each customer by action, launches by action and source."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for event in parsed(case):
        counts[event["customer_id"]][event["action"] + event.get("source", "")] += 1
    return counts


def vectors(case: BankCase) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Customers and their 8 features in the order of the domain reference, by plain counting."""
    rows = {}
    for customer, n in counted(case).items():
        launches = n["launchpush"] + n["launchicon"]
        rows[customer] = [
            n.total() - n["error"], launches, n["account_message"],
            n["launchpush"] / launches if launches else 0.0, n["tab_switch"],
            n["function_visit"], n["news_message"], n["news_view"],
        ]  # fmt: skip
    return list(rows), np.array(list(rows.values()), dtype=float)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hundred_customers_in_groups_of_5_82_and_13(seed: int) -> None:
    case = BankCase(seed)
    assert len(counted(case)) == 100
    assert Counter(case.group_of.values()) == {"notification_only": 5, "lurkers": 82, "quality": 13}
    assert set(counted(case)) == set(case.group_of)


@pytest.mark.parametrize("seed", SEEDS)
def test_638_of_1000_launches_of_the_lurkers_come_from_a_push(seed: int) -> None:
    case = BankCase(seed)
    pushed = launches = 0
    for customer, n in counted(case).items():
        if case.group_of[customer] == "lurkers":
            pushed += n["launchpush"]
            launches += n["launchpush"] + n["launchicon"]
    assert round(100 * pushed / launches, 1) == 63.8


@pytest.mark.parametrize("seed", SEEDS)
def test_three_is_the_best_number_of_segments_and_finds_the_groups(seed: int) -> None:
    case = BankCase(seed)
    customers, raw = vectors(case)
    logged = np.log1p(raw)
    logged[:, 3] = raw[:, 3]
    standard = (logged - logged.mean(axis=0)) / logged.std(axis=0)
    labels = {k: KMeans(k, n_init=10, random_state=0).fit_predict(standard) for k in range(2, 11)}
    scores = {k: silhouette_score(standard, found) for k, found in labels.items()}
    best = scores.pop(3)
    assert best - max(scores.values()) >= 0.02
    pairs = {(case.group_of[who], label) for who, label in zip(customers, labels[3], strict=True)}
    assert len(pairs) == 3


@pytest.mark.parametrize("end", [END, datetime(2026, 7, 1, 13, 45, 12, tzinfo=UTC)])
def test_the_seven_days_before_the_end_hold_every_event_in_order_of_time(end: datetime) -> None:
    times = [datetime.fromisoformat(event["occurred_at"]) for event in parsed(BankCase(5, end))]
    assert all(before <= after for before, after in pairwise(times))
    assert end - WEEK + timedelta(milliseconds=SPARE_MS) <= times[0]
    assert times[-1] <= end
    assert times[-1] - times[0] > timedelta(days=6)


def test_every_event_is_valid_and_has_an_id_of_its_own() -> None:
    records = list(BankCase(4).records())
    events = [decode(record.value) for record in records]
    assert not [event for event in events if isinstance(event, Bad)]
    assert {record.topic for record in records} == {"touchpoints.app"}
    customers = [event["customer_id"] for event in parsed(BankCase(4))]
    assert [record.key for record in records] == [customer.encode() for customer in customers]
    ids = [event["event_id"] for event in parsed(BankCase(4))]
    assert len(set(ids)) == len(ids)


def test_same_seed_and_end_same_bytes_and_no_id_in_common_otherwise() -> None:
    case = BankCase(1)
    assert list(case.lines()) == list(case.lines()) == list(BankCase(1).lines())
    ids = [
        {event["event_id"] for event in parsed(other)}
        for other in (case, BankCase(2), BankCase(1, END + timedelta(hours=1)))
    ]
    assert not (ids[0] & ids[1] or ids[0] & ids[2] or ids[1] & ids[2])


def test_customers_of_a_group_differ() -> None:
    case = BankCase(1)
    customers, raw = vectors(case)
    lurkers = raw[[case.group_of[customer] == "lurkers" for customer in customers]]
    assert len(np.unique(lurkers, axis=0)) > 75


def test_an_end_without_offset_is_refused() -> None:
    with pytest.raises(SourceError, match="needs an offset"):
        BankCase(1, datetime(2026, 1, 1))


def test_the_command_writes_the_lines_of_seed_and_end() -> None:
    command = [sys.executable, "-m", "streams.cli", "import", "bank-case"]
    command += ["--seed", "3", "--end", "2026-02-01"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    end = datetime(2026, 2, 1, tzinfo=UTC)
    assert done.stdout == b"".join(BankCase(3, end).lines())
    assert b"100 customers" in done.stderr
