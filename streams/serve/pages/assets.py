"""Files that pages load, at addresses that change when the files do.

``/static/<hash>/<name>``: the hash is of all files, so scripts may import one another by their
names; browsers keep them for a year. A page of another version of this program asks by another
hash: it is answered with our file, for now.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from fastapi import Request, Response

from streams.serve.routing import new_router

TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FOR_EVER: Final = "public, max-age=31536000, immutable"
FOR_NOW: Final = "no-cache"
router = new_router(include_in_schema=False)


class Asset(NamedTuple):
    """A file, its media type, and its bytes as gzip packs them."""

    body: bytes
    packed: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Every file by its name."""
    found = {}
    for each in sorted(files("streams.serve.pages").joinpath("static").iterdir(), key=str):
        if not each.is_file():
            continue
        body, suffix = each.read_bytes(), "." + each.name.rpartition(".")[2]
        media_type = TYPES.get(suffix) or mimetypes.guess_type(each.name)[0] or "text/plain"
        found[each.name] = Asset(body, gzip.compress(body, 9, mtime=0), media_type)
    return found


@cache
def version() -> str:
    """16 hex digits that depend on every file."""
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(f"{len(name)}:{name}{len(asset.body)}:".encode())
        digest.update(asset.body)
    return digest.hexdigest()[:16]


def address(name: str) -> str:
    """Where a page finds a file. Raises ``KeyError`` where there is none of that name."""
    assets()[name]
    return f"/static/{version()}/{name}"


@router.get("/static/{wanted}/{name}")
def static(wanted: str, name: str, request: Request) -> Response:
    """One of the files; they are nobody's secret."""
    asset = assets().get(name)
    if asset is None:
        return Response(status_code=404)
    headers = {
        "Cache-Control": FOR_EVER if wanted == version() else FOR_NOW,
        "ETag": f'"{version()}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, headers=headers, media_type=asset.media_type)
    return Response(asset.body, headers=headers, media_type=asset.media_type)
