"""``POST /v1/events``: events into Kafka, each judged first as a worker would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, Field

from schemas.codec import REASONS, Bad
from schemas.examples import EXAMPLES
from schemas.topics import TOPIC_OF_TYPE
from schemas.touchpoints import MODEL_OF_TYPE
from streams.engine.clock import local_ms
from streams.serve import bodies, positions, problems
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api import repeats
from streams.serve.api.answering import POSITION, answer, problem_ref
from streams.serve.audited import note_acts, send_audited
from streams.serve.judging import NOT_ALLOWED, Judged, judge
from streams.serve.problems import PROBLEM_JSON, Problem
from streams.serve.routing import new_router
from streams.serve.sending import Place, ToSend
from streams.serve.serving import Serving, serving

_UNKNOWN: Final = "unknown"


class PostedItem(BaseModel):
    """What became of one event: where Kafka keeps it, or why it was refused."""

    index: int = Field(description="its place in the request, from 0", ge=0)
    status: Literal["accepted", "refused"]
    topic: str | None = Field(default=None, description="of an accepted one")
    partition: int | None = Field(default=None, ge=0)
    offset: int | None = Field(default=None, ge=-1)
    reason: str | None = Field(
        default=None, description=f"of a refused one: {', '.join(REASONS)} or {NOT_ALLOWED}"
    )
    detail: str | None = Field(default=None, description="what must change, in a sentence")


class Posted(BaseModel):
    """What became of the events of a request, in their order."""

    accepted: int = Field(ge=0)
    refused: int = Field(ge=0)
    items: list[PostedItem]


class PostedNone(Posted):
    """An error (RFC 9457) that tells of each event why it was refused."""

    type: str
    kind: str
    title: str
    status: int


_ACCEPTED: Final = {
    "index": 0, "status": "accepted", "topic": TOPIC_OF_TYPE["transaction"], "partition": 3,
    "offset": 1041,
}  # fmt: skip
_REFUSED: Final = {
    "index": 1, "status": "refused", "reason": "invalid",
    "detail": "amount: missing; must be given",
}  # fmt: skip


def _schema() -> dict[str, Any]:
    """The body of a request: one event of any type, or some."""
    event = {
        "title": "Touchpoint",
        "oneOf": [
            {"$ref": f"#/components/schemas/{model.__name__}"} for model in MODEL_OF_TYPE.values()
        ],
    }
    some = {"type": "array", "maxItems": bodies.MOST_ITEMS, "items": event}
    return {"oneOf": [event, some]}


def _examples() -> dict[str, Any]:
    shown = {kind: {"summary": kind, "value": each[0]} for kind, each in EXAMPLES.items()}
    some = [EXAMPLES["transaction"][0], EXAMPLES["complaint"][0]]
    return {**shown, "several": {"summary": "several at once", "value": some}}


def components() -> dict[str, Any]:
    """Schemas that the document of the API must have beside those of its models: the events."""
    found: dict[str, Any] = {}
    for model in MODEL_OF_TYPE.values():
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= made.pop("$defs", {})
        found[model.__name__] = made
    return found


_LINES: Final = "\n".join(
    msgspec.json.encode(EXAMPLES[kind][0]).decode() for kind in ("app_click", "survey")
)
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            bodies.JSON: {"schema": _schema(), "examples": _examples()},
            bodies.LINES[0]: {
                "schema": {"type": "string", "description": "an event a line"},
                "example": _LINES,
            },
        },
    }
}
POSITION_HEADER: Final = {
    POSITION: {
        "description": "behind what was kept; a GET with it as Touchline-After waits for it",
        "schema": {"type": "string"},
    }
}
PROBLEM: Final = {"content": problem_ref()}
TRY_AGAIN: Final = {"headers": {"Retry-After": {"schema": {"type": "integer"}}}, **PROBLEM}
"""Answers that say when to try again."""

_NONE_OR_UNFIT: Final = {
    "anyOf": [bodies.schema(PostedNone), {"$ref": "#/components/schemas/Problem"}]
}

router: Final = new_router(tags=["events"])


@router.post(
    "/v1/events",
    summary="Post events",
    status_code=202,
    response_class=Response,
    openapi_extra=_BODY,
    responses={
        202: {
            "description": "All are kept by Kafka",
            "model": Posted,
            "headers": POSITION_HEADER,
            "content": {
                bodies.JSON: {"example": {"accepted": 1, "refused": 0, "items": [_ACCEPTED]}}
            },
        },
        207: {
            "description": "Some are kept, some were refused and not sent",
            "model": Posted,
            "headers": POSITION_HEADER,
            "content": {
                bodies.JSON: {
                    "example": {"accepted": 1, "refused": 1, "items": [_ACCEPTED, _REFUSED]}
                }
            },
        },
        400: {"description": "The body is not JSON, or cannot be unpacked", **PROBLEM},
        408: {"description": "The body was not whole within 30 s", **PROBLEM},
        409: {"description": "The same request is being done", **TRY_AGAIN},
        413: {"description": "More than 1 MiB unpacked, or more than 500 events", **PROBLEM},
        415: {"description": "A type, charset or encoding that is not taken", **PROBLEM},
        422: {
            "description": "Every event was refused; or a header does not fit. Nothing was sent",
            "content": {PROBLEM_JSON: {"schema": _NONE_OR_UNFIT}},
        },
        429: {"description": "Too many bytes are on their way to Kafka", **TRY_AGAIN},
        503: {"description": "Kafka does not answer, or refuses", **TRY_AGAIN},
    },
)  # fmt: skip
async def post_events(
    request: Request,
    who: Annotated[Who, Depends(needs("ingest"))],
    serve: Annotated[Serving, Depends(serving)],
    idempotency_key: Annotated[
        str | None,
        Header(description="the same request under the same key is done once", max_length=200),
    ] = None,
) -> Response:
    """One event, an array of up to 500, or JSON lines; packed with gzip, deflate or zstd, or not.

    The answer comes when every in-sync replica has what was accepted. Each event stands for itself:
    the workers know it by its ``event_id``, so that posting again what got no answer, or a 503,
    counts nothing twice. Events of one customer keep their order within a request.
    """
    if who.owner_id is not None:
        raise Problem(
            403, "own_customers_only", "Events are of any customer, and you see your own alone"
        )
    content = await bodies.body(request)
    key = repeats.key_of(request)
    if key is None:
        return await _post(content, request, who, serve)
    known = repeats.repeats(request)
    if (before := known.begin(who.name, key, content)) is not None:
        return before
    answer = None
    try:
        answer = await _post(content, request, who, serve)
    finally:
        known.end(who.name, key, answer)
    return answer


async def _post(content: bytes, request: Request, who: Who, serve: Serving) -> Response:
    values = bodies.items(content, request.headers.get("content-type", ""))
    now = local_ms() if serve.settings.clock == "wall" else None
    judged = judge(values, serve.policy, who, now)
    _read_at_all(judged)
    sent = [each.verdict for each in judged if isinstance(each.verdict, ToSend)]
    places = await send_audited(serve, sent, partial(_note, judged, request, who, serve))
    _count(serve, judged)
    return answered(judged, places)


def _read_at_all(judged: Sequence[Judged]) -> None:
    """A body that is one thing and not JSON was no event at all."""
    if len(judged) == 1 and isinstance(bad := judged[0].verdict, Bad) and bad.reason == "not_json":
        raise bodies.not_json(bad.detail)


async def _note(judged: Sequence[Judged], request: Request, who: Who, serve: Serving) -> None:
    """Write into the audit who sent something, and of what acts or erases each on its own."""
    customers = {each.verdict.key for each in judged if isinstance(each.verdict, ToSend)}
    if not customers:
        return
    only = customers.pop().decode() if len(customers) == 1 else None
    await serve.gate.note(who, "sent", customer_id=only, request=request)
    await note_acts(serve, who, judged, request)


def _count(serve: Serving, judged: Sequence[Judged]) -> None:
    for kind, verdict, _ in judged:
        reason = verdict.reason if isinstance(verdict, Bad) else ""
        serve.sending.judged[kind or _UNKNOWN, reason] += 1


def answered(judged: Sequence[Judged], places: Sequence[Place]) -> Response:
    """What became of each event: 202, 207, or a problem where none was accepted."""
    left = iter(places)
    told = [_told(index, each.verdict, left) for index, each in enumerate(judged)]
    found = {"accepted": len(places), "refused": len(judged) - len(places), "items": told}
    if not places:
        return problems.answered(Problem(422, "none_accepted", "No event was accepted"), found)
    behind = positions.behind(places)
    status = 202 if len(places) == len(judged) else 207
    return answer(found, {POSITION: positions.told(behind)}, status)


def _told(index: int, verdict: ToSend | Bad, places: Any) -> Mapping[str, Any]:
    if isinstance(verdict, Bad):
        reason, detail = verdict
        return {"index": index, "status": "refused", "reason": reason, "detail": detail}
    topic, partition, offset = next(places)
    return {
        "index": index, "status": "accepted", "topic": topic, "partition": partition,
        "offset": offset,
    }  # fmt: skip
