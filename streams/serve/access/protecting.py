"""What stands before every route of an application."""

from __future__ import annotations

from fastapi import FastAPI

from streams.serve.access.headers import Hosts, SecurityHeaders
from streams.serve.access.login import router
from streams.serve.routing import add
from streams.settings import Settings


def protect(app: FastAPI, settings: Settings) -> None:
    """Names that are answered to, headers that keep browsers careful, pages to log in and out.

    To be called last: what is added later stands before it.
    """
    add(app, router)
    app.add_middleware(Hosts, settings=settings)
    app.add_middleware(SecurityHeaders)
