"""The relationship stage: how far the customer's dealings with us are woven together.

``basic`` (transactions only), ``cooperative`` (two or more products or channels),
``interdependent`` (cooperative, half of the wallet or more, and loyal).
"""

from __future__ import annotations

from typing import Final

from domain.kernel.finding import Finding
from domain.kernel.phrases import counted, cut
from domain.policy.relationship import RelationshipRules
from schemas.figures.relationship import RelationshipStage

STAGES: Final[tuple[RelationshipStage, ...]] = ("basic", "cooperative", "interdependent")


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
    have = f"{counted(products, 'product')} and {counted(channels, 'channel')}"
    if products < limits.products and channels < limits.channels:
        least = f"{limits.products} products or {limits.channels} channels"
        return Finding(found, f"{have}; cooperation is from {least} on.")
    if not loyal:
        return Finding(found, f"{have}, not loyal.")
    if wallet_share is None:
        reason = f"{have}, loyal: cooperative at least, the rest is unknown without wallet_share."
        return Finding(found, reason, ("wallet_share",))
    if found == "cooperative":
        share = f"wallet share {cut(wallet_share)}, below {limits.wallet_share:g}"
    else:
        share = f"wallet share {cut(wallet_share)} of at least {limits.wallet_share:g}"
    return Finding(found, f"{have}, loyal, {share}.")


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
