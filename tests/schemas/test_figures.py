"""The published record of a customer: described to the last field, and what is really written."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from agents.customers import customers
from agents.modellings import modellings
from domain.customer.grouping import GROUPS
from domain.policy import Policy
from schemas.figures import CustomerFigures, decode
from schemas.figures.published import NAME, example, schema
from schemas.jsonschema import json_schemas
from streams.files.reading import numbered
from streams.replay.events import Replay, replay_file
from streams.sources.bank import Bank, Mix

EVENTS = Path(__file__).parents[2] / "docs" / "events.jsonl"
MIX = Mix(
    app_click=0.3, transaction=0.25, complaint=0.1, survey=0.2, contact=0.08, feedback=0.04,
    campaign=0.03,
)  # fmt: skip
SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
PARTS: dict[str, Any] = {NAME: SCHEMA, **SCHEMA["$defs"]}


def replayed(events: bytes, folder: Path) -> list[bytes]:
    """The lines of ``customers.jsonl``."""
    policy = Policy.model_validate({"segments": {"enabled": False}})
    replay_file(
        Replay(customers(policy), 2, modellings(policy)), numbered(io.BytesIO(events)), folder
    )
    return (folder / "customers.jsonl").read_bytes().splitlines()


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What a replay of a small bank writes, in which every kind of thing happens often."""
    bank = Bank(3, 60, vip_share=0.2, mix=MIX, bad=0.0)
    records = (next(source).value for source in [bank.events()] for _ in range(3_000))
    return replayed(b"\n".join(records), tmp_path_factory.mktemp("bank"))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value by its path; the names in an open object or list make no paths of their own."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


@pytest.mark.parametrize("part", PARTS)
def test_every_field_says_what_it_is(part: str) -> None:
    assert len(PARTS[part]["description"]) > 20
    for name, field in PARTS[part]["properties"].items():
        assert field.get("description", "").endswith("."), f"{part}.{name} has no description"


def test_every_line_of_a_replay_is_valid_and_is_read_back_to_the_byte(lines: list[bytes]) -> None:
    assert len(lines) == 60
    for line in lines:
        VALIDATOR.validate(json.loads(line))
        assert msgspec.json.encode(decode(line)) == line


def test_the_replay_tells_of_classes_complaints_and_answers(lines: list[bytes]) -> None:
    told = {path for line in lines for path, value in leaves(json.loads(line)) if value is not None}
    assert {
        ".value.abc", ".value.next_purchase_at", ".relationship.churn_risk", ".experience.nps",
        ".complaint_cases.resolve_hours", ".complaint_cases.regulator_due_at", ".value.rfm.score",
        ".experience.journey_peak", ".experience.promises_kept_share", ".groups.region",
    } <= told  # fmt: skip


def test_what_is_no_record_is_refused_by_schema_and_reader_alike() -> None:
    good = msgspec.to_builtins(example())
    VALIDATOR.validate(good)
    for change in (
        {"tier": "golden"},
        {"satisfaction": "high"},
        {"events": -1},
        {"value": {**good["value"], "abc": "D"}},
        {"relationship": {**good["relationship"], "state": None}},
        {"complaint_cases": [{"complaint_id": "k"}]},
        {"features": {"behaviours": 1}},
    ):
        wrong = {**good, **change}
        assert not VALIDATOR.is_valid(wrong), change
        with pytest.raises(msgspec.ValidationError):
            decode(json.dumps(wrong).encode())


def test_a_reader_passes_over_what_a_later_version_adds() -> None:
    later = {**msgspec.to_builtins(example()), "mood_ring": "blue"}
    assert decode(json.dumps(later).encode()) == example()
    assert not VALIDATOR.is_valid(later)


def test_a_line_that_lacks_a_field_is_refused_with_its_name() -> None:
    line = msgspec.to_builtins(example())
    del line["value"]["abc"]
    with pytest.raises(msgspec.ValidationError, match=r"field `abc` - at `\$\.value`"):
        decode(json.dumps(line).encode())


def test_the_example_is_what_the_events_of_the_docs_come_to(tmp_path: Path) -> None:
    [line] = replayed(EVENTS.read_bytes(), tmp_path)
    assert decode(line) == example()


def test_the_schema_is_published_with_the_others() -> None:
    published = json_schemas()[NAME]
    assert published["$id"] == f"urn:touchline:schema:{NAME}"
    assert published["properties"].keys() == SCHEMA["properties"].keys()
    assert list(SCHEMA["properties"]) == list(CustomerFigures.__struct_fields__)


def test_classes_list_their_values() -> None:
    values = PARTS["ValueFigures"]["properties"]["abc"]["anyOf"]
    assert {"enum": ["A", "B", "C"]} in values
    assert PARTS["ComplaintFigures"]["properties"]["tier"]["enum"] == sorted(
        ["standard", "prospect", "key", "vip", "private"]
    )
    factors = PARTS[NAME]["properties"]["satisfaction_by_factor"]["propertyNames"]["enum"]
    assert factors == ["product", "service", "relationship", "convenience", "brand", "price"]


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_read_from_a_typed_record(group: str) -> None:
    value = GROUPS[group](example())
    assert value is None or isinstance(value, str)
    assert {"tier": "vip", "owner": "manager-4", "age_band": "45-54", "abc": None}.get(
        group, value
    ) == value
