"""Making the topics that are missing, and comparing those that exist with what is wanted.

    report = ensure_topics("127.0.0.1:9092", "touchline", partitions=12, replication=1)
    report.raise_if_wrong()

A mismatch is never repaired silently: a changed partition count would send a customer's events
to another partition than the customer's state.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, Literal

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from streams.engine.admin import open_admin, plain
from streams.engine.clients import blocking_client_options, bootstrap_servers
from streams.engine.rights import Right, of_topics, operations, sentences
from streams.errors import ClusterError
from streams.settings import Settings
from streams.topics.wanted import TopicSpec, topic_specs

_ANSWER_MS: Final = 10_000
_CREATE_MS: Final = 30_000
_EXACT: Final = frozenset({"cleanup.policy", "message.timestamp.type"})
_AT_MOST: Final = frozenset({"segment.ms", "max.compaction.lag.ms", "delete.retention.ms"})
"""How soon what was deleted from a compacted topic is gone: sooner is the operator's right."""
Rule = Literal["equal", "at least", "at most"]


class TopicError(ClusterError):
    """Topics that exist are not as the settings want them, or are missing."""


class Refused(ClusterError):
    """Topics may not be looked at or made; ``rights`` are those that it takes."""

    def __init__(self, rights: Sequence[Right]) -> None:
        told = ", ".join(f"{right.operation} on {right.name}" for right in rights)
        super().__init__(f"Kafka does not allow {told}")
        self.rights = tuple(rights)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One property of a topic that exists and is not as wanted; `remedy` says what to do."""

    topic: str
    property: str
    wanted: str
    found: str
    remedy: str

    def only_lasts(self) -> bool:
        """Whether the topic serves, and only keeps what was deleted for longer than it should."""
        return _AT_MOST.issuperset(self.property.split(", "))

    def __str__(self) -> str:
        return (
            f"{self.topic}: {self.property} must be {self.wanted}, found {self.found}; "
            f"{self.remedy}"
        )


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What `ensure_topics` did. `created` holds what would be made in a dry run.

    `right` are those of which nothing is known to be wrong.
    """

    created: tuple[str, ...]
    right: tuple[str, ...]
    mismatches: tuple[Mismatch, ...]
    dry_run: bool = False
    denied: tuple[Right, ...] = ()
    """What we may not do to look at topics: those may be otherwise than they must be."""

    def raise_if_wrong(self) -> None:
        """Raises TopicError naming every mismatch."""
        if self.mismatches:
            raise TopicError(" | ".join(str(mismatch) for mismatch in self.mismatches))


def ensure_topics(
    bootstrap: str | Sequence[str],
    app_id: str,
    partitions: int = 12,
    replication: int = 1,
    min_insync_replicas: int = 1,
    *,
    dry_run: bool = False,
    client: Mapping[str, Any] | None = None,
    only: Collection[str] | None = None,
) -> TopicReport:
    """Make the topics that are missing; compare those that exist.

    Where a topic has another layout or another cleanup nothing is made, so that a half-made set
    cannot be worked on; how soon a topic lets go of what was deleted is only told. `client` holds
    further options of kafka-python's admin client (security); of `only` these topics it is spoken
    where they are given. Raises ClusterError when Kafka does not answer or refuses.
    """
    specs = topic_specs(app_id, partitions, replication, min_insync_replicas)
    specs = tuple(spec for spec in specs if only is None or spec.name in only)
    servers = bootstrap.split(",") if isinstance(bootstrap, str) else list(bootstrap)
    try:
        with closing(
            open_admin({**(client or {}), "bootstrap_servers": servers}, _ANSWER_MS)
        ) as admin:
            return _ensure(admin, specs, dry_run)
    except KafkaError as error:
        raise ClusterError(f"topics at {','.join(servers)}: {plain(error)}") from error


def ensure_topics_of(
    settings: Settings, *, dry_run: bool = False, only: Collection[str] | None = None
) -> TopicReport:
    """Make what is missing, unless ``dry_run``, and compare what exists, as the settings want it.

    Of all topics, or of ``only`` these.
    Raises ClusterError where Kafka does not answer, NoBootstrap where no address is set.
    """
    try:
        return ensure_topics(
            bootstrap_servers(settings),
            settings.app_id,
            settings.partitions,
            settings.kafka.replication,
            settings.kafka.min_insync_replicas,
            dry_run=dry_run,
            client=blocking_client_options(settings),
            only=only,
        )
    except Refused as refused:
        raise ClusterError("; ".join(sentences(settings, refused.rights))) from refused


def _ensure(admin: KafkaAdminClient, specs: Sequence[TopicSpec], dry_run: bool) -> TopicReport:
    described = {one["name"]: one for one in admin.describe_topics([spec.name for spec in specs])}
    codes = {name: one["error_code"] for name, one in described.items()}
    existing = [spec for spec in specs if not codes[spec.name]]
    unseen = [
        spec.name for spec in specs if codes[spec.name] == TopicAuthorizationFailedError.errno
    ]
    missing = [spec for spec in specs if codes[spec.name] == UnknownTopicOrPartitionError.errno]
    closed = [spec.name for spec in existing if not _may_compare(described[spec.name])]
    mismatches = _compare(admin, existing, described, closed) if existing else ()
    wrong = {mismatch.topic for mismatch in mismatches}
    right = tuple(spec.name for spec in existing if spec.name not in wrong)
    denied = (*of_topics("Describe", *unseen), *of_topics("DescribeConfigs", *closed))
    if not all(mismatch.only_lasts() for mismatch in mismatches):
        return TopicReport((), right, mismatches, dry_run, denied)
    if denied and not dry_run:
        raise Refused(denied)
    if missing:
        _create(admin, missing, dry_run)
    return TopicReport(tuple(spec.name for spec in missing), right, mismatches, dry_run, denied)


def _may_compare(described: Mapping[str, Any]) -> bool:
    allowed = operations(described)
    return allowed is None or "DescribeConfigs" in allowed


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
    try:
        admin.create_topics(wanted, timeout_ms=_CREATE_MS, validate_only=dry_run)
    except TopicAlreadyExistsError:
        pass
    except AuthorizationError as error:
        if dry_run:
            return  # they are missing, whoever may make them
        described = admin.describe_topics(list(wanted))
        left = [one["name"] for one in described if one["error_code"]]  # it makes what it may
        raise Refused(tuple(of_topics("Create", *left))) from error
    if not dry_run:
        admin.wait_for_topics(list(wanted), timeout_ms=_CREATE_MS)


def _compare(
    admin: KafkaAdminClient,
    specs: Sequence[TopicSpec],
    described: Mapping[str, Mapping[str, Any]],
    closed: Collection[str],
) -> tuple[Mismatch, ...]:
    """What is wrong with topics; of those that are ``closed`` only partitions are known."""
    names = [spec.name for spec in specs if spec.name not in closed]
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs = admin.describe_configs(resources, config_filter="all")["topic"] if names else {}
    found: list[Mismatch] = []
    for spec in specs:
        found += _compare_layout(spec, described[spec.name]["partitions"])
        if spec.name in configs:
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
    found, lasting = [], []
    for key, wanted in spec.configs.items():
        rule = _rule(key, spec.compacted)
        have = values.get(key) or ""
        if rule is None or _fits(rule, wanted, have):
            continue
        must = wanted if rule == "equal" else f"{rule} {wanted}"
        differs = (key, wanted, must, have or "nothing")
        if rule == "at most":
            lasting.append(differs)
        else:
            found.append(_mismatch(spec.name, [differs]))
    return [*found, _mismatch(spec.name, lasting)] if lasting else found


def _mismatch(topic: str, differs: Sequence[tuple[str, str, str, str]]) -> Mismatch:
    """(config, wanted, what it must be, what it is) of a topic, to be set together."""
    keys, wanted, must, have = zip(*differs, strict=True)
    change = ",".join(f"{key}={value}" for key, value in zip(keys, wanted, strict=True))
    remedy = (
        f"set it with Kafka's kafka-configs --alter --entity-type topics --entity-name "
        f"{topic} --add-config {change}"
    )
    return Mismatch(topic, ", ".join(keys), ", ".join(must), ", ".join(have), remedy)


def _rule(key: str, compacted: bool) -> Rule | None:
    """How an existing value is judged; more room or a longer retention is the operator's right."""
    if key in _EXACT:
        return "equal"
    if key in _AT_MOST:
        return "at most" if compacted else None
    return None if key == "segment.bytes" else "at least"


def _fits(rule: Rule, wanted: str, have: str) -> bool:
    if rule == "equal":
        return have == wanted
    if rule == "at most":
        return have.isdigit() and int(have) <= int(wanted)
    return have == "-1" or (have.isdigit() and int(have) >= int(wanted))
