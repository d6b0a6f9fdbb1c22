"""Campaigns over partitions: one answer whatever their number, through restarts, with expenses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from agents.customers import customers
from domain.campaigns.sums import CampaignBook
from domain.policy import Policy
from schemas.codec import Bad, encode
from schemas.deadletter import Original
from schemas.topics import DEAD_LETTERS, TOPIC_OF_TYPE
from schemas.touchpoints import Campaign, expenses_of
from streams.engine.checkpoint import Checkpoint
from streams.engine.partition import Opening
from streams.engine.store import MemoryStore
from streams.queries.campaigns import campaigns_of, lines_of, of_lines
from streams.replay.events import Replay
from streams.reports.campaigns.report import CampaignsReport
from streams.reports.report import About
from streams.sources.bank import Bank, Mix
from tests.domain.bank import DAY, HOUR, Events
from tests.streams.reports.bank import tables
from tests.streams.running import CustomersPartition
from tests.streams.test_merges import merged, of

POLICY = Policy.model_validate({"segments": {"enabled": False}})
TOPOLOGY = customers(POLICY)


def expense(make: Events, at: int, cost: float, campaign: str = "m-1") -> Campaign:
    sent = make.campaign(at, "sent", campaign_id=campaign, cost=cost)
    new = {**sent.model_dump(), "action": "expense", "customer_id": expenses_of(campaign)}
    return Campaign.model_validate(new)


class One:
    """A partition that may be closed and opened again."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.topology, self.store, self.offset = customers(policy), MemoryStore(), 0
        self.letters: list[dict[str, Any]] = []
        self.part: CustomersPartition = Opening(0, self.store, None, "event").of(self.topology)

    def take(self, *events: Any) -> One:
        for event in events:
            (decoded,) = self.topology.decode([encode(event)])
            assert not isinstance(decoded, Bad), decoded
            topic, key = TOPIC_OF_TYPE[event.type], event.customer_id.encode()
            record = Original(topic, 0, self.offset, 0, key, encode(event))
            self.offset += 1
            self.part.apply(self.part.judge(decoded, topic, record), 0)
            sent, self.part.outputs = self.part.outputs, []
            found = (json.loads(one.value or b"") for one in sent if one.topic == DEAD_LETTERS)
            self.letters += found
        return self

    def restart(self) -> None:
        self.part.drain()
        checkpoint = Checkpoint(clock=self.part.now, versions=self.part.versions)
        self.part = Opening(0, self.store, checkpoint, "event").of(self.topology)

    @property
    def book(self) -> CampaignBook:
        return self.part.context.campaigns


def test_expenses_count_once_and_are_of_no_customer() -> None:
    make = Events()
    twice = expense(make, HOUR, 900.0)
    one = One().take(make.campaign(0, "sent", cost=100.0), twice, twice)
    one.restart()
    one.take(twice, expense(make, 2 * HOUR, 500.0))
    sums = one.book.sums["m-1"]
    assert (sums.cost, sums.expenses) == (100_000_000, 1_400_000_000)
    one.part.advance(one.part.now + 60 * DAY)
    one.part.drain()
    assert [name for name, _ in one.part.export()] == ["alice"]
    assert sum(one.part.context.aggregates.customers) == 1
    assert one.letters == []


def test_many_expenses_are_kept_apart_from_repeats_through_pages() -> None:
    make = Events()
    papers = [expense(make, n * HOUR, 1.0) for n in range(40)]
    one = One().take(*papers)
    one.restart()
    one.take(*papers)
    assert one.book.sums["m-1"].expenses == 40_000_000


def test_nothing_but_expenses_comes_under_a_campaign() -> None:
    make = Events()
    key = expenses_of("m-1")
    one = One().take(
        expense(make, 0, 1.0),
        of(key, make.click(HOUR)),
        of(key, make.transaction(HOUR)),
        of(key, make.campaign(HOUR, "sent")),
        of(key, make.profile(HOUR, erase=True)),
        merged(make, HOUR, "alice", key),
        expense(make, 2 * HOUR, 1.0),
        expense(make, 2 * HOUR - 8 * DAY, 1.0),
    )
    reasons = [letter["reason"] for letter in one.letters]
    assert reasons == ["invalid"] * 4 + ["merge_refused", "too_late"]
    assert one.book.sums["m-1"].expenses == 2_000_000
    one.part.drain()
    assert list(one.part.export()) == []


def test_an_expense_names_its_campaign_as_its_key() -> None:
    make = Events()
    wrong = {**expense(make, 0, 1.0).model_dump(), "customer_id": "alice"}
    with pytest.raises(ValueError, match="customer_id: got alice; must be campaign:m-1"):
        Campaign.model_validate(wrong)
    with pytest.raises(ValueError, match="cost: missing; must be given"):
        Campaign.model_validate({**expense(make, 0, 1.0).model_dump(), "cost": None})


# -- partitions -----------------------------------------------------------------------------


def lines(records: int = 4_000) -> list[bytes]:
    """Events of a bank with many campaigns, and what these cost."""
    mix = Mix(app_click=0.1, transaction=0.3, survey=0.1, contact=0.05, campaign=0.45)
    bank = Bank(seed=5, customers=60, bad=0.0, mix=mix)
    found = [record.value for record in islice(bank.events(), records)]
    times = [json.loads(line)["occurred_at"] for line in found]
    for n in range(6):
        paper = {
            "event_id": f"x-{n}", "customer_id": f"campaign:spring-{n}", "channel": "other",
            "occurred_at": max(times), "type": "campaign", "campaign_id": f"spring-{n}",
            "action": "expense", "cost": 100.25 + n,
        }  # fmt: skip
        found.append(json.dumps(paper).encode())
    return found


def replayed(events: Iterable[bytes], partitions: int) -> Any:
    replay = Replay(TOPOLOGY, partitions)
    list(replay.feed(events))
    for partition in replay.partitions.values():
        partition.drain()
    return replay


@pytest.mark.long
@pytest.mark.parametrize("partitions", [2, 12])
def test_any_number_of_partitions_is_one_answer(partitions: int) -> None:
    events = lines()
    one, several = replayed(events, 1), replayed(events, partitions)
    books = [campaigns_of(replay.contexts()) for replay in (one, several)]
    assert books[0].sums == books[1].sums
    total = books[0].total()
    assert total.sent > 200 < total.answered + total.reminders
    assert total.expenses == round((6 * 100.25 + 15) * 1e6)
    told = []
    for replay, book in zip((one, several), books, strict=True):
        report = CampaignsReport(POLICY)
        for customer in replay.customers():
            report.add(customer)
        told.append(report.document(About("-", None, campaigns=book)))
    assert tables(told[0]) == tables(told[1])
    assert of_lines(lines_of(books[0])).sums == books[0].sums


@pytest.mark.long
def test_the_report_is_what_the_lines_say(tmp_path: Path) -> None:
    replay = replayed(lines(), 3)
    book = campaigns_of(replay.contexts())
    report = CampaignsReport(POLICY, "tier")
    people = replay.customers()
    for customer in people:
        report.add(customer)
    found = tables(report.document(About("-", None, campaigns=book)))
    rows = {row["campaign"]: row for row in found["campaigns"]}
    assert len(rows) == 7
    for name in rows.keys() - {"all"}:
        met = [(one, one.campaigns[name]) for one in people if name in one.campaigns]
        sent = [each for each in met if each[1].sent_at]
        answered = [each for _, each in sent if each.clicked_at or each.converted_at]
        assert rows[name]["sent"] == len(sent)
        assert rows[name]["converted"] == sum(each.converted_at is not None for _, each in met)
        assert rows[name]["response"] == pytest.approx(len(answered) / len(sent))
        by_tier = [row for row in found["by_tier"] if row["campaign"] == name]
        assert sum(row["sent"] for row in by_tier) == len(sent)
        assert sum(row["of_converted"] or 0 for row in by_tier) == pytest.approx(1.0)
        for row in by_tier:
            assert row["sent"] == sum(one.tier == row["tier"] for one, _ in sent)
        steps = [row for row in found["campaign_funnel"] if row["campaign"] == name]
        assert [row["step"] for row in steps][-2:] == ["loyal", "lost"]
        assert steps[0]["reached"] == len(sent)
    money = {row["campaign"]: row for row in found["campaign_money"]}
    for name, row in money.items():
        if name != "all":
            spent = sum(one.campaigns[name].cost for one in people if name in one.campaigns)
            assert row["cost"] == pytest.approx(spent)
            assert row["expenses"] == 100.25 + int(name[-1])
        assert row["roi"] == pytest.approx((row["revenue"] - row["spent"]) / row["spent"])


@pytest.mark.long
def test_restarts_change_nothing() -> None:
    make = Events()
    steps = ("sent", "clicked", "converted", "opened")
    events: list[Any] = []
    for n in range(60):
        named = f"m-{n % 7}"
        events.append(make.campaign(n * HOUR, steps[n % 4], campaign_id=named, cost=0.1))
        events.append(make.transaction(n * HOUR + 1, amount=3.0))
    few = Policy.model_validate({"campaigns": {"kept": 4, "kept_per_customer": 3}})
    steady, restarted = One(few).take(*events), One(few)
    for event in events:
        restarted.take(event)
        restarted.restart()
    assert restarted.book.sums == steady.book.sums
    assert len(steady.book.campaigns()) == 4
    steady.restart()
    assert dict(steady.store.items()).keys() == dict(restarted.store.items()).keys()
    own = {key: value for key, value in steady.store.items() if b"campaigns/" in key}
    assert own == {key: value for key, value in restarted.store.items() if b"campaigns/" in key}
