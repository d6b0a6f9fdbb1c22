"""Headers of every answer that keep browsers careful, and names that are answered to at all."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.serve.access.exposure import LOCALHOST
from streams.settings import Settings

CSP: Final = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
        "connect-src 'self'", "font-src 'self'", "form-action 'self'", "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)  # fmt: skip
ALWAYS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
HSTS: Final = "max-age=31536000"
PROBES: Final = frozenset(("/livez", "/readyz", "/metrics"))
"""Asked by whoever runs this, under any name; nobody's data is in them."""


_ALWAYS: Final = [(name.lower().encode(), value.encode()) for name, value in ALWAYS.items()]
"""As ASGI has headers."""


class SecurityHeaders:
    """Puts them on every answer that does not bring its own; no cache keeps one that does not say
    itself for how long.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"]
                own = {name.lower() for name, _ in given}
                message["headers"] = [*given, *(each for each in _ALWAYS if each[0] not in own)]
                if scope["scheme"] == "https":
                    MutableHeaders(scope=message)["Strict-Transport-Security"] = HSTS
            await send(message)

        return await self._app(scope, receive, guarded)


class Hosts:
    """Answers only to names of ours and to plain addresses.

    A page of another site can make its own name point at this machine, and then speak to us in its
    visitor's browser; it cannot do so with an address that is a number.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = names_of(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        asked = scope["type"] == "http" and scope["path"] not in PROBES
        if asked and not self._ours(Headers(scope=scope).get("host", "")):
            refused = PlainTextResponse("No such host here", status_code=421)
            return await refused(scope, receive, send)
        return await self._app(scope, receive, send)

    def _ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        return name in self._names or _is_address(name)


def names_of(settings: Settings) -> frozenset[str]:
    """The names that are answered to, in small letters."""
    serve = settings.serve
    given = (name.strip().lower() for name in serve.hosts.split(","))
    public = urlsplit(serve.public_url).hostname or ""
    names = {LOCALHOST, serve.host.lower(), public, socket.gethostname().lower(), *given}
    return frozenset(names - {""})


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
