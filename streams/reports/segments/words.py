"""Segments in words: what tells a segment from the rest, and figures as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.kernel.words import duration, feature_words
from domain.policy.segments import SCORES, SHARES
from schemas.segments import SegmentModel, Telling

HIGHER: Final = frozenset((*SHARES, *SCORES, "balance", "monetary"))
"""Features of which there is not more or fewer: they are higher or lower."""
FAR: Final = 2.0
CLEAR: Final = 0.75
"""Standard deviations from which a difference is far, and from which it is more than a shade."""


def telling_words(telling: Telling) -> str:
    """One feature in which a segment differs, and by how many standard deviations.

    >>> telling_words(Telling(feature="account_messages", deviations=3.24))
    'far more account messages (+3.2)'
    >>> telling_words(Telling(feature="push_share", deviations=-0.41))
    'slightly lower push share (-0.4)'
    """
    size = abs(telling.deviations)
    degree = "far " if size >= FAR else "" if size >= CLEAR else "slightly "
    more, fewer = ("higher", "lower") if telling.feature in HIGHER else ("more", "fewer")
    direction = more if telling.deviations > 0 else fewer
    return f"{degree}{direction} {feature_words(telling.feature)} ({telling.deviations:+.1f})"


def all_telling(tellings: Iterable[Telling], most: int) -> str:
    """The first ``most`` of them, between commas.

    >>> all_telling([Telling(feature="news_views", deviations=2.4)] * 2, 1)
    'far more news views (+2.4)'
    """
    return ", ".join(telling_words(one) for one, _ in zip(tellings, range(most), strict=False))


def figure(feature: str, value: float) -> str:
    """A value of a feature in real units.

    >>> figure("push_share", 0.638), figure("app_launches", 6.04), figure("app_launches", 12.0)
    ('63.8 %', '6.0', '12')
    """
    if feature in SHARES:
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def choice_of_k(model: SegmentModel) -> str:
    """How many segments there are, and how that number was chosen.

    The silhouettes are those of the last scan; without any the operator pinned K.
    """
    count = len(model.segments)
    if not model.silhouettes:
        return f"K = {count}"
    scores = ", ".join(f"{k}: {score:.2f}" for k, score in sorted(model.silhouettes.items()))
    return f"K = {count} (silhouette by K: {scores})"


def age(seconds: float) -> str:
    """A duration in its two largest units.

    >>> age(7), age(150), age(90_000)
    ('7 s', '2 min 30 s', '1 d 1 h')
    """
    return duration(1_000 * max(0, int(seconds)))


__all__ = ["age", "all_telling", "choice_of_k", "feature_words", "figure", "telling_words"]
