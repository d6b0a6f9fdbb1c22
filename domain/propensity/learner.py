"""The one model of all workers: river's ``StandardScaler | LogisticRegression``, learnt online.

Each example is predicted, judged, then learnt, once, in the order of when it was known; of one time
in the order of a digest, which says nothing of label or input. So the same examples give the same
model to the last bit, whatever the partitions and however their snapshots come in. It is sure of
that order up to the time that all partitions have told; one that is further behind the foremost
than the policy says is not waited for, and its examples are learnt when they come.

The n-th example moves weights by first_step / sqrt(n), and by least_step at the least (Robbins and
Monro, "A Stochastic Approximation Method", 1951): quick to begin with, and never at an end, since
customers change. Standardised inputs are cut at ``widest``: what is rare would else weigh more the
rarer it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from river import compose, linear_model, optim, preprocessing

from domain.kernel.wording import Wording
from domain.policy.propensity import PropensityRules
from domain.propensity.examples import Example, in_turn
from domain.propensity.features import inputs
from domain.propensity.quality import Block, quality
from domain.propensity.summary import Snapshot
from schemas.fields import milliseconds, moment
from schemas.outputs import output_id
from schemas.propensity import PropensityModel, Weight

MAX_SEGMENTS: Final = 32
"""Segments that are told apart: those met first; ids are never used again, and 10 are in use."""

LEARNT: Final = Wording(
    "propensity.learnt",
    "{learnt:,} examples were learnt, {news:,} of them new; {dropped:,} left before they could be.",
)


class Falling(optim.base.Scheduler):
    """A step that falls with the square root of how many there were, down to the least."""

    def __init__(self, first: float, least: float) -> None:
        self.first = first
        self.least = least

    def get(self, t: int) -> float:
        """The step after ``t`` steps.

        >>> Falling(0.3, 0.003).get(0), Falling(0.3, 0.003).get(8), Falling(0.3, 0.003).get(10**6)
        (0.3, 0.09999999999999999, 0.003)
        """
        return float(max(self.least, self.first * (t + 1) ** -0.5))


class Learner:
    """Goes on from ``previous``; what was learnt under other rules is forgotten, not its version
    and which examples it had.
    """

    def __init__(self, rules: PropensityRules, previous: PropensityModel | None = None) -> None:
        self._rules = rules
        self._version = previous.version if previous else 0
        self._at = milliseconds(previous.occurred_at) if previous else 0
        self._positions = dict(previous.positions) if previous else {}
        same = previous if previous and previous.rules_id == rules.rules_id else None
        self._learnt = same.learnt if same else 0
        self._segments = list(same.segments) if same else []
        self._before = same.before if same else Block().told()
        self._judged = Block(same.judged) if same else Block()
        step = Falling(rules.first_step, rules.least_step)
        self._scaler = preprocessing.StandardScaler()
        self._regression = linear_model.LogisticRegression(optim.SGD(step), intercept_lr=step)
        if same:
            self._go_on(same)
        cut = compose.FuncTransformer(self._cut)
        self.pipeline = self._scaler | cut | self._regression

    def fit(self, snapshots: Sequence[Snapshot], now: int) -> PropensityModel | None:
        """The next model, where there is anything to learn. Times are the partitions' own."""
        del now
        if not snapshots:
            return None
        foremost = max(each.clock for each in snapshots)
        sure = max(min(each.clock for each in snapshots), foremost - self._rules.wait_ms)
        news: list[Example] = []
        for each in snapshots:
            name, until = str(each.partition), min(sure, each.clock)
            since = self._positions.get(name, -1)
            news += (one for one in each.examples if since < one.at <= until)
            self._positions[name] = max(since, until)
        if not news:
            return None
        for example in sorted(news, key=in_turn):
            self.learn(example)
        self._version += 1
        self._at = max(self._at, *(each.at for each in news))
        return self._record(len(news), sum(each.dropped for each in snapshots))

    def learn(self, example: Example) -> None:
        """Predict an example, judge that, then learn it."""
        segment = example.known.segment
        if segment and segment not in self._segments and len(self._segments) < MAX_SEGMENTS:
            self._segments.append(segment)
        given = inputs(example.known, self._segments)
        # as predict_proba_one, which does not tell the log-odds
        standardised = self._scaler.transform_one(given)  # type: ignore[no-untyped-call]
        odds = self._regression._raw_dot_one(self._cut(standardised))
        probability = self._regression.loss.mean_func(odds)
        self._judged.add(float(odds), float(probability), example.answered)
        if self._judged.examples >= self._rules.judged_examples:
            self._before, self._judged = self._judged.told(), Block()
        self.pipeline.learn_one(given, example.answered)
        self._learnt += 1

    def _cut(self, standardised: dict[str, float]) -> dict[str, float]:
        widest = self._rules.widest
        return {name: max(-widest, min(widest, value)) for name, value in standardised.items()}

    def _go_on(self, previous: PropensityModel) -> None:
        scaler, regression = self._scaler, self._regression
        for each in previous.weights:
            scaler.counts[each.name] = each.seen
            scaler.means[each.name] = each.mean
            scaler.vars[each.name] = each.variance
        weights = {each.name: each.weight for each in previous.weights}
        regression._weights = type(regression._weights)(weights)
        regression.intercept = previous.intercept
        regression.optimizer.n_iterations = previous.learnt

    def _record(self, news: int, dropped: int) -> PropensityModel:
        scaler, weights = self._scaler, self._regression.weights
        judged = self._judged.told()
        found = quality(self._before, judged)
        reason = LEARNT(learnt=self._learnt, news=news, dropped=dropped)
        return PropensityModel(
            propensity_id=output_id("propensity", self._version),
            version=self._version,
            rules_id=self._rules.rules_id,
            learnt=self._learnt,
            dropped=dropped,
            believed=found.believed(self._rules),
            examples=found.examples,
            answered=found.answered,
            auc=found.auc,
            log_loss=found.log_loss,
            calibration_error=found.calibration_error,
            intercept=float(self._regression.intercept),
            weights=tuple(
                Weight(
                    name=name, seen=scaler.counts[name], mean=float(mean),
                    variance=float(scaler.vars[name]), weight=float(weights.get(name, 0.0)),
                )
                for name, mean in scaler.means.items()
            ),
            segments=tuple(self._segments),
            before=self._before,
            judged=judged,
            positions=dict(sorted(self._positions.items())),
            occurred_at=moment(self._at),
            reason=str(reason),
            reason_key=reason.key,
            reason_args=reason.args,
        )  # fmt: skip
