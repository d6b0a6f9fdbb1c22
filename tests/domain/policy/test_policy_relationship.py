"""The numbers of the relationship: defaults of the reference, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from domain.policy.relationship import RelationshipRules

NAN = float("nan")


def test_the_defaults_are_those_of_the_reference() -> None:
    rules = RelationshipRules()
    lapse, states, churn = rules.lapse, rules.states, rules.churn
    assert (lapse.min_days, lapse.percentile, lapse.gaps, lapse.min_purchases) == (14, 0.8, 20, 5)
    assert (states.loyal_purchases, states.loyal_days, rules.attitude.high) == (3, 180, 7)
    assert (states.at_risk_p_alive, states.lost_p_alive, states.reactivated_days) == (0.6, 0.4, 30)
    assert (churn.gap_weight, churn.open_complaint, churn.overdue_complaint) == (0.5, 0.3, 0.5)
    assert (churn.fall_weight, churn.fall_points, churn.fall_days) == (0.3, 3, 30)
    assert (churn.benchmark_yearly_low, churn.benchmark_yearly_high) == (0.1, 0.3)
    assert (churn.benchmark_winning_cost_low, churn.benchmark_winning_cost_high) == (5, 7)
    assert (rules.lifecycle.decline, rules.lifecycle.formation) == (0.7, 1.1)
    assert rules.attitude_ms == 365 * 86_400_000


@pytest.mark.parametrize(
    ("section", "given", "must"),
    [
        ("lapse", {"percentile": 0}, "greater than or equal to 0.000001"),
        ("lapse", {"percentile": 1.2}, "less than or equal to 1"),
        ("lapse", {"percentile": NAN}, "finite number"),
        ("lapse", {"min_days": 0}, "greater than or equal to 0.001"),
        ("lapse", {"min_days": NAN}, "finite number"),
        ("lapse", {"gaps": 21}, "less than or equal to 20"),
        ("lapse", {"gaps": 3}, "not be greater than lapse.gaps + 1 (4)"),
        ("lapse", {"min_purchases": 1}, "greater than or equal to 2"),
        (
            "states",
            {"lost_p_alive": 0.7},
            "not be greater than states.at_risk_p_alive (0.6)",
        ),
        ("states", {"at_risk_p_alive": 0.3}, "not be greater than states.at_risk_p_alive (0.3)"),
        ("states", {"lost_lapse_points": 0.5}, "greater than or equal to 1"),
        ("states", {"loyal_purchases": 22}, "less than or equal to 21"),
        ("attitude", {"high": NAN}, "finite number"),
        ("attitude", {"high": 11}, "less than or equal to 10"),
        ("lifecycle", {"decline": 1.1}, "greater than lifecycle.decline (1.1)"),
        ("lifecycle", {"formation": 0.7}, "greater than lifecycle.decline (0.7)"),
        ("stages", {"wallet_share": 1.5}, "less than or equal to 1"),
        ("stages", {"products": 1}, "greater than or equal to 2"),
        ("phases", {"repurchase": 6}, "less than or equal to 5"),
        ("churn", {"gap_weight": -0.1}, "greater than or equal to 0"),
        ("churn", {"fall_weight": 1.1}, "less than or equal to 1"),
        ("churn", {"fall_weight": NAN}, "finite number"),
        ("churn", {"fall_points": 0}, "greater than or equal to 0.001"),
        ("churn", {"open_complaint": 0.6}, "not be less than churn.open_complaint (0.6)"),
        (
            "churn",
            {"benchmark_yearly_high": 0.05},
            "not be less than churn.benchmark_yearly_low (0.1)",
        ),
        (
            "churn",
            {"benchmark_winning_cost_low": 8},
            "not be less than churn.benchmark_winning_cost_low (8)",
        ),
        ("contacts", {"one_agent_share": 0}, "greater than or equal to 0.000001"),
        ("priority", {"churn_risk": 2}, "less than or equal to 1"),
        ("groups", {"ages": [18, 18]}, "ages must ascend; 18 comes behind 18"),
        ("groups", {"ages": []}, "at least 1 item"),
        ("groups", {"volatile_from": 0.1}, "greater than groups.active_from (0.2)"),
        ("groups", {"liquid": 1}, "Extra inputs are not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_must_hold(
    section: str, given: dict[str, Any], must: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        RelationshipRules.model_validate({section: given})
    (error,) = refused.value.errors()
    assert error["loc"][0] == section
    assert must in error["msg"]
