"""``POST /v1/alerts/actions``: what somebody did about alerts, many at once."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final, Literal

import httpx
import msgspec
from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.codec import Bad
from schemas.fields import OUTPUT_ID_CHARACTERS, Assignee, Label, Note, OccurredAt, rfc3339
from streams.readmodel.rows import AlertRow, Positions
from streams.serve import bodies, positions
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.alerts import owner_of
from streams.serve.api.answering import POSITION, answer, hidden
from streams.serve.api.asking import ask
from streams.serve.api.events import POSITION_HEADER, PROBLEM, TRY_AGAIN
from streams.serve.audited import note_acts, send_audited
from streams.serve.elsewhere import SENT_ON, Elsewhere, away
from streams.serve.judging import Judged, judge
from streams.serve.problems import PROBLEM_JSON, Problem, answered
from streams.serve.routing import new_router
from streams.serve.sending import ToSend
from streams.serve.serving import Serving, serving

MOST_IDS: Final = 1_000
WORDS: Final = {
    "acknowledge": "acknowledged",
    "resolve": "resolved",
    "snooze": "snoozed",
    "reopen": "reopened",
    "assign": "assigned",
    "note": "noted",
    "tick": "ticked",
}
"""What is done, and the word of the desk event that says so; either may be given."""
_NEEDS: Final = {"snoozed": "until", "assigned": "assign_to", "noted": "note", "ticked": "step"}
_ONLY: Final = {"until": "snoozed", "assign_to": "assigned", "step": "ticked"}

AlertId = Annotated[str, Field(min_length=1, max_length=OUTPUT_ID_CHARACTERS)]
Action = Literal[
    "acknowledge", "resolve", "snooze", "reopen", "assign", "note", "tick",
    "acknowledged", "resolved", "snoozed", "reopened", "assigned", "noted", "ticked",
]  # fmt: skip
Result = Literal["accepted", "unknown", "held_elsewhere"]


class ActionsRequest(BaseModel):
    """One action on some alerts. ``snooze`` needs ``until``, ``assign`` needs ``assign_to``.

    ``tick`` needs ``step``: that step of the playbook is done for the complaint of each alert.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "ids": ["0dc1a3a9ad3c0a7ef2ad32b1e5a0c5d95f1c3e07"],
                    "action": "snooze",
                    "until": "2026-02-01T09:00:00+08:00",
                    "note": "calls back tomorrow",
                    "idempotency_key": "desk-3-000817",
                }
            ]
        },
    )

    ids: list[AlertId] = Field(
        min_length=1, max_length=MOST_IDS, description="alerts, by the id of any of their levels"
    )
    action: Action
    note: Note | None = None
    assign_to: Assignee | None = Field(default=None, description="empty: to nobody")
    until: OccurredAt | None = Field(default=None, description="of a snooze")
    step: Label | None = Field(
        default=None, description="of a tick: a step of the policy's complaints.playbook"
    )
    idempotency_key: str | None = Field(
        default=None, min_length=1, max_length=200,
        description="the same request under the same key counts once within 7 days",
    )  # fmt: skip

    @model_validator(mode="after")
    def _fits(self) -> ActionsRequest:
        action = WORDS.get(self.action, self.action)
        needed = _NEEDS.get(action)
        if needed is not None and getattr(self, needed) is None:
            raise PydanticCustomError("case", f"{self.action} needs {needed}")
        for name, only in _ONLY.items():
            if getattr(self, name) is not None and action != only:
                raise PydanticCustomError("case", f"{name} must not be given with {self.action}")
        if self.until is not None and self.until <= datetime.now(UTC):
            raise PydanticCustomError("case", "until must be later than now")
        return self


class ActedOn(BaseModel):
    """What became of one id."""

    id: str = Field(description="as it was given")
    result: Result


class Acted(BaseModel):
    """What became of the ids of a request, in their order."""

    accepted: int = Field(ge=0)
    results: list[ActedOn]


class ActedNone(Acted):
    """An error (RFC 9457) that tells of each id why nothing was done."""

    type: str
    kind: str
    title: str
    status: int


_NONE_OR_AWAY: Final = {
    "anyOf": [bodies.schema(ActedNone), {"$ref": "#/components/schemas/Problem"}]
}

router: Final = new_router(tags=["alerts"])


@router.post(
    "/v1/alerts/actions",
    summary="Act on alerts",
    status_code=202,
    response_class=Response,
    openapi_extra={"requestBody": bodies.described(ActionsRequest)},
    responses={
        202: {"description": "All are kept by Kafka", "model": Acted, "headers": POSITION_HEADER},
        207: {
            "description": "Some are kept; others are not known, or those who hold them are away",
            "model": Acted,
            "headers": POSITION_HEADER,
        },
        400: {"description": "The body is not JSON, or cannot be unpacked", **PROBLEM},
        404: {
            "description": "None of the alerts is known and yours",
            "content": {PROBLEM_JSON: {"schema": bodies.schema(ActedNone)}},
        },
        408: {"description": "The body was not whole within 30 s", **PROBLEM},
        413: {"description": "The body is too large", **PROBLEM},
        415: {"description": "A type, charset or encoding that is not taken", **PROBLEM},
        422: {"description": "The request does not fit", **PROBLEM},
        429: {"description": "Too many bytes are on their way to Kafka", **TRY_AGAIN},
        503: {
            "description": "Kafka does not answer, or refuses; or a replica that may hold the "
            "alerts does not, and the answer says so of each",
            **TRY_AGAIN,
            "content": {PROBLEM_JSON: {"schema": _NONE_OR_AWAY}},
        },
    },
)
async def act_on_alerts(
    request: Request,
    who: Annotated[Who, Depends(needs("act"))],
    serve: Annotated[Serving, Depends(serving)],
) -> Response:
    """Acknowledge, resolve, snooze, reopen, assign, note or tick, with a result for each id.

    The answer comes when every in-sync replica has the actions; a worker works them out within
    milliseconds, and ``GET /v1/alerts`` with the position of the answer as ``Touchline-After``
    tells of the alerts as they are then.
    """
    asked = await bodies.model(request, ActionsRequest)
    asked.idempotency_key = asked.idempotency_key or str(uuid.uuid4())
    results, judged = await ask(request, _made, serve, asked, who)
    sent = [each.verdict for each in judged if isinstance(each.verdict, ToSend)]
    places = await send_audited(serve, sent, partial(note_acts, serve, who, judged, request))
    behind = positions.behind(places)
    if "unknown" in results and SENT_ON not in request.headers:
        await _of_siblings(request, serve, asked, results, behind)
    return _answered(asked.ids, results, behind)


async def _of_siblings(
    request: Request,
    serve: Serving,
    asked: ActionsRequest,
    results: list[Result],
    behind: Positions,
) -> None:
    """Ask those who hold other partitions of what is not known here; take their word for it.

    What may be held by one that does not answer is not known to be unknown.
    """
    addresses = await ask(request, serve.model.siblings)
    unknown = [given for given, result in zip(asked.ids, results, strict=True)
               if result == "unknown"]  # fmt: skip
    body = asked.model_copy(update={"ids": unknown}).model_dump_json(exclude_none=True).encode()
    known: dict[str, Result] = {}
    otherwise: Result = "unknown"
    for told in await asyncio.gather(*(_of_one(request, each, body) for each in addresses)):
        if told is None:
            otherwise = "held_elsewhere"
            continue
        known |= {
            each["id"]: each["result"]
            for each in told.json()["results"]
            if each["result"] != "unknown"
        }
        behind |= positions.read(told.headers.get(POSITION, ""))
    results[:] = [known.get(given, otherwise) if result == "unknown" else result
                  for given, result in zip(asked.ids, results, strict=True)]  # fmt: skip


async def _of_one(request: Request, address: str, body: bytes) -> httpx.Response | None:
    """What a sibling did; ``None`` where it does not answer, or cannot act just now."""
    elsewhere: Elsewhere = request.app.state.elsewhere
    try:
        answer = await elsewhere.told(request, address, body)
    except Problem:
        return None
    return answer if answer.status_code in {202, 207, 404} else None


def _answered(ids: Sequence[str], results: Sequence[Result], behind: Positions) -> Response:
    told: dict[str, Any] = {
        "accepted": results.count("accepted"),
        "results": [
            {"id": given, "result": result} for given, result in zip(ids, results, strict=True)
        ],
    }
    if not told["accepted"]:
        none = Problem(404, "no_such_alert", "None of these alerts is known and yours")
        if "held_elsewhere" in results:
            none = away()
        return answered(none, told)
    status = 202 if told["accepted"] == len(ids) else 207
    return answer(told, {POSITION: positions.told(behind)}, status)


def _made(serve: Serving, asked: ActionsRequest, who: Who) -> tuple[list[Result], list[Judged]]:
    """What is to be said of each id, and the events of alerts that they may act on. Blocks.

    Raises ``Problem`` 422 where workers would take no such event.
    """
    known = serve.model.alerts_by_id(asked.ids)
    mine = {given: row for given, row in known.items() if not hidden(who, owner_of(row))}
    at = datetime.now(UTC)
    events = {row.alert_id: _event(row, asked, who, at) for row in mine.values()}
    judged = judge(list(events.values()), serve.policy, who, None)
    for each in judged:
        if isinstance(each.verdict, Bad):
            raise Problem(422, "invalid", "The request does not fit", each.verdict.detail)
    return ["accepted" if given in mine else "unknown" for given in asked.ids], judged


def _event(alert: AlertRow, asked: ActionsRequest, who: Who, at: datetime) -> bytes:
    """What the desk says of one alert; the same for the same request of the same caller."""
    action = WORDS.get(asked.action, asked.action)
    until = None if asked.until is None else rfc3339(asked.until)
    same = [
        who.name,
        asked.idempotency_key,
        alert.alert_id,
        action,
        asked.note,
        asked.assign_to,
        until,
        *([] if asked.step is None else [asked.step]),
    ]
    digest = hashlib.sha256(msgspec.json.encode(same)).hexdigest()[:40]
    fields = {
        "type": "desk",
        "event_id": f"desk-{digest}",
        "customer_id": alert.customer_id,
        "occurred_at": rfc3339(at),
        "channel": "other",
        "alert_id": alert.alert_id,
        "action": action,
        "until": until,
        "note": asked.note,
        "assign_to": asked.assign_to,
        "by": who.name,
    }
    if action == "ticked":
        fields |= {"step": asked.step, "complaint_id": _complaint_of(alert)}
    return msgspec.json.encode({name: each for name, each in fields.items() if each is not None})


def _complaint_of(alert: AlertRow) -> str | None:
    """The complaint that an alert is about; ``None`` where it is about none."""
    return msgspec.json.decode(alert.value, type=_About).complaint_id


class _About(msgspec.Struct):
    """Of an alert's state, what it is about."""

    complaint_id: str | None = None
