"""Outputs: times, ids and keys as consumers read them; dead letters that give back their record."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.codec import MAX_RECORD_BYTES, REASONS, Bad, encode
from schemas.deadletter import LARGEST_KEPT_BYTES, Original, dead_letter, original
from schemas.examples import OUTPUT_EXAMPLES
from schemas.jsonschema import OUTPUT_MODELS
from schemas.outputs import output_id
from schemas.published import Alert, AlertState, CustomerTransition, DeadLetter, Published, Reason
from schemas.topics import OUTPUT_TOPICS, PORTFOLIO

ALERT = OUTPUT_EXAMPLES["Alert"][0]
BAD = Bad("invalid", "amount: got -5; must be greater than 0")
REQUEST_LIMIT_BYTES = 1_048_576

records = st.builds(
    Original,
    topic=st.sampled_from(["touchpoints.app", "touchpoints.desk"]),
    partition=st.integers(0, 999),
    offset=st.integers(0, 2**62),
    timestamp=st.integers(-1, 2**62),
    key=st.none() | st.binary(max_size=80) | st.text(max_size=64).map(str.encode),
    value=st.none() | st.binary(max_size=300),
    headers=st.lists(
        st.tuples(st.text(max_size=9), st.none() | st.binary(max_size=20)), max_size=3
    ).map(tuple),
)


def record(value: bytes, key: bytes = b"c-1", headers: int = 0) -> Original:
    return Original("touchpoints.app", 3, 77, 1_000, key, value, (("h", b"x" * headers),))


@pytest.mark.parametrize("model", OUTPUT_MODELS, ids=lambda model: model.__name__)
def test_each_output_example_reads_and_writes_the_same(model: type[Published]) -> None:
    for example in OUTPUT_EXAMPLES[model.__name__]:
        read = model.model_validate_json(json.dumps(example))
        assert json.loads(encode(read)) == {**example, **_defaults(read, example)}
        assert read.topic in OUTPUT_TOPICS
        assert read.output_id == example[model.id_field]
        key = example.get("alert_id" if model is AlertState else "customer_id")
        assert read.key == str(key).encode() or "customer_id" not in example


def _defaults(read: Published, example: dict[str, object]) -> dict[str, object]:
    """The empty or false fields that `encode` writes though the example leaves them out."""
    written = json.loads(encode(read))
    return {name: written[name] for name in written if name not in example and not written[name]}


def test_every_output_topic_has_one_record_form_but_that_of_records_over_all_customers() -> None:
    alone = [model for model in OUTPUT_MODELS if model.topic != PORTFOLIO]
    assert len({model.topic for model in alone}) == len(alone)
    shared = [model for model in OUTPUT_MODELS if model.topic == PORTFOLIO]
    keys = {
        model.model_validate_json(json.dumps(OUTPUT_EXAMPLES[model.__name__][0])).key
        for model in shared
    }
    assert len(keys) == len(shared) >= 2


@pytest.mark.parametrize(
    "given_time",
    [
        1_769_823_000_007,
        datetime(2026, 1, 31, 1, 30, 0, 7_999, tzinfo=UTC),
        datetime(2026, 1, 31, 9, 30, 0, 7_999, tzinfo=timezone(timedelta(hours=8))),
        "2026-01-31T01:30:00.007Z",
    ],
)
def test_a_time_is_written_in_utc_with_milliseconds(given_time: object) -> None:
    alert = Alert.model_validate({**ALERT, "occurred_at": given_time})
    assert json.loads(encode(alert))["occurred_at"] == "2026-01-31T01:30:00.007Z"


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 32_503_679_999_999))
def test_milliseconds_come_back_from_what_is_written(at: int) -> None:
    alert = Alert.model_validate({**ALERT, "occurred_at": at})
    read = Alert.model_validate_json(encode(alert))
    assert read.occurred_at == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)


@pytest.mark.parametrize("wrong", [datetime(2026, 1, 31), "2026-01-31", True, 1.5, None])
def test_a_time_without_offset_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Alert.model_validate({**ALERT, "occurred_at": wrong})


def test_fields_that_are_none_are_not_written() -> None:
    transition = CustomerTransition(
        transition_id="t", customer_id="c", occurred_at=0, dimension="tier",  # type: ignore[arg-type]
        to_state="vip", reason="balance reached 300,000",
    )  # fmt: skip
    assert json.loads(encode(transition)) == {
        "transition_id": "t",
        "customer_id": "c",
        "occurred_at": "1970-01-01T00:00:00.000Z",
        "dimension": "tier",
        "to_state": "vip",
        "reason": "balance reached 300,000",
        "late": False,
        "cause": [],
    }


def test_an_output_id_depends_on_its_parts_alone() -> None:
    assert output_id("vip_new", "c-1", 7) == output_id("vip_new", "c-1", 7)
    parts = [("a", "b"), ("ab", ""), ("", "ab"), ("a", "b", ""), ("b", "a"), ("a",)]
    assert len({output_id(*some) for some in parts}) == len(parts)


@given(*[st.lists(st.text(alphabet="12:/\x1fa", max_size=6), max_size=4)] * 2)
def test_no_two_lists_of_parts_share_an_id(one: list[str], other: list[str]) -> None:
    assert (output_id(*one) == output_id(*other)) == (one == other)


def test_the_reasons_of_dead_letters_are_those_of_the_codec() -> None:
    assert get_args(Reason) == REASONS


@settings(max_examples=300, deadline=None)
@given(records)
def test_a_dead_letter_gives_back_the_record_as_it_came(came: Original) -> None:
    letter = DeadLetter.model_validate_json(encode(dead_letter(came, BAD)))
    assert original(letter) == came
    assert letter.dead_letter_id == f"{came.topic}-{came.partition}-{came.offset}"
    assert Bad(letter.reason, letter.detail) == BAD
    assert letter.key == came.key
    assert encode(dead_letter(came, BAD)) == encode(letter)


@pytest.mark.parametrize(
    ("key", "customer"),
    [
        (b"c-1", "c-1"),
        ("客户".encode(), "客户"),
        (None, None),
        (b"", None),
        (b"\xff", None),
        (b"a\n", None),
        (b"a\x00", None),
        (b"k" * 65, None),
    ],
)
def test_a_dead_letter_names_the_customer_where_the_key_can_be_one(
    key: bytes | None, customer: str | None
) -> None:
    came = Original("touchpoints.app", 0, 0, 5, key, b"{}")
    assert dead_letter(came, BAD).customer_id == customer


def test_the_largest_allowed_record_is_kept_whole() -> None:
    came = record(b"v" * MAX_RECORD_BYTES, headers=20_000)
    letter = dead_letter(came, BAD)
    assert letter.truncated is None
    assert original(letter) == came
    assert len(encode(letter)) < REQUEST_LIMIT_BYTES


def test_a_larger_record_becomes_digest_head_and_position() -> None:
    value = bytes(range(256)) * 8_192
    came = record(value)
    letter = dead_letter(came, Bad("too_large", "2 MiB"))
    kept = letter.truncated
    assert kept is not None
    assert kept.sha256 == hashlib.sha256(value).hexdigest()
    assert (kept.size, kept.key_size, kept.headers_size) == (2_097_152, 3, 1)
    assert letter.value is None
    assert letter.key == b"c-1"
    assert original(letter) is None
    assert (letter.source_topic, letter.partition, letter.offset) == ("touchpoints.app", 3, 77)
    assert len(encode(letter)) < 3_000


@pytest.mark.parametrize("part", ["key", "headers"])
def test_a_large_key_or_header_is_left_out_too(part: str) -> None:
    size = LARGEST_KEPT_BYTES
    came = record(b"v", key=b"k" * size) if part == "key" else record(b"v", headers=size)
    letter = dead_letter(came, BAD)
    kept = letter.truncated
    assert kept is not None
    assert kept.size == 1
    assert kept.key_size + kept.headers_size > size
    assert (letter.key is None) == (part == "key")
    assert (letter.headers == ()) == (part == "headers")
    assert len(encode(letter)) < 3_000


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("priority", 0),
        ("priority", 6),
        ("tier", "gold"),
        ("reason", ""),
        ("reason", "x" * 1_001),
        ("cause", ["e"] * 33),
        ("level", 0),
        ("overdue_seconds", -1),
        ("figures", {"balance": float("nan")}),
        ("customer_id", "a\nb"),
        ("mood", "good"),
    ],
)
def test_a_wrong_alert_is_refused_by_name(field: str, wrong: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Alert.model_validate({**ALERT, field: wrong})
    assert caught.value.errors()[0]["loc"][0] == field
