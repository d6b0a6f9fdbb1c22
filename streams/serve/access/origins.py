"""Whether a request that changes something comes from a page of ours."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from streams.serve.access.exposure import origin_of
from streams.settings import Settings

SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that change nothing."""


def is_ours(request: Request, settings: Settings) -> bool:
    """By the header Origin; where that says nothing, by Sec-Fetch-Site, which no page can set.

    A browser leaves Origin away, or says ``null``, where a form is sent from a page that tells no
    referrer.
    """
    origin = request.headers.get("origin", "null")
    if origin == "null":
        return request.headers.get("sec-fetch-site") == "same-origin"
    ours = {origin_of(str(request.base_url))}
    if settings.serve.public_url:
        ours.add(origin_of(settings.serve.public_url))
    try:
        return origin_of(origin) in ours
    except ValueError:  # a port that is none
        return False
