"""What `touchline segments` says of customers and a model as they stand in a real Kafka."""

import csv
import doctest
import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaProducer
from typer.testing import CliRunner, Result

from agents.customers import customers
from agents.segments import segments
from domain.customer.recent import behaviour_vector
from domain.customer.state import CORE
from domain.policy import Policy
from domain.segmentation.assign import Assigner
from schemas.codec import encode
from schemas.fields import milliseconds
from schemas.segments import MODEL_KEY, QUARANTINE, SegmentCard, SegmentModel
from streams.cli import app
from streams.cluster.broker import LocalBroker
from streams.errors import NotWritten
from streams.queries.segments import NoSegment
from streams.replay.events import Replay
from streams.reports.segments import words
from streams.settings import KafkaSettings, Settings
from streams.sources.bank_case import END, BankCase
from streams.topics.ensure import ensure_topics
from tests.domain.figured import line_of
from tests.streams.running import PARTITIONS, CustomersPartition, environment

APP_ID = "segment-commands"
GONE, NEVER = "gone-1", "never-1"


class Case(NamedTuple):
    """The bank case as a worker would have left it in Kafka; `outlier` is in quarantine."""

    broker: LocalBroker
    model: SegmentModel
    state: dict[str, dict[str, Any]]
    outlier: str

    def members(self, segment: str) -> set[str]:
        """Who is in a segment by what `touchline state` would say."""
        return {who for who, state in self.state.items() if state["segment"] == segment}

    @property
    def largest(self) -> SegmentCard:
        return max(self.model.segments, key=lambda card: len(self.members(card.segment_id)))


def line(customer: str, at: datetime, kind: str, **fields: object) -> bytes:
    common = {"event_id": f"{customer}-1", "customer_id": customer, "channel": "app"}
    return json.dumps({**common, "occurred_at": at.isoformat(), "type": kind, **fields}).encode()


def records(case: BankCase) -> list[bytes]:
    """The bank case, one whose only click is 8 days old, one who never clicked."""
    return [
        line(GONE, END - timedelta(days=8), "app_click", action="tab_switch"),
        *(record.value for record in case.records()),
        line(NEVER, END - timedelta(seconds=1), "survey", instrument="nps", score=7),
    ]


@pytest.fixture(scope="module")
def case(module_broker: LocalBroker) -> Case:
    """State and model of a replay, put into the topics; behind the model a torn record."""
    settings = Settings(app_id=APP_ID, kafka=KafkaSettings(bootstrap=module_broker.bootstrap))
    ensure_topics(module_broker.bootstrap, APP_ID, PARTITIONS).raise_if_wrong()
    bank, policy = BankCase(), Policy()
    replay = Replay(customers(policy), PARTITIONS, (segments(policy),))
    list(replay.feed(records(bank)))
    list(replay.until(milliseconds(END)))
    made = replay.models["segments"]
    assert isinstance(made, SegmentModel)
    outlier = next(one for one, group in bank.group_of.items() if group == "lurkers")
    model = quarantined(outlier, made, list(replay.partitions.values()))
    state = {one.customer_id: line_of(one) for one in replay.customers()}
    older = model.model_copy(update={"version": model.version - 1, "segments": ()})
    producer = KafkaProducer(bootstrap_servers=module_broker.bootstrap, acks="all")
    for value in (encode(model), encode(older), b'{"version": 9999, "torn'):
        producer.send("segment-model", key=MODEL_KEY, value=value, partition=0)
    for partition in replay.partitions.values():
        for key, value in partition.store.items():
            producer.send(settings.changelog, key=key, value=value, partition=partition.number)
    producer.flush()
    producer.close()
    return Case(module_broker, model, state, outlier)


def quarantined(
    who: str, model: SegmentModel, partitions: list[CustomersPartition]
) -> SegmentModel:
    """Put a customer into quarantine as a worker would, by a model with such an outlier."""
    partition = next(one for one in partitions if one.state(who) is not None)
    customer = partition._state_of(who)
    customer.core.segment = QUARANTINE
    customer.touched |= CORE
    partition._dirty[who] = customer
    partition.drain()
    [centre] = Assigner(model).standardise([behaviour_vector(customer.core.window)]).tolist()
    outliers = (*model.outliers, tuple(centre))
    return model.model_copy(update={"outliers": outliers, "quarantined": model.quarantined + 1})


@pytest.fixture
def run(case: Case, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `touchline segments` in this process, against the case."""
    for name, value in environment(APP_ID, case.broker.bootstrap).items():
        if name.startswith("TOUCHLINE_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "120")
    return lambda *line: CliRunner().invoke(app, ["segments", *map(str, line)])


def json_of(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# -- the cards --------------------------------------------------------------------------


def test_the_newest_readable_model_is_shown_behind_an_older_and_a_torn_one(
    run: Callable[..., Result], case: Case
) -> None:
    assert json_of(run("--json")) == json.loads(encode(case.model))


def test_the_cards_say_who_is_in_a_segment_what_tells_it_apart_and_what_to_do(
    run: Callable[..., Result], case: Case
) -> None:
    shown = run().stdout
    for card in case.model.segments:
        row = next(line for line in shown.splitlines() if f" {card.segment_id} " in line)
        for wanted in (card.name.split()[0], f"{card.size:,}", f"{100 * card.share:.1f} %"):
            assert wanted in row
        assert card.strategy.split(":")[0][:20] in shown
    pushes = next(line for line in shown.splitlines() if line.startswith("│ push share "))
    for card in case.model.segments:
        assert f"{100 * card.centroid['push_share']:.1f} %" in pushes
    assert "far more " in shown
    assert f"model version {case.model.version} of 2026-01-1" in shown
    assert f"{case.model.quarantined} of them in quarantine" in shown


# -- audiences --------------------------------------------------------------------------


def test_an_audience_is_everyone_whose_committed_state_names_the_segment(
    run: Callable[..., Result], case: Case
) -> None:
    assert len(case.model.segments) >= 3
    for card in case.model.segments:
        result = run("export", card.segment_id)
        members = [json.loads(line) for line in result.stdout.splitlines()]
        wanted = case.members(card.segment_id)
        assert {one["customer_id"] for one in members} == wanted
        assert len(members) == len(wanted) > 0
        for one in members:
            state = case.state[one["customer_id"]]
            assert (one["segment"], one["segment_name"]) == (card.segment_id, card.name)
            assert one["features"] == state["features"]
            assert set(one["entered_with"]) == set(one["features"])
            assert one["as_of"] == "2026-01-12T00:00:00.000Z"
            assert one["last_click_at"] == state["newest_event_at"]
        assert f"{len(members)} customers in {card.segment_id} ({card.name})" in result.stderr


def test_an_audience_as_csv_says_the_same_as_json(
    run: Callable[..., Result], case: Case, tmp_path: Path
) -> None:
    segment = case.largest.segment_id
    as_json = [json.loads(line) for line in run("export", segment).stdout.splitlines()]
    out = tmp_path / "audience.csv"
    assert run("export", segment, "--format", "csv", "--out", out).stdout == ""
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == len(as_json) > 50
    for row, one in zip(rows, as_json, strict=True):
        assert row["customer_id"] == one["customer_id"]
        assert {name: float(row[name]) for name in one["features"]} == one["features"]
        entered = {name: float(row[f"entered_with_{name}"]) for name in one["entered_with"]}
        assert entered == one["entered_with"]
    assert list(tmp_path.iterdir()) == [out], "nothing half written stays"


def test_the_quarantined_are_an_audience_of_their_own_and_named_as_such(
    run: Callable[..., Result], case: Case
) -> None:
    result = run("export", QUARANTINE)
    members = [json.loads(line) for line in result.stdout.splitlines()]
    assert case.outlier in {one["customer_id"] for one in members} == case.members(QUARANTINE)
    assert {one["segment_name"] for one in members} == {QUARANTINE}
    assert f"{len(members)} customers in quarantine" in result.stderr


def test_an_unknown_segment_is_one_line_that_names_the_known_ones(
    run: Callable[..., Result], case: Case, tmp_path: Path
) -> None:
    out = tmp_path / "none.jsonl"
    result = run("export", "s0", "--out", out)
    [told] = str(result.exception).splitlines()
    assert isinstance(result.exception, NoSegment)
    for card in case.model.segments:
        assert f"{card.segment_id} ({card.name})" in told
    assert QUARANTINE in told
    assert not out.exists()


def test_a_file_that_cannot_be_written_is_one_line(
    run: Callable[..., Result], case: Case, tmp_path: Path
) -> None:
    result = run("export", case.largest.segment_id, "--out", tmp_path / "none" / "a.jsonl")
    assert isinstance(result.exception, NotWritten)
    assert "a.jsonl cannot be written: No such file or directory" in str(result.exception)


# -- explanations -----------------------------------------------------------------------


def test_an_explanation_has_the_figures_and_what_a_move_would_take(
    run: Callable[..., Result], case: Case
) -> None:
    model, card = case.model, case.largest
    customer = min(case.members(card.segment_id))
    told = json_of(run("explain", customer, "--json"))
    state = case.state[customer]
    assert (told["segment"], told["segment_name"]) == (card.segment_id, card.name)
    assert {one["feature"]: one["value"] for one in told["features"]} == state["features"]
    everyone = [
        state["features"]
        for who, state in case.state.items()
        if state["segment"] not in (None, QUARANTINE) or who == case.outlier
    ]
    for one in told["features"]:
        name = one["feature"]
        assert one["segment_average"] == pytest.approx(card.centroid[name])
        mean = sum(each[name] for each in everyone) / len(everyone)
        # who lies between two segments, or near an outlier, may be counted elsewhere
        assert one["all_average"] == pytest.approx(mean, rel=0.1)

    seen = dict(state["features"])
    [drawn] = model.drawn  # a share of few launches is drawn towards that of all
    launches = seen["app_launches"]
    pushes = seen["push_share"] * launches
    seen["push_share"] = (pushes + drawn.prior * drawn.mean) / (launches + drawn.prior)
    place = [
        ((math.log1p(seen[name]) if logged else seen[name]) - mean) / scale
        for name, logged, mean, scale in zip(
            model.features, model.logged, model.mean, model.scale, strict=True
        )
    ]
    assert [one["deviation"] for one in told["features"]] == pytest.approx(place)
    apart = {
        **dict(zip(model.segment_ids, (math.dist(place, c) for c in model.centroids), strict=True)),
        QUARANTINE: min(math.dist(place, centre) for centre in model.outliers),
    }
    assert {one["segment"]: one["distance"] for one in told["distances"]} == pytest.approx(apart)
    own = apart.pop(card.segment_id)
    other = min(apart, key=lambda one: apart[one])
    assert told["nearest_other"] == other
    assert told["moves_below"] == pytest.approx(0.9 * own)
    assert told["moves_at_once_below"] == pytest.approx(0.7 * own)
    assert (told["hold_hours"], told["moves_at"]) == (24.0, None)
    assert told["to_go"] == pytest.approx(apart[other] - 0.9 * own)


def test_an_explanation_for_people_has_strategy_and_averages(
    run: Callable[..., Result], case: Case
) -> None:
    card = case.largest
    customer = min(case.members(card.segment_id))
    shown = " ".join(run("explain", customer).stdout.split())
    assert f"{customer} is in {card.segment_id}, {card.name}" in shown
    for wanted in (
        card.strategy,
        "functions visited",
        "moves to",
        "nearer by more than 10 % for 24 hours",
    ):
        assert wanted in shown


def test_who_is_in_quarantine_is_told_so(run: Callable[..., Result], case: Case) -> None:
    shown = run("explain", case.outlier).stdout
    assert f"{case.outlier} is in quarantine" in shown
    assert "kept out of every audience" in shown


@pytest.mark.parametrize(
    ("customer", "wanted"),
    [
        (GONE, "no app click within 7 days, the last was at 2026-01-04T00:00:00.000Z"),
        (NEVER, "no app click within 7 days, there was none"),
    ],
)
def test_who_is_in_no_segment_is_told_why(
    run: Callable[..., Result], customer: str, wanted: str
) -> None:
    shown = run("explain", customer).stdout
    assert f"{customer} is in no segment" in shown
    assert wanted in shown


def test_an_unknown_customer_is_one_line(run: Callable[..., Result]) -> None:
    assert str(run("explain", "nobody").exception) == "no customer 'nobody' is known"


# -- without a model --------------------------------------------------------------------


def test_without_a_model_every_command_says_so(
    run: Callable[..., Result], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.engine.models.MODEL_PARTITION", 1)
    for line in ([], ["--json"], ["export", "s1"], ["explain", NEVER]):
        result = run(*line)
        assert result.exit_code == 1
        assert str(result.exception).startswith("there is no segment model yet")


def test_before_the_topics_are_made_it_says_what_to_do(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_APP_ID", "nobody-yet")
    assert "make the topics with `touchline topics`" in str(run().exception)


def test_the_words_are_those_of_their_examples() -> None:
    assert doctest.testmod(words) == (0, 5)


@pytest.mark.parametrize("line", [[], ["export"], ["explain"]])
def test_each_has_help_with_an_example(line: list[str]) -> None:
    shown = CliRunner().invoke(app, ["segments", *line, "--help"]).stdout
    assert "Example: touchline segments" in shown
