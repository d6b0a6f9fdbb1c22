"""A real bank's year through Kafka: two workers, an independent calculation, and replay.

The calculation (`tests/streams/berka`) works on the bank's own files, all at once, with Polars; it
shares no code with the product.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cluster.broker import LocalBroker
from tests.streams.berka import told
from tests.streams.berka.batch import Batch, batch
from tests.streams.berka.files import DAY
from tests.streams.berka.live import Run, import_berka, run_live, run_replay
from tests.streams.berka.ranks import abc_of, classes, lines
from tests.streams.berka.told import BY_EVENTS, differing

PARTITIONS = 12
LAST_DAY = "1994-03-31"
BEGINNING = 8_000
"""So many transactions: up to August 1993."""


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
def replaying(events: Path) -> Iterator[Future[Run]]:
    """A replay of it that goes on while the workers wait for Kafka."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(run_replay, events, events.parent / "out", PARTITIONS)


@pytest.fixture(scope="module")
def live(events: Path, module_broker: LocalBroker, replaying: Future[Run], expected: Batch) -> Run:
    """What two workers made of it."""
    buyers = lines(expected.buyers)

    def drawn(standings: dict[str, Any]) -> bool:
        return standings["as_of_day"] == LAST_DAY and not told.off(standings, buyers)

    return run_live(module_broker, events, workers=2, partitions=PARTITIONS, drawn=drawn)


@pytest.fixture(scope="module")
def replayed(replaying: Future[Run]) -> Run:
    """What replay made of it."""
    return replaying.result()


def test_every_customer_moves_as_the_files_say(live: Run, expected: Batch) -> None:
    moves = told.moves(live)
    assert differing(moves, expected.moves) == {}
    counts: Counter[str] = Counter()
    for (_, dimension), found in moves.items():
        counts[dimension] += len(found)
    assert counts == {
        "tier": 2_898, "relationship": 6_792, "lifecycle_phase": 5_026, "relationship_stage": 707
    }  # fmt: skip


def test_every_alert_is_one_the_files_give_and_none_is_missing(live: Run, expected: Batch) -> None:
    alerts = told.alerts(live)
    assert differing(alerts, told.in_turn(expected.alerts.raised)) == {}
    assert Counter(each.kind for found in alerts.values() for each in found) == {
        "large_transaction": 1_685, "account_anomaly": 917, "vip_balance_drop": 669,
        "vip_new": 273, "vip_churn_risk": 6,
    }  # fmt: skip


def test_what_nobody_acknowledged_comes_again_after_10_and_20_minutes(live: Run) -> None:
    alerts, levels = told.told(live, "alerts", "alert_id"), defaultdict(list)
    for one in alerts:
        if "raises_again" in one:
            levels[one["raises_again"]].append((one["level"], told.ms(one["occurred_at"])))
    end = max(told.ms(one["raised_at"]) for one in alerts)
    first = [one for one in alerts if "raises_again" not in one]
    urgent = {one["alert_id"]: told.ms(one["raised_at"]) for one in first if one["priority"] == 1}
    assert levels.keys() <= urgent.keys()
    assert len(urgent) == 2
    for alert_id, at in urgent.items():
        if at < end - DAY:
            assert sorted(levels[alert_id]) == [(2, at + 600_000), (3, at + 1_200_000)]


def test_every_final_figure_is_that_of_the_files(live: Run, expected: Batch) -> None:
    assert len(live.customers) == len(expected.figures) == 5_369
    assert sum(one["transactions"] for one in live.customers) == 49_102
    figures = {one["customer_id"]: told.figures(one) for one in live.customers}
    wanted = {name: told.wanted_figures(expected, name) for name in expected.figures}
    assert {
        name: differing(figures[name], wanted[name]) for name in differing(figures, wanted)
    } == {}
    tiers = Counter(one["tier"] for one in live.customers)
    assert min(tiers[tier] for tier in ("standard", "prospect", "key", "vip")) > 20


def test_every_class_follows_from_the_lines_among_all_customers(
    live: Run, replayed: Run, expected: Batch
) -> None:
    rows = expected.buyers.select("customer", "recency", "frequency", "monetary").iter_rows()
    raw = {customer: tuple(figures) for customer, *figures in rows}
    for run in (live, replayed):
        standings = run.standings
        assert standings["as_of_day"] == LAST_DAY
        assert standings["relative_error"] == 0.01
        assert told.off(standings, lines(expected.buyers)) == {}
        bought = {one["customer_id"]: one for one in run.customers if one["value"]["purchases"]}
        assert differing({name: told.raw(one) for name, one in bought.items()}, raw) == {}
        wanted = classes(expected.buyers, standings)
        assert differing({name: told.classed(one) for name, one in bought.items()}, wanted) == {}
        for one in bought.values():
            above = round(one["value"]["clv"], 2) > standings["clv_above"]
            assert one["value"]["clv_class"] == ("most_valuable" if above else "migrator")
        totals = {**standings["abc_totals"], **standings["relation_totals"]}
        counts = Counter(name for *_, abc, relation in wanted.values() for name in (abc, relation))
        assert counts.keys() == totals.keys()
        for name, count in counts.items():
            assert abs(totals[name]["customers"] - count) <= 0.01 * len(bought), name


def test_who_is_lost_is_to_be_won_back_where_the_value_class_says_so(
    live: Run, replayed: Run, expected: Batch
) -> None:
    for run in (live, replayed):
        lost, tasks = told.losses(run), told.proposed(run, "win_back")
        assert len(lost) == 22
        due = {who for who, (is_due, _) in lost.items() if is_due}
        assert {(one["customer_id"], one["occurred_at"]) for one in tasks} == due
        assert all(is_due is (name in {"A", "B"}) for is_due, name in lost.values())
    # live, it is the class by the standings that the backlog had come to; in replay by the day's
    for (customer, at), (_, name) in told.losses(replayed).items():
        assert name in abc_of(customer, told.ms(at), expected.bought), (customer, at)


def test_replay_gives_byte_for_byte_what_two_workers_gave(live: Run, replayed: Run) -> None:
    assert len(live.customers) == len(replayed.customers)
    assert differing(told.states(live), told.states(replayed)) == {}
    for topic in BY_EVENTS:
        here, there = (told.of_events(run.by_customer(topic)) for run in (live, replayed))
        assert differing(here, there) == {}, topic
        assert len(live.outputs[topic]) == len(replayed.outputs[topic]), topic


def test_one_worker_of_one_partition_gives_the_very_files_of_replay(
    events: Path, tmp_path: Path, fresh_broker: LocalBroker
) -> None:
    beginning = tmp_path / "beginning.jsonl"
    beginning.write_text("".join(_beginning(events)))
    live = run_live(fresh_broker, beginning, workers=1, partitions=1)
    replayed = run_replay(beginning, tmp_path / "out", 1)
    assert differing(told.states(live), told.states(replayed)) == {}
    for topic in BY_EVENTS:
        here, there = (told.of_events({topic: run.outputs[topic]}) for run in (live, replayed))
        assert here == there, topic
    assert len(live.outputs["alerts"]) > 500


def _beginning(events: Path) -> list[str]:
    """The first transactions, and the profiles of those who made them."""
    with events.open() as file:
        read = [(msgspec.json.decode(line), line) for line in file]
    moves = [each for each in read if each[0]["type"] == "transaction"][:BEGINNING]
    who = {event["customer_id"] for event, _ in moves}
    profiles = (each for each in read if each[0]["type"] == "profile")
    known = [line for event, line in profiles if event["customer_id"] in who]
    return [*known, *(line for _, line in moves)]
