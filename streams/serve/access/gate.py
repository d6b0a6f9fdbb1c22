"""The gate: lets a request in, or says why not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from fastapi import Request
from prometheus_client import CollectorRegistry

from streams.engine.clock import local_ms
from streams.serve.access import telling, tokens
from streams.serve.access.audit import Audit
from streams.serve.access.book import Book
from streams.serve.access.ending import end
from streams.serve.access.exposure import check_exposure
from streams.serve.access.following import Following
from streams.serve.access.links import Links
from streams.serve.access.logins import Logins
from streams.serve.access.lookers import Lookers
from streams.serve.access.measured import AccessMetrics
from streams.serve.access.origins import SAFE, is_ours
from streams.serve.access.rates import Rates
from streams.serve.access.secret import secret_of
from streams.serve.access.sessions import Session, Sessions
from streams.serve.access.who import Scope, Who
from streams.serve.access.writing import AccessWriter
from streams.serve.problems import Problem
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.serve.access.oidc import Oidc

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="touchline"'}
CSRF: Final = "X-CSRF-Token"
REFUSALS_AUDITED_PER_SECOND: Final = 1.0
"""Of one address without a name; what is beyond is counted in the metrics alone."""
STALE_SECONDS: Final = 30.0
"""Who may come in is looked at every five seconds, unless Kafka is away."""


class Gate:
    """Keys, sessions, limits and the audit of one application.

    What signs sessions, links and the way to an issuer is there once it is open.
    """

    sessions: Sessions
    links: Links
    oidc: Oidc | None

    def __init__(self, settings: Settings, registry: CollectorRegistry | None = None) -> None:
        self.settings = settings
        self.metrics = AccessMetrics(registry)
        self.following = Following(settings)
        self.writer = AccessWriter(settings)
        self.audit = Audit(settings, self.metrics)
        self.logins = Logins()
        self._rates = Rates(settings.serve.requests_per_second)
        self._unknown = Rates(REFUSALS_AUDITED_PER_SECOND)
        self._following_task: asyncio.Task[None] | None = None
        self._audit_task: asyncio.Task[None] | None = None
        self._lookers = Lookers(self.following)
        self._lookers_task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to follow who may come in; an outage of Kafka is no error here.

        Raises OperatingError where others could listen in, or settings of access do not serve.
        """
        check_exposure(self.settings)
        secret = secret_of(self.settings)
        self.sessions = Sessions(self.settings, secret)
        self.links = Links(self.settings, secret)
        self.oidc = None
        if self.settings.serve.oidc_issuer:
            from streams.serve.access.oidc import Oidc  # its libraries load for long

            self.oidc = Oidc(self.settings, secret)
        self._following_task = asyncio.create_task(self.following.run())
        self._audit_task = asyncio.create_task(self.audit.run())
        self._lookers_task = asyncio.create_task(self._lookers.run())

    async def close(self) -> None:
        """Write what is left of the audit, and end."""
        await end(self._lookers_task)
        await end(self._following_task)
        await self.audit.close(self._audit_task)
        await self.writer.close()

    def unready_because(self) -> list[str]:
        """Why nobody should be sent here, a sentence each: who is shut out might still come in."""
        running = {
            "who may come in is followed no more": self._following_task,
            "the audit is written no more": self._audit_task,
            "who looks on is asked no more": self._lookers_task,
        }
        reasons = [why for why, task in running.items() if task is not None and task.done()]
        age = self.following.age_seconds()
        if age is None:
            if self._following_task is not None:
                reasons.append("who may come in is not known yet")
        elif age > STALE_SECONDS:
            reasons.append(f"who may come in was last heard of {age:.0f} s ago")
        return reasons

    async def admit(self, request: Request, scope: Scope) -> Who:
        """Who asks, where they may; raises ``Problem`` 401, 403, 429, or 503 before it is known.

        By a key where there is a header Authorization, else by a session: what changes something
        must then come from a page of ours. ``request.state.csrf`` is what such a page sends along.
        """
        who = self.recognised(request)
        if who is None:
            raise self._refused(request, None, 401, "unknown" if _came(request) else "no_key")
        wait = self._rates.taken(who.name)
        if wait is not None:
            self.metrics.refused("rate")
            raise too_many(wait)
        if who.is_person and request.method not in SAFE and not self.is_from_ours(request):
            raise self._refused(request, who, 403, "origin")
        if not who.may(scope):
            raise self._refused(request, who, 403, "scope")
        return who

    def recognised(self, request: Request) -> Who | None:
        """Who asks, whatever they may; a session is then at ``request.state.session``."""
        book = self.book()
        given = request.headers.get("authorization")
        if given is not None:
            return _by_key(given, book)
        session = self.sessions.read(request.cookies.get(self.sessions.cookie), book, local_ms())
        if session is None:
            return None
        request.state.session = session
        request.state.csrf = self.sessions.csrf(session)
        return self.sessions.who(session, book)

    def looks_on(
        self, request: Request, who: Who, scope: Scope, ended: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """For what goes on for long, such as a stream: ``ended`` is called once ``who`` would be
        let in no more, or to other customers."""

        def still() -> bool:
            now = self.recognised(request)
            return now is not None and now.may(scope) and now.owner_id == who.owner_id

        return self._lookers.joined(still, ended)

    def is_from_ours(self, request: Request, token: str | None = None) -> bool:
        """Whether a request with a session comes from a page of it: by its origin and its token,
        which is a header where a form does not bring it."""
        session: Session | None = getattr(request.state, "session", None)
        if session is None or not is_ours(request, self.settings):
            return False
        return self.sessions.is_csrf(session, request.headers.get(CSRF) if token is None else token)

    async def note(
        self,
        who: Who,
        act: str,
        *,
        customer_id: str | None = None,
        subjects: Sequence[str] = (),
        request: Request | None = None,
    ) -> None:
        """Write into the audit what somebody did, never waiting: one of ``schemas.audit.ACTS``.

        ``subjects`` are ids of what it was about: alerts, a segment.
        """
        self.audit.write(
            telling.record(act, who, customer_id=customer_id, subjects=subjects, request=request)
        )

    def book(self) -> Book:
        """Who may come in. Raises ``Problem`` 503 while that is not known yet."""
        book = self.following.book
        if book is None:
            raise Problem(503, "starting", "Not ready yet", headers={"Retry-After": "1"})
        return book

    def refused(self, request: Request, who: Who | None, status: int, why: str) -> None:
        """Count a refusal, and write it into the audit: of nobody known, one a second."""
        self.metrics.refused(why)
        if who is not None or self._unknown.taken(address(request)) is None:
            self.audit.write(telling.record("refused", who, request=request, status=status))

    def _refused(self, request: Request, who: Who | None, status: int, why: str) -> Problem:
        self.refused(request, who, status, why)
        if status == 401:
            return Problem(401, "unauthenticated", "Not logged in", headers=CHALLENGE)
        return Problem(403, "forbidden", "Not allowed")


def needs(scope: Scope) -> Callable[[Request], Awaitable[Who]]:
    """A dependency: who asks, let in with this scope. ``who: Who = Depends(needs("read"))``."""

    async def admitted(request: Request) -> Who:
        gate: Gate = request.app.state.serving.gate
        return await gate.admit(request, scope)

    admitted.scope = scope  # type: ignore[attr-defined]
    return admitted


def too_many(seconds: int) -> Problem:
    """Asks to come again in so many seconds."""
    headers = {"Retry-After": str(seconds)}
    return Problem(429, "too_many_requests", "Too many requests", headers=headers)


def address(request: Request) -> str:
    """Where a request comes from, by a proxy that is believed."""
    return "?" if request.client is None else request.client.host


def _came(request: Request) -> bool:
    return "authorization" in request.headers


def _by_key(given: str, book: Book) -> Who | None:
    kind, _, text = given.partition(" ")
    token = tokens.parsed(text.strip()) if kind.lower() == "bearer" else None
    if token is None:
        return None
    record = book.keys.get(token.id)
    fits = token.fits("" if record is None else record.hash)
    if record is None or not fits or not record.alive(local_ms()):
        return None
    return Who(
        record.client,
        frozenset(record.scopes),
        is_person=False,
        owner_id=record.owner_id,
        credential=record.id,
    )
