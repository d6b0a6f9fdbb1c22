"""Segments: how good they are beside batch k-means++ and other online clusterers, and their cost.

    python -m bench.segments [--only wine,bank-drift]

SSE ratio: squared distances to the nearest centroid (before hysteresis), over those of batch
k-means++ (scikit-learn, best of 20) with the same K on the same standardised customers. Peers are
told K and the scale. No broker is needed. Writes `bench/results/segments.json`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from itertools import chain
from statistics import median
from typing import Any, NamedTuple

# Two threads of a linear algebra library on products as small as these only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from bench import segment_cost, segment_quality
from bench.harness import machine_info, versions
from bench.report import Cell, print_table, write_results
from bench.segment_data import ALIKE, DIVERSE, MERGE, OVERLAP, Stream, bank, data_sets
from bench.segment_peers import PEERS, Standardise, river_changes
from bench.segment_quality import Look

CUSTOMERS = 1_000
FEW_CUSTOMERS = 200
MICRO_CLUSTERS = 256
CLEAR_MARGIN = 0.02
BOTS = "bots-"
SEPARATED, OVERLAPPING, MERGING = "bank", "bank-overlapping", "bank-merging"
AS_SHIPPED = "-shipped"


NOTES = (
    "SSE ratio: to the best of 20 batch runs; same rule: to the best of those of them that have no"
    " segment under the quarantine share.",
    "KMeans and CluStream are river's, MiniBatch is scikit-learn's; they are told K and the scale,"
    " and CluStream is fed at most 1,500 updates.",
    "On data sets quarantine is off, but for the rows called shipped. With bots: the others only.",
)


class Target(NamedTuple):
    """A figure and the most it may be."""

    name: str
    value: float
    limit: float

    @property
    def met(self) -> bool:
        return self.value <= self.limit


def streams() -> Iterator[Stream]:
    """Everything the quality is measured on."""
    return chain(
        data_sets(),
        [
            bank("bank-small", FEW_CUSTOMERS),
            bank(SEPARATED, CUSTOMERS),
            bank(OVERLAPPING, CUSTOMERS, overlap=OVERLAP),
            bank(MERGING, CUSTOMERS, overlap=MERGE),
            bank("bank-drift", CUSTOMERS, drift=True),
            bank(f"{BOTS}alike", CUSTOMERS, 7, bots=0.03, bot_rates=ALIKE),
            bank(f"{BOTS}diverse", CUSTOMERS, 7, bots=0.03, bot_rates=DIVERSE),
        ],
    )


def quality(stream: Stream) -> list[Look]:
    """Our engine and the peers over one stream.

    On a data set quarantine is off, so that batch and engine cluster the same rows; there the
    engine as shipped has rows of its own.
    """

    def rivals(k: int, standardise: Standardise) -> dict[str, Any]:
        return {name: feed(stream, k, standardise).centres for name, feed in PEERS.items()}

    if stream.days:
        return segment_quality.run(stream, rivals)
    alone = segment_quality.run(stream, rivals, quarantine_share=0.0)
    shipped = segment_quality.run(stream, None)
    return alone + [each._replace(stream=stream.name + AS_SHIPPED) for each in shipped[-1:]]


def stability(stream: Stream) -> dict[str, float]:
    """Changes of segment per 100 customer-days."""
    engine = segment_quality.Ours(stream)
    engine.step(stream.ticks[0], True)
    assigner = engine.assigner
    k = len(assigner.model.segments)
    return {
        "ours": segment_quality.changes(stream),
        "ours, no hold": segment_quality.changes(stream, hold_hours=0.0),
        "ours, model held": segment_quality.changes(stream, frozen=True),
        "river KMeans": river_changes(stream, k, assigner.standardise),
    }


def targets(
    looks: list[Look], changes: dict[str, dict[str, float]], cost: dict[str, dict[str, float]]
) -> list[Target]:
    """The targets that what was measured speaks of."""
    plain = [look for look in looks if not look.stream.startswith(BOTS)]
    plain = [look for look in plain if not look.stream.endswith(AS_SHIPPED)]
    few = [look.ratio for look in plain if look.customers <= MICRO_CLUSTERS]
    clear = [look for look in plain if look.margin is not None and look.margin >= CLEAR_MARGIN]
    found: list[Target] = []
    if plain:
        ratios = [look.ratio for look in plain]
        found += [Target("SSE ratio, median", median(ratios), 1.001)]
        found += [Target("SSE ratio, worst", max(ratios), 1.02)]
    if few:
        found.append(Target(f"SSE ratio, worst, up to {MICRO_CLUSTERS} customers", max(few), 1.001))
    for name in sorted({look.stream for look in looks if look.stream.startswith(BOTS)}):
        worst = max(look.ratio for look in looks if look.stream == name)
        found.append(Target(f"SSE ratio with 3 % bots, worst, {name}", worst, 1.10))
    if clear:
        other = sum(look.k != look.batch_k for look in clear)
        found.append(Target(f"another K than batch, of {len(clear)} clear cases", other, 0))
    for name, limit in ((SEPARATED, 0.1), (OVERLAPPING, 0.35)):
        if name in changes:
            title = f"changes per 100 customer-days, {name}"
            found.append(Target(title, changes[name]["ours"], limit))
    if cost:
        pause = max(each["max"] for name, each in cost.items() if not name.startswith("judge,"))
        found += [Target("learn p50, us", cost[segment_cost.LEARN]["p50"], 25)]
        found += [Target("assign p50, us", cost[segment_cost.ASSIGN]["p50"], 5)]
        found += [Target("longest pause, ms", pause / 1_000, 20)]
    return found


def show(
    looks: list[Look],
    changes: dict[str, dict[str, float]],
    cost: dict[str, dict[str, float]],
    judged: list[Target],
) -> None:
    """Print every table."""
    columns = ["stream", "customers", "outliers", "K", "batch K", "SSE ratio", "same rule", "ARI"]
    print_table("segments: quality", [*columns, *PEERS], [_row(look) for look in looks], NOTES)
    if changes:
        kinds = list(next(iter(changes.values())))
        moved: list[list[Cell]] = [[name, *each.values()] for name, each in changes.items()]
        print_table("changes of segment per 100 customer-days", ["stream", *kinds], moved)
    if cost:
        spent: list[list[Cell]] = [[name, *each.values()] for name, each in cost.items()]
        title = f"cost, microseconds, least of {segment_cost.ROUNDS} rounds"
        print_table(title, ["operation", "p50", "p99", "max"], spent)
    print_table(
        "targets",
        ["figure", "measured", "at most", ""],
        [[t.name, f"{t.value:.4f}", f"{t.limit:g}", "met" if t.met else "missed"] for t in judged],
    )


def _row(look: Look) -> list[Cell]:
    """A look's row of the table; batch's K with its lead over the next best."""
    return [
        look.stream, look.customers, f"{look.quarantined:.1%}", look.k,
        "" if look.batch_k is None else f"{look.batch_k} +{look.margin:.3f}",
        f"{look.ratio:.4f}", "" if look.same_rule is None else f"{look.same_rule:.4f}",
        f"{look.ari:.3f}",
        *(f"{look.rivals[name]:.2f}" if look.rivals else "" for name in PEERS),
    ]  # fmt: skip


def main() -> int:
    """Measure, print, write; exit status 1 where a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="streams between commas; default: all, and cost")
    wanted = set(filter(None, parser.parse_args().only.split(",")))
    looks: list[Look] = []
    changes: dict[str, dict[str, float]] = {}
    cost: dict[str, dict[str, float]] = {}
    for stream in streams():
        if wanted and stream.name not in wanted:
            continue
        began = time.monotonic()
        looks += quality(stream)
        if stream.name in (SEPARATED, OVERLAPPING, MERGING):
            changes[stream.name] = stability(stream)
        if stream.name == SEPARATED:
            cost = segment_cost.measure(stream)
        print(f"{stream.name}: {time.monotonic() - began:.1f} s", flush=True)
    judged = targets(looks, changes, cost)
    show(looks, changes, cost, judged)
    data = {
        "machine": machine_info(),
        "versions": versions("river", "scikit-learn", "numpy", "scipy"),
        "quality": [look.as_dict() for look in looks],
        "changes_per_100_customer_days": changes,
        "cost_microseconds": cost,
        "targets": [{**target._asdict(), "met": target.met} for target in judged],
        "ratios": _ratios(looks),
    }
    if not wanted:
        write_results("segments", data)
    return 0 if all(target.met for target in judged) else 1


def _ratios(looks: list[Look]) -> dict[str, float]:
    """Median over the streams of each peer's SSE over ours."""
    last = [look for look in looks if look.rivals]
    return {
        name: round(median(look.rivals[name] / look.ratio for look in last), 3)
        for name in (PEERS if last else ())
    }


if __name__ == "__main__":
    raise SystemExit(main())
