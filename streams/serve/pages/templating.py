"""Pages from templates: everything that is put into one is text.

A template says things in the reader's language by ``say`` (:class:`Telling`), of which
``t("desk.title", n=3)`` are words and ``name("tier", "vip")`` names of fixed sets; it has files as
``asset("page.css")``. Moments are RFC 3339 or milliseconds; the filters ``date``, ``datetime``,
``ago`` and ``left`` write them as ``<time>``, which ``times.js`` makes local and lets tick.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import Final
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from schemas.fields import milliseconds, moment, rfc3339
from schemas.units import MS_PER_SECOND
from streams.serve.access.who import Who
from streams.serve.pages.assets import address
from streams.serve.pages.reader import reader
from streams.serve.telling import LANGUAGES, Telling, words

SCRIPT_WORDS: Final = "script."
"""Words that scripts say: those whose key begins so are put into every page."""


@cache
def pages() -> Environment:
    """The templates; a value that is missing is a mistake of the program."""
    made = Environment(
        loader=PackageLoader("streams.serve.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(asset=address, instant=instant)
    made.filters.update(
        quoted=partial(quote, safe=""),
        date=_written("date"),
        datetime=_written("datetime"),
        ago=_written("age"),
        left=_written("left"),
    )
    return made


def text(template: str, request: Request, who: Who | None = None, **values: object) -> str:
    """A template filled for whoever asks."""
    read = reader(request, who)
    values.setdefault("path", request.url.path)
    query = request.url.query
    return (
        pages()
        .get_template(template)
        .render(
            **values,
            reader=read,
            who=who,
            say=read.say,
            language=read.say.language,
            languages=LANGUAGES,
            here=request.url.path + (f"?{query}" if query else ""),
            csrf=getattr(request.state, "csrf", ""),
            now=now(),
            t=read.say.word,
            name=read.say.name,
            script_words=_script_words(read.say.language),
        )
    )


def page(
    template: str,
    request: Request,
    who: Who | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """A page, or a part of one, that no cache keeps: it has customers in it."""
    body = text(template, request, who, **values)
    answer = HTMLResponse(body, status_code=status, headers=dict(headers or {}))
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Language"] = reader(request, who).say.language
    answer.headers["Vary"] = "Cookie, Accept-Language"
    return answer


def now() -> int:
    """The time, in milliseconds."""
    return time.time_ns() // 1_000_000


def instant(value: object) -> int | None:
    """A moment as milliseconds, ``None`` where it is none.

    >>> instant("1970-01-01T00:00:01.500Z"), instant(7), instant(None), instant("soon")
    (1500, 7, None, None)
    """
    if isinstance(value, datetime):
        return milliseconds(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return milliseconds(datetime.fromisoformat(value)) if isinstance(value, str) else int(value)
    except (ValueError, TypeError):
        return None


@cache
def _script_words(language: str) -> dict[str, str]:
    start = len(SCRIPT_WORDS)
    said = words(language).items()
    return {key[start:]: value for key, value in said if key.startswith(SCRIPT_WORDS)}


def _written(form: str) -> Callable[[Context, object], str]:
    """A filter: ``<time>`` with what readers without scripts see, in the zone we know of theirs."""

    @pass_context
    def written(context: Context, value: object) -> str:
        at = instant(value)
        if at is None:
            return ""
        say: Telling = context["say"]
        away = int(context["now"]) - at
        said = {
            "date": lambda: say.date(at),
            "datetime": lambda: say.time(at),
            "age": lambda: say.seconds(away / MS_PER_SECOND),
            "left": lambda: say.seconds(-away / MS_PER_SECOND),
        }[form]()
        time_ = '<time datetime="{}" data-form="{}">{}</time>'
        return Markup(time_).format(rfc3339(moment(at)), form, said)

    return written
