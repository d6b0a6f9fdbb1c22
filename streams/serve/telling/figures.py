"""Numbers, amounts, lengths of time, dates and lists as a language writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, dates, lists, numbers

from schemas.fields import moment
from schemas.units import MS_PER_DAY, MS_PER_SECOND

LOCALES: Final = {"en": "en_GB", "zh": "zh_Hans_CN"}
CENTS_BELOW: Final = 1_000
"""Amounts from here on are told without their cents."""
SHARE_DIGITS_BELOW: Final = 0.1
"""Shares below are told to one digit behind the point."""


@cache
def locale(language: str) -> Locale:
    """The locale of a language; that of English for any other."""
    return Locale.parse(LOCALES.get(language, LOCALES["en"]))


def number(value: object, language: str) -> str:
    """A number with its thousands parted, to two digits behind the point at most.

    >>> number(1234567.891, "en"), number(8.0, "zh")
    ('1,234,567.89', '8')
    """
    return numbers.format_decimal(_figure(value), format="#,##0.##", locale=locale(language))


def money(value: object, language: str, currency: str | None = None) -> str:
    """An amount, with its currency's sign where that is given.

    >>> money(120000.4, "en"), money(12.5, "en"), money(120000.4, "zh", "CNY")
    ('120,000', '12.50', '¥120,000')
    """
    amount = _figure(value)
    form = "#,##0" if abs(amount) >= CENTS_BELOW else "#,##0.00"
    if currency is None:
        return numbers.format_decimal(amount, format=form, locale=locale(language))
    return numbers.format_currency(
        amount, currency, format=f"¤{form}", locale=locale(language), currency_digits=False
    )


def percent(value: object, language: str) -> str:
    """A share of 1 in percent.

    >>> percent(0.25, "en"), percent(0.0312, "zh")
    ('25%', '3.1%')
    """
    share = _figure(value)
    form = "#,##0.#%" if abs(share) < SHARE_DIGITS_BELOW else "#,##0%"
    return numbers.format_percent(share, format=form, locale=locale(language))


def seconds(value: object, language: str) -> str:
    """A length of time, given in seconds, in its two largest units, cut off below.

    >>> seconds(90.4, "en"), seconds(100_000, "zh"), seconds(3_600, "zh"), seconds(0.2, "en")
    ('1 min 30 s', '1 天 3 小时', '1 小时', '0 s')
    """
    left = max(0, math.floor(_figure(value)))
    said: list[str] = []
    for size, names in _UNITS:
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {names.get(language, names['en'])}")
        elif said:
            break
    none = _UNITS[-1][1]
    return " ".join(said[:2]) or f"0 {none.get(language, none['en'])}"


def duration(value: object, language: str) -> str:
    """As :func:`seconds`, given in milliseconds.

    >>> duration(90_400, "zh")
    '1 分钟 30 秒'
    """
    return seconds(_figure(value) / MS_PER_SECOND, language)


def days(value: object, language: str) -> str:
    """A length of time, given in milliseconds, in days; below 0 counts as 0.

    >>> days(62 * 86_400_000, "en"), days(86_400_000, "en"), days(129_600_000, "zh")
    ('62 days', '1 day', '1.5 天')
    """
    text = f"{max(0.0, _figure(value) / MS_PER_DAY):.1f}".removesuffix(".0")
    if language == "zh":
        return f"{text} 天"
    return f"{text} day" if text == "1" else f"{text} days"


def listed(value: object, language: str) -> str:
    """Names, parted by commas, as a sentence lists them.

    >>> listed("nps, csat, trust", "en"), listed("nps, csat", "zh")
    ('nps, csat and trust', 'nps和csat')
    """
    return listed_all([each.strip() for each in str(value).split(",")], language)


def listed_all(named: Sequence[str], language: str) -> str:
    """These as a sentence lists them.

    >>> listed_all(["a", "b", "c"], "en"), listed_all(["a", "b", "c"], "zh")
    ('a, b and c', 'a、b和c')
    """
    return lists.format_list(named, locale=locale(language))


def date_of(value: object, language: str, zone: str = "UTC") -> str:
    """The day of a moment (RFC 3339, a date, or ms since 1970) in a time zone.

    >>> date_of("2026-01-31T20:00:00.000Z", "zh", "Asia/Shanghai"), date_of(0, "en")
    ('2026年2月1日', '1 Jan 1970')
    """
    return dates.format_date(_local(value, zone), format="medium", locale=locale(language))


def time_of(value: object, language: str, zone: str = "UTC") -> str:
    """A moment (RFC 3339, or ms since 1970) to the minute in a time zone.

    >>> time_of("2026-01-31T20:00:00.000Z", "en", "Asia/Shanghai")
    '1 Feb 2026, 04:00'
    >>> time_of("2026-01-31T20:00:00.000Z", "zh", "Asia/Shanghai")
    '2026年2月1日 04:00'
    """
    local = _local(value, zone)
    day = dates.format_date(local, format="medium", locale=locale(language))
    clock = dates.format_time(local, format="HH:mm", locale=locale(language))
    return f"{day} {clock}" if language == "zh" else f"{day}, {clock}"


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name; UTC where there is none of that name.

    >>> zone_of("Asia/Shanghai").key, zone_of("../etc/passwd").key
    ('Asia/Shanghai', 'UTC')
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


_UNITS: Final = (
    (86_400, {"en": "d", "zh": "天"}),
    (3_600, {"en": "h", "zh": "小时"}),
    (60, {"en": "min", "zh": "分钟"}),
    (1, {"en": "s", "zh": "秒"}),
)


def _figure(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return value


def _local(value: object, zone: str) -> datetime:
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=UTC)
    elif isinstance(value, str):
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:  # a day stands for itself in every zone
            return at
    else:
        at = moment(int(_figure(value)))
    return at.astimezone(zone_of(zone))
