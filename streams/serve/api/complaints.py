"""``/v1/complaints``: complaints of all customers, with all their clocks."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import Depends, Query, Request, Response
from pydantic import Field

from schemas.figures import published
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import Listed, answer, counted_first, told
from streams.serve.api.asking import ask
from streams.serve.routing import new_router
from streams.serve.serving import Serving, serving

router = new_router(tags=["complaints"])


class ComplaintsAsked(Listed):
    """Which complaints."""

    open: bool = Field(
        default=True, description="only those that wait for a resolution; else closed ones too"
    )


_EXAMPLE: Final = {
    "customer_id": published.example().customer_id,
    **msgspec.to_builtins(published.example().complaint_cases[0]),
}


@router.get(
    "/v1/complaints",
    summary="Complaints of all customers",
    response_class=Response,
    responses=told(
        "ComplaintPage", "Complaints by customer", {"items": [_EXAMPLE], "next_cursor": None}
    ),
)
async def complaints(
    request: Request,
    asked: Annotated[ComplaintsAsked, Query()],
    who: Annotated[Who, Depends(needs("read"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """Complaints that are open, or were closed within 40 days, a page at a time."""
    await counted_first(request, serve, asked)
    found = await ask(
        request,
        serve.model.complaints,
        asked.cursor,
        asked.limit,
        open_only=asked.open,
        owner_id=who.owner_id,
    )
    await serve.gate.note(who, "listed", request=request)
    return answer({"items": found.rows, "next_cursor": found.cursor})
