"""The topics of an application, made or only looked at, as its settings want them."""

from __future__ import annotations

from streams.cluster.topics import TopicReport, ensure_topics
from streams.engine.clients import admin_options, bootstrap_servers
from streams.settings import Settings


def ensure_topics_of(settings: Settings, *, dry_run: bool) -> TopicReport:
    """Make what is missing, unless ``dry_run``, and compare what exists.

    Raises ClusterError where Kafka does not answer, NoBootstrap where no address is set.
    """
    return ensure_topics(
        bootstrap_servers(settings),
        settings.app_id,
        settings.partitions,
        settings.kafka.replication,
        settings.kafka.min_insync_replicas,
        dry_run=dry_run,
        client=admin_options(settings),
    )
