"""The small rules at their lines: ratio, indices, value, consistency, needs, repurchase."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.customer.parts import Run
from domain.experience.consistency import Channel, consistency
from domain.experience.delivered import Worth, delivered_value
from domain.experience.indices import AcsiAnswers, acsi, ces, csat, nps, nps_group
from domain.experience.journey import peak_end
from domain.experience.kept import kept_share
from domain.experience.needs import Violation, esteem_met, outrage
from domain.experience.ratio import ratio_band
from domain.experience.repurchase import Cohort, cohorts, rate, times_as_often
from domain.experience.servqual import DIMENSIONS, Served, servqual
from domain.experience.word_of_mouth import Told, word_of_mouth
from domain.policy.experience import ExperienceRules
from domain.satisfaction.runs import joined
from tests.domain.bank import DAY

RULES = ExperienceRules()


@pytest.mark.parametrize(
    ("perceived", "expected", "band"),
    [
        (6.65, 7.0, "satisfied"),  # 0.95 in decimals, a little below it in doubles
        (6.64, 7.0, "dissatisfied"),
        (7.35, 7.0, "satisfied"),  # 1.05
        (7.36, 7.0, "delighted"),
        (0.0, 5.0, "dissatisfied"),
    ],
)
def test_a_ratio_on_a_line_is_satisfied(perceived: float, expected: float, band: str) -> None:
    assert ratio_band(perceived, expected, RULES).value == band


def test_a_ratio_without_an_expectation_is_unknown() -> None:
    assert ratio_band(5.0, None, RULES).missing == ("expected",)
    assert ratio_band(None, None, RULES).missing == ("perceived", "expected")
    assert ratio_band(5.0, 0.0, RULES).value is None


def test_servqual_is_the_mean_of_all_five_dimensions() -> None:
    answers = {name: Served(4.0 + place, 6.0) for place, name in enumerate(DIMENSIONS)}
    found = servqual(answers)
    assert found.dimensions == dict(zip(DIMENSIONS, (-2, -1, 0, 1, 2), strict=True))
    assert found.mean == 0.0
    one_sided = servqual(answers | {"empathy": Served(perception=7.0)})
    assert (one_sided.mean, one_sided.missing) == (None, ("empathy",))
    assert len(one_sided.dimensions) == 4


def test_the_acsi_weights_are_the_operators() -> None:
    heavy = ExperienceRules.model_validate(
        {"indices": {"acsi_overall": 3, "acsi_expectancy": 1, "acsi_ideal": 0}}
    )
    assert acsi(AcsiAnswers(10, 1, 1), heavy).value == pytest.approx(75)
    assert acsi(AcsiAnswers(10, 10, 10), RULES).value == pytest.approx(100)
    assert acsi(AcsiAnswers(1, 1, 1), RULES).value == 0


def test_nps_csat_and_ces_without_answers_are_unknown() -> None:
    assert [nps(0, 0, 0).value, csat(0, 0).value, ces(0, 0).value] == [None] * 3
    groups = [nps_group(score, RULES) for score in (0, 6, 6.5, 8, 9, 10)]
    assert groups == ["detractor", "detractor", "passive", "passive", "promoter", "promoter"]
    assert (nps(1, 3, 4).value, csat(1, 4).value, ces(14, 4).value) == (-50, 25, 3.5)


def test_delivered_value_skips_and_names_what_nobody_told() -> None:
    everything = dict.fromkeys(("product", "service", "relationship", "brand"), 8.0)
    whole = delivered_value(Worth(everything | {"price": 6.0, "convenience": 4.0}, 9.0, 3), RULES)
    assert whole.value == pytest.approx(8 - (4 + 1 + 6 + 6) / 4)
    assert whole.missing == ()
    calm = delivered_value(Worth({"product": 8.0}), RULES)
    assert (calm.value, calm.cost) == (8.0, 0.0)
    assert calm.missing == ("service", "relationship", "brand", "money", "time", "effort")
    unknown = delivered_value(Worth({"price": 3.0}, severity=None), RULES)
    assert (unknown.value, unknown.cost) == (None, 7.0)
    assert "without any benefit" in unknown.reason


def test_a_spread_of_two_is_no_signal_and_above_it_is() -> None:
    def spread(low: float) -> bool:
        channels = {"app": Channel(8.0, 5), "atm": Channel(low, 5), "sms": Channel(7.0, 5)}
        return consistency(channels, RULES).inconsistent

    assert (spread(6.0), spread(5.99)) == (False, True)
    alone = consistency({"app": Channel(8.0, 5), "atm": Channel(0.0, 0.9)}, RULES)
    assert (alone.spread, alone.missing) == (None, ("channels",))


def test_word_of_mouth_is_what_the_published_rules_say() -> None:
    found = word_of_mouth(Told(satisfied=100, dissatisfied=32, complaints=7, good=24, bad=2), RULES)
    assert found[:3] == (0.0, 140.0, 0.0)


def test_only_security_and_justice_are_an_outrage() -> None:
    def raged(need: str) -> bool:
        violations = [Violation(0, "k", "c", need)]  # type: ignore[arg-type]
        return outrage(violations, (), 0, RULES).outraged

    assert [raged(need) for need in ("security", "justice", "esteem")] == [True, True, False]
    later = outrage([Violation(5, "k", "c", "security")], (), 4, RULES)
    assert (later.outraged, later.needs) == (False, ())


def test_two_promises_broken_within_30_days_are_an_outrage() -> None:
    def raged(*broken: int) -> bool:
        return outrage((), broken, 30 * DAY, RULES).outraged

    assert raged(1, 30 * DAY)
    assert not raged(0, 30 * DAY)
    assert not raged(1, 30 * DAY + 1)
    both = outrage([Violation(0, "k", "fraud", "security")], (1, 2), 3, RULES).reason
    assert both.startswith("Security is violated: complaint k about fraud. Two or more promises")


def test_esteem_is_met_by_a_good_relationship_unless_a_complaint_denies_it() -> None:
    assert esteem_met(7.0 - 1e-12, (), RULES).value is True
    assert esteem_met(6.9, (), RULES).value is False
    assert esteem_met(9.0, ("esteem",), RULES).value is False
    assert esteem_met(None, (), RULES).missing == ("moments of the relationship",)


def test_the_repurchase_rate_is_that_of_answers_244_to_400_days_old() -> None:
    now = 1_000 * DAY + 5
    ages = (243, 244, 400, 401)
    answers = [((1_000 - age) * DAY, 5) for age in ages]
    asked: list[tuple[int, int]] = []

    def bought(first: int, last: int) -> bool:
        asked.append((first, last))
        return first == 757

    assert cohorts(answers, bought, now, RULES)[5] == Cohort(2, 1)
    assert asked == [(757, 999), (601, 843)]
    assert rate(Cohort()).value is None
    assert times_as_often(Cohort(10, 6), Cohort(20, 2)).value == pytest.approx(6.0)
    assert times_as_often(Cohort(10, 6), Cohort()).missing


def test_promises_kept_without_promises_is_unknown() -> None:
    assert kept_share(0, 0).value is None
    assert kept_share(0, 3).value == 0.0


# -- journeys -----------------------------------------------------------------------------

MOMENTS = st.lists(
    st.tuples(st.integers(0, 60 * 4).map(lambda n: n * DAY // 4), st.integers(0, 10)),
    min_size=1,
    max_size=25,
)


def runs_of(moments: list[tuple[int, int]]) -> list[Run]:
    """All runs, by sorting."""
    groups: list[list[tuple[int, int]]] = []
    for at, score in sorted(moments):
        if groups and at - groups[-1][-1][0] < 7 * DAY:
            groups[-1].append((at, score))
        else:
            groups.append([(at, score)])
    return [
        Run(
            group[0][0],
            group[-1][0],
            min((score for _, score in group), key=lambda score: (-abs(score - 5), score)),
            min(score for at, score in group if at == group[-1][0]),
        )
        for group in groups
    ]


@given(MOMENTS, st.randoms(use_true_random=False))
def test_runs_are_the_same_in_any_order_and_however_often_a_moment_is_joined(
    moments: list[tuple[int, int]], chance: object
) -> None:
    expected = runs_of(moments)[-8:]
    twice = moments * 2
    chance.shuffle(twice)  # type: ignore[attr-defined]
    runs: list[Run] = []
    for at, score in twice:
        runs = joined(runs, at, score, RULES)
    if len(runs_of(moments)) <= 8:
        assert runs == expected
    half = len(moments) // 2
    some: list[Run] = []
    for at, score in moments[:half]:
        some = joined(some, at, score, RULES)
    found = peak_end(some, [(at, float(score)) for at, score in moments[half:]], RULES).value
    assert found is not None
    assert (found.began, found.ended, found.peak, found.last) == expected[-1]
    assert found.value == (found.peak + found.last) / 2
