"""Sending with the audit: what Kafka has, or may have, is written there, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Final

from fastapi import Request

from streams.serve.access.who import Who
from streams.serve.judging import Judged
from streams.serve.problems import Problem
from streams.serve.sending import Place, ToSend
from streams.serve.serving import Serving

AT_ONCE: Final = 50
"""Records of the audit made before others have their turn."""


async def send_audited(
    serve: Serving, records: Sequence[ToSend], note: Callable[[], Awaitable[None]]
) -> list[Place]:
    """Where each is kept; ``note`` writes into the audit what was sent. Raises as ``send`` does.

    It also does where there is no answer: some of it may be in Kafka.
    """
    try:
        places = await serve.sending.send(records)
    except Problem as problem:
        if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
            await note()
        raise
    await note()
    return places


async def note_acts(serve: Serving, who: Who, judged: Sequence[Judged], request: Request) -> None:
    """Write into the audit each event that acts or erases."""
    for number, each in enumerate(judged, 1):
        if (it := each.audited) is not None:
            await serve.gate.note(
                who, it.act, customer_id=it.customer_id, subjects=it.subjects, request=request
            )
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
