"""Finding the route of a request: asked are only routes whose path begins like the request's.

FastAPI asks one route after the other, a dozen before that of a customer, and that cost an
eighth of what the application did for an answer, but for working it out.
"""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRouter
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.serve.routing import Route

_SEGMENTS: Final = 2
"""Of a path, by so many of which routes are told apart: ``/v1/customers``."""


def find_quickly(app: FastAPI) -> None:
    """To be called when all routes are added."""
    app.router.middleware_stack = Finding(app.router)


class Finding:
    """Before a router: a request goes to the route that the router would have found.

    That is the first one that fits in full, where it is one with a plan. All else is the router's:
    routes of other kinds, methods that a route does not have, paths that none has.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._otherwise: ASGIApp = router.middleware_stack
        begins = [_begin_of(route) for route in router.routes]
        self._by_begin: dict[str | None, list[BaseRoute]] = {
            one: [
                route
                for route, begin in zip(router.routes, begins, strict=True)
                if begin in (None, one)
            ]
            for one in {None, *begins}
        }

    def candidates(self, path: str) -> list[BaseRoute]:
        """Routes that may fit a path, in their order."""
        routes = self._by_begin.get(_begin(path))
        return self._by_begin[None] if routes is None else routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "http" and not scope.get("root_path"):
            for route in self.candidates(scope["path"]):
                match, found = route.matches(scope)
                if match is not Match.FULL:
                    continue
                if not isinstance(route, Route) or not route.planned:
                    break
                scope.setdefault("router", self._router)
                scope.update(found)
                await route.app(scope, receive, send)
                return
        await self._otherwise(scope, receive, send)


def _begin(path: str) -> str:
    return "/".join(path.split("/", _SEGMENTS + 1)[: _SEGMENTS + 1])


def _begin_of(route: BaseRoute) -> str | None:
    """How every path begins that fits a route; ``None`` where that is not known."""
    if not isinstance(route, Route):
        return None
    fixed, parameter, _ = route.path.partition("{")
    return None if parameter and fixed.count("/") <= _SEGMENTS else _begin(fixed)
