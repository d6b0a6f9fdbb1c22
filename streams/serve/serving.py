"""What every route is given: one value on the application's state."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from domain.policy import Policy
from streams.readmodel.reading import ReadModel
from streams.serve.access.gate import Gate
from streams.serve.sending import Sending
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Serving:
    """Settings, rules, what is read, what is sent, and who may."""

    settings: Settings
    policy: Policy
    model: ReadModel
    sending: Sending
    gate: Gate


async def serving(request: Request) -> Serving:
    """What the application was made with, as a dependency: one that is not async costs a thread."""
    found: Serving = request.app.state.serving
    return found
