"""A real bank's year through Kafka: two workers, an independent calculation, and replay.

The calculation (`tests/streams/berka`) works on the bank's own files, all at once, with Polars; it
shares no code with the product.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cluster.broker import LocalBroker
from tests.streams.berka.alerts import Raised
from tests.streams.berka.batch import Batch, Moved, batch
from tests.streams.berka.files import DAY
from tests.streams.berka.live import OUTPUTS, Run, import_berka, run_live, run_replay

PARTITIONS = 12
BEGINNING = 8_000
"""So many transactions: up to August 1993."""
SIZE = {
    "large_transaction": "amount",
    "vip_balance_drop": "share",
    "account_anomaly": "deviations",
    "vip_churn_risk": "churn_risk",
}
"""The figure of an alert that made it one."""


@pytest.fixture(scope="module")
def events(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bank's year as a file of events."""
    made = tmp_path_factory.mktemp("berka") / "berka.jsonl"
    import_berka(shared / "data" / "berka", made)
    return made


@pytest.fixture(scope="module")
def expected(shared: Path) -> Batch:
    """What the files say."""
    return batch(shared / "data" / "berka", PARTITIONS)


@pytest.fixture(scope="module")
def live(events: Path, module_broker: LocalBroker) -> Run:
    """What two workers made of it."""
    return run_live(module_broker, events, workers=2, partitions=PARTITIONS)


@pytest.fixture(scope="module")
def replayed(events: Path) -> Run:
    """What replay made of it."""
    return run_replay(events, events.parent / "out", PARTITIONS)


def test_every_customer_moves_as_the_files_say(live: Run, expected: Batch) -> None:
    moves = defaultdict(list)
    for one in _told(live, "customer-transitions", "transition_id"):
        [cause] = one["cause"] or [None]
        move = Moved(one["from_state"], one["to_state"], _ms(one["occurred_at"]), cause)
        moves[one["customer_id"], one["dimension"]].append(move)
    assert _differing(moves, expected.moves) == {}
    counts = Counter({dimension: 0 for _, dimension in moves})
    for (_, dimension), found in moves.items():
        counts[dimension] += len(found)
    assert counts == {
        "tier": 2_898, "relationship": 6_792, "lifecycle_phase": 5_026, "relationship_stage": 707
    }  # fmt: skip


def test_every_alert_is_one_the_files_give_and_none_is_missing(live: Run, expected: Batch) -> None:
    alerts, raised = defaultdict(list), defaultdict(list)
    first, _ = _first_and_again(live)
    for one in first:
        kind, [cause] = one["kind"], one["cause"] or [None]
        size = one["figures"][SIZE[kind]] if kind in SIZE else None
        alert = Raised(one["customer_id"], kind, _ms(one["occurred_at"]), cause, one["tier"], size)
        alerts[alert.customer, kind].append(_rounded(alert))
    for each in expected.alerts.raised:
        raised[each.customer, each.kind].append(_rounded(each))
    assert _differing(alerts, raised) == {}
    assert Counter(each.kind for found in alerts.values() for each in found) == {
        "large_transaction": 1_685, "account_anomaly": 917, "vip_balance_drop": 669,
        "vip_new": 273, "vip_churn_risk": 2,
    }  # fmt: skip


def test_what_nobody_acknowledged_comes_again_after_10_and_20_minutes(live: Run) -> None:
    first, again = _first_and_again(live)
    levels = defaultdict(list)
    for one in again:
        levels[one["raises_again"]].append((one["level"], _ms(one["occurred_at"])))
    end = max(_ms(one["raised_at"]) for one in (*first, *again))
    urgent = {one["alert_id"]: _ms(one["raised_at"]) for one in first if one["priority"] == 1}
    assert levels.keys() <= urgent.keys()
    assert len(urgent) == 3
    for alert_id, at in urgent.items():
        if at < end - DAY:
            assert sorted(levels[alert_id]) == [(2, at + 600_000), (3, at + 1_200_000)]


def test_every_final_figure_is_that_of_the_files(live: Run, expected: Batch) -> None:
    assert len(live.customers) == len(expected.figures) == 5_369
    assert sum(one["transactions"] for one in live.customers) == 49_102
    wrong = {}
    for one in live.customers:
        name = one["customer_id"]
        got, wanted = _got(one), _wanted(expected, name)
        if got != wanted:
            wrong[name] = {key: (got[key], wanted[key]) for key in got if got[key] != wanted[key]}
    assert wrong == {}
    tiers = Counter(one["tier"] for one in live.customers)
    assert min(tiers[tier] for tier in ("standard", "prospect", "key", "vip")) > 20


def test_replay_gives_byte_for_byte_what_two_workers_gave(live: Run, replayed: Run) -> None:
    assert _by_id(live.customers).keys() == _by_id(replayed.customers).keys()
    assert _differing(_by_id(live.customers), _by_id(replayed.customers)) == {}
    for topic in OUTPUTS:
        assert _differing(live.by_customer(topic), replayed.by_customer(topic)) == {}, topic
        assert len(live.outputs[topic]) == len(replayed.outputs[topic]), topic


def test_one_worker_of_one_partition_gives_the_very_files_of_replay(
    events: Path, tmp_path: Path, fresh_broker: LocalBroker
) -> None:
    beginning = tmp_path / "beginning.jsonl"
    beginning.write_text("".join(_beginning(events)))
    live = run_live(fresh_broker, beginning, workers=1, partitions=1)
    replayed = run_replay(beginning, tmp_path / "out", 1)
    assert live.customers == replayed.customers
    for topic in OUTPUTS:
        assert live.outputs[topic] == replayed.outputs[topic], topic
    assert len(live.outputs["alerts"]) > 500


def _beginning(events: Path) -> list[str]:
    """The first transactions, and the profiles of those who made them."""
    lines = events.read_text().splitlines(keepends=True)
    read = [(msgspec.json.decode(line), line) for line in lines]
    moves = [each for each in read if each[0]["type"] == "transaction"][:BEGINNING]
    who = {event["customer_id"] for event, _ in moves}
    known = [
        line for event, line in read if event["type"] == "profile" and event["customer_id"] in who
    ]
    return [*known, *(line for _, line in moves)]


# -- what to compare ----------------------------------------------------------------------


def _told(run: Run, topic: str, id_field: str) -> list[dict[str, Any]]:
    """The outputs of a topic; none came twice."""
    told = [msgspec.json.decode(value) for value in run.outputs[topic]]
    assert len({one[id_field] for one in told}) == len(told)
    return told


def _differing(got: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> dict[Any, Any]:
    """The first few keys with another value, and what it is on either side."""
    keys = [key for key in {**got, **wanted} if got.get(key) != wanted.get(key)]
    return {key: (got.get(key), wanted.get(key)) for key in keys[:5]}


def _got(one: dict[str, Any]) -> dict[str, Any]:
    """A customer's figures as the product tells them, money in hundredths."""
    value, relation = one["value"], one["relationship"]
    last = value["last_purchase_at"]
    return {
        "events": one["events"],
        "transactions": one["transactions"],
        "moved": round(one["transaction_sum"] * 100),
        "moved_30_days": round(value["moved_30_days"] * 100),
        "balance": None if one["balance"] is None else round(one["balance"] * 100),
        "tier": one["tier"],
        "suppressed": one["suppressed_alerts"],
        "purchases": value["purchases"],
        "purchase_days": value["purchase_days"],
        "total": round(value["total"] * 100),
        "recency": value["days_since_purchase"],
        "frequency": value["purchases_365_days"],
        "monetary": round(value["total_365_days"] * 100),
        "last": None if last is None else _ms(last),
        "state": relation["state"],
        "phase": relation["lifecycle_phase"],
        "stage": relation["stage"],
        "lapse": None if relation["lapse_days"] is None else round(relation["lapse_days"] * DAY),
        "p_alive": _nine(relation["p_alive"]),
        "churn_risk": _nine(relation["churn_risk"]),
    }


def _wanted(expected: Batch, name: str) -> dict[str, Any]:
    """The same of the batch; whoever is not in one of its tables did nothing of the kind."""
    row = expected.figures[name]
    counted = ("transactions", "moved", "moved_30_days", "purchases", "purchase_days", "total")
    counts = {key: row[key] or 0 for key in (*counted, "frequency", "monetary")}
    plain = {
        key: row[key] for key in ("balance", "tier", "recency", "last", "lapse", "state", "phase")
    }
    return {
        **counts,
        **plain,
        "events": counts["transactions"] + 1,
        "suppressed": expected.alerts.suppressed[name],
        "stage": row["stage"] or "basic",
        "p_alive": _nine(row["p_alive"]),
        "churn_risk": _nine(row["churn_risk"]),
    }


def _first_and_again(run: Run) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The alerts as first raised, and those raised again."""
    told = _told(run, "alerts", "alert_id")
    first = [one for one in told if "raises_again" not in one]
    return first, [one for one in told if "raises_again" in one]


def _rounded(alert: Raised) -> Raised:
    return alert._replace(size=_nine(alert.size))


def _nine(value: float | None) -> float | None:
    """To nine decimals: the order of additions is not the same."""
    return None if value is None else round(value, 9)


def _by_id(customers: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["customer_id"]: one for one in customers}


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)
