"""The codec on any bytes: it never raises, and what it refuses it explains."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from schemas.cases import TouchpointBase
from schemas.codec import (
    MAX_RECORD_BYTES,
    REASONS,
    Bad,
    at_ms,
    decode,
    decode_many,
    encode,
    misplaced,
)
from schemas.examples import EXAMPLES
from schemas.quick import QuickClick, QuickTransaction, quick
from schemas.touchpoints import Feedback, Profile, Transaction

EVENTS = [event for events in EXAMPLES.values() for event in events]
LINES = [json.dumps(event).encode() for event in EVENTS]
TRANSACTION = EXAMPLES["transaction"][0]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def cut_bytes(draw: st.DrawFn) -> bytes:
    """A valid event with some of its bytes replaced, removed or doubled."""
    line = bytearray(draw(st.sampled_from(LINES)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(line)))
        end = min(len(line), start + draw(st.integers(0, 12)))
        line[start:end] = draw(st.binary(max_size=8)) or line[start:end] * 2
    return bytes(line)


@st.composite
def swapped_fields(draw: st.DrawFn) -> dict[str, Any]:
    """A valid event with some fields replaced, removed or added: still JSON."""
    event = dict(draw(st.sampled_from(EVENTS)))
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(event)) | st.text(max_size=8))
        if draw(st.booleans()):
            event[name] = draw(json_values | st.sampled_from(list(event.values())))
        else:
            event.pop(name, None)
    return event


def check(value: bytes | None) -> TouchpointBase | Bad:
    """Decode `value` and check what holds of every answer."""
    answer = decode(value)
    if isinstance(answer, Bad):
        assert answer.reason in REASONS
        assert 0 < len(answer.detail) <= 2_000
        assert "\n" not in answer.detail
        assert "\x00" not in answer.detail
        answer.detail.encode()
    else:
        assert decode(encode(answer)) == answer
    return answer


NASTY = [
    b"",
    b" ",
    b"null",
    b"1",
    b'"text"',
    b"[]",
    b"{}",
    b"[[]]",
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b"\x00",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"type":' * 300 + b"1" + b"}" * 300,
    b"9" * 10_000,
    b"-" + b"9" * 4_000,
    b"1e999999",
    b"NaN",
    b"-Infinity",
    b'{"type":null}',
    b'{"type":[]}',
    b'{"type":{}}',
    b'{"type":1e400}',
    b'{"type":"\\ud800"}',
    b'{"type":"app_click","type":"transaction"}',
    b'{"type":"transaction","amount":' + b"9" * 4_000 + b"}",
    b'{"type":"transaction","amount":' + b"9" * 5_000 + b"}",
    b'{"type":"desk","by":"\\u0000\\u2028"}',
    b'{"type":"app_click","' + b"k" * 200_000 + b'":1}',
    b'{"type":"' + b"k" * 200_000 + b'"}',
    b'{"type":"app_click",' + b",".join(b'"%d":1' % n for n in range(9_000)) + b"}",
    b'{"type":"app_click","attributes":[' + b"[]," * 60_000 + b"[]]}",
    LINES[0] + b"x",
    LINES[0][:-1],
    LINES[0] + LINES[1],
]


@pytest.mark.parametrize("value", NASTY, ids=lambda value: repr(value[:24]))
def test_nasty_bytes_are_refused_with_a_reason(value: bytes) -> None:
    assert isinstance(check(value), Bad)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_never_raise(value: bytes) -> None:
    assert isinstance(check(value), Bad)


@settings(max_examples=400, deadline=None)
@given(cut_bytes())
def test_cut_events_never_raise(value: bytes) -> None:
    check(value)


@settings(max_examples=400, deadline=None)
@given(swapped_fields())
@example({**TRANSACTION, "amount": 10**400})
@example({**TRANSACTION, "amount": float("nan")})
@example({**TRANSACTION, "occurred_at": "2026-01-31T09:30:00+99:99"})
@example({**TRANSACTION, "attributes": {"\ud800": "x"}})
@example({**TRANSACTION, "customer_id": "\udfff"})
def test_events_with_swapped_fields_never_raise(event: dict[str, Any]) -> None:
    check(json.dumps(event).encode())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.sampled_from(LINES) | cut_bytes(), max_size=20))
def test_many_records_decode_as_each_alone(values: list[bytes | None]) -> None:
    for found, value in zip(decode_many(values), values, strict=True):
        alone = decode(value)
        if isinstance(found, QuickClick | QuickTransaction):  # see test_quick
            assert found == quick(value or b"")
            assert not isinstance(alone, Bad)
        else:
            assert found == alone


def test_nothing_and_too_much_are_told_apart_from_bad_json() -> None:
    fits = json.dumps({**EVENTS[0], "attributes": {}}).encode()
    padded = fits + b" " * (MAX_RECORD_BYTES - len(fits))
    assert len(padded) == MAX_RECORD_BYTES
    assert not isinstance(decode(padded), Bad)
    large = decode(padded + b" ")
    assert isinstance(large, Bad)
    assert large.reason == "too_large"
    assert "262145" in large.detail
    assert "262144" in large.detail
    for nothing in (None, b""):
        bad = decode(nothing)
        assert isinstance(bad, Bad)
        assert bad.reason == "empty"
    bad = decode(b"{")
    assert isinstance(bad, Bad)
    assert bad.reason == "not_json"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"amount": -5}, "amount: got -5; must be greater than 0"),
        (
            {"currency": "yuan"},
            'currency: got "yuan"; must have at most 3 characters',
        ),
        ({"currency": None}, "currency: got null; must be text, in quotes"),
        (
            {"currency": "cny"},
            'currency: got "cny"; must be three capital letters (ISO 4217), such as CNY',
        ),
        ({"direction": "in"}, "direction: got \"in\"; must be 'credit' or 'debit'"),
        (
            {"occurred_at": "2026-02-30T00:00:00Z"},
            'occurred_at: got "2026-02-30T00:00:00Z"; must be in the calendar'
            " (day is out of range for month)",
        ),
        (
            {"type": "transfer"},
            'type: got "transfer"; must be one of app_click, transaction, complaint, survey,'
            " service_contact, feedback, profile, campaign, care, desk",
        ),
        ({"amount": 0, "currency": 1, "direction": 2, "account_id": 3}, "; and 1 more"),
    ],
)
def test_a_refusal_says_the_field_what_was_got_and_what_must_hold(
    changes: dict[str, Any], detail: str
) -> None:
    bad = decode(json.dumps({**TRANSACTION, **changes}).encode())
    assert isinstance(bad, Bad)
    assert bad.detail.endswith(detail)


def test_a_rule_across_fields_names_the_field_that_decides() -> None:
    survey = {**EXAMPLES["survey"][1], "score": 11}
    bad = decode(json.dumps(survey).encode())
    assert bad == Bad("invalid", "score: got 11.0; must be from 0 to 10 where instrument is nps")


def test_what_was_got_is_shortened_to_100_characters() -> None:
    bad = decode(json.dumps({**TRANSACTION, "direction": "z" * 5_000}).encode())
    assert isinstance(bad, Bad)
    assert bad.detail.count("z") == 100


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="QXZ", min_size=24, max_size=2_500),
    swapped_fields(),
    st.sampled_from(["text", "Text", "comment", "attributes"]),
)
def test_feedback_text_is_never_in_a_refusal(
    secret: str, other: dict[str, Any], field: str
) -> None:
    assume(secret[:24] not in json.dumps(other))  # a channel, say, of the same letters is shown
    said: Any = {"k": [secret]} if field == "attributes" else secret
    for event in (
        {**EXAMPLES["feedback"][0], "factor": 1, field: said},
        {**other, "type": "feedback", "event_id": "", field: said},
        {**other, "type": "no such type", field: said},
        [secret],
        secret,
    ):
        bad = decode(json.dumps(event).encode())
        assert isinstance(bad, Bad)
        assert secret[:24] not in bad.detail
    cut = json.dumps({**EXAMPLES["feedback"][0], "text": secret}).encode()[:-1]
    bad = decode(cut)
    assert isinstance(bad, Bad)
    assert secret[:24] not in bad.detail


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["event_id"])
def test_encoding_keeps_the_event_and_drops_what_is_not_given(event: dict[str, Any]) -> None:
    decoded = decode(json.dumps(event).encode())
    assert not isinstance(decoded, Bad)
    written = encode(decoded)
    assert b", " not in written
    assert decode(written) == decoded
    fields = json.loads(written)
    given_fields = set(event)
    assert given_fields <= set(fields) <= given_fields | {"schema_version"}
    assert fields["event_id"] == event["event_id"]


def test_a_profile_keeps_the_nulls_it_was_given() -> None:
    value = {**EXAMPLES["profile"][1], "region": None}
    decoded = decode(json.dumps(value).encode())
    assert isinstance(decoded, Profile)
    assert json.loads(encode(decoded)) == {**value, "occurred_at": "2026-01-31T09:02:00.000+08:00"}


offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.datetimes(datetime(1971, 1, 2), datetime(2200, 12, 30), timezones=offsets)


@settings(max_examples=400, deadline=None)
@given(moments)
def test_milliseconds_are_exact_for_any_offset(moment: datetime) -> None:
    event = Transaction.model_validate({**TRANSACTION, "occurred_at": moment})
    read = decode(encode(event))
    assert isinstance(read, Transaction)
    assert read.occurred_at == moment
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert at_ms(read) == at_ms(event) == microseconds // 1_000


def test_a_known_time_has_known_milliseconds() -> None:
    line = json.dumps({**TRANSACTION, "occurred_at": "2001-09-09T03:46:40.1239+02:00"})
    event = decode(line.encode())
    assert isinstance(event, Transaction)
    assert at_ms(event) == 1_000_000_000_123


def test_a_misplaced_event_is_told_what_is_wrong() -> None:
    event = decode(LINES[0])
    assert isinstance(event, TouchpointBase)
    key = event.customer_id.encode()
    no_key = misplaced(event, "touchpoints.app", None)
    other_key = misplaced(event, "touchpoints.app", b"\xff" + b"k" * 9_000)
    other_topic = misplaced(event, "touchpoints.surveys", key)
    assert [bad.reason for bad in (no_key, other_key, other_topic)] == [
        "missing_key",
        "key_mismatch",
        "wrong_topic",
    ]
    assert len(other_key.detail) < 300
    assert '"c-000042"' in other_key.detail
    assert "touchpoints.app" in other_topic.detail
    with pytest.raises(AssertionError):
        misplaced(event, "touchpoints.app", key)


def test_free_text_may_hold_any_character() -> None:
    said = "line\nbreak \x00 \U0001f600 " + "客" * 100
    event = decode(json.dumps({**EXAMPLES["feedback"][0], "text": said}).encode())
    assert isinstance(event, Feedback)
    assert event.text == said
