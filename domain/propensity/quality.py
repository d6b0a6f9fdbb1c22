"""How good predictions are, each made before its example was learnt: AUC, log loss, calibration.

AUC is the share of pairs of one that answered and one that did not in which the former was given
the higher probability (Hanley and McNeil, "The Meaning and Use of the Area under a ROC Curve",
1982), ties as halves; probabilities are told apart by tenths of log-odds. The calibration error
is the mean distance of the predicted and the true share over ten bins of the probability, weighted
by their examples (Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning",
2015).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log
from typing import Final, NamedTuple

from domain.policy.propensity import PropensityRules
from schemas.propensity import BINS, Bin, Judged, Odds

TENTHS: Final = 10
FARTHEST: Final = 100
"""Log-odds of 10 and more are one: a probability of 0.99995."""
LEAST: Final = 1e-12


class Quality(NamedTuple):
    """Of how many examples, and how good; ``None`` where there are not both kinds."""

    examples: int
    answered: int
    auc: float | None
    log_loss: float | None
    calibration_error: float | None

    def believed(self, rules: PropensityRules) -> bool:
        """Whether the model knows enough to be told."""
        fewest = min(self.answered, self.examples - self.answered)
        return (
            self.auc is not None
            and self.auc >= rules.least_auc
            and self.examples >= rules.least_examples
            and fewest >= rules.least_each
        )


class Block:
    """Judged examples, one after the other."""

    def __init__(self, told: Judged | None = None) -> None:
        self.examples = told.examples if told else 0
        self.answered = told.answered if told else 0
        self.loss = told.loss if told else 0.0
        self._odds = {each.tenths: (each.answered, each.unanswered) for each in _odds(told)}
        self._bins = [(each.examples, each.predicted, each.answered) for each in _bins(told)]

    def add(self, odds: float, probability: float, answered: bool) -> None:
        """Count an example of which ``odds`` (log) and ``probability`` were said."""
        said = min(max(probability, LEAST), 1.0 - LEAST)
        self.examples += 1
        self.answered += answered
        self.loss -= log(said if answered else 1.0 - said)
        tenths = min(max(round(odds * TENTHS), -FARTHEST), FARTHEST)
        yes, no = self._odds.get(tenths, (0, 0))
        self._odds[tenths] = (yes + answered, no + (not answered))
        place = min(int(probability * BINS), BINS - 1)
        n, predicted, true = self._bins[place]
        self._bins[place] = (n + 1, predicted + probability, true + answered)

    def told(self) -> Judged:
        """The same as a record."""
        odds = (
            Odds(tenths=tenths, answered=yes, unanswered=no)
            for tenths, (yes, no) in sorted(self._odds.items())
        )
        bins = (Bin(examples=n, predicted=p, answered=y) for n, p, y in self._bins)
        return Judged(
            examples=self.examples, answered=self.answered, loss=self.loss, odds=tuple(odds),
            bins=tuple(bins),
        )  # fmt: skip


def quality(*blocks: Judged) -> Quality:
    """How good the predictions of all these were.

    >>> block = Block()
    >>> for odds, probability, answered in ((2.0, 0.88, True), (-2.0, 0.12, False),
    ...                                     (0.0, 0.5, True), (0.0, 0.5, False)):
    ...     block.add(odds, probability, answered)
    >>> found = quality(block.told())
    >>> found.auc, round(found.log_loss, 4), round(found.calibration_error, 4)
    (0.875, 0.4105, 0.06)
    """
    examples = sum(each.examples for each in blocks)
    answered = sum(each.answered for each in blocks)
    if not 0 < answered < examples:
        return Quality(examples, answered, None, None, None)
    loss = sum(each.loss for each in blocks) / examples
    return Quality(examples, answered, _auc(blocks), loss, _error(table(blocks), examples))


def table(blocks: Iterable[Judged]) -> list[Bin]:
    """Predicted and true answers by tenths of the probability, over all blocks."""
    found = [(0, 0.0, 0)] * BINS
    for block in blocks:
        for place, each in enumerate(block.bins):
            n, predicted, answered = found[place]
            found[place] = (
                n + each.examples, predicted + each.predicted, answered + each.answered,
            )  # fmt: skip
    return [Bin(examples=n, predicted=p, answered=y) for n, p, y in found]


def _auc(blocks: Iterable[Judged]) -> float:
    odds: dict[int, tuple[int, int]] = {}
    for block in blocks:
        for each in block.odds:
            yes, no = odds.get(each.tenths, (0, 0))
            odds[each.tenths] = (yes + each.answered, no + each.unanswered)
    below = won = 0  # in halves of a pair
    for _, (yes, no) in sorted(odds.items()):
        won += yes * (2 * below + no)
        below += no
    answered = sum(yes for yes, _ in odds.values())
    return won / (2 * answered * below)


def _error(bins: Iterable[Bin], examples: int) -> float:
    return sum(abs(each.predicted - each.answered) for each in bins) / examples


def _odds(told: Judged | None) -> Iterable[Odds]:
    return told.odds if told else ()


def _bins(told: Judged | None) -> Iterable[Bin]:
    return told.bins if told else (Bin(examples=0, predicted=0.0, answered=0),) * BINS
