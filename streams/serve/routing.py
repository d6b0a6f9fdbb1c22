"""Routes whose requests are taken apart by a plan that is made once.

FastAPI finds out anew for each request what a handler wants, layer by layer, and that costs more
than most answers. What it knows of a route (``dependant``) says all of it beforehand, so here a
route has a plan: whom to ask first, what is read from where, in FastAPI's own order and with its
own checks and errors. A route that wants what no plan has (a body taken apart by FastAPI, cookies,
what is to be cleaned up behind it) is left to FastAPI.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final, NamedTuple, get_args, get_origin

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import Receive, Scope, Send

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_HEADER: Final = "header"
_NO_PLAN: Final = (
    "cookie_params", "body_params", "websocket_param_name", "http_connection_param_name",
    "response_param_name", "background_tasks_param_name", "security_scopes_param_name",
    "own_oauth_scopes", "parent_oauth_scopes", "concurrency",
)  # fmt: skip
"""What no plan has, as FastAPI names it."""


class Route(APIRoute):
    """A route of ours. Errors go to the handlers of the application, as they would anyhow."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.planned = plan_of(self) is not None
        if self.planned:
            self._handler = self.get_route_handler()
            self.app = self._answered

    def get_route_handler(self) -> Handler:
        """By the plan, where there is one."""
        return plan_of(self) or super().get_route_handler()

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._handler(Request(scope, receive, send))
        await response(scope, receive, send)


def new_router(**given: Any) -> APIRouter:
    """For routes of ours."""
    return APIRouter(**{"route_class": Route, **given})


def add(app: FastAPI, router: APIRouter) -> None:
    """A router's routes, each by itself: what is included as a router is searched twice for each
    request, and its routes are made twice."""
    app.router.routes.extend(router.routes)


def plan_of(route: APIRoute) -> Handler | None:
    """What answers requests to a route; ``None`` where FastAPI has to."""
    wants, call = route.dependant, route.dependant.call
    if not inspect.iscoroutinefunction(call) or any(getattr(wants, name) for name in _NO_PLAN):
        return None
    asked = [_asked(each) for each in wants.dependencies]
    told = [
        _param(each) for each in (*wants.path_params, *wants.query_params, *wants.header_params)
    ]
    if None in asked or None in told:
        return None
    first = [each for each in asked if each is not None]
    params = [each for each in told if each is not None]
    own = wants.request_param_name

    async def answer(request: Request) -> Response:
        values: dict[str, Any] = {}
        for name, ask in first:
            values[name] = await ask(request)
        errors: list[Any] = []
        for param in params:
            param.read(request, values, errors)
        if errors:
            raise RequestValidationError(errors)
        if own is not None:
            values[own] = request
        response: Response = await call(**values)
        return response

    return answer


class _Asked(NamedTuple):
    """A dependency that wants nothing but the request."""

    name: str
    ask: Callable[[Request], Awaitable[Any]]


def _asked(wants: Dependant) -> _Asked | None:
    parts = wants.dependencies, wants.path_params, wants.query_params, wants.header_params
    if any(parts) or any(getattr(wants, name) for name in _NO_PLAN) or wants.scope is not None:
        return None
    call, name, own = wants.call, wants.name, wants.request_param_name
    if not inspect.iscoroutinefunction(call) or name is None or own != "request":
        return None
    return _Asked(name, call)


class _Value(NamedTuple):
    """One value of a path, a query or a header, checked as FastAPI checks it."""

    name: str
    key: str
    where: str
    field: Any
    several: bool

    def read(self, request: Request, values: dict[str, Any], errors: list[Any]) -> None:
        """Add it to ``values``, or to ``errors`` what is wrong with it."""
        given: Any
        if self.where == "path":
            given = request.path_params[self.key]
        elif self.where == _HEADER:
            given = request.headers.get(self.key)
        elif self.several:
            given = request.query_params.getlist(self.key) or None
        else:
            given = request.query_params.get(self.key)
        if given is None:  # left out: what has no default has no plan
            values[self.name] = self.field.get_default()
            return
        value, wrong = self.field.validate(given, values, loc=(self.where, self.key))
        if wrong:
            errors.extend(wrong)
        else:
            values[self.name] = value


class _Query(NamedTuple):
    """A whole query as a model."""

    name: str
    model: type[BaseModel]
    several: frozenset[str]

    def read(self, request: Request, values: dict[str, Any], errors: list[Any]) -> None:
        """Add it to ``values``, or to ``errors`` what is wrong with it."""
        try:
            values[self.name] = self.model.model_validate(self._by_name(request))
        except ValidationError as error:
            told = error.errors(include_url=False)
            errors.extend({**each, "loc": ("query", *each["loc"])} for each in told)

    def _by_name(self, request: Request) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        if not request.scope["query_string"]:
            return found
        for key, value in request.query_params.multi_items():
            if key in self.several:
                found.setdefault(key, []).append(value)
            else:
                found[key] = value  # the last of them, as everywhere
        return found


def _param(field: Any) -> _Value | _Query | None:
    """How a parameter is read, where it is one of a plain kind."""
    info, where = field.field_info, field.field_info.in_.value
    model = info.annotation
    if isinstance(model, type) and issubclass(model, BaseModel):
        return _query(field.name, model) if where == "query" else None
    if info.validation_alias not in (None, field.alias) or info.validate_default:
        return None
    if info.is_required() and where != "path":
        return None
    return _Value(field.name, field.alias, where, field, several=_is_list(info.annotation))


def _query(name: str, model: type[BaseModel]) -> _Query | None:
    fields = model.model_fields.items()
    if any(info.validation_alias not in (None, info.alias) for _, info in fields):
        return None
    keys = {own: info.alias or own for own, info in fields}
    lists = (keys[own] for own, info in fields if _is_list(info.annotation))
    return _Query(name, model, frozenset(lists))


def _is_list(annotation: Any) -> bool:
    return any(get_origin(each) is list for each in (annotation, *get_args(annotation)))
