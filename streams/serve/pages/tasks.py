"""What somebody does about a care task on the page of its customer."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from schemas.codec import encode
from schemas.fields import Id, OutputId
from schemas.touchpoints import Care
from streams.readmodel.reading import ReadModel
from streams.serve import bodies, positions
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import POSITION, hidden
from streams.serve.api.asking import ask
from streams.serve.audited import send_audited
from streams.serve.pages.routing import page_router
from streams.serve.pages.seen import open_tasks
from streams.serve.problems import Problem
from streams.serve.sending import ToSend
from streams.serve.serving import Serving, serving

router = page_router()


class TaskAction(BaseModel):
    """A step of a task: its plan is approved, it is done, or it is not to be."""

    model_config = ConfigDict(extra="forbid")

    customer_id: Id
    task_id: OutputId
    action: Literal["approved", "done", "declined"]


@router.post("/tasks/actions")
async def act(
    request: Request,
    served: Annotated[Serving, Depends(serving)],
    who: Annotated[Who, Depends(needs("act"))],
) -> Response:
    """Send what was done as an event of the customer; 202 once Kafka keeps it, with its position.

    Raises ``Problem`` 404 where the customer has no such open task or is another's.
    """
    asked = await bodies.model(request, TaskAction)
    if not await ask(request, _has, served.model, asked, who):
        raise Problem(404, "no_such_task", "No open task of this customer has this id")
    event = Care(
        event_id=f"care-{uuid.uuid4().hex}",
        customer_id=asked.customer_id,
        occurred_at=datetime.now(UTC),
        channel="other",
        task_id=asked.task_id,
        action=asked.action,
    )
    noted = partial(
        served.gate.note,
        *(who, "acted"),
        customer_id=asked.customer_id,
        subjects=(asked.task_id,),
        request=request,
    )
    record = ToSend(Care.topic, event.customer_id.encode(), encode(event))
    places = await send_audited(served, [record], noted)
    return Response(status_code=202, headers={POSITION: positions.told(positions.behind(places))})


def _has(model: ReadModel, asked: TaskAction, who: Who) -> bool:
    whole = model.customer(asked.customer_id)
    if whole is None or hidden(who, whole.figures.owner_id):
        return False
    told = open_tasks(model.tasks(asked.customer_id))
    return any(task.record.get("task_id") == asked.task_id for task in told)
