"""Emotions as customers tell them: joy, and the seven that a bad experience leaves.

Each answer says how strong one emotion was (0-10); of each emotion the newest answer counts. The
prevailing one is the strongest of those told lately, of equals the newer. The names are those of
the reference: joy; anger, disgust, contempt, pain, fear, shame and guilt (after Izard, "Human
Emotions", 1977, whose scale of differential emotions names them too).
"""

from __future__ import annotations

from collections import Counter
from typing import Final, get_args

import msgspec

from domain.customer.answers import Answer, answer
from domain.customer.state import Customer
from domain.kernel.finding import Finding, unknown
from domain.kernel.units import MS_PER_DAY
from domain.kernel.wording import Wording
from domain.policy.experience import EmotionRules
from schemas.fields import Emotion

EMOTIONS: Final[tuple[Emotion, ...]] = get_args(Emotion)
JOY: Final[Emotion] = "joy"
FELT: Final = Wording(
    "emotion.felt", "Told {ago:days} ago with a strength of {strength:.1f} of 10."
)


def emotions_of(customer: Customer) -> dict[Emotion, Answer]:
    """The newest answer on each emotion that was ever told."""
    told = {name: answer(customer, f"emotion.{name}") for name in EMOTIONS}
    return {name: given for name, given in told.items() if given is not None}


def prevailing(told: dict[Emotion, Answer], now: int, rules: EmotionRules) -> Finding[Emotion]:
    """The strongest emotion of those told within the days of the policy, as of ``now`` (ms).

    >>> day = MS_PER_DAY
    >>> told = {"joy": Answer(80 * day, 6.0), "anger": Answer(0, 9.0)}
    >>> prevailing(told, 89 * day, EmotionRules()).value
    'anger'
    >>> prevailing(told, 91 * day, EmotionRules())[:2]
    ('joy', 'Told 11 days ago with a strength of 6.0 of 10.')
    """
    since = now - round(rules.days * MS_PER_DAY)
    felt = {name: one for name, one in told.items() if one.at >= since and one.score > 0}
    if not felt:
        return unknown("The emotion", ("an answer to emotion",))
    name = max(felt, key=lambda each: (felt[each].score, felt[each].at, each))
    ago = max(0, now - felt[name].at)
    return Finding(name, FELT(ago=ago, strength=felt[name].score))


class EmotionRow(msgspec.Struct, frozen=True):
    """An emotion: who ever told it, how strong it was on average, and in whom it prevails."""

    name: Emotion
    customers: int
    strength: float | None
    prevailing: int
    share: float | None


def emotion_rows(
    means: dict[Emotion, tuple[int, float | None]], prevails: Counter[Emotion]
) -> list[EmotionRow]:
    """A row for each emotion that was told; ``share`` is of those in whom any prevails."""
    among = prevails.total()
    return [
        EmotionRow(name, *means[name], prevails[name], prevails[name] / among if among else None)
        for name in EMOTIONS
        if means[name][0]
    ]
