"""Names of the Kafka topics that cross the boundary, and which event type goes to which."""

from typing import Final

from schemas.touchpoints import MODEL_OF_TYPE

TOPIC_OF_TYPE: Final[dict[str, str]] = {kind: model.topic for kind, model in MODEL_OF_TYPE.items()}
"""Every event type and the one input topic it is read from."""

INPUT_TOPICS: Final[tuple[str, ...]] = tuple(TOPIC_OF_TYPE.values())
"""All keyed by `customer_id` (UTF-8, murmur2), all with the same number of partitions."""

ALERTS: Final = "alerts"
SEGMENT_UPDATES: Final = "segment-updates"
CARE_TASKS: Final = "care-tasks"
CUSTOMER_TRANSITIONS: Final = "customer-transitions"
SIGNALS: Final = "signals"
DEAD_LETTERS: Final = "dead-letters"
PARTITION_SUMMARIES: Final = "partition-summaries"
SEGMENT_MODEL: Final = "segment-model"
REFERRALS: Final = "referrals"
PORTFOLIO: Final = "portfolio"
CUSTOMER_MOVES: Final = "customer-moves"
ALERT_STATES: Final = "alert-states"

OUTPUT_TOPICS: Final[tuple[str, ...]] = (
    ALERTS,
    SEGMENT_UPDATES,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    SIGNALS,
    DEAD_LETTERS,
    PARTITION_SUMMARIES,
    SEGMENT_MODEL,
    REFERRALS,
    PORTFOLIO,
    CUSTOMER_MOVES,
    ALERT_STATES,
)
"""With as many partitions as the input topics."""

COMPACTED_TOPICS: Final[tuple[str, ...]] = (
    PARTITION_SUMMARIES,
    SEGMENT_MODEL,
    PORTFOLIO,
    ALERT_STATES,
)
"""Of which only the newest record of each key is kept."""

PERSONAL_COMPACTED_TOPICS: Final[tuple[str, ...]] = (ALERT_STATES,)
"""Compacted outputs with records about one customer: an erasure deletes them by their keys."""

RETAINED_TOPICS: Final[tuple[str, ...]] = INPUT_TOPICS + tuple(
    topic for topic in OUTPUT_TOPICS if topic not in COMPACTED_TOPICS
)
"""Whose records stay until their retention ends, those of an erased customer too."""

READ_BACK_TOPICS: Final[tuple[str, ...]] = (REFERRALS, CUSTOMER_MOVES)
"""Outputs that the customers agent reads itself, each in the partition of its key; nobody else
has to send them."""

SOURCE_TOPICS: Final[tuple[str, ...]] = INPUT_TOPICS + READ_BACK_TOPICS
"""All that the customers agent reads: every number of them is assigned, restored and committed
together."""


def changelog_topic(app_id: str) -> str:
    """The compacted topic that holds the customers' state of one application."""
    return f"{app_id}-customers-changelog"


def access_topic(app_id: str) -> str:
    """The compacted topic that says who may come in: hashes of keys, accounts, what has ended."""
    return f"{app_id}-access"


def audit_topic(app_id: str) -> str:
    """The topic that says who looked at what, acted, exported, erased, logged in, was refused."""
    return f"{app_id}-audit"


def clock_probes_topic(app_id: str) -> str:
    """The topic of empty records by whose stamps workers know the brokers' time."""
    return f"{app_id}-clock-probes"
