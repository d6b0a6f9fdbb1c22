"""Schemathesis with a key of each scope: no 5xx, no breach of the schema, no way past a scope."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from schemas.fields import NO_CONTROL
from streams.serve.access.who import Scope
from tests.streams.serve.api.living import Living

pytestmark = pytest.mark.live
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SLOW = "/v1/stream|/v1/reports/"
"""One never ends and the other takes seconds each: tests of their own ask them."""
WAITING = ("after", "Touchline-After")
"""Whatever is asked for after a position that nobody has told would be waited for, and is 503."""


@pytest.fixture(scope="module")
def operations(living: Living) -> list[Any]:
    """The API as its own document tells it."""
    schema = schemathesis.openapi.from_url(f"{living.address}/v1/openapi.json")
    every: Any = schema.exclude(path_regex=SLOW).get_all_operations()
    found = [each.ok() for each in every]
    assert len(found) >= 12
    return found


def _scope(operation: Any) -> str:
    """The scope that an operation says it needs."""
    scope: str = operation.definition.raw["security"][0]["key"][0]
    return scope


@pytest.mark.parametrize("scope", get_args(Scope))
def test_every_operation_as_told_with_its_scope(
    scope: Scope, operations: list[Any], living: Living
) -> None:
    bearer = {"Authorization": f"Bearer {living.token(scope)}"}
    for operation in operations:
        if _scope(operation) != scope:
            _is_refused(operation, bearer, 403)
            continue

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def conforms(case: Any) -> None:
            for asked in (case.query, case.headers):
                for name in WAITING:
                    (asked or {}).pop(name, None)
            case.call_and_validate(headers=bearer, cookies={}, checks=CHECKS)

        conforms()


def test_nobody_is_let_in_without_a_key(operations: list[Any]) -> None:
    for operation in operations:
        _is_refused(operation, {}, 401)


def _is_refused(operation: Any, headers: dict[str, str], status: int) -> None:
    """Whatever is asked: no way past a scope, and nothing but that is said."""

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def refused(case: Any) -> None:
        answer = case.call(headers=headers, cookies={})
        assert answer.status_code == status, (operation.label, answer.status_code)
        assert set(answer.json()) == {"type", "kind", "title", "status"}

    refused()


def test_the_document_says_what_each_needs(living: Living) -> None:
    told = living.get("/v1/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            assert operation["security"][0]["key"], (method, path)
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] in {"customer_id", "alert_id"}:
                    assert parameter["schema"]["pattern"] == NO_CONTROL, (method, path)
            assert {"401", "403", "422"} <= set(operation["responses"]), (method, path)
            for status, answer in operation["responses"].items():
                if status in ("401", "403", "404", "429", "503"):
                    assert "application/problem+json" in answer["content"], (path, status)
