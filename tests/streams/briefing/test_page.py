"""The page: one file that asks for nothing else, in either language, for every screen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streams.briefing.page import html
from streams.briefing.telling import told
from streams.serve.telling import LANGUAGES, Language
from tests.streams.briefing.town import EVENTS, MONDAY, briefed, complaint, replayed
from tests.streams.reports.test_forms import Page
from tests.streams.serve.conftest import browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]


def page_of(folder: Path, out: Path, language: Language) -> str:
    return html(told(briefed(folder, out), language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_well_formed_and_asks_for_nothing_else(
    folder: Path, tmp_path: Path, language: Language
) -> None:
    content = page_of(folder, tmp_path, language)
    page = Page(content)
    assert f'<html lang="{language}">' in content
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert not re.search(r"https?://|<script|<link|url\(", content)
    assert "prefers-color-scheme: dark" in content
    assert {"happened", "standing", "complaint_overdue"} <= set(page.ids)


def test_chinese_is_chinese_but_for_names_and_reasons_of_a_folder(
    folder: Path, tmp_path: Path
) -> None:
    said = told(briefed(folder, tmp_path), "zh")
    titles = [said.title, *said.sentences, *(section.title for section in said.sections)]
    heads = [head.name for each in said.sections for table in each.tables for head in table.heads]
    for text in (*titles, *heads):
        assert re.search(r"[一-鿿]", text), text
    lines = [line for section in said.sections for line in section.lines]
    assert not [line for line in lines if "briefing" in line]
    # an output keeps its reason in every language; a folder's customers keep theirs in English
    assert any("s-1" in line and "回电" in line for line in lines)
    assert any("Security is violated" in line for line in lines)


def test_what_a_source_sent_is_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    odd = [one if one["customer_id"] != "a-vip" else one | {"customer_id": name} for one in EVENTS]
    content = page_of(replayed(tmp_path / "odd", MONDAY, odd), tmp_path, "en")
    assert "&lt;script&gt;" in content
    assert "<script>" not in content


@pytest.mark.parametrize(("width", "theme"), [(1200, "light"), (1200, "dark"), (390, "dark")])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.long
def test_it_fits_every_screen_and_keeps_nobody_out(
    browser: Browser, tmp_path: Path, language: Language, width: int, theme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    more = [complaint("e" * 64, f"03-0{day}T09:00", f"{'k' * 60}-{day}", "opened")
            for day in (2, 3, 4)]  # fmt: skip
    folder = replayed(tmp_path / "town", "2026-03-14T09:00:00+08:00", [*EVENTS, *more])
    path = tmp_path / "page.html"
    path.write_text(page_of(folder, tmp_path, language), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    bad = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
    assert bad == []
    page.close()
