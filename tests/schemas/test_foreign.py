"""What is no event says what it is: numbers in quotes, and bytes that are no JSON."""

from __future__ import annotations

import doctest
import gzip
import json
import types
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import foreign
from schemas.codec import Bad, decode, decode_many
from schemas.examples import EXAMPLES
from schemas.touchpoints import MODEL_OF_TYPE

EVENT = {
    "event_id": "1", "customer_id": "c", "occurred_at": "2026-03-30T09:00:00Z", "channel": "app",
    "type": "transaction", "amount": 12.5, "currency": "CNY", "direction": "debit",
    "account_id": "a",
}  # fmt: skip


def kinds(annotation: Any) -> set[type]:
    """The plain types an annotation allows."""
    if get_origin(annotation) is Annotated:
        return kinds(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return {found for each in get_args(annotation) for found in kinds(each)}
    return {annotation} if isinstance(annotation, type) else set()


NUMBERS = [
    (kind, name, next(iter(found & {float, int, bool})))
    for kind, model in MODEL_OF_TYPE.items()
    for name, field in model.model_fields.items()
    if (found := kinds(field.annotation)) & {float, int, bool} and str not in found
]


def refused(value: bytes) -> Bad:
    """The one verdict of both decoders."""
    bad = decode(value)
    assert isinstance(bad, Bad)
    assert decode_many([value]) == [bad]
    return bad


@pytest.mark.parametrize(("kind", "name", "of"), NUMBERS)
def test_every_number_in_quotes_is_told_that_the_quotes_are_the_fault(
    kind: str, name: str, of: type
) -> None:
    text = "true" if of is bool else "3"
    must = {
        float: "a number without quotes, such as 12.5",
        int: "a whole number without quotes, such as 3",
        bool: "true or false without quotes",
    }[of]
    bad = refused(json.dumps(EXAMPLES[kind][0] | {name: text}).encode())
    assert bad == Bad("invalid", f'{name}: got "{text}"; must be {must}')


def test_there_are_such_fields_in_every_form() -> None:
    assert {of for _, _, of in NUMBERS} == {float, int, bool}
    assert {("transaction", "amount", float), ("complaint", "severity", int)} <= set(NUMBERS)


@pytest.mark.parametrize(
    ("amount", "detail"),
    [
        ("12.50", 'amount: got "12.50"; must be a number without quotes, such as 12.5'),
        ("12,50", 'amount: got "12,50"; must be a number without quotes, such as 12.5'),
        (True, "amount: got true; must be a valid number"),
        (None, "amount: got null; must be a valid number"),
    ],
)
def test_an_amount_as_text(amount: object, detail: str) -> None:
    assert refused(json.dumps(EVENT | {"amount": amount}).encode()) == Bad("invalid", detail)


LINE = json.dumps(EVENT).encode()
UTF8 = "; the value must be one JSON object in UTF-8"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"\xef\xbb\xbf" + LINE, "the value begins with a byte order mark (EF BB BF)"),
        (gzip.compress(LINE, mtime=0), "the value is compressed (gzip)"),
        (b"\x28\xb5\x2f\xfd\x24", "the value is compressed (zstd)"),
        (LINE.decode().encode("utf-16"), "the value is UTF-16"),
        (LINE.decode().encode("utf-16-be"), "the value is UTF-16"),
        (LINE.decode().encode("utf-32"), "the value is UTF-32"),
        (b"\0\0\0\0\x07" + LINE, "the value begins with the five bytes of a schema registry's"
         " serializer"),
        (b"\0" * 100, "the value begins with NUL bytes"),
        (b"PAR1\x15\x04", "the value is Parquet"),
        (b"<html>", "the value is XML or HTML"),
        (b"{'a': 1}", "Invalid JSON: key must be a string at line 1 column 2"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_json_are_named(value: bytes, told: str) -> None:
    assert refused(value) == Bad("not_json", told + UTF8)


@pytest.mark.parametrize("value", [b"[]", b" [" + LINE + b"]"])
def test_an_array_is_told_to_be_one(value: bytes) -> None:
    assert refused(value) == Bad(
        "invalid", "the record: got a JSON array; must be one event, a record each"
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ((b"12.5", b"1e400"), "invalid"),
        ((b"12.5", b"NaN"), "invalid"),
        ((b"12.5", b"-Infinity"), "invalid"),
        ((b"12.5", b"9" * 5_000), "not_json"),
        ((b'"a"', b'"caf\xe9"'), "not_json"),
        ((b'"a"', b'"a\\u0000b"'), "invalid"),
        ((b'"a"', b'"\\ud800"'), "not_json"),
        ((b'"a"', b"[" * 10_000 + b"]" * 10_000), "not_json"),
        ((b'"a"', b'"' + b"x" * 300_000 + b'"'), "too_large"),
        ((b"}", b"},"), "not_json"),
        ((b"}", b"}" + LINE), "not_json"),
    ],
)
def test_extremes_are_refused_and_end_nothing(changed: tuple[bytes, bytes], reason: str) -> None:
    assert refused(LINE.replace(*changed)).reason == reason


def test_of_a_name_that_is_there_twice_the_last_counts_for_both_decoders() -> None:
    twice = LINE[:-1] + b', "amount": 99, "customer_id": "d"}'
    for event in (decode(twice), *decode_many([twice])):
        assert not isinstance(event, Bad)
        assert (event.customer_id, getattr(event, "amount", None)) == ("d", 99)


@settings(deadline=None)
@given(st.binary(max_size=12))
def test_nothing_is_called_foreign_that_is_json(head: bytes) -> None:
    told = foreign.foreign(head)
    assert told is None or told == " ".join(told.split())
    try:
        json.loads(head.decode())
    except ValueError:
        return
    assert told is None


def test_examples() -> None:
    assert doctest.testmod(foreign).failed == 0
