"""What an erasure does not reach: topics that hold records until their retention ends."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from domain.kernel.wording import Wording
from domain.policy.retention import Retention
from schemas.fields import TimeText, moment, rfc3339
from schemas.told import Told
from schemas.topics import DEAD_LETTERS, SOURCE_TOPICS

UNTIL: Final = Wording("held.until", "{topics} until {day}")
HELD: Final = Wording(
    "held.topics", "Topics hold its records until their retention ends: {ends:said,}."
)


def held_until(at: int, retention: Retention) -> dict[str, TimeText]:
    """By topic, until when at the latest a record of up to ``at`` (ms) is held."""
    return {topic: rfc3339(moment(at + ms)) for topic, ms in retention.ms_of.items()}


def held_words(until: dict[str, TimeText]) -> Told:
    """The same as a sentence, by kind of topic and day.

    >>> held_words(held_until(0, Retention()))[:86]
    'Topics hold its records until their retention ends: inputs until 1970-01-16, outputs u'
    """
    days: defaultdict[str, set[str]] = defaultdict(set)
    for topic, end in until.items():
        kind = "inputs" if topic in SOURCE_TOPICS else "outputs"
        days[DEAD_LETTERS if topic == DEAD_LETTERS else kind].add(end[:10])
    return HELD(ends=[UNTIL(topics=kind, day=max(ends)) for kind, ends in days.items()])
