"""Outputs made without pydantic's checks are what pydantic would have made and written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import schemas.made
from schemas.codec import encode
from schemas.fields import moment
from schemas.made import made, plain_json
from schemas.outputs import CustomerTransition, SegmentUpdate
from tests.schemas.checked import check_made

text = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=60)
numbers = st.floats(allow_nan=False, allow_infinity=False)
moments = st.integers(0, 32_503_679_999_999).map(moment)
figures = st.none() | st.dictionaries(text, numbers, max_size=4)
GOOD: dict[str, Any] = {
    "transition_id": "t", "customer_id": "c", "dimension": "tier", "to_state": "vip",
    "occurred_at": moment(0), "reason": "-",
}  # fmt: skip


@given(
    st.fixed_dictionaries(
        {"transition_id": text, "customer_id": text, "dimension": text, "to_state": text,
         "occurred_at": moments, "reason": text},
        optional={"from_state": st.none() | text, "late": st.booleans(), "figures": figures,
                  "cause": st.lists(text, max_size=32).map(tuple)},
    )
)  # fmt: skip
def test_transitions_are_as_pydantic_makes_and_writes_them(fields: dict[str, Any]) -> None:
    one, other = made(CustomerTransition, **fields), CustomerTransition(**fields)
    assert one == other
    assert (one.key, one.output_id) == (other.key, other.output_id)
    assert encode(one) == encode(other) == plain_json(one)


@given(
    st.fixed_dictionaries(
        {"update_id": text, "customer_id": text, "model_version": st.integers(0, 2**53),
         "occurred_at": moments, "reason": text},
        optional={"from_segment": st.none() | text, "to_segment": st.none() | text,
                  "segment_name": st.none() | text, "figures": figures},
    )
)  # fmt: skip
def test_updates_are_as_pydantic_makes_and_writes_them(fields: dict[str, Any]) -> None:
    one, other = made(SegmentUpdate, **fields), SegmentUpdate(**fields)
    assert one == other
    assert encode(one) == encode(other) == plain_json(one)


def test_times_are_written_to_the_millisecond_whichever_came_before() -> None:
    late = datetime(2026, 1, 31, 9, 30, 0, 5_999, tzinfo=UTC)
    for when, shown in (
        (moment(0), b"1970-01-01T00:00:00.000Z"),
        (late, b"2026-01-31T09:30:00.005Z"),
    ):
        for _ in range(2):
            assert shown in plain_json(made(CustomerTransition, **GOOD | {"occurred_at": when}))


@pytest.mark.parametrize(
    "bad",
    [
        {"reason": ""},
        {"reason": "x" * 1_001},
        {"customer_id": "a\x00b"},
        {"occurred_at": 5},
        {"cause": ["a list"]},
        {"figures": {"a": 1}},
        {"late": None},
        {"unknown": 1},
    ],
)  # fmt: skip
def test_the_check_of_all_tests_finds_what_pydantic_would_refuse_or_change(
    bad: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert schemas.made.check is check_made
    with pytest.raises((ValidationError, AssertionError, AttributeError)):
        made(CustomerTransition, **GOOD | bad)
    monkeypatch.setattr(schemas.made, "check", None)
    made(CustomerTransition, **GOOD | bad)
