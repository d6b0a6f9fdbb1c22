"""BG/NBD, MBG/NBD and Gamma-Gamma against their definitions, integrated by numbers alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policy.value import BgNbd, Clv, GammaGamma, MbgNbd
from domain.value import clv, likelihood
from domain.value.alive import Fade, age_at, p_alive, p_alive_bg
from domain.value.history import Histories, History
from tests.domain import oracle_value as oracle
from tests.domain.oracle_value import Floats

# a above and below 1, a + b below 1, few and many purchases a week
MODELS = [
    (0.2426, 4.4135, 0.7929, 2.4258),
    (0.9, 20.0, 1.7, 3.0),
    (2.5, 3.0, 0.2, 0.5),
    (0.6, 8.0, 1.0, 2.0),
    (1.3, 9.0, 0.4, 0.6),
]


@st.composite
def customers(draw: st.DrawFn) -> tuple[int, float, float]:
    """(x, t_x, T) in weeks, times in whole days."""
    x, age = draw(st.integers(0, 12)), draw(st.integers(0, 300))
    recency = draw(st.integers(0, age)) if x else 0
    return x, recency / 7, age / 7


def one(x: float, recency: float, age: float, mean: float = math.nan) -> Histories:
    """A single customer."""
    return Histories(*np.array([[x], [recency], [age], [mean]], dtype=float))


@settings(deadline=None, max_examples=60)
@given(customers(), st.sampled_from(MODELS), st.booleans())
def test_purchases_are_what_integrals_over_all_customers_say(
    customer: tuple[int, float, float], values: tuple[float, float, float, float], at_once: bool
) -> None:
    x, recency, age = customer
    history, known = History(x, recency), one(*customer)
    truth = oracle.Customer(oracle.Model(*values, at_once), x, recency, age)
    names = dict(zip(("r", "alpha", "a", "b"), values, strict=True))
    if at_once:
        mbg = MbgNbd(**names)
        alive, found = p_alive(mbg, history, age), likelihood.mbg_nbd(known, mbg)
        many, bought = clv.alive(known, mbg), clv.expected_purchases(known, 39.0, mbg)
    else:
        bg = BgNbd(**names)
        alive, found = p_alive_bg(bg, history, age), likelihood.bg_nbd(known, bg)
        many, bought = clv.alive(known, bg), clv.expected_purchases(known, 39.0, bg)
    assert alive == pytest.approx(truth.p_alive, rel=1e-6)
    assert many[0] == pytest.approx(alive, rel=1e-12)
    assert found[0] == pytest.approx(math.log(truth.likelihood), abs=1e-6)
    assert bought[0] == pytest.approx(truth.purchases(39.0), rel=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 20), st.floats(0.01, 5_000))
def test_spend_is_what_an_integral_over_all_customers_says(x: int, mean: float) -> None:
    known = one(x, 0.0, 10.0, mean if x else math.nan)
    spend = clv.expected_spend(known, GammaGamma())[0]
    assert spend == pytest.approx(oracle.spend(x, mean), rel=1e-6)
    found = likelihood.gamma_gamma(known, GammaGamma())
    assert len(found) == (x > 0)
    if x:
        truth = oracle.spend_likelihood(x, mean)
        assert found[0] == pytest.approx(math.log(truth), abs=1e-6) or truth < 1e-290


@settings(deadline=None, max_examples=40)
@given(customers(), st.floats(1, 500))
def test_a_lifetime_is_the_sum_of_discounted_weeks(
    customer: tuple[int, float, float], mean: float
) -> None:
    x, recency, age = customer
    found = clv.lifetime(History(x, recency, mean if x else None), age, Clv())
    assert found.clv == pytest.approx(oracle.clv(x, recency, age, mean), rel=1e-6)
    assert found.purchases == pytest.approx(
        oracle.Customer(oracle.BG, x, recency, age).purchases(39), rel=1e-6
    )
    assert found.mean_spend == pytest.approx(oracle.spend(x, mean), rel=1e-6)
    together = clv.lifetimes(one(x, recency, age, mean if x else math.nan), Clv())
    assert together[0] == pytest.approx(found.clv, rel=1e-12)


def many() -> Histories:
    """Customers of all ages and habits."""
    x, recent, age = (each.ravel() for each in np.meshgrid(
        [0.0, 1.0, 2.0, 5.0, 20.0, 200.0, 1_000.0], [0.0, 0.5, 1.0], [0.0, 0.2, 2.0, 39.0, 1_000.0]
    ))  # fmt: skip
    return Histories(x, np.where(x > 0, recent * age, 0.0), age, np.where(x > 0, 30.0, np.nan))


def weekly(histories: Histories, rules: Clv) -> Floats:
    """CLV by its definition: every week worked out and discounted."""
    weeks = np.arange(1.0, rules.horizon_weeks + 1)
    until = clv.expected_purchases(histories, weeks, rules.bg_nbd)
    factors = (1 + rules.yearly_discount) ** (-weeks / 52)
    return clv.expected_spend(histories, rules.gamma_gamma) * (
        np.diff(until, prepend=0.0, axis=1) @ factors
    )


@pytest.mark.parametrize(
    ("weeks", "discount", "tolerance"),
    [(39, 0.1, 1e-7), (1, 0.1, 1e-12), (9, 0.1, 1e-12), (10, 0.1, 1e-7), (39, 0.0, 1e-12),
     (104, 0.1, 1e-5), (520, 0.1, 2e-4)],
)  # fmt: skip
def test_eight_points_in_time_do_for_every_week(
    weeks: int, discount: float, tolerance: float
) -> None:
    rules = Clv(horizon_weeks=weeks, yearly_discount=discount)
    found = clv.lifetimes(many(), rules)
    assert np.all(np.isfinite(found)) and np.all(found > 0)
    np.testing.assert_allclose(found, weekly(many(), rules), rtol=tolerance)


def test_nothing_overflows_however_odd_the_customer() -> None:
    huge = Histories(
        *np.array([[0, 1, 1e5, 1e6], [0, 0, 0, 1e5], [1e6, 1e6, 1e6, 1e5], [np.nan, 1, 1e9, 0]])
    )
    for rules in (Clv(), Clv(bg_nbd=BgNbd(r=300.0, alpha=1e4, a=1e-3, b=1e-3))):
        found = clv.lifetimes(huge, rules)
        assert np.all(np.isfinite(found)) and np.all(found >= 0)
        for place, (x, recency, age, mean) in enumerate(np.stack(huge, axis=1).tolist()):
            history = History(int(x), recency, mean if x else None)
            assert clv.lifetime(history, age, rules).clv == pytest.approx(found[place], rel=1e-9)


def test_parameters_at_a_pole_give_what_those_beside_it_give() -> None:
    at, beside = BgNbd(a=1.0, b=2.0), BgNbd(a=1.0001, b=2.0)
    assert clv.expected_while_alive(0.0, 5.0, 39.0, at) == pytest.approx(
        clv.expected_while_alive(0.0, 5.0, 39.0, beside), rel=1e-3
    )
    at, beside = BgNbd(a=0.4, b=0.6), BgNbd(a=0.4, b=0.6001)
    assert clv.expected_while_alive(0.0, 5.0, 39.0, at) == pytest.approx(
        clv.expected_while_alive(0.0, 5.0, 39.0, beside), rel=1e-3
    )


def test_the_age_at_a_probability_is_when_it_is_reached() -> None:
    for history in (History(0, 0.0), History(7, 29.4), History(200, 300.0)):
        for probability in (0.6, 0.4, 0.01):
            age = age_at(MbgNbd(), history, probability)
            if age > history.recency:
                assert p_alive(MbgNbd(), history, age) == pytest.approx(probability, rel=1e-9)


def test_a_probability_of_0_is_never_reached() -> None:
    history = History(2, 30.43)
    assert age_at(MbgNbd(), history, 0.0) > 1e300
    assert Fade(MbgNbd(), 0.0).age(history) > 1e300


@pytest.mark.parametrize(
    ("model", "x", "age", "weeks"),
    [
        (BgNbd(r=0.01, alpha=0.1, a=0.01, b=1.0), 100.0, 15.0, 520.0),
        (BgNbd(r=1.0, alpha=0.1, a=30.0, b=30.0), 100.0, 15.0, 520.0),
        (MbgNbd(r=0.01, alpha=0.01, a=100.0, b=100.0), 0.0, 0.0, 39.0),
    ],
)
def test_where_the_series_overflows_purchases_are_what_the_definition_gives(
    model: BgNbd | MbgNbd, x: float, age: float, weeks: float
) -> None:
    found = float(clv.expected_while_alive(np.array([x]), age, weeks, model)[0])
    rng = np.random.default_rng(3)
    stays = model.b + x + isinstance(model, MbgNbd)
    leaving = np.maximum(rng.beta(model.a, stays, 400_000), 1e-300)
    bought = -np.expm1(-(model.r + x) * np.log1p(leaving * weeks / (model.alpha + age))) / leaving
    assert found == pytest.approx(bought.mean(), rel=0.02)


def test_there_and_beside_it_the_two_ways_agree() -> None:
    model, nothing = BgNbd(), np.array([np.nan])
    for x, age in ((0.0, 10.0), (2.0, 38.86), (20.0, 60.0)):
        exact = float(clv.expected_while_alive(x, age, 39.0, model))
        ahead = 39.0 / (model.alpha + age)
        other = clv._where_it_overflows(nothing, model.r + x, ahead, (model.a, model.b + x))
        assert other[0] == pytest.approx(exact, rel=1e-4)
