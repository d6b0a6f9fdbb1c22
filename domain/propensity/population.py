"""Answers to mailings as one of the kinds that all partitions make known, and the model in use."""

from __future__ import annotations

from typing import Final

from domain.customer.effects import LeftOut, Mailed, Settled
from domain.kernel.counted import CountedPopulation
from domain.kernel.units import MS_PER_MINUTE
from domain.policy.propensity import PropensityRules
from domain.propensity.examples import Examples
from domain.propensity.summary import dump_snapshot
from schemas.common import CommonRecord
from schemas.propensity import PropensityModel

TELL_MS: Final = 10 * MS_PER_MINUTE
"""A snapshot comes at most so often by the partition's clock."""


class PropensityPopulation(CountedPopulation):
    """Tells the examples of a partition, and how far its clock is, since its first mailing."""

    def __init__(self, rules: PropensityRules, examples: Examples | None = None) -> None:
        self.examples = Examples() if examples is None else examples
        self.floor = 0
        self._number = -1
        self._rules = rules
        self._adopted: PropensityModel | None = None

    @property
    def model(self) -> PropensityModel | None:
        """The model in use; ``None`` before there is one that is new enough."""
        known = self._adopted
        return known if known is not None and known.version >= self.floor else None

    def take(self, effect: Mailed | Settled | LeftOut) -> None:
        """Let what became of a mailing count."""
        if isinstance(effect, Mailed):
            self.examples.begin()
        elif isinstance(effect, Settled):
            self.examples.add(effect, self._learnt())
        else:
            self.examples.leave_out()

    def summary(self, number: int, clock: int, partitions: int) -> bytes | None:
        """The examples up to ``clock`` (ms); what the model in use has learnt leaves first."""
        self._number, head = number, self.examples.head
        if not head.began or clock // TELL_MS <= head.told // TELL_MS:
            return None
        self.examples.tell(clock, self._learnt())
        return dump_snapshot(self.examples, number)

    def _learnt(self) -> int:
        """Up to when (ms) the model in use has learnt this partition's examples; -1: not known."""
        model = self.model
        return -1 if model is None else model.positions.get(str(self._number), -1)

    def adopt(self, record: CommonRecord) -> str | None:
        """Take a newer model into use; why it is refused, or ``None``."""
        assert isinstance(record, PropensityModel)
        if self._adopted is not None and record.version <= self._adopted.version:
            return None
        if record.rules_id != self._rules.rules_id:
            return (
                f"propensity model {record.version} was made by rules {record.rules_id}; this"
                f" worker's policy has {self._rules.rules_id}"
            )
        self._adopted = record
        return None

    def memory(self) -> int:
        """Bytes of the examples, about."""
        return self.examples.bytes
