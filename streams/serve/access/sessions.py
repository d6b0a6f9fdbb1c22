"""Sessions of people: a signed cookie that says who it is, the server keeps only what ended.

The cookie cannot be made or changed without the secret. It is read with what is known of accounts
at that moment: another password, a removed account or a logout end it on all replicas.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import Final

import msgspec
from fastapi import Response
from itsdangerous import BadData, Signer, URLSafeSerializer

from schemas.units import MS_PER_HOUR
from streams.serve.access.book import Book
from streams.serve.access.exposure import is_secure
from streams.serve.access.records import EndedRecord
from streams.serve.access.who import SCOPES_OF, Role, Scope, Who
from streams.settings import Settings
from streams.settings.serve import MOST_SESSION_HOURS

MOST_MS: Final = round(MOST_SESSION_HOURS * MS_PER_HOUR)
"""What ended is known for so long: others may let sessions live longer than who ended them."""
REMEMBERED: Final = 1_024


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a cookie says. ``stamp`` is that of a local account; others bring roles and owner."""

    id: str
    name: str
    began: int
    stamp: str | None = None
    roles: tuple[Role, ...] = ()
    owner_id: str | None = None


def cookie_name(settings: Settings) -> str:
    """The name of the session's cookie. ``__Host-``: of this host alone, for all paths, over TLS
    only."""
    return "__Host-touchline" if is_secure(settings) else "touchline"


class Sessions:
    """Cookies of one application, signed with its secret."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._ms = round(settings.serve.session_hours * MS_PER_HOUR)
        self._secure = is_secure(settings)
        self._signed = URLSafeSerializer(
            secret, f"{settings.app_id}.session", signer_kwargs={"digest_method": hashlib.sha256}
        )
        csrf = Signer(secret, f"{settings.app_id}.csrf", digest_method=hashlib.sha256)
        # a signature takes 60 us, and a page asks with the same cookie again and again
        self._told = lru_cache(REMEMBERED)(self._told_anew)
        self._token = lru_cache(REMEMBERED)(lambda one: csrf.get_signature(one).decode())

        self.cookie = cookie_name(settings)

    def begin(
        self,
        name: str,
        now: int,
        *,
        stamp: str | None = None,
        roles: tuple[Role, ...] = (),
        owner_id: str | None = None,
    ) -> Session:
        """A new one, with an id of its own."""
        return Session(
            id=secrets.token_hex(16), name=name, began=now, stamp=stamp, roles=roles,
            owner_id=owner_id,
        )  # fmt: skip

    def give(self, response: Response, session: Session) -> None:
        """Let the browser keep it until it expires."""
        response.set_cookie(
            self.cookie,
            str(self._signed.dumps(msgspec.to_builtins(session))),
            max_age=self._ms // 1_000,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def take(self, response: Response) -> None:
        """Let the browser forget it."""
        response.delete_cookie(
            self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def read(self, cookie: str | None, book: Book, now: int) -> Session | None:
        """The session of a cookie, where it holds now."""
        session = self._told(cookie) if cookie else None
        return session if session is not None and self.holds(session, book, now) else None

    def holds(self, session: Session, book: Book, now: int) -> bool:
        """Whether nothing has ended it."""
        if now - session.began >= self._ms or f"session:{session.id}" in book.ended:
            return False
        ended = book.ended.get(f"person:{session.name}")
        if ended is not None and session.began <= ended.record.at:
            return False
        person = book.people.get(session.name)
        if session.stamp is None:  # from an issuer; a local account of that name is another person
            return person is None
        return person is not None and hmac.compare_digest(session.stamp, person.stamp)

    def who(self, session: Session, book: Book) -> Who:
        """Somebody whose session holds."""
        person = book.people.get(session.name)
        roles = session.roles if person is None else (person.role,)
        scopes: frozenset[Scope] = frozenset().union(*(SCOPES_OF[role] for role in roles))
        return Who(
            session.name,
            scopes,
            is_person=True,
            owner_id=session.owner_id if person is None else person.owner_id,
            language=None if person is None else person.language,
            credential=session.id,
        )

    def csrf(self, session: Session) -> str:
        """What a page of this session sends along: another site's page cannot know it."""
        return self._token(session.id)

    def is_csrf(self, session: Session, given: str | None) -> bool:
        """Whether this is it."""
        return given is not None and hmac.compare_digest(
            self.csrf(session).encode(), given.encode(errors="replace")
        )

    def _told_anew(self, cookie: str) -> Session | None:
        """What a cookie says, where it is ours; whether it holds now is another question."""
        try:
            return msgspec.convert(self._signed.loads(cookie), Session)
        except (BadData, msgspec.ValidationError):
            return None

    def ending(self, session: Session, now: int) -> EndedRecord:
        """What ends it on all replicas."""
        return EndedRecord(what=f"session:{session.id}", at=now, until=session.began + MOST_MS)
