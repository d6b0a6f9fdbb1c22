"""A page is in the language and colours that its reader chose."""

import pytest
from fastapi import FastAPI, Request, Response
from httpx import ASGITransport, AsyncClient

from streams.readmodel.rows import Currency
from streams.serve.access.who import SCOPES_OF, Who
from streams.serve.pages import reader, strip
from streams.serve.pages.routing import page_router
from streams.serve.pages.templating import page
from streams.serve.problems import Problem

CHINESE = Who("li", SCOPES_OF["desk"], is_person=True, language="zh")


@pytest.fixture
def client() -> AsyncClient:
    app, router = FastAPI(), page_router()

    @router.get("/old")
    def old(request: Request) -> Response:
        return page("strip.html", request, CHINESE, currency=strip.current([Currency(3, 45, 1)]))

    @router.get("/problem/{status}")
    def problem(status: int) -> Response:
        raise Problem(status, "some", "Some problem", "c-1 is a secret", headers={"X-Is": "kept"})

    app.include_router(router)
    app.include_router(reader.router)
    return AsyncClient(transport=ASGITransport(app), base_url="http://test")


async def test_an_account_has_a_language_and_a_choice_in_the_browser_goes_before_it(
    client: AsyncClient,
) -> None:
    assert "分区 3" in (await client.get("/old")).text
    chosen = await client.post("/preferences", data={"language": "en", "next": "/old"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/old")
    assert "Data is 45 s old in partition 3." in (await client.get("/old")).text


async def test_without_an_account_the_browser_is_asked(client: AsyncClient) -> None:
    answer = await client.get("/problem/404", headers={"Accept-Language": "zh-CN,en;q=0.4"})
    assert answer.headers["content-language"] == "zh"
    assert 'lang="zh-Hans"' in answer.text
    assert 'lang="en"' in (await client.get("/problem/404")).text


async def test_colours_are_chosen_and_what_is_unknown_is_not_kept(client: AsyncClient) -> None:
    assert 'data-theme="auto"' in (await client.get("/problem/404")).text
    await client.post("/preferences", data={"theme": "dark"})
    assert 'data-theme="dark"' in (await client.get("/problem/404")).text
    refused = await client.post("/preferences", data={"theme": '"><b>'})
    assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example", "/\\evil", "/a\r\nb"])
async def test_a_choice_leads_nowhere_but_back(client: AsyncClient, then: str) -> None:
    answer = await client.post("/preferences", data={"next": then})
    assert answer.headers["location"] == "/"


async def test_who_is_not_logged_in_is_sent_to_it_and_comes_back(client: AsyncClient) -> None:
    answer = await client.get("/problem/401?tier=vip")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fproblem%2F401%3Ftier%3Dvip"
    part = await client.get("/problem/401", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-refresh"]) == (401, "true")


async def test_a_problem_is_a_page_with_its_headers(client: AsyncClient) -> None:
    answer = await client.get("/problem/429")
    assert (answer.status_code, answer.headers["x-is"]) == (429, "kept")
    assert answer.headers["cache-control"] == "no-store"
    assert "Too many requests" in answer.text
