"""Numbers and names in words, for the reasons that people read."""

from __future__ import annotations


def duration(milliseconds: int) -> str:
    """A length of time in its two largest units, cut off below.

    >>> duration(90_000), duration(3_600_000), duration(100_000_000), duration(500)
    ('1 min 30 s', '1 h', '1 d 3 h', '0 s')
    """
    seconds = milliseconds // 1_000
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def feature_words(feature: str) -> str:
    """A feature as people write it.

    >>> feature_words("push_share")
    'push share'
    """
    return feature.replace("_", " ")


def listed(names: tuple[str, ...]) -> str:
    """Names as a sentence lists them.

    >>> listed(("trust.goodwill", "trust.ability", "commitment"))
    'trust.goodwill, trust.ability and commitment'
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def figure(value: float) -> str:
    """A number with two digits behind the point, or none where it is whole.

    >>> figure(1200.0), figure(0.125)
    ('1,200', '0.12')
    """
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def share(part: float) -> str:
    """A share of 1 in percent, as exact as it is given.

    >>> share(0.2), share(0.005)
    ('20%', '0.5%')
    """
    return f"{round(100 * part, 4):g}%"


def spelt(number: int) -> str:
    """A number as a sentence may begin with it: spelt out up to five.

    >>> spelt(2), spelt(12)
    ('Two', '12')
    """
    return _SPELT.get(number, str(number))


_SPELT = {1: "One", 2: "Two", 3: "Three", 4: "Four", 5: "Five"}
