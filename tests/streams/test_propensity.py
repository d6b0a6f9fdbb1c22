"""Who answers mailings, through partitions: live, restarted, replayed and merged alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from agents.customers import customers
from agents.propensity import propensity
from domain.policy import Policy
from domain.propensity.portfolio import MailingPortfolio
from domain.propensity.summary import Snapshot
from schemas.codec import Bad, encode
from schemas.deadletter import Original
from schemas.figures.published import example
from schemas.propensity import PropensityModel
from schemas.topics import PARTITION_SUMMARIES
from streams.engine.checkpoint import CHECKPOINT_KEY, load_checkpoint
from streams.engine.partition import Partition
from streams.engine.placing import partition_of
from streams.engine.store import MemoryStore
from streams.replay.events import Replay
from streams.replay.results import Offline
from streams.reports.form.document import Table
from streams.reports.relationship.answers import answers
from streams.worker.propensity_gauges import propensity_gauges
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events
from tests.streams.test_merges import Net, merged, of

DAYS = 30
END = START + (DAYS + 9) * DAY
PARTITIONS = 3
FEW = Policy.model_validate(
    {"propensity": {"least_examples": 500, "least_each": 50}, "segments": {"enabled": False}}
)


@cache
def lines() -> tuple[bytes, ...]:
    """Purchases, surveys and mailings of 150 customers; those of the first third like to answer."""
    draw, made = Random(7), list[dict[str, Any]]()

    def event(at: int, customer: int, kind: str, **more: Any) -> None:
        made.append({"at": at, "customer_id": f"c-{customer}", "type": kind} | more)

    for day in range(DAYS):
        for customer in range(150):
            at = day * DAY + draw.randrange(DAY - HOUR)
            if draw.random() < 0.2:
                event(
                    at, customer, "transaction", channel="app", account_id="a", currency="CNY",
                    amount=10.0, direction="debit", category="shop",
                )  # fmt: skip
            if draw.random() < 0.25:
                channel = draw.choice(("sms", "email"))
                about: dict[str, Any] = {"channel": channel, "campaign_id": f"m-{day}"}
                event(at + MINUTE, customer, "campaign", action="sent", **about)
                if draw.random() < (0.5 if customer < 50 else 0.1):
                    later = at + 2 * MINUTE + draw.randrange(3 * DAY)
                    event(later, customer, "campaign", action="clicked", **about)
    for hour in range(DAYS * 24, (DAYS + 9) * 24):  # somebody is always there: every clock goes on
        event(hour * HOUR, draw.randrange(150), "app_click", channel="app", action="tab_switch")
    made.sort(key=lambda each: each["at"])
    return tuple(
        json.dumps({
            "event_id": f"e-{n}",
            "occurred_at": datetime.fromtimestamp((START + one.pop("at")) / 1000, UTC).isoformat(),
        } | one).encode()
        for n, one in enumerate(made)
    )  # fmt: skip


@cache
def replayed() -> tuple[PropensityModel, dict[str, Any]]:
    """The model and the customers of a replay."""
    replay = Replay(customers(FEW), PARTITIONS, [propensity(FEW)])
    for _ in (*replay.feed(lines()), *replay.until(END)):
        pass
    model = replay.models["propensity"]
    assert isinstance(model, PropensityModel)
    return model, customers_of(replay)


def customers_of(run: Offline[Any, Any, Any]) -> dict[str, Any]:
    return {one.customer_id: one.mailings for one in run.customers()}


class Live:
    """Partitions that each go their own pace, tell when they do, and may be restarted, as the one
    that makes the model may."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.topology = customers(FEW)
        self.stores = [MemoryStore() for _ in range(PARTITIONS)]
        self.parts = [self._opened(number) for number in range(PARTITIONS)]
        self.making = propensity(FEW)
        self.fitter = self.making.fitter(None)
        self.told: dict[int, Snapshot] = {}
        self.model: PropensityModel | None = None

    def _opened(self, number: int) -> Partition[Any, Any, Any]:
        store = self.stores[number]
        saved = store.get(CHECKPOINT_KEY)
        checkpoint = None if saved is None else load_checkpoint(saved)
        return Partition(self.topology, number, store, checkpoint, clock="event")

    def run(self) -> None:
        for batch in self._batches():
            order = [n for n in range(PARTITIONS) if batch[n]]
            self.draw.shuffle(order)
            for number in order:
                for item in batch[number]:
                    self.parts[number].apply(item, END)
                self._commit(number)
                if self.draw.random() < 0.9:
                    self.summarise(number)
                if self.draw.random() < 0.05:
                    self.restart(number)
            if self.draw.random() < 0.7:
                self.fit()
            if self.draw.random() < 0.05:
                self.fitter = self.making.fitter(self.model)
        for number, part in enumerate(self.parts):
            part.advance(END)
            self.summarise(number)
        self.fit()

    def restart(self, number: int) -> None:
        self._commit(number)
        self.parts[number] = self._opened(number)
        if self.model is not None:
            self.parts[number].adopt(self.model)

    def summarise(self, number: int) -> None:
        self.parts[number].summarise(PARTITIONS)
        self._commit(number)

    def fit(self) -> None:
        made = self.fitter.fit([self.told[n] for n in sorted(self.told)], 0)
        if made is None:
            return
        self.model = PropensityModel.model_validate_json(encode(made.record))
        for part in self.parts:
            assert part.adopt(self.model) is None

    def _commit(self, number: int) -> None:
        for sent in self.parts[number].drain().outputs:
            if sent.topic == PARTITION_SUMMARIES and sent.kind == "propensity":
                self.told[number] = self.making.load_summary(sent.value or b"")

    def _batches(self) -> Iterator[list[list[Any]]]:
        """What each partition has of each span of a few hours."""
        batch: list[list[Any]] = [[] for _ in range(PARTITIONS)]
        until = START
        for n, (line, event) in enumerate(
            zip(lines(), self.topology.decode(list(lines())), strict=True)
        ):
            assert not isinstance(event, Bad)
            key, at, topic = self.topology.identify(event)
            if at >= until:
                yield batch
                batch = [[] for _ in range(PARTITIONS)]
                until = at + self.draw.randrange(6) * HOUR
            number = partition_of(key.encode(), PARTITIONS)
            record = Original(topic, number, n, at, key.encode(), line)
            batch[number].append(self.parts[number].judge(event, topic, record))
        yield batch


NAMES = {"version", "propensity_id", "reason", "reason_args", "positions"}
"""What tells how many records there were, not what was learnt."""


@pytest.mark.parametrize("seed", range(2))
def test_live_with_restarts_learns_to_the_byte_what_a_replay_does(seed: int) -> None:
    live = Live(seed)
    live.run()
    model, figures = replayed()
    assert live.model is not None
    assert encode(live.model.model_copy(update={name: None for name in NAMES})) == encode(
        model.model_copy(update={name: None for name in NAMES})
    )
    theirs = {key: figures_.mailings for part in live.parts for key, figures_ in part.export()}
    assert theirs == figures
    for number, part in enumerate(live.parts):
        part.advance(END + HOUR)
        live.summarise(number)
        assert not part.context.propensity.examples.kept, "what was learnt leaves"


def test_every_mailing_is_learnt_once_and_who_likes_to_answer_is_told_so() -> None:
    model, figures = replayed()
    sent = sum(b'"sent"' in line for line in lines())
    assert (model.learnt, model.dropped) == (sent, 0)
    assert model.believed and model.auc is not None and model.auc > 0.6
    likely = sorted(figures, key=lambda name: -figures[name].probability)[:30]
    assert sum(int(name.removeprefix("c-")) < 50 for name in likely) > 25
    found = figures[likely[0]]
    assert found.answered / found.sent > 0.4 and found.waiting == 0
    assert len(found.probability_terms) == 3


def test_the_report_tells_how_good_the_model_is_and_who_is_likely_to_answer() -> None:
    model, figures = replayed()
    portfolio = MailingPortfolio()
    for name, found in figures.items():
        portfolio.add(replace(example(), customer_id=name, mailings=found))
    section = answers(portfolio.report(), model, FEW.propensity, lambda segment: segment)
    told = " ".join(section.sentences)
    assert f"AUC {model.auc:.3f}" in told and "0 dropped unlearnt" in told
    tables = {part.key: part for part in section.parts if isinstance(part, Table)}
    calibration = tables["calibration"].rows
    assert sum(int(row[1]) for row in calibration) == model.examples
    assert sum(int(row[4]) for row in calibration) == sum(one.sent > 0 for one in figures.values())
    likely = tables["likely_answers"].rows
    best = max(figures.values(), key=lambda one: one.probability)
    assert (likely[0][1], likely[0][2]) == (best.probability, best.probability_reason)
    assert answers(MailingPortfolio().report(), None, FEW.propensity, str).parts == ()


def test_the_gauges_are_those_of_the_model() -> None:
    model, _ = replayed()
    shown = {one.name: one.samples[0].value for one in propensity_gauges(model)}
    assert shown["touchline_propensity_auc_ratio"] == model.auc
    assert shown["touchline_propensity_calibration_error_ratio"] == model.calibration_error
    assert shown["touchline_propensity_examples"] == model.learnt
    assert shown["touchline_propensity_believed"] == 1


def test_a_click_under_another_id_of_the_person_is_an_answer() -> None:
    make, net = Events(), Net()
    for event in (
        of("ann", make.campaign(HOUR, "sent")),
        of("ben", make.campaign(2 * HOUR, "sent", campaign_id="other")),
        merged(make, 3 * HOUR, "ben", "ann"),
        of("ben", make.campaign(5 * HOUR, "clicked", campaign_id="other")),
    ):
        net.take(event)
        net.deliver_all()
    found = net.figures()["ann"]["mailings"]
    assert (found["sent"], found["answered"], found["waiting"]) == (2, 1, 2)
    net.advance(START + 20 * DAY)
    found = net.figures()["ann"]["mailings"]
    assert (found["sent"], found["answered"], found["waiting"]) == (2, 1, 0)
