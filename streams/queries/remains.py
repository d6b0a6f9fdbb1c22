"""What Kafka still holds of a customer once it is erased, and until when: by the broker's settings.

Topics that delete by age do so a whole segment at a time, so a record may stay for the time of a
segment after its retention. What the changelog and the states of alerts held is overwritten by a
deletion at once; the old records go when their segment is compacted, the deletion itself (whose key
is the customer's id, or that of an alert) some time after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAuthorizationFailedError

from schemas.topics import PERSONAL_COMPACTED_TOPICS, RETAINED_TOPICS
from streams.engine.rights import operations
from streams.errors import ClusterError
from streams.settings import Settings

FOR_EVER_MS: Final = 1_000 * 365 * 86_400_000
"""What lasts a thousand years lasts for ever: Kafka's own word for never is the largest number."""


class Remains(NamedTuple):
    """What a topic may hold of an erased customer, and until when at the latest.

    ``until`` in ms since 1970; ``None``: for ever.
    """

    topic: str
    until: int | None
    what: str


def remains(admin: KafkaAdminClient, settings: Settings, at: int) -> list[Remains]:
    """What each topic may hold of a customer that is erased at ``at`` (ms).

    Raises ClusterError where a topic is missing.
    """
    compacted = {
        settings.changelog: ("state", "the id, as the key of its deletion"),
        **dict.fromkeys(
            PERSONAL_COMPACTED_TOPICS,
            ("states of its alerts", "ids of alerts, as keys of their deletions"),
        ),
    }
    audit = settings.audit_topic
    configs = topic_configs(admin, (*RETAINED_TOPICS, audit, *compacted))
    found = [
        Remains(topic, _later(at, kept_ms(configs[topic])), "records that came before")
        for topic in RETAINED_TOPICS
    ]
    found.append(Remains(audit, _later(at, kept_ms(configs[audit])), "the id, as who looked at it"))
    for topic, (what, key) in compacted.items():
        config = configs[topic]
        gone = _sum(config, "max.compaction.lag.ms", "segment.ms")
        deleted = _sum(config, "delete.retention.ms", "max.compaction.lag.ms")
        whole = None if gone is None or deleted is None else gone + deleted
        found += [
            Remains(topic, _later(at, gone), f"{what}, until it is compacted"),
            Remains(topic, _later(at, whole), key),
        ]
    return found


def kept_ms(config: Mapping[str, str]) -> int | None:
    """How long a topic that deletes by age may hold a record; ``None``: for ever."""
    if "delete" not in config["cleanup.policy"]:
        return None
    return _sum(config, "retention.ms", "segment.ms")


def topic_configs(admin: KafkaAdminClient, topics: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """The settings of topics as the broker has them. Raises ClusterError where one is missing."""
    described = admin.describe_topics(list(topics))
    for one in described:
        allowed = operations(one)
        if allowed is not None and not allowed >= {"Describe", "DescribeConfigs"}:
            raise TopicAuthorizationFailedError(one["name"])
    missing = sorted(one["name"] for one in described if one["error_code"])
    if missing:
        raise ClusterError(
            f"there is no topic {', '.join(missing)}: make the topics with `touchline topics`"
        )
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    described = admin.describe_configs(resources, config_filter="all")["topic"]
    return {
        topic: {key: entry["value"] or "" for key, entry in described[topic].items()}
        for topic in topics
    }


def _sum(config: Mapping[str, str], *names: str) -> int | None:
    """Times added up; ``None`` where one of them never ends."""
    times = [int(config[name]) for name in names]
    return None if any(not 0 <= time < FOR_EVER_MS for time in times) else sum(times)


def _later(at: int, time: int | None) -> int | None:
    return None if time is None else at + time
