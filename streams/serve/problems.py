"""Errors as RFC 9457 has them: ``application/problem+json``, without any customer's data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

PROBLEM_JSON = "application/problem+json"
TYPES: Final = "urn:touchline:problem:"
_MOST_FAULTS: Final = 20
_OUR_NAMES: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")
_KINDS: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
}


class Fault(msgspec.Struct, frozen=True, kw_only=True, rename={"where": "in"}):
    """What is wrong with one field of a request; what was given is not repeated."""

    where: str
    field: str
    message: str


class Problem(Exception):
    """Ends a request with this status. ``kind`` is a name from a small fixed set, for programs."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        self.status, self.kind, self.title, self.detail = status, kind, title, detail
        self.headers = dict(headers or {})
        self.faults = list(faults)
        super().__init__(f"{status} {title}")


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error. ``kind`` is for programs, ``title`` and ``detail`` are for people.

    ``errors`` tells each field that does not fit, where the request itself is at fault.
    """

    type: str
    kind: str
    title: str
    status: int
    detail: str = ""
    errors: list[Fault] = []


def document(problem: Problem) -> ProblemDocument:
    """The body of a problem's answer."""
    return ProblemDocument(
        type=TYPES + problem.kind,
        kind=problem.kind,
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        errors=problem.faults,
    )


def answered(problem: Problem, more: Mapping[str, Any] | None = None) -> Response:
    """A problem as the answer to a request; ``more`` is told beside it."""
    told = msgspec.to_builtins(document(problem)) | dict(more or {})
    return Response(
        msgspec.json.encode(told),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers={"Cache-Control": "no-store", **problem.headers},
    )


def invalid(error: RequestValidationError) -> Problem:
    """What does not fit in a request: names of fields and what they must be, no value given."""
    told = [_fault(each) for each in error.errors()[:_MOST_FAULTS]]
    return Problem(422, "invalid", "The request does not fit", "See errors.", faults=told)


NO_SUCH_PAGE: Final = Problem(404, "not_found", "There is no such address")


Tell = Callable[[Request, Problem], Response]
"""How a problem is told to who asked."""


def to_programs(_: Request, problem: Problem) -> Response:
    """A problem as programs are told it."""
    return answered(problem)


def handle_problems(app: FastAPI, elsewhere: Tell = to_programs) -> None:
    """Answer every error of this application as a problem.

    ``elsewhere`` tells what no route tells: there is no such address, or it is not asked that way.
    """

    async def problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answered(error)

    async def unfit(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answered(invalid(error))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return elsewhere(request, of_http(error))

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(RequestValidationError, unfit)
    app.add_exception_handler(HTTPException, http)


def of_http(error: HTTPException) -> Problem:
    """What the framework itself refuses; its detail may repeat what was asked, so it is left."""
    if error.status_code == 404:
        return NO_SUCH_PAGE
    try:
        title = HTTPStatus(error.status_code).phrase
    except ValueError:
        title = "Refused"
    kind = _KINDS.get(error.status_code, "refused")
    return Problem(error.status_code, kind, title, headers=error.headers)


def _fault(told: Mapping[str, Any]) -> Fault:
    where, *path = told["loc"] or ("request",)
    names = [str(part) if _known(part) else "…" for part in path]
    message = "There is no such parameter" if told["type"] == "extra_forbidden" else told["msg"]
    message = message.removeprefix("Value error, ")
    return Fault(where=str(where), field=".".join(names), message=message)


def _known(part: object) -> bool:
    return isinstance(part, int) or _OUR_NAMES.match(str(part)) is not None
