"""What is made over all customers: of each kind the readable record of the highest version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import structlog

from agents.modellings import modellings
from domain.policy import Policy
from schemas.deadletter import Fetched
from streams.engine.models import MODEL_PARTITION

log = structlog.get_logger("touchline.readmodel")


class Newer(NamedTuple):
    """A record that can be read."""

    key: bytes
    version: int
    value: bytes


class Newest:
    """Which records are read, under a policy."""

    def __init__(self, policy: Policy) -> None:
        self._by_place = {(each.target, each.key): each for each in modellings(policy)}

    def readable(self, topic: str, records: Iterable[Fetched]) -> Iterator[Newer]:
        """Those that can be read; one that is torn is told of and left aside."""
        for record in records:
            modelling = self._by_place.get((topic, record.key or b""))
            if modelling is None or record.value is None:
                continue
            try:
                made = modelling.load_record(record.value)
            except ValueError as error:
                why = str(error).splitlines()[0]
                log.error("record refused", kind=modelling.kind, why=why)
                continue
            yield Newer(modelling.key, made.version, record.value)


__all__ = ["MODEL_PARTITION", "Newest"]
