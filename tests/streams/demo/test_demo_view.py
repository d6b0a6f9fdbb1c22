"""What the demonstration's view is made of: pages read and added up, what came out, the picture."""

import io
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from rich.console import Console

from schemas.examples import OUTPUT_EXAMPLES
from streams.demo.feed import Heard
from streams.demo.figures import Reading, Workers, quantile, rate
from streams.demo.scene import Options, Scene
from streams.demo.segments import last_changes
from streams.demo.view import draw, spark


@pytest.fixture
def page() -> Iterator[tuple[CollectorRegistry, str, Callable[[], None]]]:
    """A page as a worker's, its address, and how it goes away."""
    registry = CollectorRegistry()
    server, thread = start_http_server(0, "127.0.0.1", registry)

    def close() -> None:
        if thread.is_alive():
            server.shutdown()
            server.server_close()
            thread.join()

    yield registry, f"http://127.0.0.1:{server.server_port}", close
    close()


Page = tuple[CollectorRegistry, str, Callable[[], None]]


def test_counters_of_a_worker_that_is_gone_still_count_and_its_gauges_do_not(page: Page) -> None:
    registry, address, close = page
    Counter("touchline_events", "x", ["type"], registry=registry).labels("survey").inc(7)
    Gauge("touchline_customers", "x", ["tier"], registry=registry).labels("vip").set(3)
    workers = Workers({"worker 1": address})
    reading = workers.read()
    assert reading.total("touchline_events_total", type="survey") == 7
    assert reading.by("touchline_customers", "tier") == {"vip": 3}
    assert workers.ready["worker 1"]

    close()
    reading = workers.read()
    assert reading.total("touchline_events_total", type="survey") == 7
    assert reading.by("touchline_customers", "tier") == {}
    assert not workers.ready["worker 1"]


def test_satisfaction_over_workers_is_weighted(page: Page) -> None:
    registry, address, _ = page
    labels = ["factor", "tier", "channel"]
    score = Gauge("touchline_satisfaction_score", "x", labels, registry=registry)
    weight = Gauge("touchline_satisfaction_weight", "x", labels, registry=registry)
    for cell, mean, weighs in (
        (("price", "vip", "app"), 2.0, 3.0),
        (("price", "vip", "web"), 6, 1),
    ):
        score.labels(*cell).set(mean)
        weight.labels(*cell).set(weighs)
    both = Workers({"worker 1": address, "worker 2": address})
    reading = both.read()
    assert reading.satisfaction("factor") == {"price": pytest.approx((2 * 3 + 6 * 1) / 4)}


def test_a_quantile_of_a_histogram_lies_within_the_bucket_of_the_true_one(page: Page) -> None:
    registry, address, _ = page
    edges = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
    histogram = Histogram("touchline_x_seconds", "x", registry=registry, buckets=edges)
    workers = Workers({"worker 1": address})
    histogram.observe(400)  # before the window: must not count
    earlier = workers.read()
    values = [0.0004 * n for n in range(1, 1_001)]
    for value in values:
        histogram.observe(value)
    later = workers.read()
    for share, cut in ((0.5, 49), (0.99, 98)):
        true = statistics.quantiles(values, n=100)[cut]
        found = quantile(earlier, later, "touchline_x_seconds", share)
        low = max((edge for edge in edges if edge < true), default=0.0)
        high = min(edge for edge in edges if edge >= true)
        assert found is not None
        assert low <= found <= high
    assert quantile(later, later, "touchline_x_seconds", 0.5) is None


def test_a_rate_is_growth_over_time() -> None:
    key = ("touchline_x_total", (("type", "a"),))
    assert rate(Reading(10.0, {key: 5}), Reading(14.0, {key: 25}), "touchline_x_total") == 5.0
    assert rate(Reading(10.0, {}), Reading(10.0, {key: 5}), "touchline_x_total") == 0.0


def test_the_picture_fits_terminals_and_shows_the_newest_alert_first() -> None:
    heard = Heard()
    example = OUTPUT_EXAMPLES["Alert"][0] | {"reason": "The balance reached the line."}
    for number in range(50):
        heard.take("alerts", encoded(example, f"c-{number:06d}"))
    options = Options(60.0, 100, 10.0, 2, 1)
    workers = Workers({})
    scene = Scene(options, "127.0.0.1:9092", time.time(), workers, heard, {}, [])
    for width, height in ((100, 30), (140, 40)):
        console = Console(width=width, height=height, record=True, file=io.StringIO())
        console.print(draw(scene, height))
        lines = console.export_text().splitlines()
        assert len(lines) == height
        assert max(map(len, lines)) <= width
        shown = [found[0] for line in lines if (found := re.search(r"c-\d{6}", line))]
        assert shown[:3] == ["c-000049", "c-000048", "c-000047"]
        assert "Last alerts of 50" in "\n".join(lines)


def encoded(example: dict[str, object], customer: str) -> bytes:
    changed = {"customer_id": customer, "alert_id": f"id-{customer}"}
    return json.dumps({**example, **changed}).encode()


def test_an_alert_that_lies_in_kafka_twice_is_noticed() -> None:
    heard = Heard()
    for customer in ("c-1", "c-2", "c-1"):
        heard.take("alerts", encoded(OUTPUT_EXAMPLES["Alert"][0], customer))
    assert (heard.count, heard.doubled) == (3, 1)


def change(number: int, customer: str, before: str | None, after: str | None) -> bytes:
    named = {"from_segment": before, "to_segment": after}
    example = {**OUTPUT_EXAMPLES["SegmentUpdate"][0], "customer_id": customer, **named}
    return json.dumps({**example, "update_id": f"u-{number}", "reason": f"why {number}"}).encode()


def test_changes_of_segment_are_told_apart_and_a_broken_chain_is_noticed() -> None:
    heard = Heard()
    chain = [
        ("c-1", None, "s1"), ("c-2", "s1", "s2"), ("c-1", "s1", "s2"), ("c-1", "s2", None),
        ("c-1", None, "s1"),
    ]  # fmt: skip
    for number, (customer, before, after) in enumerate(chain):
        heard.take("segment-updates", change(number, customer, before, after))
    assert heard.changes == {"joined": 2, "moved": 2, "left": 1}
    assert [one.reason for one in last_changes(heard, 3)] == ["why 2", "why 1", "why 4"]
    assert (heard.broken, heard.doubled) == (0, 0)
    heard.take("segment-updates", change(9, "c-1", "s2", "s1"))
    heard.take("segment-updates", change(9, "c-2", "s2", "s1"))
    assert (heard.broken, heard.doubled) == (1, 1)


def test_the_cards_of_the_newest_model_are_shown_with_what_tells_them_apart() -> None:
    heard = Heard()
    example = OUTPUT_EXAMPLES["SegmentModel"][0]
    for version in (17, 16):
        heard.take("segment-model", json.dumps({**example, "version": version}).encode())
    heard.take("segment-updates", change(1, "c-7", "s2", "s3"))
    options = Options(60.0, 100, 10.0, 2, 1)
    scene = Scene(options, "127.0.0.1:9092", time.time(), Workers({}), heard, {}, [])
    console = Console(width=120, height=38, record=True, file=io.StringIO())
    console.print(draw(scene, 38))
    shown = console.export_text()
    for wanted in (
        "Segments: model 17", "K = 2, silhouette 0.71 (K = 3: 0.44)", "lurkers",
        "news views +2.1", "Keep them with normal updates", "c-7", "why 1",
    ):  # fmt: skip
        assert wanted in shown


def test_a_spark_line_is_as_high_as_its_values() -> None:
    assert spark([0, 1, 2, 4, 8]) == " ▁▂▄█"
    assert spark([]) == spark([0, 0]) == ""
