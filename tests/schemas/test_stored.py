"""What is stored stays: numbers of names, keys, topics, records as commit 960bda6 wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from schemas import fields, topics
from schemas.codec import encode
from schemas.jsonschema import OUTPUT_MODELS
from schemas.outputs import output_id
from schemas.published import Published
from schemas.segments import MODEL_KEY, QUARANTINE
from schemas.standings import STANDINGS_KEY, Standings
from schemas.surges import SURGES_KEY

LINES = (Path(__file__).parent / "stored" / "outputs.tsv").read_bytes().splitlines()
RECORDS = [(name.decode(), value) for name, _, value in (line.partition(b"\t") for line in LINES)]
MODELS: dict[str, type[Published]] = {model.__name__: model for model in OUTPUT_MODELS}


@pytest.mark.parametrize(
    ("names", "first", "numbers"),
    [
        (
            fields.Channel,
            0,
            {
                "app": 0, "web": 1, "branch": 2, "call_centre": 3, "sms": 4, "email": 5,
                "wechat": 6, "atm": 7, "mail": 8, "other": 9, "sales": 10, "dealer": 11,
                "advertisement": 12, "event": 13, "reception": 14, "delivery": 15, "social": 16,
            },
        ),
        (
            fields.Factor,
            1,
            {
                "product": 1, "service": 2, "relationship": 3, "convenience": 4, "brand": 5,
                "price": 6,
            },
        ),
        (fields.Stage, 1, {"before": 1, "purchase": 2, "after": 3}),
        (fields.Tier, 0, {"standard": 0, "prospect": 1, "key": 2, "vip": 3, "private": 4}),
    ],
    ids=["channel", "factor", "stage", "tier"],
)  # fmt: skip
def test_a_name_keeps_the_number_that_state_holds_it_by(
    names: Any, first: int, numbers: dict[str, int]
) -> None:
    now = {name: number for number, name in enumerate(get_args(names), start=first)}
    assert {name: now.get(name) for name in numbers} == numbers
    assert min(set(now.values()) - set(numbers.values()), default=99) > max(numbers.values())


def test_there_are_no_more_channels_than_state_has_room_for() -> None:
    assert len(get_args(fields.Channel)) <= 70  # 10 before those of stages, 60 behind


@pytest.mark.parametrize(("name", "value"), RECORDS, ids=[name for name, _ in RECORDS])
def test_a_record_written_before_is_read_and_written_the_same(name: str, value: bytes) -> None:
    assert encode(MODELS[name].model_validate_json(value)) == value


def test_there_is_a_record_of_each_kind_of_output() -> None:
    assert {name for name, _ in RECORDS} >= {
        "Alert", "SegmentUpdate", "CareTask", "CustomerTransition", "Signal", "DeadLetter",
        "SegmentModel", "Standings", "Surges", "Referral",
    }  # fmt: skip


def test_the_lines_of_standings_lie_between_scores_that_ascend() -> None:
    [value] = [value for name, value in RECORDS if name == "Standings"]
    read = Standings.model_validate_json(value)
    for lines in (read.recency_days, read.frequency, read.monetary):
        assert len(lines) == 4
        assert sorted(lines) == list(lines)


def test_ids_keys_and_topics_are_those_of_records_that_lie_in_kafka() -> None:
    assert output_id("tier", "c-1", 3) == "c7db7cd1d4fab225648606f7e0c59cea"
    assert (MODEL_KEY, STANDINGS_KEY, SURGES_KEY) == (b"model", b"standings", b"surges")
    assert QUARANTINE == "quarantine"
    assert topics.SOURCE_TOPICS == (
        "touchpoints.app", "touchpoints.transactions", "touchpoints.complaints",
        "touchpoints.surveys", "touchpoints.service", "touchpoints.feedback",
        "touchpoints.profiles", "touchpoints.campaigns", "touchpoints.care", "touchpoints.desk",
        "referrals", "customer-moves",
    )  # fmt: skip
    assert set(topics.OUTPUT_TOPICS) >= {
        "alerts", "segment-updates", "care-tasks", "customer-transitions", "signals",
        "dead-letters", "partition-summaries", "segment-model", "referrals", "portfolio",
        "customer-moves",
    }  # fmt: skip
    assert topics.changelog_topic("touchline") == "touchline-customers-changelog"
