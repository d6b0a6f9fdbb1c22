"""A briefing as one page that needs nothing else, in the style of the reports' pages."""

from __future__ import annotations

from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader

from streams.briefing.telling import ToldBriefing
from streams.reports.form.page import pages


def html(told: ToldBriefing) -> str:
    """The whole page."""
    return _pages().get_template("briefing.html").render(told=told, language=told.language)


@cache
def _pages() -> Environment:
    """The reports' templates, with that of a briefing beside them."""
    theirs = pages()
    assert theirs.loader is not None
    own = PackageLoader("streams.briefing", "templates")
    return theirs.overlay(loader=ChoiceLoader([own, theirs.loader]))
