"""Where `touchline serve` listens: a socket that is bound before anything else is begun."""

from __future__ import annotations

import errno
import socket

from streams.errors import ServeFailed
from streams.settings import ServeSettings

_BACKLOG = 512
_WHY = {
    errno.EADDRINUSE: "something else listens there",
    errno.EACCES: "that port is not for everybody",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


def bound(serve: ServeSettings) -> socket.socket:
    """A socket that listens where the settings say. Raises :class:`ServeFailed`, which says why."""
    try:
        found = socket.getaddrinfo(
            serve.host, serve.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise ServeFailed(
            f"cannot listen at {serve.host}: no such host ({error.strerror or error}); "
            "set TOUCHLINE_SERVE__HOST or give --host"
        ) from error
    family, kind, protocol, _, place = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(place)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        why = _WHY.get(error.errno or 0, error.strerror or str(error))
        raise ServeFailed(
            f"cannot listen at {_in_url(serve.host)}:{serve.port}: {why}; set "
            "TOUCHLINE_SERVE__HOST and TOUCHLINE_SERVE__PORT, or give --port 0 for a free one"
        ) from error
    listener.setblocking(False)
    return listener


def address(serve: ServeSettings, listener: socket.socket) -> str:
    """What people open: the public address where one is set, else where it listens."""
    if serve.public_url:
        return serve.public_url.rstrip("/")
    scheme = "https" if serve.tls_certificate else "http"
    port = listener.getsockname()[1]
    anywhere = serve.host in ("0.0.0.0", "::", "")
    host = "localhost" if anywhere else _in_url(serve.host)
    return f"{scheme}://{host}:{port}"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
