"""Who may reach it, by which name, and what every answer says to browsers."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from streams.serve.access.exposure import Exposed, check_exposure, is_secure
from streams.serve.access.headers import CSP
from streams.serve.access.protecting import protect
from streams.serve.access.secret import SecretUnfit, secret_of
from streams.settings import ServeSettings, Settings

CERTIFICATE = {"tls_certificate": Path("a.pem"), "tls_key": Path("a.key")}


def settings_with(**serve: Any) -> Settings:
    return Settings(serve=ServeSettings(**serve))


@pytest.mark.parametrize(
    ("serve", "secure"),
    [
        ({}, False),
        ({"host": "localhost"}, False),
        ({"host": "::1"}, False),
        ({"host": "0.0.0.0", **CERTIFICATE}, True),
        ({"host": "0.0.0.0", "proxies": "10.0.0.1"}, True),
        ({"proxies": "127.0.0.1"}, True),
        ({"public_url": "https://desk.example.com"}, True),
        ({"public_url": "http://localhost:8080", "proxies": "127.0.0.1"}, False),
    ],
)
def test_what_is_protected_may_be_reached(serve: dict[str, Any], secure: bool) -> None:
    settings = settings_with(**serve)
    check_exposure(settings)
    assert is_secure(settings) is secure


@pytest.mark.parametrize(
    ("serve", "told"),
    [
        ({"host": "0.0.0.0"}, "will not listen at 0.0.0.0 without TLS"),
        ({"host": "192.168.1.7"}, "will not listen at 192.168.1.7 without TLS"),
        ({"host": "desk.example.com"}, "TOUCHLINE_SERVE__PROXIES"),
        ({"host": "0.0.0.0", "tls_certificate": Path("a.pem")}, "set both"),
        ({"public_url": "http://desk.example.com"}, "must begin with https"),
        ({"public_url": "desk.example.com"}, "must be as in https://desk.example.com"),
    ],
)
def test_what_others_could_read_is_refused_in_one_line(serve: dict[str, Any], told: str) -> None:
    with pytest.raises(Exposed, match=told) as caught:
        check_exposure(settings_with(**serve))
    assert "\n" not in str(caught.value)


def client_of(settings: Settings, base: str) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/livez")
    @app.get("/said")
    def said() -> str:
        return "yes"

    protect(app, settings)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("[::1]:8080", 200),
        ("10.1.2.3", 200),
        ("desk.example.com", 200),
        ("DESK.example.com:443", 200),
        ("serve", 200),
        ("evil.example", 421),
        ("desk.example.com.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
        ("[", 421),
    ],
)
async def test_only_our_names_are_answered_to(host: str, status: int) -> None:
    settings = settings_with(public_url="https://desk.example.com", hosts="serve, other")
    async with client_of(settings, "http://127.0.0.1") as client:
        assert (await client.get("/said", headers={"Host": host})).status_code == status
        assert (await client.get("/livez", headers={"Host": host})).status_code == 200


async def test_every_answer_keeps_browsers_careful() -> None:
    async with client_of(settings_with(), "http://127.0.0.1") as client:
        for path in ("/said", "/nothing"):
            headers = (await client.get(path)).headers
            assert headers["content-security-policy"] == CSP
            assert "'unsafe" not in CSP
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"
            assert "strict-transport-security" not in headers
    async with client_of(settings_with(), "https://127.0.0.1") as client:
        assert "strict-transport-security" in (await client.get("/said")).headers


def test_a_secret_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    settings = settings_with(directory=tmp_path / "serve")
    made = secret_of(settings)
    file = tmp_path / "serve/secret"
    assert len(made) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret_of(settings) == made
    assert [each.name for each in file.parent.iterdir()] == ["secret"]
    file.chmod(0o644)
    with pytest.raises(SecretUnfit, match="chmod 600"):
        secret_of(settings)


def test_a_short_secret_is_refused_and_not_told() -> None:
    with pytest.raises(SecretUnfit, match="32 characters") as caught:
        secret_of(settings_with(secret=SecretStr("short-one")))
    assert "short-one" not in str(caught.value)
