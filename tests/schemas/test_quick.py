"""What is decoded quickly is what the pydantic models accept, value for value; never more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.codec import Bad, at_ms, decode, decode_many
from schemas.examples import EXAMPLES
from schemas.fields import Channel
from schemas.quick import QuickClick, QuickTransaction, quick
from schemas.touchpoints import AppClick, Transaction
from streams.sources.bank import Bank

pytestmark = pytest.mark.long

BUSY = [*EXAMPLES["app_click"], *EXAMPLES["transaction"]]
THOROUGH = settings(max_examples=1_500, deadline=None)
TWINS: dict[type, type] = {QuickClick: AppClick, QuickTransaction: Transaction}

texts = st.text(min_size=0, max_size=70) | st.sampled_from(
    [
        "",
        "x" * 64,
        "x" * 65,
        "账号",
        "😀" * 64,
        "\x7f",
        "\x85",
        "\xa0",
        "é",
        "\u2028",
        "CNY",
        "cny",
        " a",
        "a ",
        "a\u200b",
        "\ufeffa",
        "é ",
    ]
)
numbers = st.sampled_from(
    ["0", "-0", "-0.0", "1", "1.0", "0.1", "1e5", "1E+2", "1e-400", "1e400", "1e15", "1.0e15",
     "1000000000000001", "9007199254740993", "123456789012345678901234567890", "1e-7", "5e-324",
     "9223372036854775807", "9223372036854775808", "0.30000000000000004",
     "2.2250738585072011e-308", "01", "1.", ".5", "+1", "NaN", "-Infinity"]
) | st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers().map(str)  # fmt: skip
moments = st.builds(
    "{}{}{}:{}:{}{}{}".format,
    st.sampled_from(["2026-01-31", "2024-02-29", "2026-02-29", "1970-12-31", "1971-01-01",
                     "2200-12-31", "2201-01-01", "0000-01-01", "٢026-01-31"]),
    st.sampled_from(["T", "t", " ", ""]),
    st.sampled_from(["00", "09", "23", "24", "9"]),
    st.sampled_from(["00", "59", "60"]),
    st.sampled_from(["00", "59", "60", "5", "٠٠"]),
    st.sampled_from([".000", ".999", "", ".5", ".123456", ".1234567891", ",000", ".٠٠٠"]),
    st.sampled_from(["Z", "z", "+08:00", "-23:59", "+24:00", "+0800", "", "+99:99", "Z "]),
)  # fmt: skip


@dataclass(frozen=True)
class Raw:
    """A JSON text that stands as it is."""

    text: str


def written(fields: list[tuple[str, Any]]) -> bytes:
    """A JSON object of these fields, in this order, doubled names and all."""
    shown = [
        f"{json.dumps(name)}:{value.text if isinstance(value, Raw) else plain(value)}"
        for name, value in fields
    ]
    return f"{{{','.join(shown)}}}".encode("utf-8", "surrogatepass")


def plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


values = (
    st.none()
    | st.booleans()
    | texts
    | moments
    | numbers.map(Raw)
    | st.sampled_from([Raw("1.0"), Raw('"\\u0041"'), Raw('"\\n"'), Raw("{}"), Raw("[]")])
    | st.sampled_from([*get_args(Channel), "launch", "error", "icon", "push", "debit", "profile"])
)


@st.composite
def nearly_valid(draw: st.DrawFn) -> bytes:
    """A valid click or transaction with fields replaced, removed, added, doubled or moved."""
    fields = list(draw(st.sampled_from(BUSY)).items())
    names = sorted({name for event in BUSY for name in event} | {"x", "sequence", "refund_of"})
    for _ in range(draw(st.integers(0, 3))):
        at, name = draw(st.integers(0, len(fields) - 1)), draw(st.sampled_from(names))
        match draw(st.integers(0, 3)):
            case 0:
                fields[at] = (fields[at][0], draw(values))
            case 1:
                fields.append((name, draw(values)))
            case 2:
                fields.insert(at, draw(st.sampled_from(fields)))
            case 3 if len(fields) > 1:
                del fields[at]
    return written(fields)


@st.composite
def with_moments(draw: st.DrawFn) -> bytes:
    """A valid click but for its time."""
    event = EXAMPLES["app_click"][0]
    return written([*{**event, "occurred_at": draw(moments)}.items()])


def check(value: bytes) -> None:
    """Both decode to the same, or the quick way leaves it to the other."""
    found, truth = quick(value), decode(value)
    if found is None:
        return
    assert not isinstance(truth, Bad), truth
    assert TWINS[type(found)] is type(truth)
    assert found.type == truth.type
    assert found.occurred_at == at_ms(truth)
    for field in msgspec.structs.fields(found):
        if field.name != "occurred_at":
            got, expected = getattr(found, field.name), getattr(truth, field.name)
            assert (type(got), repr(got)) == (type(expected), repr(expected)), field.name


@THOROUGH
@given(nearly_valid())
@example(written([*BUSY[0].items(), ("type", "transaction")]))
@example(written([("type", "app_click"), *EXAMPLES["transaction"][0].items()]))
@example(written([*EXAMPLES["transaction"][0].items(), ("amount", Raw("2"))]))
@example(written([*EXAMPLES["transaction"][0].items(), ("attributes", {"a": "b"})]))
@example(written([*EXAMPLES["transaction"][0].items(), ("event_id", "\ud800")]))
@example(written([*BUSY[0].items(), ("sequence", Raw("1.0"))]))
@example(written([*BUSY[0].items(), ("function", "loans")]))
@example(written([*EXAMPLES["transaction"][0].items(), ("sequence", Raw("9223372036854775808"))]))
@example(written([*EXAMPLES["transaction"][0].items(), ("refund_of", "t"), ("direction", "debit")]))
def test_nothing_else_is_accepted_quickly(value: bytes) -> None:
    check(value)


@THOROUGH
@given(with_moments())
def test_times_are_the_same_to_the_millisecond(value: bytes) -> None:
    check(value)


@THOROUGH
@given(st.sampled_from([written([*event.items()]) for event in BUSY]), st.data())
def test_any_byte_changed(value: bytes, data: st.DataObject) -> None:
    line = bytearray(value)
    for _ in range(data.draw(st.integers(1, 3))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(line))


@pytest.mark.parametrize("event", BUSY)
def test_what_producers_ordinarily_write_is_decoded_quickly(event: dict[str, Any]) -> None:
    value = written([(n, v) for n, v in event.items() if n != "attributes"])
    check(value)
    assert quick(value) is not None


def test_nearly_all_of_the_busy_types_of_a_bank_are_decoded_quickly() -> None:
    bank = Bank(seed=3, customers=50)
    bank.start_at(datetime(2026, 1, 5, tzinfo=UTC))
    records = list(chain(bank.opening(), islice(bank.days(), 5_000)))
    events = decode_many([record.value for record in records])
    busy = [event for event in events if not isinstance(event, Bad) and event.type in NAMES]
    assert sum(type(event) in TWINS for event in busy) > 0.999 * len(busy) > 4_000
    for record in records:
        check(record.value)


NAMES = {"app_click", "transaction"}


def test_more_minutes_than_are_remembered_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.quick.KEPT_MINUTES", 2)
    for minute in range(10):
        event = {**BUSY[0], "occurred_at": f"2031-01-31T09:{minute:02}:07.250+08:00"}
        value = written([*event.items()])
        check(value)
        assert quick(value) is not None
