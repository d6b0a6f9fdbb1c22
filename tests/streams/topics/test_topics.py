"""The topics on a real broker: made as the design says, and never silently different."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import MessageSizeTooLargeError

from streams.cluster.broker import LocalBroker
from streams.errors import ClusterError
from streams.topics.ensure import TopicError, ensure_topics

DAY_MS = 24 * 60 * 60 * 1000
INPUTS = {
    "touchpoints.app",
    "touchpoints.transactions",
    "touchpoints.complaints",
    "touchpoints.surveys",
    "touchpoints.service",
    "touchpoints.feedback",
    "touchpoints.profiles",
    "touchpoints.campaigns",
    "touchpoints.care",
    "touchpoints.desk",
}
OUTPUTS = {
    "alerts",
    "segment-updates",
    "care-tasks",
    "customer-transitions",
    "signals",
    "referrals",
    "customer-moves",
}
PROBES = {"touchline-clock-probes", "touchline-audit"}
COMPACTED = {
    "alert-states",
    "partition-summaries",
    "portfolio",
    "segment-model",
    "touchline-access",
    "touchline-customers-changelog",
}


@contextmanager
def admin_of(broker: LocalBroker) -> Iterator[KafkaAdminClient]:
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        yield admin


def config_of(broker: LocalBroker, topic: str) -> dict[str, str]:
    with admin_of(broker) as admin:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        found = admin.describe_configs([resource], config_filter="all")["topic"][topic]
    return {key: entry["value"] for key, entry in found.items()}


def set_config(broker: LocalBroker, topic: str, key: str, value: str) -> None:
    """Set, and wait until the broker says so: it learns of it through the metadata log."""
    with admin_of(broker) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {key: value})])
    deadline = time.monotonic() + 20
    while config_of(broker, topic)[key] != value and time.monotonic() < deadline:
        time.sleep(0.05)
    assert config_of(broker, topic)[key] == value


@contextmanager
def changed(broker: LocalBroker, topic: str, key: str, value: str) -> Iterator[None]:
    """The topic with another config, put back afterwards."""
    before = config_of(broker, topic)[key]
    set_config(broker, topic, key, value)
    try:
        yield
    finally:
        set_config(broker, topic, key, before)


@pytest.fixture(scope="module")
def made(module_broker: LocalBroker) -> LocalBroker:
    """A broker on which the topics of `touchline` are made, after a dry run that made none."""
    tried = ensure_topics(module_broker.bootstrap, "touchline", dry_run=True)
    assert set(tried.created) == INPUTS | OUTPUTS | COMPACTED | {"dead-letters"} | PROBES
    with admin_of(module_broker) as admin:
        assert not set(admin.list_topics()) & set(tried.created)
    report = ensure_topics(module_broker.bootstrap, "touchline")
    assert report.created == tried.created
    assert not report.mismatches
    return module_broker


def test_every_topic_has_twelve_partitions(made: LocalBroker) -> None:
    with admin_of(made) as admin:
        counts = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    wanted = INPUTS | OUTPUTS | COMPACTED | {"dead-letters"} | PROBES
    assert {name: counts[name] for name in wanted} == dict.fromkeys(wanted, 12)


def test_state_is_compacted_and_the_rest_is_deleted_by_age(made: LocalBroker) -> None:
    for name in COMPACTED:
        assert config_of(made, name)["cleanup.policy"] == "compact"
    for name in INPUTS | OUTPUTS | {"dead-letters"}:
        config = config_of(made, name)
        assert config["cleanup.policy"] == "delete"
        assert int(config["retention.ms"]) >= 7 * DAY_MS


def test_an_old_event_is_kept_as_long_as_a_new_one(made: LocalBroker) -> None:
    for name in INPUTS | {"referrals", "customer-moves"}:
        assert config_of(made, name)["message.timestamp.type"] == "LogAppendTime"


def test_a_record_over_the_limit_reaches_us_and_its_dead_letter_fits(made: LocalBroker) -> None:
    limit = 256 * 1024
    with closing(
        KafkaProducer(bootstrap_servers=made.bootstrap, max_request_size=8 << 20)
    ) as producer:
        producer.send("touchpoints.app", b"x" * (limit + 1)).get(20)
        largest = (limit + 64 * 1024) * 4 // 3 + 64 * 1024  # base64 of value, key, headers
        producer.send("dead-letters", b"x" * largest).get(20)
        with pytest.raises(MessageSizeTooLargeError):
            producer.send("touchpoints.app", b"x" * (4 << 20)).get(20)


def test_a_second_run_changes_nothing_and_finds_all_right(made: LocalBroker) -> None:
    report = ensure_topics(made.bootstrap, "touchline")
    assert report.created == ()
    assert set(report.right) == INPUTS | OUTPUTS | COMPACTED | {"dead-letters"} | PROBES
    report.raise_if_wrong()


def test_another_partition_count_is_refused_with_the_way_to_move(made: LocalBroker) -> None:
    report = ensure_topics(made.bootstrap, "another", partitions=6)
    assert report.mismatches
    assert report.created == (), "a half-made set must not be worked on"
    with admin_of(made) as admin:
        assert "another-customers-changelog" not in admin.list_topics()
    with pytest.raises(TopicError) as caught:
        report.raise_if_wrong()
    said = str(caught.value)
    assert "touchpoints.app: partitions must be 6, found 12" in said
    assert "TOUCHLINE_PARTITIONS=12" in said
    assert "TOUCHLINE_APP_ID" in said


@pytest.mark.parametrize(
    ("topic", "key", "value"),
    [
        ("touchline-customers-changelog", "cleanup.policy", "delete"),
        ("touchpoints.app", "retention.ms", "3600000"),
        ("touchpoints.app", "message.timestamp.type", "CreateTime"),
        ("dead-letters", "max.message.bytes", "262144"),
    ],
)
def test_a_topic_that_differs_is_named_with_the_command_that_mends_it(
    made: LocalBroker, topic: str, key: str, value: str
) -> None:
    right = config_of(made, topic)[key]
    with changed(made, topic, key, value):
        report = ensure_topics(made.bootstrap, "touchline")
    (mismatch,) = report.mismatches
    assert (mismatch.topic, mismatch.property, mismatch.found) == (topic, key, value)
    assert f"--entity-name {topic} --add-config {key}={right}" in str(mismatch)
    assert not ensure_topics(made.bootstrap, "touchline").mismatches


def test_what_was_deleted_from_a_compacted_topic_goes_within_days(made: LocalBroker) -> None:
    for name in COMPACTED:
        config = config_of(made, name)
        for key in ("segment.ms", "max.compaction.lag.ms", "delete.retention.ms"):
            assert int(config[key]) == DAY_MS, (name, key)
    for name in INPUTS | OUTPUTS | {"dead-letters"}:
        assert int(config_of(made, name)["segment.ms"]) == DAY_MS


def test_a_changelog_of_before_that_keeps_deletions_is_told_in_one_line_and_holds_nothing_up(
    made: LocalBroker,
) -> None:
    changelog, week = "touchline-customers-changelog", str(7 * DAY_MS)
    with (
        changed(made, changelog, "segment.ms", week),
        changed(made, changelog, "max.compaction.lag.ms", str(2**63 - 1)),
        changed(made, "touchpoints.app", "segment.ms", week),
        changed(made, "alerts", "segment.ms", week),
    ):
        report = ensure_topics(made.bootstrap, "touchline", dry_run=True)
        other = ensure_topics(made.bootstrap, "sibling", dry_run=True)
    (mismatch,) = report.mismatches
    day = DAY_MS
    assert str(mismatch) == (
        f"{changelog}: segment.ms, max.compaction.lag.ms must be at most {day}, at most {day},"
        f" found {week}, {2**63 - 1}; set it with Kafka's kafka-configs --alter --entity-type"
        f" topics --entity-name {changelog}"
        f" --add-config segment.ms={day},max.compaction.lag.ms={day}"
    )
    assert set(other.created) == {
        f"sibling-{name}" for name in ("customers-changelog", "clock-probes", "access", "audit")
    }
    with changed(made, changelog, "delete.retention.ms", "1000"):
        assert not ensure_topics(made.bootstrap, "touchline").mismatches


@pytest.mark.parametrize(
    ("key", "value"), [("retention.ms", "-1"), ("max.message.bytes", str(8 << 20))]
)
def test_more_room_than_needed_is_the_operators_right(
    made: LocalBroker, key: str, value: str
) -> None:
    with changed(made, "touchpoints.app", key, value):
        assert not ensure_topics(made.bootstrap, "touchline").mismatches


def test_too_few_insync_replicas_are_reported(made: LocalBroker) -> None:
    report = ensure_topics(made.bootstrap, "touchline", replication=3, min_insync_replicas=2)
    found = {(one.property, one.wanted, one.found) for one in report.mismatches}
    assert found == {
        ("replication factor", "at least 3", "1"),
        ("min.insync.replicas", "at least 2", "1"),
    }


def test_more_replicas_than_brokers_is_an_error_that_says_so(fresh_broker: LocalBroker) -> None:
    with pytest.raises(ClusterError, match="InvalidReplicationFactor"):
        ensure_topics(fresh_broker.bootstrap, "touchline", replication=3)


def test_no_broker_is_an_error_that_names_the_address() -> None:
    with pytest.raises(ClusterError, match=r"at 127\.0\.0\.1:9: nothing listens there"):
        ensure_topics("127.0.0.1:9", "touchline")
