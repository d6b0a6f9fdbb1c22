"""Names of segments: those of the product's strategies, and those made of telling features."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_ID: Final = re.compile(r" \(([^()]+)\)$")
_PART: Final = re.compile(r"^(high|low) ([a-z0-9 ]+)$")
BETWEEN: Final = {"zh": "\N{IDEOGRAPHIC COMMA}"}


def segment_name(name: str, texts: Mapping[str, str], language: str) -> str:
    """A segment's name in a language; what the operator named stands as it is.

    >>> texts = {"segment.lurkers": "潜水型", "feature.news_views": "资讯浏览",
    ...          "segment_part.low": "{feature}偏低"}
    >>> segment_name("lurkers, low news views (s-3)", texts, "zh")
    '潜水型、资讯浏览偏低 (s-3)'
    >>> segment_name("Gold, silver", texts, "zh")
    'Gold, silver'
    """
    suffix = _ID.search(name)
    plain = name[: suffix.start()] if suffix else name
    told = [_part(each, texts) for each in plain.split(", ")]
    if None in told:
        return name
    said = BETWEEN.get(language, ", ").join(each for each in told if each is not None)
    return f"{said}{suffix[0]}" if suffix else said


def _part(part: str, texts: Mapping[str, str]) -> str | None:
    if (known := texts.get(f"segment.{part}")) is not None:
        return known
    made = _PART.match(part)
    if made is None:
        return None
    feature = texts.get(f"feature.{made[2].replace(' ', '_')}", made[2])
    return texts.get(f"segment_part.{made[1]}", "{feature}").replace("{feature}", feature)
