"""Which purchases came soon after a click: within so many days of any click of the campaign.

The windows of a campaign's clicks overlap, and a purchase counts once for it. A click between two
others that lie no farther apart than a window adds nothing, so few need be kept; bound: the newest
8. Source: domain reference, section 9 (transactions within 7 days of a click).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from typing import Final

MAX_CLICKS: Final = 8


def covers(clicks: list[int], at: int, window: int) -> bool:
    """Whether a purchase at ``at`` is within ``window`` of one of these clicks (ms, ascending).

    >>> covers([0, 100], 7, 7), covers([0, 100], 8, 7), covers([0, 100], 99, 7)
    (True, False, False)
    """
    before = bisect_right(clicks, at)
    return before > 0 and at <= clicks[before - 1] + window


def united(clicks: Iterable[int], more: Iterable[int], window: int) -> list[int]:
    """The clicks of both that are needed to tell what they cover.

    >>> united([0, 6], [3], 7), united([0], [9, 9], 7)
    ([0, 6], [0, 9])
    """
    known: list[int] = []
    for at in (*clicks, *more):
        if at not in known:
            insort(known, at)
    place = 1
    while place < len(known) - 1:
        if known[place + 1] - known[place - 1] <= window:
            del known[place]
        else:
            place += 1
    return known[-MAX_CLICKS:]


def gained(
    lately: Iterable[tuple[int, int]], before: list[int], after: list[int], window: int
) -> int:
    """What those of the purchases (ms, micro-units) add that the later clicks alone cover.

    >>> gained([(5, 100), (20, 30)], [10], [4, 10], 7)
    100
    """
    return sum(
        amount
        for at, amount in lately
        if covers(after, at, window) and not covers(before, at, window)
    )
