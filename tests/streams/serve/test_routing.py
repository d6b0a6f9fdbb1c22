"""Routes by a plan answer as FastAPI would: each answer and error is compared with its own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from streams.serve.access.login import router as login
from streams.serve.app import ROUTES
from streams.serve.pages.routes import PAGES, router
from streams.serve.problems import Problem, handle_problems
from streams.serve.routing import Route, add, new_router

LEFT_TO_FASTAPI = {"/static/{wanted}/{name}": "reads files, so FastAPI has it done in a thread"}


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prefix: str = Field(default="", max_length=4)
    tier: list[Literal["vip", "high"]] = Field(default=[], max_length=2)
    form: Literal["csv", "jsonl"] = Field(default="jsonl", alias="format")
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    open: bool | None = None


async def who(request: Request) -> str:
    if "key" not in request.headers:
        raise Problem(401, "unauthenticated", "Not logged in")
    return request.headers["key"]


def application(route_class: type[APIRoute]) -> FastAPI:
    """The same routes, by one kind of route or by the other."""
    app, routes = FastAPI(openapi_url=None), new_router(route_class=route_class)
    handle_problems(app)

    @routes.get("/listed")
    async def listed(
        asked: Annotated[Asked, Query()], who: Annotated[str, Depends(who)], request: Request
    ) -> Response:
        assert request.url.path == "/listed"
        return JSONResponse({"asked": asked.model_dump(), "who": who})

    @routes.get("/one/{number}/{name:path}")
    async def one(
        number: Annotated[int, Path(ge=1)],
        name: Annotated[str, Path(max_length=5)],
        *,
        several: Annotated[list[str] | None, Query(max_length=2)] = None,
        text: Annotated[str, Query(max_length=3)] = "",
        last_id: Annotated[str | None, Header(max_length=3)] = None,
    ) -> Response:
        return JSONResponse([number, name, several, text, last_id])

    @routes.get("/bare")
    async def bare() -> Response:
        return Response("bare", headers={"X-Own": "1"})

    @routes.get("/unfit")
    async def unfit() -> Response:
        raise RequestValidationError([{"loc": ("query", "a"), "type": "x", "msg": "no"}])

    add(app, routes)
    return app


OURS, THEIRS = application(Route), application(APIRoute)


async def both(path: str, headers: dict[str, str], params: Any = None) -> tuple[Any, Any]:
    """What each answers: status, headers and body."""
    found = []
    for app in (OURS, THEIRS):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            answer = await client.get(path, params=params, headers=headers)
            found.append((answer.status_code, sorted(answer.headers.items()), answer.text))
    return found[0], found[1]


NAMES = ("prefix", "tier", "format", "form", "limit", "open", "other", "several", "text")
VALUES = ("", "vip", "high", "low", "csv", "jsonl", "1", "0", "501", "true", "no", "toolong", "é")
PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=5)
HEADERS = st.dictionaries(
    st.sampled_from(("key", "last-id", "last_id")), st.sampled_from(("a", "long"))
)


@settings(max_examples=60, deadline=None)
@given(params=PAIRS, headers=HEADERS)
async def test_a_query_is_read_as_fastapi_reads_it(
    params: list[tuple[str, str]], headers: dict[str, str]
) -> None:
    ours, theirs = await both("/listed", headers, params)
    assert ours == theirs


@settings(max_examples=60, deadline=None)
@given(
    params=PAIRS,
    headers=HEADERS,
    path=st.sampled_from(
        ("/one/1/a", "/one/0/a", "/one/x/a", "/one/2/a/b", "/one/2/toolong", "/one/1/")
    ),
)
async def test_paths_values_and_headers_are_read_as_fastapi_reads_them(
    params: list[tuple[str, str]], headers: dict[str, str], path: str
) -> None:
    ours, theirs = await both(path, headers, params)
    assert ours == theirs


@pytest.mark.parametrize("path", ["/bare", "/unfit", "/none", "/listed", "/listed?limit=0"])
async def test_who_may_not_ask_is_told_so_before_anything_else(path: str) -> None:
    ours, theirs = await both(path, {})
    assert ours == theirs
    if path.startswith("/listed"):
        assert ours[0] == 401


def test_every_route_has_a_plan_but_those_that_say_why_not() -> None:
    routers = [*(part.router for part in (*ROUTES, *PAGES)), router, login]
    routes = [route for each in routers for route in each.routes]
    assert len(routes) > 30
    without = {each.path for each in routes if not (isinstance(each, Route) and each.planned)}
    assert without == set(LEFT_TO_FASTAPI)


async def test_what_a_query_leaves_out_is_made_anew_for_each_request() -> None:
    seen: list[Asked] = []
    routes = new_router()

    @routes.get("/kept")
    async def kept(asked: Annotated[Asked, Query()]) -> Response:
        asked.tier.append("vip")
        seen.append(asked)
        return Response()

    app = FastAPI(openapi_url=None)
    add(app, routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as one:
        for _ in range(2):
            assert (await one.get("/kept")).status_code == 200
    assert [each.tier for each in seen] == [["vip"], ["vip"]]
