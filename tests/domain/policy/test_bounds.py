"""Everything that a policy may say is bounded, and the reference says how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.policy import Policy, PolicyError, load_policy
from domain.policy.reference import EACH, Field, all_fields, document, ends, unbounded
from tests.domain.policy.any_policy import holding

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "POLICY.md"
NUMBERS = [
    (field, schema)
    for field in all_fields()
    for schema in field.schemas
    if schema.get("type") in {"number", "integer"}
]


def test_every_number_text_list_and_mapping_is_bounded() -> None:
    lacking = {
        ".".join(field.path): missing for field in all_fields() if (missing := unbounded(field))
    }
    assert not lacking, "give these bounds of domain/policy/bounds.py, or of their own"


@pytest.mark.parametrize(
    ("schema", "missing"),
    [
        ({"type": "number", "maximum": 1}, ["minimum"]),
        ({"type": "integer", "exclusiveMinimum": 0}, ["maximum"]),
        ({"type": "string"}, ["maxLength"]),
        ({"type": "string", "pattern": "^[a-z]+$"}, ["maxLength"]),
        ({"type": "array"}, ["maxItems"]),
        ({"type": "object", "maxProperties": 3}, ["propertyNames"]),
    ],
)
def test_what_has_no_bound_is_found(schema: dict[str, object], missing: list[str]) -> None:
    assert unbounded(Field(("a",), (schema,), False, None)) == missing


def test_the_defaults_lie_within() -> None:
    for field, schema in NUMBERS:
        if field.default is not None and EACH not in field.path:
            low, high = ends(schema)
            assert low <= field.default <= high, field.path


def test_every_number_outside_its_bounds_is_refused_by_file_field_and_bound(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    for field, schema in NUMBERS:
        if EACH in field.path or "condition" in field.path:
            continue
        for outside in (ends(schema)[0] - 1, ends(schema)[1] + max(1, ends(schema)[1])):
            given: object = outside
            for name in reversed(field.path):
                given = {name: given}
            path.write_text(json.dumps(given))
            with pytest.raises(PolicyError) as refused:
                load_policy(path)
            said = [
                fault for fault in refused.value.faults if f" {'.'.join(field.path)}: " in fault
            ]
            assert len(said) == 1, field.path
            assert said[0].startswith(f"{path}: ")
            assert f"given {outside!r}; must hold: " in said[0]


def test_the_reference_has_every_field_as_it_is() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == document(), (
        "touchline policy fields > docs/POLICY.md"
    )


def test_a_policy_of_nothing_changed_is_the_default() -> None:
    assert holding({}) == Policy()
