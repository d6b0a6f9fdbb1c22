"""Pages to log in and out: by password, by an issuer, by a one-time link."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

import structlog
from aiokafka.errors import KafkaError
from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from streams.engine.admin import plain
from streams.engine.clock import local_ms
from streams.serve import bodies
from streams.serve.access import strangers
from streams.serve.access.gate import Gate, address
from streams.serve.access.links import PATH as ONCE
from streams.serve.access.links import SECONDS
from streams.serve.access.logins import TooMany
from streams.serve.access.origins import is_ours
from streams.serve.access.records import EndedRecord
from streams.serve.access.sessions import Session
from streams.serve.pages.reader import local_path
from streams.serve.pages.routing import page_router
from streams.serve.pages.templating import page
from streams.serve.problems import Problem

SEEN_SECONDS: Final = 5.0
PAGE: Final = "access/login.html"

router = page_router()
log = structlog.get_logger("touchline.access")


async def gate_of(request: Request) -> Gate:
    """The gate of the application, as a dependency: one that is not async costs a thread."""
    gate: Gate = request.app.state.serving.gate
    return gate


TheGate = Annotated[Gate, Depends(gate_of)]


@router.get("/login")
async def asked(request: Request, gate: TheGate) -> Response:
    """The page that asks who it is; who is logged in goes on."""
    then = local_path(request.query_params.get("next", "/"))
    if gate.recognised(request) is not None:
        return RedirectResponse(then, status_code=303)
    return _page(request, gate, then, None)


@router.post("/login")
async def answered(request: Request, gate: TheGate) -> Response:
    """A name and a password."""
    form = await bodies.form(request)
    then, name = local_path(form.get("next", "/")), form.get("name", "").strip()
    book = gate.book()
    if not is_ours(request, gate.settings):
        gate.refused(request, None, 403, "origin")
        return _page(request, gate, then, "elsewhere", status=403)
    try:
        person = await gate.logins.person(book, name, form.get("password", ""), address(request))
    except TooMany as waits:
        gate.refused(request, None, 429, "login")
        headers = {"Retry-After": str(waits.seconds)}
        return _page(
            request, gate, then, "often", status=429, headers=headers, seconds=waits.seconds
        )
    if person is None:
        gate.refused(request, None, 403, "login")
        return _page(request, gate, then, "wrong", status=403)
    return await _in(
        request, gate, gate.sessions.begin(person.name, local_ms(), stamp=person.stamp), then
    )


@router.get(ONCE)
async def once(request: Request, gate: TheGate) -> Response:
    """A one-time link: good for whoever uses it first, on any replica."""
    book = gate.book()
    link = gate.links.read(request.query_params.get("link", ""), book)
    if link is None:
        gate.refused(request, None, 403, "login")
        return _page(request, gate, "/", "link", status=403)
    now = local_ms()
    what = f"link:{link.id}"
    used = EndedRecord(what=what, at=now, until=now + SECONDS * 1_000)
    try:
        offset = await gate.writer.write(used)
    except (KafkaError, TimeoutError) as error:
        log.warning("a one-time link cannot be used", why=plain(error))
        raise Problem(503, "no_broker", "Kafka does not answer") from None
    if not await gate.following.until(lambda: gate.following.position > offset, SEEN_SECONDS):
        raise Problem(503, "no_broker", "Kafka does not answer")
    first = gate.book().ended.get(what)
    if first is None or first.offset != offset:
        gate.refused(request, None, 403, "login")
        return _page(request, gate, "/", "link", status=403)
    person = link.person
    session = gate.sessions.begin(person.name, local_ms(), stamp=person.stamp)
    return await _in(request, gate, session, local_path(request.query_params.get("next", "/")))


@router.get(strangers.START)
async def leave(request: Request, gate: TheGate) -> Response:
    """To the issuer."""
    then = local_path(request.query_params.get("next", "/"))
    if gate.oidc is None:
        return RedirectResponse(f"/login?next={quote(then, safe='')}", status_code=303)
    try:
        return await gate.oidc.leave(request, then)
    except strangers.NotLetIn as no:
        return _not_let_in(request, gate, no, then)


@router.get(strangers.BACK)
async def back(request: Request, gate: TheGate) -> Response:
    """Back from the issuer."""
    if gate.oidc is None:
        return RedirectResponse("/login", status_code=303)
    book = gate.book()
    try:
        stranger, then = await gate.oidc.back(request)
        if stranger.name in book.people:
            raise strangers.NotLetIn("there is a local account of that name")
    except strangers.NotLetIn as no:
        answer = _not_let_in(request, gate, no, "/")
    else:
        session = gate.sessions.begin(
            stranger.name, local_ms(), roles=stranger.roles, owner_id=stranger.owner_id
        )
        answer = await _in(request, gate, session, local_path(then))
    gate.oidc.forget(answer)
    return answer


@router.post("/logout")
async def logout(request: Request, gate: TheGate) -> Response:
    """End this session, on all replicas."""
    form = await bodies.form(request)
    who = gate.recognised(request)
    answer = RedirectResponse("/login", status_code=303)
    if who is None or not who.is_person:
        return answer
    if not gate.is_from_ours(request, form.get("csrf", "")):
        gate.refused(request, who, 403, "origin")
        raise Problem(403, "forbidden", "Not allowed")
    ending = gate.sessions.ending(request.state.session, local_ms())
    try:
        await gate.writer.write(ending)
        over = gate.book().over(local_ms())
        await gate.writer.delete(one.key for one in over)
    except (KafkaError, TimeoutError) as error:
        log.warning("a logout is told to no replica", why=plain(error))
        raise Problem(503, "no_broker", "Kafka does not answer") from None
    gate.sessions.take(answer)
    await gate.note(who, "logged_out", request=request)
    return answer


async def _in(request: Request, gate: Gate, session: Session, then: str) -> Response:
    answer = RedirectResponse(then, status_code=303)
    gate.sessions.give(answer, session)
    await gate.note(gate.sessions.who(session, gate.book()), "logged_in", request=request)
    return answer


def _not_let_in(request: Request, gate: Gate, no: strangers.NotLetIn, then: str) -> Response:
    log.warning("not let in by the issuer", why=no.why)
    gate.refused(request, None, 403, "login")
    return _page(request, gate, then, "issuer", status=403)


def _page(
    request: Request, gate: Gate, then: str, fault: str | None, status: int = 200, **more: Any
) -> Response:
    more.setdefault("seconds", 0)
    start = f"{strangers.START}?next={quote(then, safe='')}"
    return page(
        PAGE, request, None, status=status, fault=fault, then=then,
        issuer=None if gate.oidc is None else start, **more,
    )  # fmt: skip
