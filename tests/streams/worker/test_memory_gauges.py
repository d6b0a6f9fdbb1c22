"""A scrape tells the memory of the customers by part, over all partitions."""

from __future__ import annotations

from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams.engine.cache import BYTES_OF_STATE
from streams.engine.memory import PARTS
from streams.worker.malloc import give_back_early
from streams.worker.metrics import Metrics
from tests.streams.worker.test_metrics import balance, commit, partition


def parts_of(metrics: Metrics) -> dict[str, float]:
    """Bytes by part, as scraped."""
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    [family] = [each for each in families if each.name == "touchline_memory_bytes"]
    return {sample.labels["part"]: sample.value for sample in family.samples}


def test_each_part_is_told_and_grows_with_the_customers() -> None:
    metrics, one, two = Metrics(clock="event"), partition(0), partition(1)
    assert parts_of(metrics) == dict.fromkeys(PARTS, 0.0)
    for each in (one, two):
        metrics.opened(each, 0, 0.0)
        commit(metrics, each, [balance(1, "ann", 100.0)])
    told = parts_of(metrics)
    assert set(told) > set(PARTS)
    assert told["decoded"] == one.cache.size + two.cache.size > 2 * BYTES_OF_STATE
    before = told["records"]
    commit(metrics, two, [balance(2, f"c-{n}", 100.0) for n in range(50)])
    told = parts_of(metrics)
    assert told["records"] > 10 * before
    assert told["waiting"] == 0
    metrics.closed(1)
    assert parts_of(metrics)["decoded"] == one.cache.size


def test_an_allocator_that_knows_no_options_is_left_as_it_is() -> None:
    assert give_back_early() in (True, False)
