"""Values of a report as people read them."""

from __future__ import annotations

from typing import Any, Final

from streams.reports.form.document import Kind

UNKNOWN: Final = "–"
MINUS: Final = "\N{MINUS SIGN}"
HOURS_PER_DAY: Final = 24
LONG_HOURS: Final = 72


def shown(value: Any, kind: Kind) -> str:
    """A value by what it is; a dash for what is not known.

    >>> [shown(None, "share"), shown(0.1234, "share"), shown(1_234, "count")]
    ['–', '12.3 %', '1,234']
    >>> [shown(6.54321, "score"), shown(-1.5, "signed"), shown(31.2, "index")]
    ['6.54', '−1.50', '31.2']
    >>> [shown(12_345.6, "amount"), shown(0.25, "hours"), shown(100.0, "hours")]
    ['12,346', '15 min', '4.2 d']
    >>> [shown("most_valuable", "text"), shown(None, "text")]
    ['most valuable', '–']
    """
    if value is None:
        return UNKNOWN
    if kind == "text":
        return words(str(value))
    if kind == "count":
        return f"{value:,}"
    return _number(float(value), kind).replace("-", MINUS)


def words(label: str) -> str:
    """A label as people write it: ``most_valuable`` is most valuable.

    A sentence stays as it is, and so does an id.

    >>> words("variety_seeker"), words("rm_7 has left."), words("s-12_b")
    ('variety seeker', 'rm_7 has left.', 's-12_b')
    """
    plain = label.replace("_", "")
    return label.replace("_", " ") if plain.isalpha() and plain.islower() else label


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "customer"), plural(2_000, "customer"), plural(0, "loss", "losses")
    ('1 customer', '2,000 customers', '0 losses')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def percent(share: float | None, digits: int = 0) -> str:
    """A share in percent.

    >>> percent(0.256), percent(None), percent(0.0004, 2)
    ('26 %', '–', '0.04 %')
    """
    return UNKNOWN if share is None else f"{100 * share:.{digits}f} %"


def when(as_of: str | None) -> str:
    """A time (RFC 3339, UTC) to the minute.

    >>> when("2026-01-12T14:12:58.762Z"), when(None)
    ('2026-01-12 14:12 UTC', 'a time not known')
    """
    return "a time not known" if as_of is None else f"{as_of[:10]} {as_of[11:16]} UTC"


def _number(value: float, kind: Kind) -> str:
    if kind == "share":
        return f"{100 * value:.1f} %"
    if kind == "score":
        return f"{value:.2f}"
    if kind == "signed":
        return f"{value:+.2f}" if value else "0.00"
    if kind == "index":
        return f"{value:,.1f}"
    if kind == "amount":
        return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.2f}"
    if kind == "hours":
        return _hours(value)
    if kind == "days":
        return f"{value:,.1f} d"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _hours(value: float) -> str:
    if value < 1:
        return f"{60 * value:.0f} min"
    return f"{value:.1f} h" if value < LONG_HOURS else f"{value / HOURS_PER_DAY:.1f} d"
