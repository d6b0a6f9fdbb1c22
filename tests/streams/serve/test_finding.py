"""Whichever way a route is found, it is the one that the router would have found."""

from __future__ import annotations

import httpx
from fastapi import FastAPI, Request, Response
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.serve.app import ROUTES
from streams.serve.finding import Finding, find_quickly
from streams.serve.pages.routes import PAGES, router
from streams.serve.routing import add, new_router

PATHS = {
    "/{name}": "GET",
    "/v1/customers": "GET",
    "/v1/{kind}/count": "GET",
    "/v1/customers/{name:path}/timeline": "GET",
    "/v1/customers/{name:path}": "DELETE",
    "/v1/customers/{name}": "GET",
    "/v1/customers/left/to/fastapi": "PUT",
    "/v1/events": "POST",
    "/v1/{rest:path}": "GET",
}


def application(*, quickly: bool) -> FastAPI:
    """Routes that overlap, and say which of them answers."""
    app, routes = FastAPI(openapi_url=None), new_router()

    async def told(request: Request) -> Response:
        params = sorted(request.path_params.items())
        return Response(f"{request.scope['route'].path} {params} {'router' in request.scope}")

    def told_aside(request: Request) -> Response:
        return Response(f"aside {request.path_params}")

    for path, method in PATHS.items():
        aside = method == "PUT"
        routes.add_api_route(path, told_aside if aside else told, methods=[method])
    add(app, routes)
    if quickly:
        find_quickly(app)
    return app


SLOWLY, QUICKLY = application(quickly=False), application(quickly=True)
PARTS = [
    "",
    "v1",
    "customers",
    "timeline",
    "events",
    "left",
    "to",
    "fastapi",
    "count",
    "c-1",
    "%2F",
]


@given(
    st.lists(st.sampled_from(PARTS), max_size=6).map(
        lambda parts: "/" + "/".join(parts).lstrip("/")
    ),
    st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]),
)
@settings(max_examples=100, deadline=None)
async def test_the_same_route_answers(path: str, method: str) -> None:
    answers = []
    for app in (SLOWLY, QUICKLY):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://touchline") as client:
            answer = await client.request(method, path)
        answers.append((answer.status_code, answer.headers, answer.content))
    assert answers[0] == answers[1]


def test_few_routes_are_asked_for_a_customer() -> None:
    app = FastAPI(openapi_url=None)
    for each in (*ROUTES, *PAGES):
        add(app, each.router)
    add(app, router)
    finding = Finding(app.router)
    assert len(finding.candidates("/v1/customers/c-1")) < len(app.router.routes) / 3
