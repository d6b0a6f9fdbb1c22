"""``/v1/segments``: the segments in force, and everybody who is in one."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Final, Literal

import msgspec
from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from schemas.examples import OUTPUT_EXAMPLES
from schemas.fields import LABEL_CHARACTERS
from schemas.segments import QUARANTINE
from schemas.topics import SEGMENT_MODEL
from streams.readmodel.directory import directory_of
from streams.readmodel.reading import ReadModel
from streams.serve import positions
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import (
    POSITION,
    PROBLEMS,
    Asked,
    answer,
    counted_first,
    not_there,
    told,
)
from streams.serve.api.asking import ask
from streams.serve.api.exporting import TYPES, file_name
from streams.serve.api.exports import Export, Exporting, Sent
from streams.serve.api.forms import Card, Segments
from streams.serve.routing import new_router
from streams.serve.serving import Serving, serving

router = new_router(tags=["segments"])


class Model(msgspec.Struct):
    """Of a segment model's record, what people see."""

    version: int
    occurred_at: str
    customers: int
    quarantined: int
    segments: list[Card]


_decode: Final = msgspec.json.Decoder(Model).decode
_NONE: Final = Segments(version=None, made_at=None, customers=0, quarantined=0, segments=[])


def shown(model: Model) -> Segments:
    """A model as it is answered with."""
    return Segments(
        version=model.version,
        made_at=model.occurred_at,
        customers=model.customers,
        quarantined=model.quarantined,
        segments=model.segments,
    )


def newest(model: ReadModel) -> Segments:
    """The segments in force."""
    found = [_decode(value) for value in model.newest(SEGMENT_MODEL)]
    return shown(max(found, key=lambda each: each.version)) if found else _NONE


_EXAMPLE: Final = msgspec.to_builtins(
    shown(msgspec.convert(OUTPUT_EXAMPLES["SegmentModel"][0], Model))
)


@router.get(
    "/v1/segments",
    summary="The segments in force",
    response_class=Response,
    responses=told("Segments", "Names, cards and sizes by the newest model", _EXAMPLE),
)
async def segments(
    request: Request,
    asked: Annotated[Asked, Query()],
    who: Annotated[Who, Depends(needs("read"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """The newest segment model as people see it."""
    await counted_first(request, serve, asked)
    return answer(await ask(request, newest, serve.model))


class MembersAsked(Asked):
    """In which form."""

    form: Literal["jsonl", "csv", "parquet"] = Field(
        default="jsonl",
        alias="format",
        description="jsonl: a line with all figures each; csv and parquet: the plain ones",
    )


@router.get(
    "/v1/segments/{segment_id}/customers",
    summary="Everybody in a segment",
    response_class=Response,
    responses={
        200: {
            "description": "Every customer at one moment, by id, streamed without a limit",
            "headers": {
                POSITION: {
                    "description": "what the answer is true of",
                    "schema": {"type": "string"},
                }
            },
            "content": {
                TYPES["jsonl"]: {
                    "schema": {"type": "string", "description": "a CustomerFigures a line"}
                },
                TYPES["csv"]: {
                    "schema": {"type": "string"},
                    "example": "customer_id,tier,owner_id\nc-000017,vip,manager-7\n",
                },
                TYPES["parquet"]: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **PROBLEMS,
    },
)
async def members(
    request: Request,
    segment_id: Annotated[
        str,
        Path(
            min_length=1,
            max_length=LABEL_CHARACTERS,
            description=f"its id, or {QUARANTINE}",
            examples=["s2"],
        ),
    ],
    asked: Annotated[MembersAsked, Query()],
    who: Annotated[Who, Depends(needs("export"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """A full snapshot of a segment, exact at the position that the header tells."""
    await counted_first(request, serve, asked)
    known = await ask(request, newest, serve.model)
    if segment_id not in {QUARANTINE, *(card.segment_id for card in known.segments)}:
        raise not_there("segment")
    exporting: Exporting = request.app.state.exporting
    directory = directory_of(serve.settings)
    with ExitStack() as until_sent:
        until_sent.enter_context(exporting.sending())
        export = await ask(
            request, Export, serve.model, segment_id, asked.form, who.owner_id, directory
        )
        await serve.gate.note(who, "exported", subjects=(segment_id,), request=request)
        name = file_name(segment_id, asked.form)
        return Sent(
            export,
            request.app,
            TYPES[asked.form],
            {
                POSITION: positions.told(export.positions),
                "Content-Disposition": f'attachment; filename="{name}"',
            },
            until_sent.pop_all(),
        )
