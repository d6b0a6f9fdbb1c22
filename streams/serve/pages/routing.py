"""Routes that answer with pages: a problem is a page too, and who is not logged in is sent to."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from jinja2 import TemplateError

from streams.readmodel.connections import NotReadable
from streams.readmodel.reading import NotHere
from streams.serve.api.answering import not_readable
from streams.serve.elsewhere import sent_on
from streams.serve.pages.templating import page
from streams.serve.problems import Problem, answered, invalid
from streams.serve.routing import Handler, Route, new_router

LOGIN = "/login"
PART = "HX-Request"
"""The header of requests for a part of a page: those are not sent to the login, the page is."""


class PageRoute(Route):
    """A route whose problems are told as a page."""

    def get_route_handler(self) -> Handler:
        """The route's own handler, with problems told."""
        inner = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                try:
                    return await inner(request)
                except NotHere as error:
                    return await sent_on(request, error)
            except Problem as problem:
                return answer(request, problem)
            except NotReadable:
                return answer(request, not_readable())
            except RequestValidationError as error:
                return answer(request, invalid(error))

        return told


def as_asked(request: Request, problem: Problem) -> Response:
    """A problem as a page where a browser asked for one, else as all others are told."""
    for_people = not request.url.path.startswith("/v1/")
    if for_people and "text/html" in request.headers.get("Accept", ""):
        with suppress(TemplateError):  # where it is the page itself that fails
            return answer(request, problem)
    return answered(problem)


def page_router() -> APIRouter:
    """For the routes of a page: not in the API's description, problems are pages."""
    return new_router(route_class=PageRoute, include_in_schema=False)


def answer(request: Request, problem: Problem) -> Response:
    """The page of a problem; 401 goes to the login and comes back from there."""
    if problem.status == 401:
        query = f"?{request.url.query}" if request.url.query else ""
        if request.headers.get(PART):
            return Response(status_code=401, headers={"HX-Refresh": "true"})
        back = quote(request.url.path + query, safe="")
        return RedirectResponse(f"{LOGIN}?next={back}", status_code=303)
    return page(
        "problem.html", request, status=problem.status, headers=problem.headers, problem=problem
    )
