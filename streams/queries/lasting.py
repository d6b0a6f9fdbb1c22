"""Whether topics hold records longer than an erasure reckons with: by policy and broker.

What occurred before an erasure is dropped for as long as the policy knows of it. A topic that can
hold an event longer could bring the customer to life again, where its partition is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Final, NamedTuple

from kafka import KafkaAdminClient

from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from schemas.topics import RETAINED_TOPICS, SOURCE_TOPICS
from streams.queries.remains import kept_ms, topic_configs

SHOWN: Final = 3


class Lasting(NamedTuple):
    """What is wrong, and what the record of an erasure tells too early; each a sentence or two."""

    problems: list[str]
    notes: list[str]


def lasting(admin: KafkaAdminClient, policy: Policy) -> Lasting:
    """Compare how long each topic holds a record with what the policy says.

    Raises ClusterError where a topic is missing.
    """
    configs = topic_configs(admin, RETAINED_TOPICS)
    kept = {topic: kept_ms(config) for topic, config in configs.items()}
    return Lasting(list(_problems(kept, policy)), list(_notes(kept, policy)))


def _problems(kept: Mapping[str, int | None], policy: Policy) -> Iterator[str]:
    known = policy.erasure.keep_ms
    longer = {topic: kept[topic] for topic in SOURCE_TOPICS if _is_longer(kept[topic], known)}
    if longer:
        yield (
            f"{_named(longer)} may hold records {_longest(longer)}, and that a customer was erased"
            f" is known for {_days(known)}: an older event could bring the customer to life again."
            " Raise erasure.keep_days in the policy, or shorten retention.ms"
        )


def _notes(kept: Mapping[str, int | None], policy: Policy) -> Iterator[str]:
    told = policy.retention.ms_of
    longer = {topic: held for topic, held in kept.items() if _is_longer(held, told[topic])}
    if longer:
        yield (
            f"{_named(longer)} may hold records {_longest(longer)}, longer than the policy's"
            " retention says: what the record of an erasure names ends later. Set retention in the"
            " policy, or shorten retention.ms and segment.ms"
        )


def _is_longer(held: int | None, told: int) -> bool:
    return held is None or held > told


def _named(topics: Mapping[str, int | None]) -> str:
    names = list(topics)
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _longest(topics: Mapping[str, int | None]) -> str:
    times = list(topics.values())
    known = [time for time in times if time is not None]
    return "for ever" if len(known) < len(times) else f"for {_days(max(known))}"


def _days(time: int) -> str:
    return f"{ceil(time / MS_PER_DAY):,} days"
