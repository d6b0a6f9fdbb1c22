"""``/v1/openapi.json``: what the API is, with examples, scopes and every problem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from inspect import cleandoc
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from schemas.figures import published
from schemas.jsonschema import OUTPUT_MODELS
from streams.serve.access.sessions import cookie_name
from streams.serve.api import events
from streams.serve.api.answering import problem_ref
from streams.serve.api.asking import ask_of
from streams.serve.api.forms import ANSWERS
from streams.serve.problems import ProblemDocument
from streams.serve.routing import new_router

REFERENCE: Final = "#/components/schemas/"
BEHIND: Final = "/v1/"
DESCRIPTION: Final = """\
Live customer experience: post events, ask for customers and alerts, follow what comes out.

Every answer is of what is committed. Errors are problems after RFC 9457, without any customer's
data. A POST answers `Touchline-Position`; a GET that gives it as `Touchline-After` waits until that
counts. docs/API.md leads through it."""
AFTER_PARAMETER: Final = {
    "name": "Touchline-After",
    "in": "header",
    "required": False,
    "description": "the same as the parameter after",
    "schema": {"type": "string"},
}
_TOLD_BY_ALL: Final = {
    "401": "No key or session that is known, or one that has ended",
    "403": "It has not the scope",
    "429": "Too many requests; Retry-After says when to ask again",
}

Schema = dict[str, Any]
router = new_router(include_in_schema=False)


@router.get("/v1/openapi.json")
async def openapi(request: Request) -> Response:
    """The document, for everybody: it holds nothing of anybody."""
    state = request.app.state
    if getattr(state, "openapi", None) is None:
        state.openapi = await ask_of(request.app, lambda: msgspec.json.encode(made(request.app)))
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(state.openapi, media_type="application/json", headers=headers)


def made(app: FastAPI) -> Schema:
    """The document of an application: OpenAPI 3.1."""
    given: Iterable[APIRoute] = app.state.routes
    routes = [each for each in given if each.include_in_schema and each.path.startswith(BEHIND)]
    found = get_openapi(
        title="Touchline",
        version="1",
        description=DESCRIPTION,
        routes=routes,
        servers=[{"url": app.state.serving.settings.serve.public_url or "/"}],
        license_info={"name": "Apache-2.0"},
        separate_input_output_schemas=False,
    )
    schemas: Schema = found.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= components()
    found["components"]["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A program's key, as `touchline access key` makes it.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie_name(app.state.serving.settings),
            "description": "A person's session, as the login gives it. What changes something "
            "needs the header X-CSRF-Token too.",
        },
    }
    for route in routes:
        for method in route.methods or ():
            _complete(found["paths"][route.path_format][method.lower()], scope_of(route))
    return found


def scope_of(route: APIRoute) -> str | None:
    """The scope that a route needs."""
    return next(_scopes(route.dependant), None)


def _scopes(dependant: Dependant) -> Iterator[str]:
    for each in dependant.dependencies:
        scope = getattr(each.call, "scope", None)
        if isinstance(scope, str):
            yield scope
        yield from _scopes(each)


def _complete(operation: Schema, scope: str | None) -> None:
    """What every operation has: who may ask, what all may be answered."""
    if scope is not None:
        operation["security"] = [{"key": [scope]}, {"session": [scope]}]
        described = operation.get("description", "")
        operation["description"] = f"{described}\n\nNeeds the scope `{scope}`.".strip()
        for status, description in _TOLD_BY_ALL.items():
            operation["responses"].setdefault(
                status, {"description": description, "content": problem_ref()}
            )
    parameters = operation.get("parameters", [])
    if any(each["name"] == "after" and each["in"] == "query" for each in parameters):
        parameters.append(AFTER_PARAMETER)
    for answer in operation["responses"].values():
        for content in answer.get("content", {}).values():
            if "HTTPValidationError" in str(content.get("schema", {}).get("$ref", "")):
                answer["content"] = problem_ref()
                break


# -- schemas ----------------------------------------------------------------------------


@cache
def components() -> Schema:
    """Schemas of what is answered and posted that the framework does not know of."""
    found: Schema = {}
    for model in OUTPUT_MODELS:
        schema = model.model_json_schema(ref_template=REFERENCE + "{model}")
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    found |= events.components()
    found |= _structs()
    found["Problem"] = found.pop(ProblemDocument.__name__)
    found["Problem"]["required"] = ["type", "kind", "title", "status"]
    found["Problem"]["additionalProperties"] = True
    found["AlertPage"] = {
        "title": "AlertPage",
        "description": "Alerts by priority, tier and age; `next_cursor` asks for those after them.",
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"$ref": REFERENCE + "AlertState"}},
            "next_cursor": {"type": ["string", "null"]},
        },
        "required": ["items", "next_cursor"],
        "additionalProperties": False,
    }
    return found


def _structs() -> Schema:
    """Of our own values: every field is written, and no other."""
    wanted = (*ANSWERS, ProblemDocument)
    _, parts = msgspec.json.schema_components(wanted, ref_template=REFERENCE + "{name}")
    for part in parts.values():
        if "properties" in part:
            part["description"] = cleandoc(part.get("description", ""))
            part["required"] = list(part["properties"])
            part["additionalProperties"] = False
    figures = _moved(published.schema())
    return parts | figures


def _moved(schema: Schema) -> Schema:
    """A schema that stands alone, as components."""
    within: Schema = schema.pop("$defs")

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: each.replace("#/$defs/", REFERENCE) if name == "$ref" else moved(each)
                for name, each in value.items()
            }
        return [moved(each) for each in value] if isinstance(value, list) else value

    found: Schema = moved({**within, published.NAME: schema})
    return found
