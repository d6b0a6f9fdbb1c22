"""Whom to approach with care, each with why and what to do.

- ``bargain_hunter``: one purchase ever, through an offer, and 3 or more brands in use;
- ``self_reliant``: 2 or more care tasks declined, and never a contact for help;
- ``impatient``: 2 or more waits given up, or a complaint reopened within a day of its end;
- ``loss_making``: net value (margins less cost to serve) below 0.

A purchase is through an offer if a campaign was clicked, or bought through, within some days before
it; a conversion may also be told up to a day after the purchase that it stands for. What is not
known (brands, net value) makes nobody one of these.

Source: the domain reference, section 9 ("Approach with care"); days of an offer are our defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.kernel.wording import Wording
from domain.policy.identification import ApproachRules
from schemas.figures.identification import Approach
from schemas.told import Told

AFTER_CLICK: Final = Wording(
    "approach.after_click",
    "The only purchase followed a click on a campaign by {after:duration}, and {brands:,.0f} brands"
    " are in use.",
)
BY_CAMPAIGN: Final = Wording(
    "approach.by_campaign",
    "The only purchase was made through a campaign, and {brands:,.0f} brands are in use.",
)
DECLINED: Final = Wording(
    "approach.declined", "{declined:count care task} declined, and never a contact for help."
)
GAVE_UP: Final = Wording("approach.gave_up", "{waits:count wait} given up.")
REOPENED: Final = Wording(
    "approach.reopened", "A complaint was reopened {after:duration} after its end."
)
IMPATIENT: Final = Wording("approach.impatient", "{signs:said}")
LOSS: Final = Wording("approach.loss", "The net value is {net:,.2f} {currency}.")
MEASURES: Final[dict[Approach, Wording]] = {
    "bargain_hunter": Wording(
        "measure.bargain_hunter",
        "Show what the product is worth rather than a lower price: no discount before a second"
        " purchase.",
    ),
    "self_reliant": Wording(
        "measure.self_reliant",
        "Leave the initiative to the customer: self-service and information, no unasked tasks.",
    ),
    "impatient": Wording(
        "measure.impatient",
        "Serve first and by the quickest channel, say how long it takes, and keep to it.",
    ),
    "loss_making": Wording(
        "measure.loss_making", "Lower the priority, charge fees for service, or let go."
    ),
}


class Signs(NamedTuple):
    """What the four kinds are told by.

    ``bought`` is when the only purchase was (``None``: none, or more than one), ``clicked`` and
    ``converted`` when campaigns were, ascending, all in ms; ``brands`` and ``net_value`` (base
    currency) may be unknown; ``reopened_after`` (ms) is the shortest time to a reopening.
    """

    bought: int | None = None
    clicked: Sequence[int] = ()
    converted: Sequence[int] = ()
    brands: float | None = None
    declined: int = 0
    contacts: int = 0
    abandoned: int = 0
    reopened_after: int | None = None
    net_value: float | None = None


class Found(NamedTuple):
    """A kind, why the customer is of it, and what to do."""

    kind: Approach
    reason: Told
    measure: Told


def approach(signs: Signs, rules: ApproachRules, currency: str) -> list[Found]:
    """The kinds that a customer with these signs is of, in the order above.

    >>> day = 86_400_000
    >>> hunter = Signs(bought=10 * day, clicked=[1 * day, 9 * day], brands=3.0)
    >>> for kind, reason, _ in approach(hunter, ApproachRules(), "CNY"):
    ...     print(kind, reason)
    bargain_hunter The only purchase followed a click on a campaign by 1 d, and 3 brands are in use.
    >>> hasty = Signs(abandoned=2, reopened_after=day, net_value=-12.5)
    >>> for kind, reason, _ in approach(hasty, ApproachRules(), "CNY"):
    ...     print(kind, reason)
    impatient 2 waits given up. A complaint was reopened 1 d after its end.
    loss_making The net value is -12.50 CNY.
    """
    reasons: dict[Approach, Told | None] = {
        "bargain_hunter": _bargain_hunter(signs, rules),
        "self_reliant": _self_reliant(signs, rules),
        "impatient": _impatient(signs, rules),
        "loss_making": _loss_making(signs, rules, currency),
    }
    return [
        Found(kind, reason, MEASURES[kind]())
        for kind, reason in reasons.items()
        if reason is not None
    ]


def _bargain_hunter(signs: Signs, rules: ApproachRules) -> Told | None:
    bought, brands = signs.bought, signs.brands
    if bought is None or brands is None or brands < rules.brands:
        return None
    since = bought - rules.offer_ms
    if any(since <= at <= bought + rules.told_ms for at in signs.converted):
        return BY_CAMPAIGN(brands=brands)
    clicked = max((at for at in signs.clicked if since <= at <= bought), default=None)
    return None if clicked is None else AFTER_CLICK(after=bought - clicked, brands=brands)


def _self_reliant(signs: Signs, rules: ApproachRules) -> Told | None:
    if signs.declined < rules.declined_tasks or signs.contacts:
        return None
    return DECLINED(declined=signs.declined)


def _impatient(signs: Signs, rules: ApproachRules) -> Told | None:
    found = []
    if signs.abandoned >= rules.abandoned_waits:
        found.append(GAVE_UP(waits=signs.abandoned))
    after = signs.reopened_after
    if after is not None and after <= rules.reopened_ms:
        found.append(REOPENED(after=after))
    return IMPATIENT(signs=found) if found else None


def _loss_making(signs: Signs, rules: ApproachRules, currency: str) -> Told | None:
    net = signs.net_value
    if net is None or net >= rules.net_value_below:
        return None
    return LOSS(net=net, currency=currency)
