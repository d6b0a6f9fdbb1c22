"""The status strip of every page: how current what is shown is, or in red that it is not."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import Depends, Request, Response

from streams.readmodel.rows import Currency
from streams.readmodel.shards import held
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.asking import ask
from streams.serve.pages.routing import page_router
from streams.serve.pages.stalled import Stalled
from streams.serve.pages.templating import page
from streams.serve.serving import Serving, serving

SLOW_SECONDS: Final = 5.0
OLD_SECONDS: Final = 30.0
"""From here on a page says in red that its data is old, as ``/readyz`` does."""
STALLED_SECONDS: Final = 10.0
"""Events that wait so long, and none is counted: no worker has their partition."""
NEVER_SECONDS: Final = 1e8
"""A partition that is older than any follower has not been read yet."""
State = Literal["starting", "current", "slow", "stalled", "old"]
router = page_router()


class Current(NamedTuple):
    """What the strip says; ``partitions`` are those it is about, the worst first, and ``oldest``
    (seconds) is the worst one's. ``held`` are those of ``of`` that are here, empty where all are.
    """

    state: State
    age: str
    oldest: float = 0.0
    partitions: tuple[int, ...] = ()
    held: str = ""
    of: int = 0


def current(partitions: Sequence[Currency], waits: Mapping[int, float] | None = None) -> Current:
    """What is said of these partitions, whose events have waited so long (seconds).

    >>> current([Currency(0, 0.41, 0), Currency(1, 45.2, 9)])
    Current(state='old', age='45.2', oldest=45.2, partitions=(1,))
    >>> current([Currency(0, 0.41, 0)], {0: 12.0, 1: 0.2})
    Current(state='stalled', age='0.4', oldest=12.0, partitions=(0,))
    >>> current([Currency(0, 0.41, 0)]).age, current([]).state
    ('0.4', 'starting')
    """
    ages = {each.partition: each.age_seconds for each in partitions}
    oldest = max(ages.values(), default=NEVER_SECONDS)
    if oldest >= NEVER_SECONDS:
        return Current("starting", "")
    age = f"{oldest:.1f}"
    if oldest >= OLD_SECONDS:
        return Current("old", age, oldest, _worst(ages, SLOW_SECONDS))
    if stalled := _worst(waits or {}, STALLED_SECONDS):
        return Current("stalled", age, (waits or {})[stalled[0]], stalled)
    if late := _worst(ages, SLOW_SECONDS):
        return Current("slow", age, oldest, late)
    return Current("current", age)


def _worst(seconds: Mapping[int, float], line: float) -> tuple[int, ...]:
    beyond = ((number, each) for number, each in seconds.items() if each >= line)
    return tuple(number for number, _ in sorted(beyond, key=lambda one: (-one[1], one[0])))


def spans(numbers: Sequence[int]) -> str:
    """Numbers in order, as people write them.

    >>> spans([0, 1, 2, 5, 7, 8]), spans([3])
    ('0-2, 5, 7-8', '3')
    """
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1][1:] = [number]
        else:
            found.append([number])
    return ", ".join("-".join(map(str, each)) for each in found)


def look(request: Request, served: Serving) -> Current:
    """How current everything is, now. Blocks."""
    state = request.app.state
    stalled: Stalled | None = getattr(state, "stalled", None)
    if stalled is None:
        state.stalled = stalled = Stalled()
    waits = stalled.look(served.model.uncounted(), time.monotonic())
    told = current(served.model.currency(), waits)
    every = served.settings.partitions
    here = held(served.settings, every)
    return told if len(here) == every else told._replace(held=spans(here), of=every)


@router.get("/strip")
async def strip(
    request: Request,
    served: Annotated[Serving, Depends(serving)],
    who: Annotated[Who, Depends(needs("read"))],
) -> Response:
    """The strip alone, for a page that asks every few seconds."""

    def draw() -> Response:
        return page("strip.html", request, who, currency=look(request, served))

    return await ask(request, draw)
