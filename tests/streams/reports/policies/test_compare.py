"""Two policies over the same events, against what two separate replays wrote."""

from __future__ import annotations

import io
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from agents.customers import customers
from agents.modellings import modellings
from domain.policy import Policy, load_policy
from schemas.topics import ALERTS, CUSTOMER_TRANSITIONS, SEGMENT_UPDATES
from streams.files.reading import numbered
from streams.replay.events import Replay, replay_file
from streams.reports.policies.compare import Comparison, as_dict, compare
from streams.sources.bank import Bank

pytestmark = pytest.mark.long

PARTITIONS = 3
LARGE = 50_000.0
SEGMENTS = "segments: {k: 3, restarts: 5}"  # a pinned K: to choose one takes long
OLD_TEXT = SEGMENTS
NEW_TEXT = f"""
{SEGMENTS}
tiers: {{key: 150000, vip: 250000}}
alerts: {{large_transaction: 50000, rules: {{vip_new: {{enabled: false}}}}}}
satisfaction: {{callback_hours: 2}}
"""


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Policy, Policy]:
    """The policy in force, and the one to be tried."""
    folder = tmp_path_factory.mktemp("policy")
    (folder / "old.yaml").write_text(OLD_TEXT)
    (folder / "new.yaml").write_text(NEW_TEXT)
    return load_policy(folder / "old.yaml"), load_policy(folder / "new.yaml")


@pytest.fixture(scope="module")
def events() -> bytes:
    """Nine days of a small bank."""
    records = islice(Bank(5, 120, vip_share=0.3).events(), 7_000)
    return b"".join(record.value + b"\n" for record in records)


@pytest.fixture(scope="module")
def found(events: bytes, policies: tuple[Policy, Policy]) -> Comparison:
    return compare(*policies, numbered(io.BytesIO(events)), partitions=PARTITIONS)


@pytest.fixture(scope="module")
def written(
    events: bytes, policies: tuple[Policy, Policy], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """What a replay under each policy writes."""
    folders = []
    for policy in policies:
        folder = tmp_path_factory.mktemp("replay")
        replay = Replay(customers(policy), PARTITIONS, modellings(policy))
        replay_file(replay, numbered(io.BytesIO(events)), folder)
        folders.append(folder)
    return folders[0], folders[1]


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


def test_alerts_that_come_and_go_are_those_of_separate_replays(
    found: Comparison, written: tuple[Path, Path]
) -> None:
    causes = [
        Counter((one["kind"], one["alert_id"]) for one in lines(folder, ALERTS))
        for folder in written
    ]
    goes, comes = causes[0] - causes[1], causes[1] - causes[0]
    both = causes[0] & causes[1]
    tallies = found.outputs[ALERTS]
    for kind in {kind for kind, _ in (*causes[0], *causes[1])}:
        expected = [
            sum(count for (name, _), count in side.items() if name == kind)
            for side in (goes, comes, both)
        ]
        one = tallies[kind]
        assert [one.only_old, one.only_new, one.both] == expected, kind
    assert tallies["vip_new"].only_old > 10
    assert tallies["vip_new"].only_new == 0


def test_a_lower_line_lets_those_alerts_come_that_lie_between(
    found: Comparison, events: bytes
) -> None:
    seen, between, above = set[str](), 0, 0
    for line in events.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("type") != "transaction" or event.get("event_id") in seen:
            continue
        seen.add(event["event_id"])
        amount = event.get("amount")
        if event.get("currency") == "CNY" and isinstance(amount, float | int):
            between += LARGE <= amount < 100_000
            above += amount >= 100_000
    tally = found.outputs[ALERTS]["large_transaction"]
    assert (tally.only_new, tally.both) == (between, above)
    assert between > 0
    assert "reaches the line of 50,000" in tally.examples_new[0].reason


def test_a_longer_promise_moves_what_is_broken_all_the_same(
    found: Comparison, written: tuple[Path, Path]
) -> None:
    due = [
        {
            one["alert_id"]: one["occurred_at"]
            for one in lines(folder, ALERTS)
            if one["kind"] == "promise_broken"
        }
        for folder in written
    ]
    moved = [at for at in due[0] if at in due[1] and due[0][at] != due[1][at]]
    tally = found.outputs[ALERTS]["promise_broken"]
    assert tally.moved == len(moved) > 0
    was, becomes = tally.examples_moved[0].differs["occurred_at"]
    assert was < becomes


def test_tiers_move_as_the_balances_and_lines_say(
    found: Comparison, written: tuple[Path, Path]
) -> None:
    tiers = [
        {one["customer_id"]: one["tier"] for one in lines(folder, "customers")}
        for folder in written
    ]
    expected = Counter(
        (tiers[0][one], tiers[1][one]) for one in tiers[0] if tiers[0][one] != tiers[1][one]
    )
    assert {(move.was, move.becomes): move.customers for move in found.classes["tier"]} == expected
    assert set(expected) == {("prospect", "key"), ("key", "vip")}
    assert found.customers == len(tiers[0]) == 120


def test_segments_stay_where_the_policy_of_segments_does(found: Comparison) -> None:
    assert found.classes["segment"] == []
    updates = found.outputs[SEGMENT_UPDATES]
    assert sum(one.both for one in updates.values()) > 100
    assert not any(one.only_old or one.only_new for one in updates.values())


def test_transitions_are_counted_by_where_they_lead(
    found: Comparison, written: tuple[Path, Path]
) -> None:
    for side, folder in enumerate(written):
        sent = Counter(
            f"{one['dimension']}: {one['to_state']}" for one in lines(folder, CUSTOMER_TRANSITIONS)
        )
        tallies = found.outputs[CUSTOMER_TRANSITIONS]
        assert sent == {
            kind: number
            for kind, one in tallies.items()
            if (number := one.both + (one.only_old, one.only_new)[side])
        }


def test_the_same_policy_twice_changes_nothing(
    events: bytes, policies: tuple[Policy, Policy]
) -> None:
    same = compare(
        policies[1], policies[1], numbered(io.BytesIO(events)), partitions=PARTITIONS, limit=3_000
    )
    assert not same.changed
    assert same.fields == []
    assert same.events <= 3_000


def test_the_fields_and_the_events_are_told(found: Comparison, events: bytes) -> None:
    assert {change.field for change in found.fields} == {
        "tiers.key", "tiers.vip", "satisfaction.callback_hours",
        "alerts.large_transaction", "alerts.rules.vip_new.enabled",
    }  # fmt: skip
    assert found.events == sum(bool(line.strip()) for line in events.splitlines())
    told = as_dict(found)
    assert json.loads(json.dumps(told)) == told
    assert told["changed"] is True
