"""Whether the workers of the group are alike: as metrics, and a line in the log when it changes."""

from __future__ import annotations

import asyncio

import structlog
from prometheus_client import CollectorRegistry, Gauge

from agents.workers import identities
from schemas.workers import Identity, WorkedBy, Workers

QUIET_SECONDS = 3.0

log = structlog.get_logger("touchline.worker")


class Company:
    """Hears of each newer record of the group's workers."""

    def __init__(self, registry: CollectorRegistry, by: WorkedBy | None) -> None:
        info = Gauge(
            "touchline_worker_info", "What this worker goes by: fingerprints of its policy and of "
            "the forms it stores.", ["policy", "forms"], registry=registry,
        )  # fmt: skip
        if by is not None:
            info.labels(by.policy, by.forms).set(1)
        self._policies = Gauge(
            "touchline_group_policies", "Policies by which the partitions of the group are worked.",
            registry=registry,
        )  # fmt: skip
        self._forms = Gauge(
            "touchline_group_forms", "Forms in which the workers of the group store state.",
            registry=registry,
        )  # fmt: skip
        self._by = by
        self._newest: Workers | None = None
        self._said: tuple[Identity, ...] | None = None

    def adopted(self, record: Workers) -> None:
        """Show it, and say it in a while: what has not been compacted yet comes before it."""
        self._newest = record
        self._policies.set(len({one.policy for one in record.partitions}))
        self._forms.set(len({one.forms for one in record.partitions}))
        asyncio.get_running_loop().call_later(QUIET_SECONDS, self._say)

    def _say(self) -> None:
        """Once for each change; what the worker finds at its start only where it is wrong."""
        record, before = self._newest, self._said
        if record is None or record.told == before:
            return
        self._said = record.told
        mine = {} if self._by is None else {"mine": self._by.policy}
        alike = len(identities(record.partitions)) == 1
        if len(record.told) > 1 and not alike:
            log.error("the workers of the group are not alike", who=record.reason, **mine)
        elif before is not None and alike:
            log.warning("all partitions are worked alike now", who=record.reason, **mine)
