"""The full customers agent, exactly once, one worker: events a second from a full topic.

Seeded bank, preloaded; the worker reads all ten topics from the beginning to the end.
Targets: 30,000 events/s with at most 1 KB of changelog an event; with live segments at least 0.7 of
what it is without them.
"""

from __future__ import annotations

from statistics import median

from bench.harness import broker, machine_info, versions
from bench.measured import in_a_process
from bench.report import print_table, spread, write_results
from bench.turns import in_turn, options

TARGET_EVENTS_PER_SECOND = 30_000
TARGET_CHANGELOG_BYTES = 1024
TARGET_SHARE = 0.7


def main() -> int:
    """Measure, print, write; exit status 1 where a target was missed."""
    given = options(500_000, 180.0, __doc__).parse_args()
    with broker() as bootstrap:
        segmented, plain = in_turn(
            bootstrap,
            "pipeline",
            given,
            [in_a_process, lambda *asked: in_a_process(*asked, "--no-segments")],
        )
    runs = [{"segments": True, **run} for run in segmented]
    runs += [{"segments": False, **run} for run in plain]
    rates = [run["events_per_second"] for run in segmented]
    without = [run["events_per_second"] for run in plain]
    share = median(rates) / median(without)
    changelog = median(run["changelog_bytes_per_event"] for run in segmented)
    columns = list(runs[0])
    print_table("pipeline", columns, [[run[column] for column in columns] for run in runs])
    reached = median(rates) >= TARGET_EVENTS_PER_SECOND and changelog <= TARGET_CHANGELOG_BYTES
    reached = reached and share >= TARGET_SHARE
    print(
        f"median {median(rates):,.0f} events/s with segments, {median(without):,.0f} without"
        f" (target {TARGET_EVENTS_PER_SECOND:,}), "
        f"{changelog:,.0f} bytes of changelog an event (target {TARGET_CHANGELOG_BYTES:,}), "
        f"{share:.2f} of what it is without segments (target {TARGET_SHARE})"
    )
    write_results(
        "pipeline",
        {
            "machine": machine_info(),
            "versions": versions("faust-streaming", "aiokafka", "pydantic", "msgspec"),
            "runs": runs,
            "median_events_per_second": median(rates),
            "spread": spread(rates),
            "ratios": {
                "target": round(median(rates) / TARGET_EVENTS_PER_SECOND, 3),
                "without_segments": round(share, 3),
            },
        },
    )
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
