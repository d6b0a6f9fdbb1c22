"""The published bank case by a second hand, over and over: 5, 82 and 13 customers with own rates.

    python -m bench.bank_seeds [--seeds 100]

Made from the domain reference (section 8) alone, with nothing of `streams.sources.bank_case`: each
seed draws the rates of its three groups, and each customer's clicks of a week come of those. Told
is how often the sizes come out as 5, 82 and 13, and how many customers are in quarantine, with
shares of few launches drawn towards the mean and as they are (`share_prior: 0`).
"""

from __future__ import annotations

import argparse
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from bench.report import print_table, write_results
from domain.policy.segments import SegmentRules
from domain.segmentation.assign import Assigner
from domain.segmentation.features import FeatureSet
from domain.segmentation.fit import Fitter
from domain.segmentation.micro import MicroClusters

Floats = NDArray[np.float64]
Groups = NDArray[np.int64]

SEEDS: Final = 100
SIZES: Final = (5, 82, 13)
LURKERS_PUSHED: Final = 0.638
NOW_MS: Final = 1_767_571_200_000
MOST_QUARANTINED: Final = 1e-3
LEAST_RIGHT: Final = 0.98
SPREAD: Final = 0.3
"""A customer does each thing so much more or less than its group, at most."""

# Clicks a week, from and to: launches, tab switches, functions, account messages, news messages,
# news views; and the share of launches from a push.
RATES: Final = (
    # very many account messages, little else
    ((1.0, 3.0), (0.2, 1.0), (0.2, 1.0), (60, 180), (0.3, 1.0), (0.0, 0.3), (0.05, 0.25)),
    # little of everything
    ((4, 9), (2, 5), (2, 5), (2, 5), (2, 5), (0.2, 1.0), (LURKERS_PUSHED, LURKERS_PUSHED)),
    # steady across functions and news
    ((14, 26), (12, 24), (14, 28), (5, 12), (6, 12), (8, 14), (0.10, 0.30)),
)


class Seen(NamedTuple):
    """What the engine makes of one seed: sizes from the smallest, and who is in quarantine."""

    seed: int
    sizes: tuple[int, ...]
    quarantined: int

    @property
    def right(self) -> bool:
        return self.sizes == tuple(sorted(SIZES))


def week(seed: int) -> tuple[Floats, Groups]:
    """The vectors (100, 8) of the customers of one seed, and the group of each, shuffled."""
    rng = np.random.default_rng((82, seed))
    groups: Groups = np.repeat(np.arange(len(SIZES)), SIZES)
    rates = np.array([[rng.uniform(*each) for each in kinds] for kinds in RATES])[groups]
    own = rates[:, :-1] * rng.uniform(1 - SPREAD, 1 + SPREAD, (len(groups), rates.shape[1] - 1))
    # A fraction of a click is one as often as that.
    clicks = np.floor(own + rng.random(own.shape)).astype(np.int64)
    launches, tabs, functions, account, news, views = clicks.T
    pushed = rng.binomial(launches, rates[:, -1])
    share = np.divide(pushed, launches, out=np.zeros(len(groups)), where=launches > 0)
    columns = (clicks.sum(axis=1), launches, account, share, tabs, functions, news, views)
    order = rng.permutation(len(groups))
    return np.column_stack(columns).astype(np.float64)[order], groups[order]


def seen(seed: int, rules: SegmentRules) -> Seen:
    """One seed through micro-clusters, fit and assignment, as a worker does it."""
    vectors, _ = week(seed)
    hashes = [xxh3_64_intdigest(f"{seed} {row}".encode()) for row in range(len(vectors))]
    micro = MicroClusters(FeatureSet.of(rules), rules.micro_clusters)
    micro.put(np.arange(len(vectors)), vectors, hashes)
    model = Fitter(rules).fit([micro.summary(0, NOW_MS, rules.sample)], NOW_MS)
    assert model is not None, "a hundred customers of three groups have a model"
    labels = Assigner(model).nearest(vectors)
    sizes = np.bincount(labels, minlength=len(model.segments) + 1)
    return Seen(seed, tuple(sorted(sizes[:-1].tolist())), int(sizes[-1]))


class Told(NamedTuple):
    """All seeds under one prior: the share of seeds that are right, of customers quarantined."""

    prior: float
    right: float
    quarantined: float
    wrong: list[Seen]

    @property
    def met(self) -> bool:
        """Whether at most one customer in a thousand is out, and 98 seeds of 100 are right."""
        return self.right >= LEAST_RIGHT and self.quarantined <= MOST_QUARANTINED


def told(seeds: int, rules: SegmentRules) -> Told:
    """Seeds 1 to `seeds` under these rules."""
    found = [seen(seed, rules) for seed in range(1, seeds + 1)]
    return Told(
        rules.share_prior,
        sum(each.right for each in found) / seeds,
        sum(each.quarantined for each in found) / (seeds * sum(SIZES)),
        [each for each in found if not each.right],
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; exit status 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    seeds = parser.parse_args(arguments).seeds
    before, after = told(seeds, SegmentRules(share_prior=0.0)), told(seeds, SegmentRules())
    rows: list[list[Any]] = [
        [f"{one.prior:g}", f"{one.right:.2f}", f"{1_000 * one.quarantined:.1f}"]
        for one in (before, after)
    ]
    print_table("bank case by a second hand", ["share prior", "5, 82, 13", "of 1,000 out"], rows)
    write_results("bank_seeds", {"before": before._asdict(), "after": after._asdict()})
    return 0 if after.met else 1


if __name__ == "__main__":
    raise SystemExit(main())
