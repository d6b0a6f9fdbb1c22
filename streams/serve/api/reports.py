"""``/v1/reports``: what `touchline report` tells of the live state, as JSON or as a page."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import problem_ref
from streams.serve.problems import Problem
from streams.serve.reporting import Form, Kind, Reporting, Wanted
from streams.serve.routing import new_router
from streams.serve.serving import Serving, serving

Group = Literal[
    "tier", "segment", "region", "sex", "age_band", "occupation", "position", "organisation",
    "liquidity", "owner", "abc", "clv_class",
]  # fmt: skip
OfMoments = Literal["agent", "branch", "stage", "channel", "factor"]
OF_MOMENTS: Final = frozenset(("agent", "branch", "stage", "channel", "factor"))
TYPES: Final[dict[Form, str]] = {"json": "application/json", "html": "text/html; charset=utf-8"}
ALONE: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""A report's page stands alone: its styles are within, and it runs nothing."""
router = new_router(tags=["reports"])


class ReportAsked(BaseModel):
    """Cut by what, in which form."""

    model_config = ConfigDict(extra="forbid")

    by: Group | OfMoments | None = Field(
        default=None,
        description="cut it by this group of customers; those of moments and contacts (agent, "
        "branch, stage, channel, factor) are for the report experience",
    )
    form: Form | None = Field(
        default=None, alias="format", description="default: html to a browser, else json"
    )


@router.get(
    "/v1/reports/{kind}",
    summary="A report over all customers",
    response_class=Response,
    responses={
        200: {
            "description": "The report of the live state, at most a minute old",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/html": {"schema": {"type": "string"}},
            },
        },
        422: {"description": "A parameter does not fit", "content": problem_ref()},
        503: {"description": "It cannot be made just now", "content": problem_ref()},
    },
)
async def report(
    request: Request,
    kind: Annotated[Kind, Path(description="its subject")],
    asked: Annotated[ReportAsked, Query()],
    who: Annotated[Who, Depends(needs("read"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """Made in a process of its own, one at a time; the same one within a minute is not made
    anew."""
    if who.owner_id is not None:
        raise Problem(
            403, "own_customers_only", "A report is of all customers, and you see your own alone"
        )
    if asked.by in OF_MOMENTS and kind != "experience":
        raise Problem(422, "invalid", f"A customer has no one {asked.by}", "Ask for experience.")
    reporting: Reporting = request.app.state.reporting
    is_browser = "text/html" in request.headers.get("accept", "")
    form: Form = asked.form or ("html" if is_browser else "json")
    told = await reporting.report(Wanted(kind, asked.by, form))
    await serve.gate.note(who, "listed", request=request)
    headers = {"Content-Security-Policy": ALONE} if form == "html" else {}
    return Response(told, media_type=TYPES[form], headers=headers)
