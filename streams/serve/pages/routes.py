"""All pages, and what they load."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from streams.serve.pages import assets, customer, customers, desk, reader, steps, strip, tasks
from streams.serve.routing import add, new_router

PAGES: Final = (assets, reader, strip, desk, customers, customer, tasks, steps)
router = new_router(include_in_schema=False)


def add_pages(app: FastAPI) -> None:
    """The routes of every page; each asks for its own scope."""
    for part in PAGES:
        add(app, part.router)
    add(app, router)


@router.get("/")
async def first() -> RedirectResponse:
    """On to the desk."""
    return RedirectResponse("/desk", status_code=303)
