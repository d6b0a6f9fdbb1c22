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
