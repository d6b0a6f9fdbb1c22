"""Wall time of a zone: its offset at an instant, and where that offset changes.

Instants are ms since the epoch (UTC). An offset is what wall time is ahead of UTC, in ms.
"""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.fields import moment, zone_name


@lru_cache(maxsize=1_024)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of an IANA name in any case; ``None`` where there is no such zone.

    >>> zone_of("asia/shanghai"), zone_of("Mars/Olympus_Mons")
    (zoneinfo.ZoneInfo(key='Asia/Shanghai'), None)
    """
    known = zone_name(name)
    try:
        return None if known is None else ZoneInfo(known)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def offset_at(zone: ZoneInfo, at: int) -> int:
    """How far wall time is ahead of UTC at an instant, in ms.

    >>> offset_at(ZoneInfo("Asia/Shanghai"), 0) // 3_600_000
    8
    """
    offset = moment(at).astimezone(zone).utcoffset()
    assert offset is not None
    return (offset.days * 86_400 + offset.seconds) * 1_000


def turn(zone: ZoneInfo, low: int, high: int) -> int | None:
    """The instant in (low, high] from which on the offset of ``high`` holds, not that of ``low``.

    ``None`` where both have the same. There must not be more than one change between them:
    zones keep weeks between two.

    >>> summer = turn(ZoneInfo("Europe/Paris"), 1_774_656_000_000, 1_774_828_800_000)
    >>> moment(summer).isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    after = offset_at(zone, high)
    if offset_at(zone, low) == after:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, middle) == after:
            high = middle
        else:
            low = middle
    return high
