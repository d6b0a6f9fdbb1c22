"""Files that pages load: what others made is as they made it, and browsers may keep them."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from streams.serve.pages import assets

STATIC = files("streams.serve.pages").joinpath("static")
TEMPLATES = files("streams.serve.pages").joinpath("templates")


@pytest.fixture
def client() -> AsyncClient:
    app = FastAPI()
    app.include_router(assets.router)
    return AsyncClient(transport=ASGITransport(app), base_url="http://test")


def test_what_others_made_is_byte_for_byte_as_they_made_it_and_has_its_licence() -> None:
    vendored = json.loads(STATIC.joinpath("VENDORED.json").read_text())
    named: set[str] = set()
    for package in vendored:
        assert package["version"] in package["from"]
        assert any(name.endswith(".LICENSE.txt") for name in package["sha256"])
        for name, wanted in package["sha256"].items():
            assert hashlib.sha256(STATIC.joinpath(name).read_bytes()).hexdigest() == wanted, name
            named.add(name)
    minified = {each.name for each in STATIC.iterdir() if ".min." in each.name}
    assert minified <= named, "everything minified is somebody's"


async def test_a_file_is_kept_for_a_year_at_the_address_of_these_files(client: AsyncClient) -> None:
    answer = await client.get(assets.address("page.css"), headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.content == STATIC.joinpath("page.css").read_bytes()
    packed = assets.assets()["page.css"].packed
    assert gzip.decompress(packed) == answer.content
    assert (await client.get(assets.address("page.css"))).content == answer.content, (
        "packed on the way"
    )


async def test_a_page_of_another_version_is_given_the_file_but_not_to_keep(
    client: AsyncClient,
) -> None:
    answer = await client.get("/static/0123456789abcdef/page.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["none.js", "..%2Ftemplating.py", "%2Fetc%2Fpasswd"])
async def test_no_other_file_can_be_asked_for(client: AsyncClient, name: str) -> None:
    assert (await client.get(f"/static/{assets.version()}/{name}")).status_code == 404


def test_no_template_has_a_script_a_handler_or_a_style_within() -> None:
    found = [path for path in _all(TEMPLATES) if path.name.endswith(".html")]
    assert found
    for path in found:
        text = path.read_text()
        for script in re.findall(r"<script\b[^>]*>", text):
            assert "src=" in script or 'type="application/json"' in script, (path.name, script)
        assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|\shx-on|javascript:", text), path.name
        assert "|safe" not in text.replace(" ", ""), path.name


def test_our_scripts_make_no_markup_of_texts() -> None:
    for path in STATIC.iterdir():
        if path.name.endswith(".js") and ".min." not in path.name:
            text = path.read_text()
            assert not re.search(r"\beval\(|new Function|document\.write|insertAdjacentHTML", text)
            for given in re.findall(r"innerHTML\s*=\s*(.+)", text):
                assert given.startswith("await answer.text()"), (path.name, given)


def _all(folder: Traversable) -> Iterator[Traversable]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _all(each)
        else:
            yield each
