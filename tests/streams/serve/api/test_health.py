"""When `touchline serve` is not ready, and what it says of it."""

from __future__ import annotations

from streams.readmodel.rows import Currency
from streams.serve.api.health import unready_because


def test_a_partition_that_is_old_is_named() -> None:
    current = [Currency(0, 0.4, 0), Currency(3, 45.2, 1200), Currency(5, 29.9, 7)]
    assert unready_because(current, None) == [
        "partition 3 was last current 45 s ago (1200 records behind)"
    ]
    assert unready_because(current[:1], None) == []


def test_before_the_follower_and_without_it() -> None:
    assert unready_because([], None) == ["the read model is not there yet"]
    assert unready_because([Currency(0, 0.4, 0)], "ended by SIGKILL") == [
        "the follower does not run (ended by SIGKILL)"
    ]


def test_a_partition_that_is_built_has_no_age_yet() -> None:
    (told,) = unready_because([Currency(0, 1.7e9, 40)], None)
    assert told == "partition 0 is being built (40 records behind)"
