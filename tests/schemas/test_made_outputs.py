"""Outputs as rules make them and outputs as they are published are the same, field by field."""

from __future__ import annotations

import types
from datetime import date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import NODEFAULT, Struct
from pydantic import BaseModel, ValidationError

from schemas import codec, outputs, published
from schemas.codec import encode
from schemas.fields import TimeText, moment, rfc3339
from schemas.jsonschema import OUTPUT_MODELS
from schemas.outputs import CustomerTransition, Output, Signal
from tests.schemas.checked import PAIRS, check_bytes

KINDS = [kind for kind in PAIRS if issubclass(kind, Output)]
GOOD: dict[str, Any] = {
    "transition_id": "t", "customer_id": "c", "dimension": "tier", "to_state": "vip",
    "occurred_at": rfc3339(moment(0)), "reason": "-",
}  # fmt: skip
BOUNDS: dict[str, st.SearchStrategy[Any]] = {
    "priority": st.integers(1, 5),
    "level": st.integers(1, 9),
    "model_version": st.integers(0, 2**53),
    "version": st.integers(1, 2**53),
    "repeats": st.integers(0, 2**53),
    "budget": st.floats(0, 1e15),
    "cost": st.none() | st.floats(0, 1e15),
    "score": st.none() | st.floats(1, 5),
    "overdue_seconds": st.none() | st.floats(0, 1e300),
}
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=60)
numbers = st.floats(allow_nan=False, allow_infinity=False)


def plain(hint: Any) -> Any:
    """A type without its bounds, in a form that can be compared; a time is text when made."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return plain(inner[0])
    if origin is Literal:
        return hint
    if origin in {Union, types.UnionType}:
        return frozenset(map(plain, inner))
    if origin is not None:
        return (origin, *map(plain, inner))
    if hint is datetime:
        return TimeText
    return {model: made for made, model in PAIRS.items()}.get(hint, hint)


DAYS = st.dates(date(1900, 1, 1), date(2200, 12, 31))


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type as `plain` gives it."""
    if isinstance(hint, frozenset):
        return st.one_of(*map(values, sorted(hint, key=str)))
    if isinstance(hint, tuple):
        origin, first, *_ = hint
        if origin is dict:
            return st.dictionaries(texts, values(hint[2]), max_size=4)
        return st.lists(values(first), max_size=4).map(tuple)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Struct):
        return made(hint)
    found: dict[Any, st.SearchStrategy[Any]] = {
        TimeText: st.integers(0, 32_503_679_999_999).map(moment).map(rfc3339),
        str: texts, int: st.integers(-(2**53), 2**53),
        float: numbers, bool: st.booleans(), date: DAYS, type(None): st.none(),
    }  # fmt: skip
    return found[hint]


def hints(kind: type[Struct]) -> dict[str, Any]:
    """The plain types of what is made, by field, in order."""
    found = get_type_hints(kind, include_extras=True)
    return {name: plain(found[name]) for name in kind.__struct_fields__}


def made(kind: type[Struct]) -> st.SearchStrategy[Any]:
    """Outputs of a kind; what need not be given is given now and then."""
    drawn = {
        name: BOUNDS[name] if name in BOUNDS else values(hint) for name, hint in hints(kind).items()
    }
    needed = {field.name for field in msgspec.structs.fields(kind) if field.required}
    return st.fixed_dictionaries(
        {name: values for name, values in drawn.items() if name in needed},
        optional={name: values for name, values in drawn.items() if name not in needed},
    ).map(lambda fields: kind(**fields))


@pytest.mark.parametrize(("kind", "model"), PAIRS.items(), ids=lambda each: each.__module__)
def test_names_order_types_and_defaults_are_those_of_the_published_model(
    kind: type[Struct], model: type[BaseModel]
) -> None:
    types_of = get_type_hints(model, include_extras=True)
    assert kind.__name__ == model.__name__
    assert list(hints(kind).items()) == [
        (name, plain(types_of[name])) for name in model.model_fields
    ]
    for field in msgspec.structs.fields(kind):
        asked = model.model_fields[field.name]
        assert field.required == asked.is_required()
        if not field.required:
            factory, default = field.default_factory, field.default
            given_ = default if factory is NODEFAULT else factory()
            assert (type(given_), given_) == (type(asked.default), asked.default)
            # msgspec leaves out a default: none but `None` may be one
            assert (factory is NODEFAULT) == (asked.default is None)


def test_every_kind_of_output_goes_where_its_published_model_says() -> None:
    for kind in KINDS:
        model = PAIRS[kind]
        assert issubclass(kind, Output)
        assert issubclass(model, published.Published)
        assert model in OUTPUT_MODELS
        assert (kind.topic, kind.id_field) == (model.topic, model.id_field)
    own = {each for each in vars(outputs).values() if isinstance(each, type)}
    others = {Output, Struct, outputs.AlertStateDeleted}
    assert {each for each in own if issubclass(each, Struct)} == {*PAIRS, *others}
    # what has no value is no record: only the topic and the key of what it deletes
    deleted = outputs.AlertStateDeleted(
        alert_id="a", kind="k", occurred_at=rfc3339(moment(0)), reason="-"
    )
    assert [kind for kind in own if issubclass(kind, Output) and kind.deletes] == [type(deleted)]
    assert (deleted.topic, deleted.key) == (outputs.AlertState.topic, b"a")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_outputs_are_written_as_pydantic_writes_them(kind: type[Output]) -> None:
    @settings(max_examples=60, deadline=None)
    @given(made(kind))
    def holds(output: Output) -> None:
        read = PAIRS[kind].model_validate_json(check_bytes(output))
        assert isinstance(read, published.Published)
        assert (output.key, output.output_id) == (read.key, read.output_id)

    holds()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.0, b"2.0"), (-0.0, b"-0.0"), (1e-5, b"0.00001"), (1e-7, b"1e-7"),
        (0.1 + 0.2, b"0.30000000000000004"),
        (9_007_199_254_740_993.0, b"9007199254740992.0"), (1e16, b"1e16"), (5e-324, b"5e-324"),
    ],
)  # fmt: skip
def test_numbers_are_written_in_the_one_shortest_form(number: float, text: bytes) -> None:
    signal = Signal(signal_id="s", kind="k", occurred_at=rfc3339(moment(0)), reason="-",
                    value=number)  # fmt: skip
    assert b'"value":' + text + b"," in encode(signal)


def test_what_is_missing_is_not_written_and_what_is_empty_is() -> None:
    assert encode(CustomerTransition(**GOOD)) == (
        b'{"occurred_at":"1970-01-01T00:00:00.000Z","reason":"-","transition_id":"t",'
        b'"customer_id":"c","dimension":"tier","to_state":"vip","late":false,"cause":[]}'
    )


@pytest.mark.parametrize(
    "bad",
    [
        {"reason": ""},
        {"reason": "x" * 1_001},
        {"customer_id": "a\x00b"},
        {"occurred_at": 5},
        {"occurred_at": "1970-01-01T00:00:00Z"},
        {"occurred_at": moment(0)},
        {"cause": "e-1"},
        {"cause": ("e-1",) * 33},
        {"figures": {"a": 1}},
        {"figures": {"a": float("nan")}},
        {"late": None},
        {"late": 0},
    ],
    ids=str,
)
def test_the_check_of_all_tests_finds_what_is_not_as_published(bad: dict[str, Any]) -> None:
    check_bytes(CustomerTransition(**GOOD))
    with pytest.raises((ValidationError, AssertionError)):
        check_bytes(CustomerTransition(**GOOD | bad))


def test_what_any_test_lets_be_written_goes_through_that_check() -> None:
    assert codec._encode is check_bytes
    with pytest.raises(ValidationError):
        encode(CustomerTransition(**GOOD | {"reason": ""}))
