"""Quiet hours: a window of wall time in which a customer is not to be spoken to.

Quiet is every instant whose wall time lies in [start, end); over midnight where start is later
than end; never where both are the same.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from domain.kernel.local_time import offset_at, turn
from domain.kernel.units import MS_PER_DAY, MS_PER_MINUTE


def quiet_until(at: int, start: int, end: int, zone: ZoneInfo) -> int | None:
    """When the quiet hours around ``at`` (ms) end; ``None`` where they are not.

    ``start`` and ``end`` are minutes of the day. Where clocks change meanwhile, the wall time
    that then is decides.

    >>> night = 23 * 60, 7 * 60
    >>> (quiet_until(16 * 3_600_000, *night, ZoneInfo("Asia/Shanghai")) or 0) / 3_600_000
    23.0
    >>> quiet_until(12 * 3_600_000, *night, ZoneInfo("Asia/Shanghai"))
    """
    while True:
        offset = offset_at(zone, at)
        wall = (at + offset) % MS_PER_DAY
        if not _within(wall, start * MS_PER_MINUTE, end * MS_PER_MINUTE):
            return None
        ends = at + (end * MS_PER_MINUTE - wall) % MS_PER_DAY
        change = turn(zone, at, ends)
        if change is None:
            return ends
        wall = (change + offset_at(zone, change)) % MS_PER_DAY
        if not _within(wall, start * MS_PER_MINUTE, end * MS_PER_MINUTE):
            return change
        at = change


def _within(wall: int, start: int, end: int) -> bool:
    return start <= wall < end if start <= end else wall >= start or wall < end
