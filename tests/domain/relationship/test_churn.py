"""Churn risk: independent causes to leave, each with its sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.units import MS_PER_DAY as DAY
from domain.policy.relationship import ChurnRules, RelationshipRules
from domain.relationship.churn import Causes, churn_risk

RULES = RelationshipRules()


def restated(causes: Causes) -> float:
    """The formula of the reference, terms without an input left out."""
    stays = 1.0
    if causes.p_alive is not None:
        stays *= causes.p_alive
    if causes.gap is not None and causes.lapse_point is not None:
        stays *= 1 - min(0.5, max(0.0, 0.5 * (causes.gap / causes.lapse_point - 1)))
    if causes.complaint_overdue:
        stays *= 0.5
    elif causes.complaint_open:
        stays *= 0.7
    if causes.satisfaction is not None and causes.satisfaction_before is not None:
        stays *= 1 - min(0.3, max(0.0, 0.1 * (causes.satisfaction_before - causes.satisfaction)))
    return 1 - stays


any_causes = st.builds(
    Causes,
    p_alive=st.none() | st.floats(0, 1),
    gap=st.none() | st.integers(0, 900 * DAY),
    lapse_point=st.none() | st.integers(14 * DAY, 400 * DAY),
    complaint_open=st.booleans(),
    complaint_overdue=st.booleans(),
    satisfaction=st.none() | st.floats(0, 10),
    satisfaction_before=st.none() | st.floats(0, 10),
)


@given(any_causes)
@settings(max_examples=300, deadline=None)
def test_the_risk_is_that_of_the_formula_and_its_terms_are_sorted(causes: Causes) -> None:
    found = churn_risk(causes, RULES)
    assert found.reason.endswith(".")
    if found.risk is None:
        assert found.terms == ()
        assert found.missing
        assert not causes.complaint_open
        return
    assert 0 <= found.risk <= 1
    assert found.risk == pytest.approx(restated(causes))
    sizes = [term.risk for term in found.terms]
    assert sizes == sorted(sizes, reverse=True)
    assert all(0 < size <= min(1.0, found.risk + 1e-12) for size in sizes)
    assert all(term.reason in found.reason for term in found.terms)


@given(any_causes, st.integers(0, 900 * DAY), st.floats(0, 1), st.floats(0, 10))
@settings(max_examples=300, deadline=None)
def test_a_worse_term_never_lowers_the_risk(
    causes: Causes, longer: int, lower: float, fallen: float
) -> None:
    before = churn_risk(causes, RULES).risk
    worse: list[dict[str, Any]] = [
        {"complaint_open": True},
        {"complaint_open": True, "complaint_overdue": True},
    ]
    if causes.gap is not None:
        worse.append({"gap": causes.gap + longer})
    if causes.p_alive is not None:
        worse.append({"p_alive": causes.p_alive * lower})
    if causes.satisfaction is not None:
        worse.append({"satisfaction": max(0.0, causes.satisfaction - fallen)})
    for changes in worse:
        after = churn_risk(causes._replace(**changes), RULES).risk
        assert (after or 0.0) >= (before or 0.0) - 1e-12


def test_a_worked_example_by_hand() -> None:
    causes = Causes(
        p_alive=0.7,
        gap=45 * DAY,
        lapse_point=30 * DAY,
        complaint_open=True,
        complaint_overdue=True,
        satisfaction=5.0,
        satisfaction_before=6.0,
    )
    found = churn_risk(causes, RULES)
    # 1 - 0.7 x (1 - 0.25) x (1 - 0.5) x (1 - 0.1)
    assert found.risk == pytest.approx(0.76375)
    assert [term.name for term in found.terms] == [
        "complaint", "p_alive", "gap", "satisfaction_fall",
    ]  # fmt: skip
    assert found.reason == (
        "A complaint is overdue. The probability of being alive is 0.70."
        " No purchase for 45 days; the lapse point is 30 days."
        " Satisfaction fell from 6.0 to 5.0 in 30 days."
    )


def test_nothing_known_is_no_risk_of_0_but_an_unknown_one() -> None:
    found = churn_risk(Causes(), RULES)
    assert found.risk is None
    assert found.reason == (
        "Churn risk is unknown without"
        " p_alive, gap, lapse_point, satisfaction and satisfaction_before."
    )


def test_a_contented_customer_has_no_term() -> None:
    causes = Causes(
        p_alive=1.0, gap=DAY, lapse_point=30 * DAY, satisfaction=8.0, satisfaction_before=7.0
    )
    assert churn_risk(causes, RULES) == (0.0, (), "Nothing points to churn.", ())


def test_an_operator_may_set_what_a_term_weighs() -> None:
    rules = RelationshipRules(churn=ChurnRules(open_complaint=0.45, overdue_complaint=0.9))
    assert churn_risk(Causes(complaint_open=True), rules).risk == pytest.approx(0.45)
