"""Where it may be reached: from this machine alone, unless what others send is protected."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from schemas.errors import OperatingError
from streams.settings import Settings

LOCALHOST: Final = "localhost"


class Exposed(OperatingError):
    """It would listen to others without TLS; the message says what to do."""


def check_exposure(settings: Settings) -> None:
    """Raises :class:`Exposed` where others could come in over what everybody can read."""
    serve = settings.serve
    if (serve.tls_certificate is None) != (serve.tls_key is None):
        raise Exposed(
            "TOUCHLINE_SERVE__TLS_CERTIFICATE and TOUCHLINE_SERVE__TLS_KEY go together: set both"
        )
    public = urlsplit(serve.public_url)
    if serve.public_url and (public.scheme not in ("http", "https") or not public.hostname):
        raise Exposed("TOUCHLINE_SERVE__PUBLIC_URL must be as in https://desk.example.com")
    if public.scheme == "http" and not is_loopback(public.hostname or ""):
        raise Exposed(
            "TOUCHLINE_SERVE__PUBLIC_URL must begin with https://: sessions of people and keys of "
            "programs go over it"
        )
    if is_loopback(serve.host) or serve.tls_certificate is not None or serve.proxies:
        return
    raise Exposed(
        f"will not listen at {serve.host} without TLS, where others could read keys and sessions: "
        "set TOUCHLINE_SERVE__TLS_CERTIFICATE and TOUCHLINE_SERVE__TLS_KEY, or, behind a proxy "
        "that does TLS, TOUCHLINE_SERVE__PROXIES to its addresses, or stay at 127.0.0.1"
    )


def is_secure(settings: Settings) -> bool:
    """Whether browsers come by https, so that cookies may ask for it.

    Only where nothing but this machine comes in do they come by http.
    """
    serve = settings.serve
    if serve.tls_certificate is not None or serve.public_url.startswith("https:"):
        return True
    if serve.public_url:
        return False
    return bool(serve.proxies) or not is_loopback(serve.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine comes to this address."""
    if host == LOCALHOST:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as browsers write an origin.

    >>> origin_of("https://Desk.example.com:443/desk"), origin_of("http://[::1]:8080")
    ('https://desk.example.com', 'http://[::1]:8080')
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"
