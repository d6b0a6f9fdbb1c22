"""People whom an issuer of OpenID Connect knows: what the login asks for and is told.

Apart from `oidc`, whose libraries load for long: most who serve have no issuer.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.serve.access.who import Role

START: Final = "/login/oidc"
BACK: Final = "/login/oidc/back"


class NotLetIn(Exception):
    """The issuer did not say who it is, or says what we cannot use; ``why`` is for the log."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Stranger(NamedTuple):
    """Somebody that the issuer knows."""

    name: str
    roles: tuple[Role, ...]
    owner_id: str | None
