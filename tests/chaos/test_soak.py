"""What a worker uses stays flat; and the judge of that can fail."""

from __future__ import annotations

import pytest

from bench.soak import Sample, judge, run

MINUTES = 3.0


def _samples(**growth: float) -> list[Sample]:
    """A hundred samples, in which the named measures grow by this share a sample."""
    flat = Sample(0.0, 100.0, 60.0, 8.0, 12.0, 300.0)
    return [
        flat._replace(
            seconds=2.0 * number,
            **{name: getattr(flat, name) * (1 + share * number) for name, share in growth.items()},
        )
        for number in range(100)
    ]


def test_flat_samples_are_judged_flat() -> None:
    assert all(one.flat for one in judge(_samples()))


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("memory_mb", 0.0015),
        ("open_files", 0.001),
        ("commit_ms", 0.02),
        ("alert_ms", 0.05),
        ("cpu_ms_per_1000", 0.02),
    ],
)
def test_what_grows_is_named(name: str, share: float) -> None:
    assert [one.name for one in judge(_samples(**{name: share})) if not one.flat] == [name]


@pytest.mark.live
@pytest.mark.soak
@pytest.mark.timeout(300)
def test_three_minutes_with_seven_idle_topics_leave_everything_flat() -> None:
    judged = judge(run(60 * MINUTES))
    assert all(one.flat for one in judged), "\n".join(str(one) for one in judged)
