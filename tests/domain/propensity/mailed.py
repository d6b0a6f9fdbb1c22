"""Simulated examples of mailings whose true probability of an answer is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.propensity.examples import Example
from domain.propensity.features import Known
from tests.domain.bank import HOUR, START

SEGMENT_ODDS = (0.5, -0.5, 0.0, 0.3, -0.3)
SMS, EMAIL = 4, 5


class Simulated(NamedTuple):
    """Examples in order of time, and the true probability of each."""

    examples: list[Example]
    truth: NDArray[np.float64]


def simulated(count: int, *, seed: int, base: float = -2.0, shuffled: bool = False) -> Simulated:
    """So many examples, one a minute; ``base`` is in log-odds, labels may be dealt out anew."""
    rng = np.random.default_rng(seed)
    channel = rng.choice([0, SMS, EMAIL, 16], count, p=[0.3, 0.3, 0.398, 0.002])
    hour, tier, segment = (rng.integers(0, n, count) for n in (24, 5, 5))
    recency, frequency = rng.integers(0, 366, count), rng.poisson(5, count)
    monetary = np.rint(100 * rng.lognormal(5, 1, count)).astype(int)
    felt, sent = rng.uniform(0, 10, count), rng.integers(0, 8, count)
    answered = rng.binomial(sent, 0.3)
    odds = (
        base + 0.3 * tier + 0.2 * (felt - 5) - 0.004 * recency
        + 1.5 * answered / np.maximum(sent, 1) + np.array(SEGMENT_ODDS)[segment]
        + np.where(channel == SMS, 0.6, 0.0) + 0.5 * np.cos((hour - 19) / 12 * np.pi)
    )  # fmt: skip
    truth = 1 / (1 + np.exp(-odds))
    labels = rng.random(count) < truth
    if shuffled:
        labels = rng.permutation(labels)
    examples = [
        Example(
            START + n * HOUR // 60,
            bool(labels[n]),
            Known(
                int(channel[n]), int(hour[n]), int(tier[n]), f"s-{segment[n]}", int(recency[n]),
                int(frequency[n]), int(monetary[n]), float(felt[n]), int(sent[n]),
                int(answered[n]),
            ),
        )
        for n in range(count)
    ]  # fmt: skip
    return Simulated(examples, truth)
