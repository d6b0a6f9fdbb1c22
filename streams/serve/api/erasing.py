"""``DELETE /v1/customers/{id}``: forget a customer, and say what remains where until when."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import anyio
import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Path, Query, Request, Response
from kafka.errors import KafkaError
from pydantic import BaseModel, Field

from schemas.codec import Bad, encode
from schemas.fields import ID_CHARACTERS, milliseconds, moment, rfc3339
from schemas.touchpoints import Profile
from streams.engine.admin import plain
from streams.errors import ClusterError
from streams.queries import connect, erasing
from streams.queries.remains import Remains, remains
from streams.readmodel.connections import NotReadable
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import AlertFilter, Positions
from streams.serve import positions
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import IN_A_PATH, POSITION, answer, owned
from streams.serve.api.asking import ask
from streams.serve.api.events import POSITION_HEADER, PROBLEM, TRY_AGAIN
from streams.serve.judging import judge
from streams.serve.problems import Problem
from streams.serve.routing import new_router
from streams.serve.sending import ToSend
from streams.serve.serving import Serving, serving
from streams.settings import Settings

WAIT_SECONDS: Final = 30.0
MOST_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.1
KAFKA_THREADS: Final = 2

log = structlog.get_logger("touchline.serve")


class Remaining(BaseModel):
    """What a topic may hold of the customer, and until when at the latest."""

    topic: str = Field(examples=["alerts"])
    until: str | None = Field(
        description="RFC 3339; null: for ever", examples=["2026-03-02T09:00:00.000Z"]
    )
    what: str = Field(examples=["records that came before"])


class Erasure(BaseModel):
    """A request to erase, as it lies in Kafka, and how far it has come."""

    customer_id: str
    event_id: str
    occurred_at: str = Field(description="what occurred up to then is erased")
    topic: str = Field(examples=[Profile.topic])
    partition: int = Field(ge=0)
    offset: int
    erased: bool = Field(
        description="whether state, compacted outputs and read model are rid of the customer"
    )
    remains: list[Remaining] | None = Field(
        description="null where Kafka does not tell how long its topics keep records"
    )


router: Final = new_router(tags=["customers"])


@router.delete(
    "/v1/customers/{customer_id:path}",
    summary="Erase a customer",
    status_code=202,
    response_class=Response,
    responses={
        200: {"description": "It is done", "model": Erasure, "headers": POSITION_HEADER},
        202: {
            "description": "Kafka has the request; the customer's worker does it",
            "model": Erasure,
            "headers": POSITION_HEADER,
        },
        404: {"description": "No customer of yours", **PROBLEM},
        422: {"description": "This cannot be a customer's id", **PROBLEM},
        429: {"description": "Too many bytes are on their way to Kafka", **TRY_AGAIN},
        503: {"description": "Kafka does not answer, or refuses", **TRY_AGAIN},
    },
)
async def erase_customer(
    *,
    request: Request,
    who: Annotated[Who, Depends(needs("erase"))],
    serve: Annotated[Serving, Depends(serving)],
    customer_id: Annotated[str, Path(max_length=ID_CHARACTERS, json_schema_extra=IN_A_PATH)],
    wait: Annotated[
        bool, Query(description="answer once it is done, or after ``seconds`` with 202")
    ] = False,
    seconds: Annotated[float, Query(gt=0, le=MOST_SECONDS)] = WAIT_SECONDS,
) -> Response:
    """Erase all that is kept of a customer, whether known or not; it cannot be brought back.

    The request goes among the profiles and is done exactly once, in its place among the
    customer's events. What lies in topics that keep records for a time stays there until that
    ends; ``remains`` tells of each.
    """
    await owned(request, serve, who, customer_id)
    if wait:
        with suppress(NotReadable):  # one that has to be built holds no erasure up
            await ask(request, serve.model.customer, customer_id)  # or the sibling that has it does
    try:
        event = erasing.request(customer_id, datetime.now(UTC))
    except erasing.NotErased:
        raise _no_id("It has 1 to 64 characters, none of them a control character.") from None
    value = encode(event)
    [judged] = judge([value], serve.policy, who, None)
    if isinstance(judged.verdict, Bad):
        raise _no_id(judged.verdict.detail)
    left = await _asked_of_kafka(request, serve.settings, milliseconds(event.occurred_at))
    record = ToSend(Profile.topic, customer_id.encode(), value)
    await serve.gate.note(who, "erased", customer_id=customer_id, request=request)
    places = await serve.sending.send([record])  # what gets no answer may be done all the same
    behind = positions.behind(places)
    done = wait and await _is_gone(request, serve.model, customer_id, behind, seconds)
    told: dict[str, Any] = {
        "customer_id": customer_id,
        "event_id": event.event_id,
        "occurred_at": rfc3339(event.occurred_at),
        **places[0]._asdict(),
        "erased": done,
        "remains": None if left is None else [_told(one) for one in left],
    }
    return answer(told, {POSITION: positions.told(behind)}, 200 if done else 202)


async def _is_gone(
    request: Request, model: ReadModel, customer_id: str, behind: Positions, seconds: float
) -> bool:
    """Whether the request counts, and nothing is left of the customer, within so many seconds."""
    until = time.monotonic() + seconds
    try:
        if not await model.counted(behind, seconds):
            return False
        while await ask(request, _is_known, model, customer_id):
            if time.monotonic() > until:
                return False
            await anyio.sleep(LOOK_SECONDS)
    except NotReadable:  # the request is sent, and done all the same
        return False
    return True


def _is_known(model: ReadModel, customer_id: str) -> bool:
    """Whether the read model has a state or an alert of this customer, or its file a trace."""
    if model.customer(customer_id) is not None or not model.cleared():
        return True
    return bool(model.alerts(AlertFilter(customer_id=customer_id), None, 1).rows)


async def _asked_of_kafka(request: Request, settings: Settings, at: int) -> list[Remains] | None:
    """What stays, in threads of its own: where Kafka is away, nobody who reads waits for it."""
    state = request.app.state
    limiter: CapacityLimiter | None = getattr(state, "asking_kafka", None)
    if limiter is None:
        state.asking_kafka = limiter = CapacityLimiter(KAFKA_THREADS)
    return await to_thread.run_sync(_remains, settings, at, limiter=limiter)


def _remains(settings: Settings, at: int) -> list[Remains] | None:
    """What stays; ``None`` where it cannot be told, which holds no erasure up. Blocks."""
    try:
        with connect.admin(settings) as admin:
            return remains(admin, settings, at)
    except (ClusterError, KafkaError) as error:
        log.warning("it is not known how long topics keep records", why=plain(error))
        return None


def _told(one: Remains) -> dict[str, str | None]:
    until = None if one.until is None else rfc3339(moment(one.until))
    return {"topic": one.topic, "until": until, "what": one.what}


def _no_id(why: str) -> Problem:
    return Problem(422, "no_customer_id", "This cannot be a customer's id", why)
