"""Relationship quality, 0-10: the mean of trust, satisfaction and commitment.

The three parts are those of Crosby, Evans and Cowles (1990) and Morgan and Hunt (1994); trust is
the mean of goodwill, integrity and ability (Mayer, Davis and Schoorman 1995). A mean without one
of its parts would be another measure, so quality is unknown then, and the part is named.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.kernel.wording import Wording
from schemas.told import Told


class Trust(NamedTuple):
    """What a customer thinks of us in three aspects, each 0-10; ``None`` = not asked."""

    goodwill: float | None = None
    integrity: float | None = None
    ability: float | None = None


UNKNOWN: Final = Wording(
    "quality.unknown", "Relationship quality is unknown without {missing:list}."
)
MEAN: Final = Wording(
    "quality.mean",
    "Quality {quality:.1f} is the mean of trust {trust:.1f}, satisfaction {satisfaction:.1f} and"
    " commitment {commitment:.1f}.",
)


class Quality(NamedTuple):
    """Relationship quality and its parts, each 0-10; ``None`` where an input is missing."""

    quality: float | None
    trust: float | None
    satisfaction: float | None
    commitment: float | None
    reason: Told
    missing: tuple[str, ...] = ()


def relationship_quality(
    trust: Trust, satisfaction: float | None, commitment: float | None
) -> Quality:
    """Quality from the newest answers on trust and commitment, and satisfaction (all 0-10).

    >>> relationship_quality(Trust(9.0, 8.0, 7.0), 6.0, 7.0).reason
    'Quality 7.0 is the mean of trust 8.0, satisfaction 6.0 and commitment 7.0.'
    >>> relationship_quality(Trust(9.0, 8.0, None), 6.0, 7.0).missing
    ('trust.ability',)
    """
    missing = tuple(f"trust.{name}" for name, value in trust._asdict().items() if value is None)
    known = [value for value in trust if value is not None]
    mean_trust = None if missing else sum(known) / len(known)
    missing += ("satisfaction",) * (satisfaction is None) + ("commitment",) * (commitment is None)
    if mean_trust is None or satisfaction is None or commitment is None:
        reason = UNKNOWN(missing=missing)
        return Quality(None, mean_trust, satisfaction, commitment, reason, missing)
    quality = (mean_trust + satisfaction + commitment) / 3
    reason = MEAN(
        quality=quality, trust=mean_trust, satisfaction=satisfaction, commitment=commitment
    )
    return Quality(quality, mean_trust, satisfaction, commitment, reason)
