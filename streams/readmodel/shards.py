"""Which partitions are held here, and who holds the others."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from streams.settings import SettingError, Settings

_SPAN: Final = re.compile(r"(\d+)(?:-(\d+))?")
PARTITIONS: Final = "TOUCHLINE_SERVE__PARTITIONS"
SIBLINGS: Final = "TOUCHLINE_SERVE__SIBLINGS"


def held(settings: Settings, partitions: int) -> tuple[int, ...]:
    """The partitions that are held here, of so many. Raises :class:`SettingError`."""
    told = settings.serve.partitions.strip()
    return _numbers(PARTITIONS, told, partitions) if told else tuple(range(partitions))


def siblings(settings: Settings, partitions: int) -> dict[int, str]:
    """The addresses of those who hold other partitions. Raises :class:`SettingError`."""
    found: dict[int, str] = {}
    numbers: list[str] = []
    for part in filter(None, (one.strip() for one in settings.serve.siblings.split(","))):
        span, told, address = part.partition("=")
        numbers.append(span.strip())
        if not told:
            continue  # as in 0,3,7=http://b:8080: the numbers before belong to it
        address = address.strip().rstrip("/")
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingError(
                f"{SIBLINGS}: {address!r} is no address; must be as in 6-11=http://b:8080"
            )
        for number in _numbers(SIBLINGS, ",".join(numbers), partitions):
            if found.setdefault(number, address) != address:
                raise SettingError(
                    f"{SIBLINGS}: partition {number} is given to {found[number]} and to {address}"
                )
        numbers.clear()
    if numbers:
        raise SettingError(
            f"{SIBLINGS}: {','.join(numbers)!r} has no address; must be as in 6-11=http://b:8080"
        )
    return found


def _numbers(setting: str, told: str, partitions: int) -> tuple[int, ...]:
    found: set[int] = set()
    for part in (one.strip() for one in told.split(",")):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise SettingError(f"{setting}: {part!r} is no partition; must be as in 0-5 or 0,3,7")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last >= partitions:
            raise SettingError(
                f"{setting}: {part!r} names partitions that are not there; "
                f"there are 0-{partitions - 1}"
            )
        found.update(range(first, last + 1))
    return tuple(sorted(found))


__all__ = ["held", "siblings"]
