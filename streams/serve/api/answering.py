"""Answers of routes: JSON spliced of what is encoded already, and what is the same of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from schemas.fields import NO_CONTROL
from schemas.topics import OUTPUT_TOPICS, SOURCE_TOPICS
from streams.readmodel.connections import NotReadable
from streams.readmodel.cursors import BadCursor
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import Positions
from streams.serve import positions
from streams.serve.access.who import Who
from streams.serve.api.asking import ask
from streams.serve.bodies import JSON
from streams.serve.problems import PROBLEM_JSON, Problem, answered
from streams.serve.serving import Serving

POSITION: Final = "Touchline-Position"
AFTER: Final = "Touchline-After"
AFTER_SECONDS: Final = 2.0
TOPICS: Final = frozenset((*SOURCE_TOPICS, *OUTPUT_TOPICS))
"""Topics of which a position may be told."""
MOST_ROWS: Final = 500
ROWS: Final = 50

IN_A_PATH: Final[dict[str, Any]] = {"pattern": NO_CONTROL}
"""What the document says of ids in paths: with a line break in it a path is none of ours."""

encode: Final = msgspec.json.Encoder().encode

After = Annotated[
    str | None,
    Field(
        max_length=positions.MOST_CHARACTERS,
        description="positions that must count, as a POST answered them in Touchline-Position; "
        f"waits for them {AFTER_SECONDS:.0f} s at most. The header {AFTER} is the same.",
        examples=["touchpoints.desk-3@18"],
    ),
]
Cursor = Annotated[
    str | None,
    Field(min_length=1, max_length=1_000, description="next_cursor of the page before; opaque"),
]
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS, description="rows at most")]


class Asked(BaseModel):
    """What every GET may be asked for; a parameter that it does not know is an error."""

    model_config = ConfigDict(extra="forbid")

    after: After = None


class Listed(Asked):
    """What every list may be asked for."""

    cursor: Cursor = None
    limit: Limit = ROWS


def answer(value: object, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(encode(value), status, headers=dict(headers or {}), media_type=JSON)


def not_there(what: str) -> Problem:
    """Nothing is known under that id, or nothing that may be seen: both look alike."""
    return Problem(404, "not_found", f"No such {what} is known")


def hidden(who: Who, owner_id: str | None) -> bool:
    """Whether a customer of this owner is none of theirs."""
    return who.owner_id is not None and who.owner_id != owner_id


def owner_seen(who: Who, asked: str | None) -> str | None:
    """Of whose customers rows may be: of their own where they have such, else of who is asked
    for. An owner without a name is one too: it never means everybody."""
    return asked if who.owner_id is None else who.owner_id


async def owned(request: Request, serve: Serving, who: Who, customer_id: str) -> None:
    """Raises ``Problem`` 404 where the customer is not one that they may see."""
    if who.owner_id is None:
        return
    whole = await ask(request, serve.model.customer, customer_id)
    if whole is None or hidden(who, whole.figures.owner_id):
        raise not_there("customer")


# -- read your own write ----------------------------------------------------------------


async def counted_first(request: Request, serve: Serving, asked: Asked) -> None:
    """Wait until what the client has written counts.

    Raises ``Problem`` 503 `not_yet` where it does not within 2 s: an old answer in its place
    would be taken for a new one by whoever does not look twice.
    """
    given = request.headers.get(AFTER) or asked.after
    if not given:
        return
    try:
        after = positions.read(given)
    except positions.NotPositions as error:
        raise Problem(400, "bad_position", "There is no such position", str(error)) from None
    after = await ask(request, _held, serve.model, after)
    if after and not await serve.model.counted(after, AFTER_SECONDS):
        raise Problem(
            503,
            "not_yet",
            "What was posted does not count yet",
            "Kafka has it, and no worker has counted it in time. Ask again.",
            headers={"Retry-After": "1"},
        )


def _held(model: ReadModel, after: Positions) -> Positions:
    """Of these, what is of partitions held here; what a sibling holds, that one waits for.

    Raises ``Problem`` 400 for a position that no answer can have told.
    """
    held = {each.partition for each in model.currency()}
    if any(topic not in TOPICS for topic, _ in after):
        raise Problem(400, "bad_position", "There is no such position", "An unknown topic.")
    if any(offset >= 2**63 for offset in after.values()):
        raise Problem(400, "bad_position", "There is no such position", "An offset beyond all.")
    return {place: offset for place, offset in after.items() if not held or place[1] in held}


# -- errors of the read model -----------------------------------------------------------


def not_readable() -> Problem:
    """The read model is being built, or cannot be read just now."""
    title = "The read model cannot be read just now"
    return Problem(503, "not_readable", title, headers={"Retry-After": "2"})


def handle_unreadable(app: FastAPI) -> None:
    """What the read model raises, as problems."""

    async def bad_cursor(_: Request, error: Exception) -> Response:
        return answered(
            Problem(400, "bad_cursor", "There is no such cursor", "Give the next_cursor of a page.")
        )

    async def unreadable(_: Request, error: Exception) -> Response:
        return answered(not_readable())

    app.add_exception_handler(BadCursor, bad_cursor)
    app.add_exception_handler(NotReadable, unreadable)


# -- what OpenAPI says of each ----------------------------------------------------------


def problem_ref() -> dict[str, Any]:
    """The content of an answer that is a problem."""
    return {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def told(
    name: str, description: str, example: object = None, *, headers: Mapping[str, Any] | None = None
) -> dict[int | str, dict[str, Any]]:
    """A good answer of this schema, and every problem that a GET may have."""
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    if example is not None:
        content["example"] = example
    good: dict[str, Any] = {"description": description, "content": {JSON: content}}
    if headers:
        good["headers"] = dict(headers)
    return {200: good, **PROBLEMS}


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": description, "content": problem_ref()}
    for status, description in (
        (400, "A cursor or position that no answer told"),
        (404, "Nothing is known there, or nothing that you may see"),
        (422, "A parameter does not fit"),
        (503, "Not yet, or not just now; Retry-After says when to ask again"),
    )
}
