"""Named scales. State and changelog hold the numbers: a new name is appended with the next one,
and no number ever moves (``tests/domain/test_stored_numbers.py``).
"""

from __future__ import annotations

from typing import Final, get_args

from schemas.fields import Channel, Factor, Tier

TIER_INDEX: Final = {"standard": 0, "prospect": 1, "key": 2, "vip": 3, "private": 4}
TIERS: Final[tuple[Tier, ...]] = get_args(Tier)
assert tuple(TIER_INDEX) == TIERS
STANDARD, PROSPECT, KEY, VIP, PRIVATE = range(5)

FACTOR_INDEX: Final = {
    "product": 1, "service": 2, "relationship": 3, "convenience": 4, "brand": 5, "price": 6,
}  # fmt: skip
"""0 stands for none."""
FACTORS: Final[tuple[Factor, ...]] = get_args(Factor)
assert tuple(FACTOR_INDEX) == FACTORS

CHANNEL_INDEX: Final = {
    "app": 0, "web": 1, "branch": 2, "call_centre": 3, "sms": 4,
    "email": 5, "wechat": 6, "atm": 7, "mail": 8, "other": 9,
    "sales": 10, "dealer": 11, "advertisement": 12, "event": 13, "reception": 14,
    "delivery": 15, "social": 16,
}  # fmt: skip
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
assert tuple(CHANNEL_INDEX) == CHANNELS

STAGE_INDEX: Final = {"": 0, "before": 1, "purchase": 2, "after": 3}
"""Stages of a journey around a purchase; "" stands for none."""
STAGES: Final = tuple(STAGE_INDEX)

FEATURES: Final = (
    "behaviours",
    "app_launches",
    "account_messages",
    "push_share",
    "tab_switches",
    "functions_visited",
    "news_messages",
    "news_views",
)
"""The behaviour vector, in the order of the published bank case."""


def factor_index(name: str | None) -> int:
    """The number of a factor; 0 for none."""
    return 0 if name is None else FACTOR_INDEX[name]
