"""The page of a customer, ``/customers/{id}``: in words first, then everything that is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from functools import partial
from typing import Annotated, Final, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import Depends, Query, Request, Response
from pydantic import ValidationError

from agents.segments import segments
from domain.kernel.scales import FEATURES
from domain.policy import Policy
from schemas.segments import SegmentModel
from schemas.topics import SEGMENT_MODEL
from schemas.units import MS_PER_SECOND
from streams.readmodel.reading import ReadModel
from streams.readmodel.rows import AlertFilter, Page
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import Asked, counted_first, hidden
from streams.serve.api.asking import ask
from streams.serve.pages.clocks import counted_by
from streams.serve.pages.looks import Looks
from streams.serve.pages.reader import reader
from streams.serve.pages.routing import page_router
from streams.serve.pages.seen import WAITING, Seen, Sources, seen
from streams.serve.pages.segment_words import advised
from streams.serve.pages.sentences import told_by
from streams.serve.pages.story import line
from streams.serve.pages.summary import CONTENT_FROM
from streams.serve.pages.templating import page
from streams.serve.problems import Problem
from streams.serve.serving import Serving, serving
from streams.serve.telling.figures import zone_of

LINES: Final = 40
"""Lines of the timeline on a page."""
STORY: Final = 400
"""The newest moments that the chart is made of."""
ALERTS: Final = 50
router = page_router()


class Found(NamedTuple):
    """A customer as its page shows it, and its timeline."""

    seen: Seen
    timeline: Page
    lacks_events: bool


@router.get("/customers/{customer_id:path}")
async def customer(
    request: Request,
    customer_id: str,
    served: Annotated[Serving, Depends(serving)],
    who: Annotated[Who, Depends(needs("read"))],
    *,
    timeline: Annotated[str, Query(max_length=10)] = "",
    before: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Everything of a customer; that somebody looked is written down.

    ``timeline``: whether small lines are told one by one: ``all``, or those of a day of the reader.
    """
    await counted_first(request, served, Asked())
    say = reader(request, who).say
    zone = zone_of(say.zone)
    opened = _opened(timeline)
    found = await ask(request, _found, served, customer_id, before or None, opened, zone)
    if found is None or hidden(who, found.seen.known.owner_id):
        return await _unknown(request, served, who, customer_id)
    await Looks.of(request).note(served.gate, who, customer_id, request)
    policy, shown, paged = served.policy, found.seen, found.timeline
    distances = shown.segment.distances if shown.segment is not None else []
    return await ask(
        request,
        page,
        "customer/page.html",
        request,
        who,
        seen=shown,
        tell=told_by(say),
        called=partial(say.name, "segment"),
        advised=partial(advised, say),
        counted_by=counted_by(policy.complaints.calendar),
        base_currency=policy.currency.base,
        churn_line=policy.alerts.churn_risk,
        unhappy_below=policy.alerts.dissatisfied_below,
        content_from=CONTENT_FROM,
        distances={each.segment: each.distance for each in distances},
        lines=[line(moment) for moment in paged.rows],
        feature_names=FEATURES,
        cursor=paged.cursor,
        opened=timeline if opened else "",
        day_of=lambda at: datetime.fromtimestamp(at / MS_PER_SECOND, zone).date().isoformat(),
        before=before,
        lacks_events=found.lacks_events,
        here_timeline=_addresses(customer_id),
    )


def _found(
    served: Serving, customer_id: str, before: str | None, opened: bool | date, zone: tzinfo
) -> Found | None:
    model = served.model
    whole = model.customer(customer_id)
    if whole is None:
        return None
    lacks = model.lacks_events(customer_id)
    try:
        told = model.timeline(customer_id, before, LINES, opened=opened, zone=zone)
    except ValueError as error:
        raise Problem(400, "bad_cursor", "There is no page of the timeline there") from error
    sources = Sources(
        whole=whole,
        state=loaded.state if (loaded := model.state(customer_id)) is not None else None,
        alerts=model.alerts(
            AlertFilter(status=WAITING, customer_id=customer_id), None, ALERTS
        ).rows,
        story=model.timeline(customer_id, None, STORY, opened=False).rows,
        tasks=model.tasks(customer_id),
        model=segment_model(model),
    )
    return Found(seen(sources, served.policy), told, lacks)


def segment_model(model: ReadModel) -> SegmentModel | None:
    """The newest segment model that can be read."""
    load = segments(Policy()).load_record
    found = []
    for value in model.newest(SEGMENT_MODEL):
        try:
            found.append(load(value))
        except ValidationError:
            continue
    return max(found, key=lambda each: each.version, default=None)


def _opened(timeline: str) -> bool | date:
    """What is asked for: everything, a day, or nothing.

    >>> _opened("all"), _opened("2026-01-31"), _opened(""), _opened("31.1.")
    (True, datetime.date(2026, 1, 31), False, False)
    """
    try:
        return timeline == "all" or date.fromisoformat(timeline)
    except ValueError:
        return False


async def _unknown(request: Request, served: Serving, who: Who, customer_id: str) -> Response:
    """Nothing is known, or nothing that this reader may see: both look alike.

    That somebody was erased is told to whoever may see all customers.
    """
    gone = who.owner_id is None and await ask(request, served.model.erased, customer_id)
    return page(
        "customer/unknown.html", request, who, status=404, customer_id=customer_id, erased=gone
    )


def _addresses(customer_id: str) -> Callable[..., str]:
    path = f"/customers/{quote(customer_id, safe='')}"

    def address(opened: str, before: str = "", at: str = "h-timeline") -> str:
        asked = {"timeline": opened, "before": before}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{path}{'?' if query else ''}{query}#{at}"

    return address
