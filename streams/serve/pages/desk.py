"""The desk: alerts that wait for somebody, and what is done about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

from fastapi import Depends, Query, Request, Response

from streams.readmodel.connections import NotReadable
from streams.readmodel.cursors import BadCursor
from streams.readmodel.reading import ReadModel
from streams.serve import positions
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.asking import ask
from streams.serve.pages.alert_filters import CHOICES, STATUSES, Filters, asked, fits, read
from streams.serve.pages.alert_rows import Line, line
from streams.serve.pages.customer import segment_model
from streams.serve.pages.looks import Looks
from streams.serve.pages.routing import page_router
from streams.serve.pages.strip import Current, look
from streams.serve.pages.templating import now, page
from streams.serve.problems import Problem
from streams.serve.serving import Serving, serving

SHOWN: Final = 500
"""So many alerts are on a page at most; the next page is a link."""
ASKED: Final = 100
"""So many alerts are asked for anew at most at once."""
WAIT_SECONDS: Final = 2.0
PUSH: Final = "HX-Push-Url"
router = page_router()
Served = Annotated[Serving, Depends(serving)]
Reads = Annotated[Who, Depends(needs("read"))]


class Seen(NamedTuple):
    """What the desk shows: one moment of the read model."""

    lines: list[Line]
    cursor: str | None
    counts: dict[str, int]


@router.get("/desk")
async def desk(
    request: Request,
    served: Served,
    who: Reads,
    cursor: Annotated[str, Query(max_length=1_000)] = "",
) -> Response:
    """The page, or after a change of filters what is in its middle."""
    filters = read(request.query_params)

    def draw() -> Response:
        currency = look(request, served)
        try:
            seen = _seen(served.model, filters, who, cursor or None)
        except NotReadable:
            if currency.state != "starting":
                raise
            seen = Seen([], None, {})  # the page says so, and fills once there is something
        return page("desk/desk.html", request, who, **_values(served, filters, who, seen, currency))

    try:
        answer = await ask(request, draw)
    except BadCursor:
        raise Problem(404, "bad_cursor", "There is no such page") from None
    await served.gate.note(who, "listed", request=request)
    answer.headers[PUSH] = filters.address()  # an address without what asks nothing
    return answer


@router.get("/desk/rows")
async def rows(
    request: Request, served: Served, who: Reads, ids: str = "", after: str = ""
) -> Response:
    """The lines of these alerts as they are now, and the counts; one that is missing is not shown.

    ``after`` are positions that have to count first, so that somebody sees what they did.
    """
    filters = read(request.query_params)
    if after:
        try:
            await served.model.counted(positions.read(after), WAIT_SECONDS)
        except positions.NotPositions as error:
            raise Problem(400, "bad_position", "No positions", str(error)) from None
    wanted = [each for each in ids.split(",") if each][:ASKED]

    def draw() -> Response:
        seen = _again(served.model, filters, who, wanted)
        values = _values(served, filters, who, seen, look(request, served))
        return page("desk/rows.html", request, who, **values)

    answer = await ask(request, draw)
    await Looks.of(request).listing(served.gate, who, request)
    return answer


def _seen(model: ReadModel, filters: Filters, who: Who, cursor: str | None) -> Seen:
    found = model.alerts(asked(filters, who), cursor, SHOWN)
    return _told(model, filters, who, [line(row) for row in found.rows], found.cursor)


def _again(model: ReadModel, filters: Filters, who: Who, ids: Sequence[str]) -> Seen:
    which, known = asked(filters, who), model.alerts_by_id(ids)
    found = [line(known[each]) for each in ids if each in known]
    shown = [each for each in found if fits(which, each.record)]
    return _told(model, filters, who, shown, None)


def _told(
    model: ReadModel, filters: Filters, who: Who, lines: list[Line], cursor: str | None
) -> Seen:
    counts = model.alert_counts(asked(filters, who, any_status=True))
    return Seen(lines, cursor, counts)


def _values(
    served: Serving, filters: Filters, who: Who, seen: Seen, currency: Current
) -> dict[str, Any]:
    named = any(each.record["segment"] for each in seen.lines)
    model = segment_model(served.model) if named else None
    return {
        "filters": filters,
        "choices": CHOICES,
        "statuses": STATUSES,
        "may_act": who.may("act"),
        "lines": seen.lines,
        "shown": SHOWN,
        "cursor": seen.cursor,
        "counts": {status: seen.counts.get(status, 0) for status in STATUSES},
        "last_raised": seen.counts.get("last_raised", 0),
        "currency": currency,
        "segments": {card.segment_id: card.name for card in model.segments} if model else {},
        "asked_at": now(),
    }
