"""The propensity agent: answers to mailings of all partitions in, one model of all workers out."""

from __future__ import annotations

from collections.abc import Sequence

from agents.modelling import Made, Modelling
from domain.policy import Policy
from domain.policy.propensity import PropensityRules
from domain.propensity.learner import Learner
from domain.propensity.summary import Snapshot, load_snapshot
from schemas.propensity import PROPENSITY_KEY, PropensityModel
from schemas.topics import PARTITION_SUMMARIES, PORTFOLIO


def propensity(policy: Policy) -> Modelling[Snapshot, PropensityModel]:
    """The propensity agent under a policy."""
    return Modelling(
        kind=PropensityModel.kind,
        source=PARTITION_SUMMARIES,
        target=PORTFOLIO,
        key=PROPENSITY_KEY,
        load_summary=load_snapshot,
        load_record=PropensityModel.model_validate_json,
        fitter=lambda previous: _Fits(policy.propensity, previous),
    )


class _Fits:
    """The learner as a maker of records."""

    def __init__(self, rules: PropensityRules, previous: PropensityModel | None) -> None:
        self._learner = Learner(rules, previous)

    def fit(self, summaries: Sequence[Snapshot], now: int) -> Made[PropensityModel] | None:
        """The next model, where there is anything to learn."""
        model = self._learner.fit(summaries, now)
        return None if model is None else Made(model)


__all__ = ["propensity"]
