"""The relationship stage: how far the customer's dealings with us are woven together.

``basic`` (transactions only), ``cooperative`` (two or more products or channels),
``interdependent`` (cooperative, half of the wallet or more, and loyal).
"""

from __future__ import annotations

from typing import Final

from domain.kernel.finding import Finding
from domain.kernel.wording import Wording
from domain.policy.relationship import RelationshipRules
from schemas.figures.relationship import RelationshipStage

STAGES: Final[tuple[RelationshipStage, ...]] = ("basic", "cooperative", "interdependent")

_HAVE: Final = "{products:count product} and {channels:count channel}"
BASIC: Final = Wording(
    "stage.basic",
    _HAVE + "; cooperation is from {least_products} products or {least_channels} channels on.",
)
NOT_LOYAL: Final = Wording("stage.not_loyal", f"{_HAVE}, not loyal.")
NO_SHARE: Final = Wording(
    "stage.no_share",
    f"{_HAVE}, loyal: cooperative at least, the rest is unknown without wallet_share.",
)
BELOW: Final = Wording("stage.below", _HAVE + ", loyal, wallet share {share:cut}, below {line:g}.")
ENOUGH: Final = Wording(
    "stage.enough", _HAVE + ", loyal, wallet share {share:cut} of at least {line:g}."
)


def stage(
    products: int,
    channels: int,
    wallet_share: float | None,
    loyal: bool,
    rules: RelationshipRules,
) -> Finding[RelationshipStage]:
    """The stage of a customer of so many products and channels (``loyal``: the customer state).

    Without a wallet share it is unknown whether a loyal, cooperative customer is interdependent.

    >>> stage(2, 1, 0.6, True, RelationshipRules())[:2]
    ('interdependent', '2 products and 1 channel, loyal, wallet share 0.60 of at least 0.5.')
    >>> stage(2, 1, None, True, RelationshipRules()).missing
    ('wallet_share',)
    """
    limits, found = rules.stages, stage_of(products, channels, wallet_share, loyal, rules)
    have = {"products": products, "channels": channels}
    if products < limits.products and channels < limits.channels:
        least = {"least_products": limits.products, "least_channels": limits.channels}
        return Finding(found, BASIC(**have, **least))
    if not loyal:
        return Finding(found, NOT_LOYAL(**have))
    if wallet_share is None:
        return Finding(found, NO_SHARE(**have), ("wallet_share",))
    why = BELOW if found == "cooperative" else ENOUGH
    return Finding(found, why(share=wallet_share, line=limits.wallet_share, **have))


def stage_of(
    products: int,
    channels: int,
    wallet_share: float | None,
    loyal: bool,
    rules: RelationshipRules,
) -> RelationshipStage | None:
    """The stage alone, without a sentence: it is asked for at every look, and seldom moves.

    >>> stage_of(2, 1, 0.6, False, RelationshipRules())
    'cooperative'
    """
    limits = rules.stages
    if products < limits.products and channels < limits.channels:
        return "basic"
    if not loyal:
        return "cooperative"
    if wallet_share is None:
        return None
    return "cooperative" if wallet_share < limits.wallet_share else "interdependent"
