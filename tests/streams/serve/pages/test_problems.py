"""What a browser is shown where there is no page, and where ours fails."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NoReturn

import pytest
from jinja2 import TemplateError

from streams.readmodel.reading import ReadModel
from streams.serve.pages import routing
from streams.serve.problems import PROBLEM_JSON
from tests.streams.serve.pages.house import House

BROWSER: Final = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "zh-CN"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def broken(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house whose read model has a fault that nobody thought of."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("c-1 is at the bottom of it")

    for name in ("alerts", "customer"):
        monkeypatch.setattr(ReadModel, name, fail)
    return house


async def test_an_address_that_is_none_is_a_page_to_a_browser(house: House) -> None:
    answer = await house.client.get("/desks", headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "这里没有内容。" in answer.text
    assert 'href="/desk"' in answer.text


async def test_it_is_a_document_to_a_program(house: House) -> None:
    for path, headers in (("/desks", {}), ("/v1/desks", BROWSER)):
        answer = await house.client.get(path, headers=headers)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == PROBLEM_JSON
        assert answer.json()["kind"] == "not_found"


async def test_a_page_asked_the_wrong_way_says_so(house: House) -> None:
    answer = await house.client.put("/desk", headers=BROWSER)
    assert answer.status_code == 405
    assert "不能以此方式请求。" in answer.text
    assert answer.headers["Allow"] == "GET"


async def test_a_fault_of_ours_is_a_page_without_detail(broken: House) -> None:
    answer = await broken.client.get("/customers/c-1", headers=BROWSER)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "此处出错了" in answer.text
    assert "c-1" not in answer.text.partition("<main")[2]
    assert "bottom" not in answer.text
    told = await broken.client.get("/v1/customers/c-1", headers=BROWSER)
    assert (told.status_code, told.json()["kind"]) == (500, "failed")


async def test_where_the_page_fails_too_the_document_is_told(
    broken: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise TemplateError("no such template")

    monkeypatch.setattr(routing, "page", fail)
    answer = await broken.client.get("/customers/c-1", headers=BROWSER)
    assert (answer.status_code, answer.json()["kind"]) == (500, "failed")
