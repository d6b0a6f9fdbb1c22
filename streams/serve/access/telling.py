"""Records of the audit, made of what somebody did."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError
from starlette.requests import Request

from schemas.audit import MAX_SUBJECTS, AuditRecord
from streams.engine.clock import local_ms
from streams.serve.access.who import Who

_DID: Final = {
    "looked": "looked at",
    "listed": "listed",
    "acted": "acted on",
    "sent": "sent events",
    "exported": "exported",
    "erased": "asked to erase",
    "logged_in": "logged in",
    "logged_out": "logged out",
    "refused": "was refused",
    "access_changed": "changed who may come in:",
}
NOBODY: Final = "somebody unknown"


def record(
    act: str,
    who: Who | None,
    *,
    customer_id: str | None = None,
    subjects: Sequence[str] = (),
    request: Request | None = None,
    status: int | None = None,
    operator: bool = False,
) -> AuditRecord:
    """What goes into the audit. What cannot be an id is left out: it came from outside."""
    name = None if who is None else who.name
    kind = "unknown" if who is None else "person" if who.is_person else "program"
    given: dict[str, Any] = {
        "audit_id": uuid.uuid4().hex,
        "occurred_at": local_ms(),
        "act": act,
        "who": name,
        "kind": "operator" if operator else kind,
        "credential": None if who is None else who.credential,
        "customer_id": customer_id,
        "subjects": tuple(subjects[:MAX_SUBJECTS]),
        "route": None if request is None else route_of(request),
        "status": status,
    }
    given["reason"] = _sentence(given, len(subjects))
    try:
        return AuditRecord(**given)
    except ValidationError:
        given |= {"customer_id": None, "subjects": ()}
        given["reason"] = _sentence(given, 0)
        return AuditRecord(**given)


def route_of(request: Request) -> str:
    """The method and the route as it was declared; parameters have their names there."""
    path = getattr(request.scope.get("route"), "path", None)
    return f"{request.method} {path or 'no such route'}"


def _sentence(given: dict[str, Any], count: int) -> str:
    words = [given["who"] or NOBODY, _DID.get(given["act"], given["act"])]
    if given["act"] == "refused":
        words.append(f"with {given['status']}")
    if given["customer_id"] is not None:
        words.append("of customer" if given["act"] == "sent" else "customer")
        words.append(given["customer_id"])
    if count == 1:
        words.append(given["subjects"][0])
    elif count:
        words.append(f"{count:,} ids")
    if given["route"] is not None:
        words.append(f"by {given['route']}")
    return " ".join(words)[:1_000]
