"""The examples of a partition: kept through a restart, told once, bounded."""

from __future__ import annotations

import pytest

from domain.customer.effects import Settled
from domain.customer.parts import Awaited
from domain.policy.propensity import PropensityRules
from domain.propensity.examples import MAX_BYTES, Examples, ExamplesFormatError
from domain.propensity.learner import Learner
from domain.propensity.population import TELL_MS, PropensityPopulation
from domain.propensity.summary import SnapshotFormatError, load_snapshot
from tests.domain.bank import HOUR, START

RULES = PropensityRules()
MAILING = Awaited(START, "e-1", "spring", 4, 9, 2, "s-3", 40, 3, 123_456, 7.25, 5, 1, START + 1)


def settled(at: int, segment: str = "s-3") -> Settled:
    return Settled(START + at, MAILING._replace(segment=segment), 5, 1)


def kept(population: PropensityPopulation, records: dict[bytes, bytes]) -> None:
    """Write what changed as a partition's shared records."""
    for key, value in population.examples.changed_records():
        if value is None:
            records.pop(key, None)
        else:
            records[key] = value


def test_a_restart_goes_on_with_the_same_examples_and_what_is_learnt_leaves() -> None:
    records: dict[bytes, bytes] = {b"aggregates": b"of another"}
    first = PropensityPopulation(RULES)
    assert first.summary(3, START, 12) is None, "nothing was ever sent"
    for n in range(5):
        first.take(settled(n))
    told = first.summary(3, START + HOUR, 12)
    assert told is not None and len(load_snapshot(told).examples) == 5
    kept(first, records)
    again = PropensityPopulation(RULES, Examples.from_records(records))
    assert again.examples.kept == first.examples.kept and again.memory() == first.memory() > 0
    assert again.summary(3, START + HOUR, 12) is None, "told already"
    again.take(settled(HOUR))  # at the very time up to which all was told
    model = Learner(RULES).fit([load_snapshot(told)], 0)
    assert model is not None and again.adopt(model) is None and again.model is model
    snapshot = load_snapshot(again.summary(3, START + HOUR + TELL_MS, 12) or b"")
    assert [each.at for each in snapshot.examples] == [START + HOUR + 1]
    kept(again, records)
    assert len(records) == 3  # one example, the head and that of another
    final = Learner(RULES, model).fit([snapshot], 0)
    assert final is not None and final.learnt == 6


def test_twelve_thousand_examples_within_an_hour_are_all_learnt_from_one_snapshot() -> None:
    population = PropensityPopulation(RULES)
    for n in range(12_000):
        population.take(settled(n * HOUR // 12_000))
    snapshot = load_snapshot(population.summary(0, START + HOUR, 1) or b"")
    assert len(snapshot.examples) == 12_000 and snapshot.dropped == 0
    model = Learner(RULES).fit([snapshot], 0)
    assert model is not None and (model.learnt, model.dropped) == (12_000, 0)


def test_no_more_is_kept_than_one_record_holds_and_what_left_is_counted() -> None:
    records: dict[bytes, bytes] = {}
    population = PropensityPopulation(RULES)
    for n in range(10_000):
        population.take(settled(n, segment="s" * 100))
    kept(population, records)
    snapshot = load_snapshot(population.summary(0, START + HOUR, 1) or b"")
    assert population.memory() <= MAX_BYTES
    assert snapshot.dropped == 10_000 - len(snapshot.examples) > 0
    assert snapshot.examples[-1].at == START + 9_999
    restored = Examples.from_records(records)
    assert (restored.kept, restored.head.dropped) == (population.examples.kept, snapshot.dropped)


def test_a_model_by_other_rules_is_refused() -> None:
    population = PropensityPopulation(RULES)
    population.take(settled(0))
    told = load_snapshot(population.summary(0, START + HOUR, 1) or b"")
    model = Learner(PropensityRules(answer_days=3.0)).fit([told], 0)
    assert model is not None
    assert "was made by rules" in (population.adopt(model) or "")
    assert population.model is None


def test_torn_and_foreign_bytes_are_refused() -> None:
    population = PropensityPopulation(RULES)
    population.take(settled(0))
    told = population.summary(0, START + HOUR, 1)
    assert told is not None
    for torn in (told[:-1], b"", told[1:]):
        with pytest.raises(SnapshotFormatError, match="torn"):
            load_snapshot(torn)
    with pytest.raises(ExamplesFormatError, match="have format"):
        Examples.from_records({b"propensity/head": b"\x09"})
