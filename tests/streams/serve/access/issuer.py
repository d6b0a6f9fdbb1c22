"""A small issuer of OpenID Connect that keeps to the standard, with keys of its own.

Whoever comes is let in as ``person``; what it tells of them, and where it is to fail, is set.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT_ID, CLIENT_SECRET = "touchline-desk", "issuers-own-secret"


@dataclass
class Issuer:
    """What it says, and what it has seen."""

    address: str = ""
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "u-1", "preferred_username": "li", "roles": ["desk"]}
    )
    userinfo: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1"})
    changes: dict[str, Any] = field(default_factory=dict)
    """Claims of the id token that are to be otherwise than they must."""
    strange_key: bool = False
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    granted: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        """Its routes."""
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def configuration() -> dict[str, Any]:
            here = self.address
            return {
                "issuer": here,
                "authorization_endpoint": f"{here}/authorize",
                "token_endpoint": f"{here}/token",
                "userinfo_endpoint": f"{here}/userinfo",
                "jwks_uri": f"{here}/keys",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
                "code_challenge_methods_supported": ["S256"],
            }

        @app.get("/keys")
        def keys() -> Any:
            return KeySet([self.key]).as_dict(private=False)

        @app.get("/authorize")
        def authorize(request: Request) -> Response:
            asked = dict(request.query_params)
            assert asked["response_type"] == "code"
            assert asked["code_challenge_method"] == "S256"
            assert asked["client_id"] == CLIENT_ID
            code = secrets.token_urlsafe(16)
            self.granted[code] = asked
            self.seen.append(code)
            return RedirectResponse(
                f"{asked['redirect_uri']}?code={code}&state={asked['state']}", status_code=302
            )

        @app.post("/token")
        async def token(request: Request) -> Response:
            form = await request.form()
            asked = self.granted.pop(str(form["code"]), None)
            given = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
            verifier = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
            challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
            if (
                asked is None
                or request.headers.get("authorization") != f"Basic {given}"
                or challenge != asked["code_challenge"]
                or form["redirect_uri"] != asked["redirect_uri"]
            ):
                return JSONResponse({"error": "invalid_grant"}, 400)
            return JSONResponse(
                {
                    "access_token": secrets.token_urlsafe(16),
                    "token_type": "Bearer",
                    "expires_in": 60,
                    "id_token": self._signed(asked.get("nonce")),
                }
            )

        @app.get("/userinfo")
        def userinfo() -> dict[str, Any]:
            return self.userinfo

        return app

    def _signed(self, nonce: str | None) -> str:
        now = int(time.time())
        claims = {
            "iss": self.address, "aud": CLIENT_ID, "iat": now, "exp": now + 60, "nonce": nonce,
            **self.person, **self.changes,
        }  # fmt: skip
        key = RSAKey.generate_key(2048, {"kid": "k1"}) if self.strange_key else self.key
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, key)
        self.seen.append(token)
        return token


@contextmanager
def running() -> Iterator[Issuer]:
    """It, at an address of this machine."""
    issuer = Issuer()
    server = uvicorn.Server(
        uvicorn.Config(issuer.app(), port=0, log_config=None, lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    issuer.address = f"http://127.0.0.1:{port}"
    try:
        yield issuer
    finally:
        server.should_exit = True
        thread.join(10)
