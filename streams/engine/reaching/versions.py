"""Which requests of Kafka a worker speaks in which versions, and whether a broker does too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streams.engine.reaching import faults
from streams.engine.reaching.faults import Fault

SPOKEN: Final[Mapping[int, tuple[str, int, int]]] = {
    0: ("Produce", 3, 7),
    1: ("Fetch", 7, 11),
    2: ("ListOffsets", 2, 3),
    3: ("Metadata", 1, 5),
    9: ("OffsetFetch", 1, 3),
    10: ("FindCoordinator", 1, 1),
    11: ("JoinGroup", 0, 5),
    12: ("Heartbeat", 0, 1),
    13: ("LeaveGroup", 0, 1),
    14: ("SyncGroup", 0, 3),
    22: ("InitProducerId", 0, 0),
    24: ("AddPartitionsToTxn", 0, 0),
    25: ("AddOffsetsToTxn", 0, 0),
    26: ("EndTxn", 0, 0),
    28: ("TxnOffsetCommit", 0, 0),
}
"""By Kafka's number: name, first version that serves, and last that the installed aiokafka has.
Transactions need Produce 3, sessions Fetch 7. A test compares this with aiokafka."""


def misfit(broker: Mapping[int, tuple[int, int]]) -> Fault | None:
    """What a broker that speaks these versions (first and last by number) lacks, if anything."""
    for key, (name, first, last) in SPOKEN.items():
        if key not in broker:
            return faults.lacks(name)
        oldest, newest = broker[key]
        if newest < first:
            return faults.too_old(name, newest, first)
        if oldest > last:
            return faults.too_new(name, oldest, last)
    return None
