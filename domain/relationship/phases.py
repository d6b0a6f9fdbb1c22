"""The four phases of loyalty, each needing the ones before (Oliver, "Whence Consumer Loyalty?",
1999): a customer comes to know (cognitive), to like (affective), to intend (conative), to act.

cognitive: price or brand rated 7 or more; affective: attitude of 7 or more; conative: repurchase
intent of 4 or more, NPS of 9 or more, or an offer opened within 90 days; action: bought again
after a failure, or a wallet share of 0.8 or more. ``true_loyal`` = all four.

A phase with several signs is shown by any of them, and refuted only when all are known and none
holds; otherwise it is unknown, and so is every phase behind it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.kernel.finding import listed
from domain.policy.relationship import RelationshipRules
from schemas.figures.relationship import LoyaltyPhase

PHASES: Final[tuple[LoyaltyPhase, ...]] = ("cognitive", "affective", "conative", "action")

_Sign = tuple[str, bool | None, str]
"""The name of an input, whether it shows the phase (``None`` = not known), and its words."""


class Signs(NamedTuple):
    """What was said and done; ``None`` = not known (of ``offer_opened_at``: never)."""

    price_rating: float | None = None
    brand_rating: float | None = None
    attitude: float | None = None
    repurchase: float | None = None
    nps: float | None = None
    offer_opened_at: int | None = None
    bought_after_failure: bool = False
    wallet_share: float | None = None


class LoyaltyPhases(NamedTuple):
    """The phase (``None`` where the next cannot be told) and all the phases shown, in order."""

    phase: LoyaltyPhase | None
    shown: tuple[LoyaltyPhase, ...]
    true_loyal: bool | None
    reason: str
    missing: tuple[str, ...] = ()


def loyalty_phases(signs: Signs, now: int, rules: RelationshipRules) -> LoyaltyPhases:
    """How far the customer's loyalty has come as of ``now`` (ms).

    >>> rules = RelationshipRules()
    >>> found = loyalty_phases(Signs(brand_rating=8, attitude=7.5, repurchase=3, nps=9), 0, rules)
    >>> found.phase, found.true_loyal, found.missing
    (None, None, ('wallet_share',))
    >>> found.reason
    'Shown: brand rated 8; attitude 7.5; NPS 9. Action is unknown without wallet_share.'
    """
    judged = [_shown(group) for group in _groups(signs, now, rules)]
    held = [each is True for each, _, _ in judged]
    count = held.index(False) if False in held else len(PHASES)
    words = [said for _, said, _ in judged[:count]]
    reason = f"Shown: {'; '.join(words)}." if words else "No phase is shown."
    shown = PHASES[:count]
    if count == len(PHASES):
        return LoyaltyPhases("action", shown, True, reason)
    refuted = any(each is False for each, _, _ in judged)
    true_loyal = False if refuted else None
    holds, said, missing = judged[count]
    name = PHASES[count].capitalize()
    if holds is None:
        reason = f"{reason} {name} is unknown without {listed(missing)}."
        return LoyaltyPhases(None, shown, true_loyal, reason, missing)
    return LoyaltyPhases(shown[-1] if shown else "none", shown, False, f"{reason} {name}: {said}.")


def _shown(group: tuple[_Sign, ...]) -> tuple[bool | None, str, tuple[str, ...]]:
    """Whether any sign of a phase holds, in words, and what would have to be known."""
    found = next((words for _, holds, words in group if holds), None)
    if found is not None:
        return True, found, ()
    missing = tuple(name for name, holds, _ in group if holds is None)
    if missing:
        return None, "", missing
    return False, ", ".join(f"{words} is too little" for _, _, words in group if words), ()


def _groups(
    signs: Signs, now: int, rules: RelationshipRules
) -> tuple[tuple[_Sign, ...], tuple[_Sign, ...], tuple[_Sign, ...], tuple[_Sign, ...]]:
    """The signs of the four phases in order."""
    limits = rules.phases
    opened = signs.offer_opened_at is not None and now - signs.offer_opened_at < rules.offer_ms
    after = signs.bought_after_failure
    return (
        (
            _sign("price_rating", "price rated", signs.price_rating, limits.rating),
            _sign("brand_rating", "brand rated", signs.brand_rating, limits.rating),
        ),
        (_sign("attitude", "attitude", signs.attitude, rules.attitude.high),),
        (
            _sign("repurchase", "repurchase intent", signs.repurchase, limits.repurchase),
            _sign("nps", "NPS", signs.nps, limits.nps),
            ("offer_opened_at", opened, "an offer opened" if opened else ""),
        ),
        (
            ("bought_after_failure", after, "bought again after a failure" if after else ""),
            _sign("wallet_share", "wallet share", signs.wallet_share, limits.wallet_share),
        ),
    )


def _sign(name: str, words: str, value: float | None, least: float) -> _Sign:
    return (name, None, "") if value is None else (name, value >= least, f"{words} {value:g}")
