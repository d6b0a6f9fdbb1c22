"""People of an issuer of OpenID Connect: authorization code with PKCE, state and nonce.

What goes on between leaving to the issuer and coming back lies in a short-lived signed cookie of
the same browser. Nothing of the issuer's tokens is kept: of them come a name, roles and an owner.
"""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args
from urllib.parse import urlsplit

import httpx
import structlog
from authlib.deprecate import AuthlibDeprecationWarning  # first: it sets a filter of its own
from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from itsdangerous import BadData, URLSafeTimedSerializer
from joserfc.errors import JoseError

from schemas.errors import OperatingError
from streams.serve.access.exposure import is_loopback, is_secure
from streams.serve.access.keeping import NAME
from streams.serve.access.strangers import BACK, NotLetIn, Stranger
from streams.serve.access.who import Role
from streams.settings import Settings

for _named in ("authlib", "httpx", "httpcore"):  # at debug they tell what is nobody's business
    logging.getLogger(_named).setLevel(logging.WARNING)
with warnings.catch_warnings():  # it speaks of a successor of httpx
    warnings.filterwarnings("ignore", category=AuthlibDeprecationWarning)
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App

AWAY_SECONDS: Final = 600
ANSWER_SECONDS: Final = 10.0
DISCOVERY: Final = "/.well-known/openid-configuration"
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "EdDSA",
)
"""How an id token may be signed: with a key that only the issuer has."""
ROLES: Final[tuple[Role, ...]] = get_args(Role)

log = structlog.get_logger("touchline.access")


class Oidc:
    """One issuer. Raises OperatingError where its address cannot be used."""

    def __init__(self, settings: Settings, secret: str) -> None:
        serve = settings.serve
        issuer = serve.oidc_issuer.rstrip("/")
        parts = urlsplit(issuer)
        safe = parts.scheme == "https" or is_loopback(parts.hostname or "")
        if not safe or not serve.oidc_client_id:
            raise OperatingError(
                "TOUCHLINE_SERVE__OIDC_ISSUER must begin with https://, and goes with "
                "TOUCHLINE_SERVE__OIDC_CLIENT_ID"
            )
        self._serve = serve
        self._issuer = issuer
        self._secure = is_secure(settings)
        self._cookie = "__Host-touchline-oidc" if self._secure else "touchline-oidc"
        self._signed = URLSafeTimedSerializer(
            secret, f"{settings.app_id}.oidc", signer_kwargs={"digest_method": hashlib.sha256}
        )
        key = serve.oidc_client_secret
        self._client: StarletteOAuth2App = OAuth().register(
            "oidc",
            server_metadata_url=issuer + DISCOVERY,
            client_id=serve.oidc_client_id,
            client_secret=None if key is None else key.get_secret_value(),
            client_kwargs={
                "scope": "openid profile email",
                "code_challenge_method": "S256",
                "timeout": ANSWER_SECONDS,
                "leeway": 0,  # its token is used at once, however short it lives
                **({"token_endpoint_auth_method": "none"} if key is None else {}),
            },
        )

    async def leave(self, request: Request, then: str) -> Response:
        """Send somebody to the issuer. Raises :class:`NotLetIn` where it does not answer."""
        await self._known()
        session: dict[str, Any] = {}
        request.scope["session"] = session
        back = (self._serve.public_url.rstrip("/") or str(request.base_url).rstrip("/")) + BACK
        try:
            answer: RedirectResponse = await self._client.authorize_redirect(request, back)
        except (AuthlibBaseError, httpx.HTTPError, RuntimeError, ValueError) as error:
            raise NotLetIn(_why(error)) from error
        answer.set_cookie(
            self._cookie,
            str(self._signed.dumps({"session": session, "then": then})),
            max_age=AWAY_SECONDS,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def back(self, request: Request) -> tuple[Stranger, str]:
        """Who came back, and where they wanted to go. Raises :class:`NotLetIn`."""
        try:
            left = self._signed.loads(request.cookies.get(self._cookie, ""), max_age=AWAY_SECONDS)
            request.scope["session"], then = left["session"], str(left["then"])
        except (BadData, KeyError, TypeError) as error:
            raise NotLetIn("the browser was not sent there by us, or long ago") from error
        await self._known()
        try:
            token = await self._client.authorize_access_token(request)
            claims = token.get("userinfo")
            if not claims:
                raise NotLetIn("there is no id token in the answer")
            return self._stranger(await self._told(claims, token)), then
        except (AuthlibBaseError, JoseError, httpx.HTTPError, RuntimeError, ValueError) as error:
            raise NotLetIn(_why(error)) from error

    def forget(self, response: Response) -> None:
        """Let the browser forget that it was away."""
        response.delete_cookie(
            self._cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    async def _known(self) -> None:
        """What the issuer says of itself, once; it must be the one that is meant."""
        try:
            metadata = await self._client.load_server_metadata()
        except (httpx.HTTPError, json.JSONDecodeError, ValueError) as error:
            raise NotLetIn(_why(error)) from error
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            self._client.server_metadata.pop("_loaded_at", None)
            raise NotLetIn("what answers at the issuer's address says that it is another")
        told = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [
            one for one in told if one in ALGORITHMS
        ] or ["RS256"]

    async def _told(
        self, claims: Mapping[str, Any], token: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        """The claims of the id token, and those told at the issuer's own place where one lacks."""
        serve = self._serve
        asked = (serve.oidc_name_claim, serve.oidc_roles_claim, serve.oidc_owner_claim)
        if all(_claim((claims,), claim) is not None for claim in asked):
            return (claims,)
        if "userinfo_endpoint" not in self._client.server_metadata:
            return (claims,)
        more = dict(await self._client.userinfo(token=token))
        if more.get("sub") != claims.get("sub"):
            raise NotLetIn("the issuer tells of another person than it let in")
        return claims, more

    def _stranger(self, claims: Sequence[Mapping[str, Any]]) -> Stranger:
        named = _claim(claims, self._serve.oidc_name_claim) or claims[0].get("sub")
        if not isinstance(named, str) or NAME.fullmatch(named) is None:
            raise NotLetIn(f"the claim {self._serve.oidc_name_claim} is no name")
        given = _claim(claims, self._serve.oidc_roles_claim)
        listed = given.replace(",", " ").split() if isinstance(given, str) else given or ()
        roles = tuple(role for role in ROLES if role in listed)
        if not roles:
            raise NotLetIn(f"the claim {self._serve.oidc_roles_claim} has no role of ours")
        owner = _claim(claims, self._serve.oidc_owner_claim)
        return Stranger(named, roles, self._owner(owner))

    def _owner(self, told: Any) -> str | None:
        """Whose customers they see: of all where the issuer tells of no owner. One that it tells
        without a name, or in another form, lets nobody in: it was meant to keep them to some."""
        if told is None:
            return None
        if isinstance(told, bool) or not isinstance(told, str | int) or not str(told).strip():
            raise NotLetIn(f"the claim {self._serve.oidc_owner_claim} names no owner")
        return str(told)


def _claim(told: Sequence[Mapping[str, Any]], path: str) -> Any:
    """A claim by its name, or by names with dots where it lies in another; of the first place
    that tells it.

    >>> _claim(({"a": {"b": 1}}, {"a": {"roles": ["desk"]}}), "a.roles")
    ['desk']
    """
    for claims in told:
        here: Any = claims.get(path)
        if here is None:
            here = claims
            for part in path.split("."):
                here = here.get(part) if isinstance(here, Mapping) else None
        if here is not None:
            return here
    return None


def _why(error: Exception) -> str:
    """The kind of an error, and what an issuer calls it; its description may hold anything."""
    return " ".join(filter(None, (type(error).__name__, str(getattr(error, "error", "") or ""))))
