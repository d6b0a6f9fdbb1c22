"""How somebody wants to read: language and colours, from what they chose, else from the browser."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args
from urllib.parse import unquote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from streams.serve import bodies
from streams.serve.access.who import Who
from streams.serve.routing import new_router
from streams.serve.telling import COOKIE, LANGUAGES, Telling, language_of

THEME_COOKIE: Final = "theme"
ZONE_COOKIE: Final = "zone"
"""The reader's time zone, as the browser tells it (``page.js``)."""
YEAR_SECONDS: Final = 365 * 86_400
Theme = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = get_args(Theme)
router = new_router(include_in_schema=False)


class Reader(NamedTuple):
    """What a page is written for; ``who`` is nobody before a login."""

    say: Telling
    theme: Theme
    who: Who | None


def reader(request: Request, who: Who | None) -> Reader:
    """The reader of a page: a choice made in this browser goes before that of the account."""
    chosen = (request.cookies.get(COOKIE), who.language if who else None)
    language = language_of(request.headers.get("accept-language"), *chosen)
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return Reader(
        Telling(language, unquote(request.cookies.get(ZONE_COOKIE, "UTC"))),
        theme if theme in THEMES else "auto",
        who,
    )


def local_path(wanted: str) -> str:
    r"""A path of ours to go back to; anything else is the first page.

    >>> local_path("/desk?tier=vip"), local_path("//evil.example"), local_path("/\\evil")
    ('/desk?tier=vip', '/', '/')
    """
    safe = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if safe and wanted.isprintable() and "\\" not in wanted else "/"


@router.post("/preferences")
async def prefer(request: Request) -> Response:
    """Keep a choice in this browser, and go back. It is asked of anybody, logged in or not."""
    chosen = await bodies.form(request)
    answer = RedirectResponse(local_path(chosen.get("next", "/")), status_code=303)
    for cookie, value, known in (
        (COOKIE, chosen.get("language"), LANGUAGES),
        (THEME_COOKIE, chosen.get("theme"), THEMES),
    ):
        if value is not None and value in known:
            answer.set_cookie(
                cookie, value, max_age=YEAR_SECONDS, samesite="lax", httponly=True, path="/"
            )
    return answer
