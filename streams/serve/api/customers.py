"""``/v1/customers``: who there is, one with all figures, and a customer's timeline."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from schemas.fields import ID_CHARACTERS, Label, Tier, moment, rfc3339
from schemas.figures import published
from schemas.figures.relationship import State
from streams.readmodel.rows import CustomerFilter, Moment
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import (
    IN_A_PATH,
    Asked,
    Listed,
    answer,
    counted_first,
    hidden,
    not_there,
    owned,
    owner_seen,
    told,
)
from streams.serve.api.asking import ask
from streams.serve.api.forms import CustomerPage, CustomerRow, TimelineMoment, TimelinePage
from streams.serve.routing import new_router
from streams.serve.serving import Serving, serving

AS_OF: Final = "Touchline-As-Of"
MOST_OF_A_FILTER: Final = 32
router = new_router(tags=["customers"])

CustomerId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=ID_CHARACTERS,
        json_schema_extra=IN_A_PATH,
        examples=["c-000017"],
        description="its id",
    ),
]


class CustomersAsked(Listed):
    """Which customers; several values of one parameter are alternatives."""

    prefix: str = Field(
        default="", max_length=ID_CHARACTERS, description="ids that begin with this"
    )
    tier: list[Tier] = Field(default=[], max_length=MOST_OF_A_FILTER, description="of these tiers")
    segment: list[Label] = Field(
        default=[], max_length=MOST_OF_A_FILTER, description="in these segments, by id"
    )
    owner: str | None = Field(
        default=None, max_length=ID_CHARACTERS, description="of this relationship manager"
    )
    state: list[State] = Field(
        default=[], max_length=MOST_OF_A_FILTER, description="in these states of the relationship"
    )
    complaint_open: bool | None = Field(
        default=None, description="with a complaint that waits for a resolution, or without"
    )


_ROW: Final = CustomerRow(
    customer_id="c-000017", tier="vip", segment="s2", owner_id="manager-7", state="loyal",
    balance=412_000.0, satisfaction=6.4, complaints_open=1, alerts_open=1,
)  # fmt: skip


@router.get(
    "/v1/customers",
    summary="Search customers",
    response_class=Response,
    responses=told(
        "CustomerPage",
        "Customers by id",
        {"items": [msgspec.to_builtins(_ROW)], "next_cursor": None},
    ),
)
async def customers(
    request: Request,
    asked: Annotated[CustomersAsked, Query()],
    who: Annotated[Who, Depends(needs("read"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """Customers by id, a page at a time."""
    await counted_first(request, serve, asked)
    if asked.owner is not None and hidden(who, asked.owner):
        return answer(CustomerPage(items=[], next_cursor=None))
    which = CustomerFilter(
        prefix=asked.prefix,
        tier=tuple(asked.tier),
        segment=tuple(asked.segment),
        owner_id=owner_seen(who, asked.owner),
        state=tuple(asked.state),
        complaint_open=asked.complaint_open,
    )
    found = await ask(request, serve.model.customers, which, asked.cursor, asked.limit)
    await serve.gate.note(who, "listed", request=request)
    return answer(
        CustomerPage(
            items=[CustomerRow(**row._asdict()) for row in found.rows], next_cursor=found.cursor
        )
    )


class TimelineAsked(Listed):
    """Which part of a timeline."""

    opened: bool = Field(
        default=False, description="every click and small transaction, not their counts of a day"
    )


_MOMENT: Final = TimelineMoment(
    at="2026-03-02T09:14:00.000Z", source="touchpoints.complaint", type="complaint", counted=True,
    refused=None, count=1,
    record={"type": "complaint", "event_id": "e-81", "customer_id": "c-000017"},
)  # fmt: skip


# Ids may have a slash, so this comes before what takes a path to its end.
@router.get(
    "/v1/customers/{customer_id:path}/timeline",
    summary="A customer's timeline",
    response_class=Response,
    responses=told(
        "TimelinePage",
        "Moments, the newest first",
        {"items": [msgspec.to_builtins(_MOMENT)], "next_cursor": None, "complete": True},
    ),
)
async def timeline(
    request: Request,
    customer_id: CustomerId,
    asked: Annotated[TimelineAsked, Query()],
    who: Annotated[Who, Depends(needs("read"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """What happened to a customer and what came of it, the newest first."""
    await counted_first(request, serve, asked)
    await owned(request, serve, who, customer_id)

    def read() -> TimelinePage | None:
        lacks = serve.model.lacks_events(customer_id)
        page = serve.model.timeline(customer_id, asked.cursor, asked.limit, opened=asked.opened)
        first = asked.cursor is None
        if first and not page.rows and serve.model.customer(customer_id) is None:
            return None
        items = [_moment(row) for row in page.rows]
        return TimelinePage(items=items, next_cursor=page.cursor, complete=not lacks)

    found = await ask(request, read)
    if found is None:
        raise not_there("customer")
    await serve.gate.note(who, "looked", customer_id=customer_id, request=request)
    return answer(found)


@router.get(
    "/v1/customers/{customer_id:path}",
    summary="A customer with all figures",
    response_class=Response,
    responses=told(
        published.NAME,
        "All figures, as in a line of customers.jsonl",
        msgspec.to_builtins(published.example()),
        headers={
            AS_OF: {
                "description": "when the figures are told of",
                "schema": {"type": "string", "format": "date-time"},
            }
        },
    ),
)
async def customer(
    request: Request,
    customer_id: CustomerId,
    asked: Annotated[Asked, Query()],
    who: Annotated[Who, Depends(needs("read"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """Everything known of a customer, as committed, decoded by the workers' own code."""
    await counted_first(request, serve, asked)
    whole = await ask(request, serve.model.customer, customer_id)
    if whole is None or hidden(who, whole.figures.owner_id):
        raise not_there("customer")
    await serve.gate.note(who, "looked", customer_id=customer_id, request=request)
    return answer(whole.figures, {AS_OF: rfc3339(moment(whole.as_of))})


def _moment(row: Moment) -> TimelineMoment:
    return TimelineMoment(
        at=rfc3339(moment(row.at)),
        source=row.source,
        type=row.type,
        counted=row.counted,
        refused=row.refused,
        count=row.count,
        record=_record(row.value),
    )


def _record(value: bytes) -> Any:
    """The record as it stands; null where it is no JSON, which only a refused one can be."""
    try:
        msgspec.json.decode(value)
    except msgspec.DecodeError:
        return None
    return msgspec.Raw(value)
