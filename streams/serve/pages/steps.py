"""What somebody ticks off of a complaint's playbook on the page of its customer."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from schemas.codec import encode
from schemas.fields import Id, Label
from schemas.touchpoints import Desk
from streams.readmodel.reading import ReadModel
from streams.serve import bodies, positions
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import POSITION, hidden
from streams.serve.api.asking import ask
from streams.serve.audited import send_audited
from streams.serve.pages.routing import page_router
from streams.serve.problems import Problem
from streams.serve.sending import ToSend
from streams.serve.serving import Serving, serving

router = page_router()


class StepDone(BaseModel):
    """A step of a complaint's playbook is done."""

    model_config = ConfigDict(extra="forbid")

    customer_id: Id
    complaint_id: Id
    step: Label


@router.post("/complaints/steps")
async def tick(
    request: Request,
    served: Annotated[Serving, Depends(serving)],
    who: Annotated[Who, Depends(needs("act"))],
) -> Response:
    """Send what was done as an event of the customer; 202 once Kafka keeps it, with its position.

    Raises ``Problem`` 404 where the customer has no such complaint or step, or is another's.
    """
    asked = await bodies.model(request, StepDone)
    if not await ask(request, _has, served.model, asked, who):
        raise Problem(404, "no_such_step", "No complaint of this customer has this id and step")
    event = Desk(
        event_id=f"desk-{uuid.uuid4().hex}",
        customer_id=asked.customer_id,
        occurred_at=datetime.now(UTC),
        channel="other",
        action="ticked",
        complaint_id=asked.complaint_id,
        step=asked.step,
        by=who.name,
    )
    noted = partial(
        served.gate.note,
        *(who, "acted"),
        customer_id=asked.customer_id,
        subjects=(asked.complaint_id,),
        request=request,
    )
    record = ToSend(Desk.topic, event.customer_id.encode(), encode(event))
    places = await send_audited(served, [record], noted)
    return Response(status_code=202, headers={POSITION: positions.told(positions.behind(places))})


def _has(model: ReadModel, asked: StepDone, who: Who) -> bool:
    whole = model.customer(asked.customer_id)
    if whole is None or hidden(who, whole.figures.owner_id):
        return False
    return any(
        case.complaint_id == asked.complaint_id
        and any(one.step == asked.step for one in case.steps)
        for case in whole.figures.complaint_cases
    )
