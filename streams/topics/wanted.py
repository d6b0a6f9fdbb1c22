"""The topics Touchline needs, and what each must be like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.topics import (
    COMPACTED_TOPICS,
    DEAD_LETTERS,
    INPUT_TOPICS,
    OUTPUT_TOPICS,
    READ_BACK_TOPICS,
    access_topic,
    audit_topic,
    changelog_topic,
    clock_probes_topic,
)
from schemas.units import MS_PER_DAY

INPUT_RETENTION_DAYS: Final = 14
OUTPUT_RETENTION_DAYS: Final = 30
DEAD_LETTER_RETENTION_DAYS: Final = 90
AUDIT_RETENTION_DAYS: Final = 365

# max.message.bytes is about a batch: one record of that size, or many small ones.
# Inputs take more than the 256 KiB a record may have: a larger one shall arrive and become a
# dead letter that someone sees, not an error at a producer whose log nobody reads.
INPUT_BATCH_BYTES: Final = 1 << 20
OUTPUT_BATCH_BYTES: Final = 1 << 20
# A dead letter holds its record in base64 (4/3) and an envelope.
DEAD_LETTER_BATCH_BYTES: Final = 2 << 20
CHANGELOG_BATCH_BYTES: Final = 1 << 20
PROBE_BATCH_BYTES: Final = 64 << 10

_SEGMENT_BYTES: Final = 128 << 20  # the newest segment is never compacted: keep it small
_PROBE_SEGMENT_BYTES: Final = 1 << 20

# An erased customer's state must go although little else is written. A segment is closed within a
# day, and a compacted topic is then cleaned whatever share of it is old (max.compaction.lag.ms
# goes before min.cleanable.dirty.ratio): what was overwritten or deleted is gone within two days.
# The deletion bears the customer's id as its key: it goes at the first cleaning a day after that,
# within two more. A worker that restores or an archive that copies must be done in that day.
SEGMENT_DAYS: Final = 1
COMPACTION_LAG_DAYS: Final = 1
TOMBSTONE_DAYS: Final = 1


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What one topic must be like. `configs` are Kafka's topic configs as text."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]

    @property
    def compacted(self) -> bool:
        """Whether only the newest record of each key is kept."""
        return self.configs["cleanup.policy"] == "compact"


def topic_specs(
    app_id: str, partitions: int = 12, replication: int = 1, min_insync_replicas: int = 1
) -> tuple[TopicSpec, ...]:
    """Every topic of one application: inputs, outputs, and its own; all with the same count."""
    common = {
        "min.insync.replicas": str(min_insync_replicas),
        "segment.ms": str(SEGMENT_DAYS * MS_PER_DAY),
    }
    compacted = {
        "cleanup.policy": "compact",
        "segment.bytes": str(_SEGMENT_BYTES),
        "max.compaction.lag.ms": str(COMPACTION_LAG_DAYS * MS_PER_DAY),
        "delete.retention.ms": str(TOMBSTONE_DAYS * MS_PER_DAY),
    }

    def spec(name: str, batch_bytes: int, more: Mapping[str, str]) -> TopicSpec:
        configs = {**common, "max.message.bytes": str(batch_bytes), **more}
        return TopicSpec(name, partitions, replication, configs)

    def kept(days: int) -> dict[str, str]:
        return {"cleanup.policy": "delete", "retention.ms": str(days * MS_PER_DAY)}

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
        elif name in COMPACTED_TOPICS:
            specs.append(spec(name, OUTPUT_BATCH_BYTES, compacted))
        else:
            specs.append(spec(name, OUTPUT_BATCH_BYTES, kept(OUTPUT_RETENTION_DAYS)))
    specs.append(spec(changelog_topic(app_id), CHANGELOG_BATCH_BYTES, compacted))
    specs.append(spec(access_topic(app_id), OUTPUT_BATCH_BYTES, compacted))
    specs.append(
        spec(audit_topic(app_id), OUTPUT_BATCH_BYTES, kept(AUDIT_RETENTION_DAYS) | arrived)
    )
    probes = {"retention.ms": str(MS_PER_DAY), "segment.bytes": str(_PROBE_SEGMENT_BYTES)}
    probes["cleanup.policy"] = "delete"
    specs.append(spec(clock_probes_topic(app_id), PROBE_BATCH_BYTES, probes | arrived))
    return tuple(specs)
