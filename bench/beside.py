"""What the pipeline keeps of its speed while `touchline serve` follows it.

The same preloaded topics are worked off at full speed by a worker of its own, with a serve beside
it that keeps a read model of what that worker writes, and without, in turn. Target: 0.95. Two
processors are shared by broker, worker, web process and follower.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench.harness import broker, machine_info, versions
from bench.measured import in_a_process
from bench.report import print_table, write_results
from bench.served import Application, ready
from bench.turns import in_turn, options

TARGET_KEPT = 0.95


def beside_serve(bootstrap: str, app_id: str, events: int, timeout: float) -> dict[str, Any]:
    """One worker over all events, with a serve that follows it."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Application(bootstrap, app_id, Path(directory)) as running,
    ):
        ready(running.serve().address)
        return in_a_process(bootstrap, app_id, events, timeout)


def main() -> int:
    """Measure, print, write; exit status 1 where the target was missed."""
    given = options(150_000, 300.0, __doc__).parse_args()
    with broker() as bootstrap:
        served, alone = in_turn(bootstrap, "beside", given, [beside_serve, in_a_process])
    told = ("events_per_second", "cpu_microseconds_per_event", "seconds")
    runs = [
        {"served": name, **{figure: run[figure] for figure in told}}
        for name, of in (("yes", served), ("no", alone))
        for run in of
    ]
    with_it, without = (median(run["events_per_second"] for run in of) for of in (served, alone))
    kept = with_it / without
    columns = list(runs[0])
    print_table("beside", columns, [[run[column] for column in columns] for run in runs])
    print(
        f"median {with_it:,.0f} events/s beside serve, {without:,.0f} alone:"
        f" {kept:.3f} (target {TARGET_KEPT})"
    )
    figures = {"machine": machine_info(), "versions": versions("aiokafka"), "runs": runs}
    write_results("beside", {**figures, "ratios": {"kept": round(kept, 3)}})
    return 0 if kept >= TARGET_KEPT else 1


if __name__ == "__main__":
    raise SystemExit(main())
