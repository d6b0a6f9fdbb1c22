"""``/v1/alerts``: what somebody should act on, as it stands in ``alert-states``."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from schemas.examples import OUTPUT_EXAMPLES
from schemas.fields import ID_CHARACTERS, OUTPUT_ID_CHARACTERS, Label, Tier, moment, rfc3339
from streams.readmodel.rows import AlertFilter, AlertRow
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import (
    IN_A_PATH,
    MOST_ROWS,
    ROWS,
    Asked,
    Cursor,
    answer,
    counted_first,
    hidden,
    not_there,
    owner_seen,
    told,
)
from streams.serve.api.asking import ask
from streams.serve.api.customers import MOST_OF_A_FILTER
from streams.serve.api.forms import AlertCounts, AlertPage, CountedAlerts, PartitionAge
from streams.serve.routing import new_router
from streams.serve.serving import Serving, serving

Status = Literal["open", "acknowledged", "snoozed", "resolved", "settled"]
Priority = Annotated[int, Field(ge=1, le=5)]
_EXAMPLE: Final = OUTPUT_EXAMPLES["AlertState"][0]
router = new_router(tags=["alerts"])


class AlertsCounted(Asked):
    """Which alerts; several values of one parameter are alternatives."""

    status: list[Status] = Field(default=[], description="that stand so")
    kind: list[Label] = Field(default=[], max_length=MOST_OF_A_FILTER, description="of these kinds")
    tier: list[Tier] = Field(default=[], max_length=MOST_OF_A_FILTER, description="of these tiers")
    owner: str | None = Field(
        default=None, max_length=ID_CHARACTERS, description="of this relationship manager"
    )
    assignee: str | None = Field(
        default=None, max_length=ID_CHARACTERS, description="assigned to this person"
    )
    priority: list[Priority] = Field(default=[], max_length=5, description="1 is the highest")
    segment: list[Label] = Field(
        default=[], max_length=MOST_OF_A_FILTER, description="in these segments, by id"
    )
    customer: str | None = Field(
        default=None, max_length=ID_CHARACTERS, description="of this customer"
    )

    def of(self, who: Who) -> AlertFilter | None:
        """What is meant, of what they may see; ``None`` where that can be nothing."""
        if self.owner is not None and hidden(who, self.owner):
            return None
        return AlertFilter(
            status=tuple(self.status),
            kind=tuple(self.kind),
            tier=tuple(self.tier),
            owner_id=owner_seen(who, self.owner),
            assignee=self.assignee,
            priority=tuple(self.priority),
            segment=tuple(self.segment),
            customer_id=self.customer,
        )


class AlertsAsked(AlertsCounted):
    """Which alerts, a page at a time."""

    cursor: Cursor = None
    limit: int = Field(default=ROWS, ge=1, le=MOST_ROWS, description="rows at most")


@router.get(
    "/v1/alerts",
    summary="Alerts and how they stand",
    response_class=Response,
    responses=told(
        "AlertPage",
        "Alerts by priority, tier (highest first) and age (oldest first)",
        {"items": [_EXAMPLE], "next_cursor": None},
    ),
)
async def alerts(
    request: Request,
    asked: Annotated[AlertsAsked, Query()],
    who: Annotated[Who, Depends(needs("read"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """Alerts with who acted on them, a page at a time; without ``status`` of every status."""
    await counted_first(request, serve, asked)
    which = asked.of(who)
    if which is None:
        return answer(AlertPage(items=[], next_cursor=None))
    found = await ask(request, serve.model.alerts, which, asked.cursor, asked.limit)
    await serve.gate.note(who, "listed", request=request)
    items = [msgspec.Raw(row.value) for row in found.rows]
    return answer(AlertPage(items=items, next_cursor=found.cursor))


@router.get(
    "/v1/alerts/counts",
    summary="How many alerts there are",
    response_class=Response,
    responses=told(
        "AlertCounts",
        "Alerts by status, and how current that is",
        {
            "counts": {
                "open": 3, "acknowledged": 1, "snoozed": 0, "resolved": 12, "settled": 2,
            },
            "last_raised_at": "2026-03-02T09:14:00.412Z",
            "partitions": [{"partition": 0, "age_seconds": 0.2, "behind": 0}],
        },
    ),
)  # fmt: skip
async def counts(
    request: Request,
    asked: Annotated[AlertsCounted, Query()],
    who: Annotated[Who, Depends(needs("read"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """Alerts by status; with when the last was raised and how old each partition is."""
    await counted_first(request, serve, asked)
    which = asked.of(who)

    def read() -> AlertCounts:
        found = {} if which is None else dict(serve.model.alert_counts(which))
        last = found.pop("last_raised", 0)
        return AlertCounts(
            counts=CountedAlerts(**found),
            last_raised_at=rfc3339(moment(last)) if last else None,
            partitions=[PartitionAge(**each._asdict()) for each in serve.model.currency()],
        )

    return answer(await ask(request, read))


@router.get(
    "/v1/alerts/{alert_id:path}",
    summary="An alert and how it stands",
    response_class=Response,
    responses=told("AlertState", "As the newest record of alert-states has it", _EXAMPLE),
)
async def alert(
    request: Request,
    alert_id: Annotated[
        str,
        Path(
            min_length=1,
            max_length=OUTPUT_ID_CHARACTERS,
            json_schema_extra=IN_A_PATH,
            description="its id, or that of a later level",
            examples=[_EXAMPLE["alert_id"]],
        ),
    ],
    asked: Annotated[Asked, Query()],
    who: Annotated[Who, Depends(needs("read"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """One alert, by its id or by that of any of its levels."""
    await counted_first(request, serve, asked)
    row = await ask(request, serve.model.alert, alert_id)
    if row is None or hidden(who, owner_of(row)):
        raise not_there("alert")
    await serve.gate.note(who, "looked", customer_id=row.customer_id, request=request)
    return Response(row.value, media_type="application/json")


class _Owned(msgspec.Struct):
    owner_id: str | None = None


_owned: Final = msgspec.json.Decoder(_Owned).decode


def owner_of(row: AlertRow) -> str | None:
    """Whose customer's alert it is."""
    return _owned(row.value).owner_id
