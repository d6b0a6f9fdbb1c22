"""Strategies of segments in the reader's language; an operator's own stay as they are."""

from __future__ import annotations

from typing import Final

from domain.policy.segments import BANK_STRATEGIES, OTHER_STRATEGY
from streams.serve.telling import Telling

_OURS: Final = {each.text: each.name for each in BANK_STRATEGIES} | {OTHER_STRATEGY: "other"}


def advised(say: Telling, text: str) -> str:
    """What to do with a segment.

    >>> advised(Telling("en"), "Send flowers."), advised(Telling("zh"), "Send flowers.")
    ('Send flowers.', 'Send flowers.')
    """
    ours = _OURS.get(text)
    return text if ours is None else say.word(f"segment_strategy.{ours}")
