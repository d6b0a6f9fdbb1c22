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

from domain.kernel.wording import Wording
from domain.policy.relationship import RelationshipRules
from schemas.figures.relationship import LoyaltyPhase
from schemas.told import Told

PHASES: Final[tuple[LoyaltyPhase, ...]] = ("cognitive", "affective", "conative", "action")

_Sign = tuple[str, bool | None, Told | None]
"""The name of an input, whether it shows the phase (``None`` = not known), and its words."""


SHOWN: Final = Wording("phase.shown", "Shown: {signs:said;}.")
NONE_SHOWN: Final = Wording("phase.none_shown", "No phase is shown.")
UNKNOWN: Final = Wording(
    "phase.unknown", "{shown:said} {phase:capital} is unknown without {missing:list}."
)
NEXT: Final = Wording("phase.next", "{shown:said} {phase:capital}: {signs:said,}.")
TOO_LITTLE: Final = Wording("phase.too_little", "{sign:said} is too little")
PRICE: Final = Wording("sign.price", "price rated {value:g}")
BRAND: Final = Wording("sign.brand", "brand rated {value:g}")
ATTITUDE: Final = Wording("sign.attitude", "attitude {value:g}")
REPURCHASE: Final = Wording("sign.repurchase", "repurchase intent {value:g}")
NPS: Final = Wording("sign.nps", "NPS {value:g}")
WALLET_SHARE: Final = Wording("sign.wallet_share", "wallet share {value:g}")
OFFER: Final = Wording("sign.offer", "an offer opened")
CAME_BACK: Final = Wording("sign.came_back", "bought again after a failure")


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
    reason: Told
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
    shown_by = [sign for _, found, _ in judged[:count] for sign in found]
    reason = SHOWN(signs=shown_by) if shown_by else NONE_SHOWN()
    shown = PHASES[:count]
    if count == len(PHASES):
        return LoyaltyPhases("action", shown, True, reason)
    refuted = any(each is False for each, _, _ in judged)
    true_loyal = False if refuted else None
    holds, said, missing = judged[count]
    name = PHASES[count]
    if holds is None:
        reason = UNKNOWN(shown=reason, phase=name, missing=missing)
        return LoyaltyPhases(None, shown, true_loyal, reason, missing)
    reason = NEXT(shown=reason, phase=name, signs=said)
    return LoyaltyPhases(shown[-1] if shown else "none", shown, False, reason)


def _shown(group: tuple[_Sign, ...]) -> tuple[bool | None, list[Told], tuple[str, ...]]:
    """Whether any sign of a phase holds, in words, and what would have to be known."""
    found = next((words for _, holds, words in group if holds), None)
    if found is not None:
        return True, [found], ()
    missing = tuple(name for name, holds, _ in group if holds is None)
    if missing:
        return None, [], missing
    return False, [TOO_LITTLE(sign=words) for _, _, words in group if words is not None], ()


def _groups(
    signs: Signs, now: int, rules: RelationshipRules
) -> tuple[tuple[_Sign, ...], tuple[_Sign, ...], tuple[_Sign, ...], tuple[_Sign, ...]]:
    """The signs of the four phases in order."""
    limits = rules.phases
    opened = signs.offer_opened_at is not None and now - signs.offer_opened_at < rules.offer_ms
    after = signs.bought_after_failure
    return (
        (
            _sign("price_rating", PRICE, signs.price_rating, limits.rating),
            _sign("brand_rating", BRAND, signs.brand_rating, limits.rating),
        ),
        (_sign("attitude", ATTITUDE, signs.attitude, rules.attitude.high),),
        (
            _sign("repurchase", REPURCHASE, signs.repurchase, limits.repurchase),
            _sign("nps", NPS, signs.nps, limits.nps),
            ("offer_opened_at", opened, OFFER() if opened else None),
        ),
        (
            ("bought_after_failure", after, CAME_BACK() if after else None),
            _sign("wallet_share", WALLET_SHARE, signs.wallet_share, limits.wallet_share),
        ),
    )


def _sign(name: str, words: Wording, value: float | None, least: float) -> _Sign:
    return (name, None, None) if value is None else (name, value >= least, words(value=value))
