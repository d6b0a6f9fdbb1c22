"""The search for a customer, ``/customers``: filters in the address, rows by id, page by page."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from domain.kernel.scales import TIERS
from domain.relationship.customer_state import STATES
from schemas.segments import QUARANTINE
from streams.readmodel.rows import CustomerFilter
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import owner_seen
from streams.serve.api.asking import ask
from streams.serve.pages.customer import segment_model
from streams.serve.pages.reader import reader
from streams.serve.pages.routing import page_router
from streams.serve.pages.summary import CONTENT_FROM
from streams.serve.pages.templating import page
from streams.serve.problems import Problem
from streams.serve.serving import Serving, serving

ROWS: Final = 50
COMPLAINT: Final = {"yes": True, "no": False}
Several = Annotated[list[str] | None, Query(max_length=20)]
Text = Annotated[str, Query(max_length=100)]
router = page_router()


@router.get("/customers")
async def customers(
    request: Request,
    served: Annotated[Serving, Depends(serving)],
    who: Annotated[Who, Depends(needs("read"))],
    *,
    q: Text = "",
    tier: Several = None,
    segment: Several = None,
    state: Several = None,
    owner: Text = "",
    complaint: Text = "",
    after: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Customers that fit; who sees the customers of one owner finds those alone."""
    which = CustomerFilter(
        prefix=q.strip(),
        tier=_given(tier),
        segment=_given(segment),
        state=_given(state),
        owner_id=owner_seen(who, owner.strip() or None),
        complaint_open=COMPLAINT.get(complaint),
    )
    try:
        found = await ask(request, served.model.customers, which, after or None, ROWS)
    except ValueError as error:
        raise Problem(400, "bad_cursor", "There is no page there") from error
    await served.gate.note(who, "listed", request=request)
    model = await ask(request, segment_model, served.model)
    say = reader(request, who).say
    names = (
        {card.segment_id: say.name("segment", card.name) for card in model.segments}
        if model
        else {}
    )
    query = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if value and name != "after"
    ]
    return await ask(
        request,
        page,
        "customer/search.html",
        request,
        who,
        which=which,
        rows=found.rows,
        next=_address([*query, ("after", found.cursor)]) if found.cursor else None,
        first=_address(query) if after else None,
        tiers=TIERS,
        states=STATES,
        segments={**names, QUARANTINE: say.name("segment", QUARANTINE)} if names else names,
        base_currency=served.policy.currency.base,
        unhappy_below=served.policy.alerts.dissatisfied_below,
        content_from=CONTENT_FROM,
    )


def _given(several: list[str] | None) -> tuple[str, ...]:
    return tuple(each for each in several or () if each)


def _address(query: list[tuple[str, str]]) -> str:
    return f"/customers?{urlencode(query)}" if query else "/customers"
