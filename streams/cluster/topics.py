"""The topics Touchline needs: what each must be like, making them, and comparing what exists.

    report = ensure_topics("127.0.0.1:9092", "touchline", partitions=12, replication=1)
    report.raise_if_wrong()

A mismatch is never repaired silently: a changed partition count would send a customer's events
to another partition than the customer's state.
"""

import socket
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.topics import (
    DEAD_LETTERS,
    INPUT_TOPICS,
    OUTPUT_TOPICS,
    PARTITION_SUMMARIES,
    PORTFOLIO,
    READ_BACK_TOPICS,
    SEGMENT_MODEL,
    changelog_topic,
)
from streams.cluster.errors import ClusterError, TopicError

DAY_MS: Final = 86_400_000
INPUT_RETENTION_DAYS: Final = 14
OUTPUT_RETENTION_DAYS: Final = 30
DEAD_LETTER_RETENTION_DAYS: Final = 90

# max.message.bytes is about a batch: one record of that size, or many small ones.
# Inputs take more than the 256 KiB a record may have: a larger one shall arrive and become a
# dead letter that someone sees, not an error at a producer whose log nobody reads.
INPUT_BATCH_BYTES: Final = 1 << 20
OUTPUT_BATCH_BYTES: Final = 1 << 20
# A dead letter holds its record in base64 (4/3) and an envelope.
DEAD_LETTER_BATCH_BYTES: Final = 2 << 20
CHANGELOG_BATCH_BYTES: Final = 1 << 20

_SEGMENT_BYTES: Final = 128 << 20  # the newest segment is never compacted: keep it small
_CONNECT_SECONDS: Final = 5.0
_ANSWER_MS: Final = 10_000
_CREATE_MS: Final = 30_000
_EXACT: Final = frozenset({"cleanup.policy", "message.timestamp.type"})


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What one topic must be like. `configs` are Kafka's topic configs as text."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One property of a topic that exists and is not as wanted; `remedy` says what to do."""

    topic: str
    property: str
    wanted: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return (
            f"{self.topic}: {self.property} must be {self.wanted}, found {self.found}; "
            f"{self.remedy}"
        )


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What `ensure_topics` did. `created` holds what would be made in a dry run."""

    created: tuple[str, ...]
    right: tuple[str, ...]
    mismatches: tuple[Mismatch, ...]
    dry_run: bool = False

    @property
    def ok(self) -> bool:
        return not self.mismatches

    def raise_if_wrong(self) -> None:
        """Raises TopicError naming every mismatch."""
        if self.mismatches:
            raise TopicError(" | ".join(str(mismatch) for mismatch in self.mismatches))


def topic_specs(
    app_id: str, partitions: int = 12, replication: int = 1, min_insync_replicas: int = 1
) -> tuple[TopicSpec, ...]:
    """Every topic of one application: inputs, outputs, changelog; all with the same count."""
    common = {"min.insync.replicas": str(min_insync_replicas)}
    compacted = {"cleanup.policy": "compact", "segment.bytes": str(_SEGMENT_BYTES)}

    def spec(name: str, batch_bytes: int, more: Mapping[str, str]) -> TopicSpec:
        configs = {**common, "max.message.bytes": str(batch_bytes), **more}
        return TopicSpec(name, partitions, replication, configs)

    def kept(days: int) -> dict[str, str]:
        return {"cleanup.policy": "delete", "retention.ms": str(days * DAY_MS)}

    # Retention goes by the record's timestamp. Stamped by the broker, a history of old events
    # is kept as long as new ones, whatever time its producer gave the records.
    arrived = {"message.timestamp.type": "LogAppendTime"}
    specs = [
        spec(name, INPUT_BATCH_BYTES, kept(INPUT_RETENTION_DAYS) | arrived) for name in INPUT_TOPICS
    ]
    for name in OUTPUT_TOPICS:
        if name == DEAD_LETTERS:
            specs.append(spec(name, DEAD_LETTER_BATCH_BYTES, kept(DEAD_LETTER_RETENTION_DAYS)))
        elif name in READ_BACK_TOPICS:  # of use until it was read, as an input is
            kept_as_input = kept(INPUT_RETENTION_DAYS) | arrived
            specs.append(spec(name, OUTPUT_BATCH_BYTES, kept_as_input))
        elif name in (PARTITION_SUMMARIES, SEGMENT_MODEL, PORTFOLIO):
            specs.append(spec(name, OUTPUT_BATCH_BYTES, compacted))
        else:
            specs.append(spec(name, OUTPUT_BATCH_BYTES, kept(OUTPUT_RETENTION_DAYS)))
    specs.append(spec(changelog_topic(app_id), CHANGELOG_BATCH_BYTES, compacted))
    return tuple(specs)


def ensure_topics(
    bootstrap: str | Sequence[str],
    app_id: str,
    partitions: int = 12,
    replication: int = 1,
    min_insync_replicas: int = 1,
    *,
    dry_run: bool = False,
    client: Mapping[str, Any] | None = None,
) -> TopicReport:
    """Make the topics that are missing; compare those that exist.

    With any mismatch nothing is made, so that a half-made set cannot be worked on. `client` holds
    further options of kafka-python's admin client (security). Raises ClusterError when Kafka does
    not answer or refuses.
    """
    specs = topic_specs(app_id, partitions, replication, min_insync_replicas)
    servers = bootstrap.split(",") if isinstance(bootstrap, str) else list(bootstrap)
    if not any(_listens(server) for server in servers):
        raise ClusterError(f"nothing listens at {','.join(servers)}; is the address right?")
    options = {"bootstrap_timeout_ms": _ANSWER_MS, **(client or {}), "bootstrap_servers": servers}
    try:
        with closing(KafkaAdminClient(**options)) as admin:
            return _ensure(admin, specs, dry_run)
    except KafkaError as error:
        where = ",".join(servers)
        raise ClusterError(f"topics at {where}: {type(error).__name__}: {error}") from error


def _listens(server: str) -> bool:
    """Asked first: it takes a moment, and an admin client that finds nobody leaks its socket."""
    host, _, port = server.strip().rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, ValueError):
        return False
    return True


def _ensure(admin: KafkaAdminClient, specs: Sequence[TopicSpec], dry_run: bool) -> TopicReport:
    present = set(admin.list_topics())
    existing = [spec for spec in specs if spec.name in present]
    missing = [spec for spec in specs if spec.name not in present]
    mismatches = _compare(admin, existing) if existing else ()
    wrong = {mismatch.topic for mismatch in mismatches}
    right = tuple(spec.name for spec in existing if spec.name not in wrong)
    if mismatches:
        return TopicReport((), right, mismatches, dry_run)
    if missing:
        _create(admin, missing, dry_run)
    return TopicReport(tuple(spec.name for spec in missing), right, (), dry_run)


def _create(admin: KafkaAdminClient, specs: Sequence[TopicSpec], dry_run: bool) -> None:
    """Create (in a dry run: let the broker judge) all; one made by another at the same time is
    waited for like ours, and compared at the next start."""
    wanted = {
        spec.name: {
            "num_partitions": spec.partitions,
            "replication_factor": spec.replication,
            "configs": dict(spec.configs),
        }
        for spec in specs
    }
    with suppress(TopicAlreadyExistsError):
        admin.create_topics(wanted, timeout_ms=_CREATE_MS, validate_only=dry_run)
    if not dry_run:
        admin.wait_for_topics(list(wanted), timeout_ms=_CREATE_MS)


def _compare(admin: KafkaAdminClient, specs: Sequence[TopicSpec]) -> tuple[Mismatch, ...]:
    names = [spec.name for spec in specs]
    described = {topic["name"]: topic["partitions"] for topic in admin.describe_topics(names)}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs = admin.describe_configs(resources, config_filter="all")["topic"]
    found: list[Mismatch] = []
    for spec in specs:
        found += _compare_layout(spec, described[spec.name])
        values = {key: entry["value"] for key, entry in configs[spec.name].items()}
        found += _compare_configs(spec, values)
    return tuple(found)


def _compare_layout(spec: TopicSpec, partitions: Sequence[Mapping[str, Any]]) -> list[Mismatch]:
    found = []
    if (count := len(partitions)) != spec.partitions:
        remedy = (
            f"keep TOUCHLINE_PARTITIONS={count}, or move: stop the workers, delete the topics (or "
            "take another cluster), make them with the new count, set a new TOUCHLINE_APP_ID and "
            "produce the history again"
        )
        found.append(Mismatch(spec.name, "partitions", str(spec.partitions), str(count), remedy))
    copies = min((len(part["replica_nodes"]) for part in partitions), default=0)
    if copies < spec.replication:
        remedy = "add replicas with Kafka's kafka-reassign-partitions"
        found.append(
            Mismatch(
                spec.name, "replication factor", f"at least {spec.replication}", str(copies), remedy
            )
        )
    return found


def _compare_configs(spec: TopicSpec, values: Mapping[str, str | None]) -> list[Mismatch]:
    found = []
    for key, wanted in spec.configs.items():
        rule = _rule(key)
        have = values.get(key) or ""
        if rule is None or _fits(rule, wanted, have):
            continue
        must = wanted if rule == "equal" else f"at least {wanted}"
        remedy = (
            f"set it with Kafka's kafka-configs --alter --entity-type topics --entity-name "
            f"{spec.name} --add-config {key}={wanted}"
        )
        found.append(Mismatch(spec.name, key, must, have or "nothing", remedy))
    return found


def _rule(key: str) -> Literal["equal", "at least"] | None:
    """How an existing value is judged; more room or a longer retention is the operator's right."""
    if key in _EXACT:
        return "equal"
    return None if key == "segment.bytes" else "at least"


def _fits(rule: Literal["equal", "at least"], wanted: str, have: str) -> bool:
    if rule == "equal":
        return have == wanted
    return have == "-1" or (have.isdigit() and int(have) >= int(wanted))
