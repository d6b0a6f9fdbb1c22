"""Experience of many customers beside plain loops over their lines, and the seven-step cycle."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import msgspec
import pytest

from domain.customer.grouping import Grouped
from domain.experience.decision import DecisionError, load_decision
from domain.experience.group_report import GroupReport
from domain.experience.portfolio import ExperiencePortfolio, inconsistency_signals
from domain.experience.seven_steps import seven_steps
from domain.policy import Policy
from tests.domain.bank import DAY, HOUR, START, Events, Task
from tests.domain.figured import figured

POLICY = Policy()
Line = dict[str, Any]
TIERS = ("standard", "prospect", "key", "vip", "private")
FACTORS = ("product", "service", "relationship", "convenience", "brand", "price")
DIMENSIONS = ("reliability", "responsiveness", "assurance", "empathy", "tangibles")
CHANNELS = ("app", "branch", "email")


def some(chance: Random, low: int, high: int) -> float | None:
    """A number of tenths, or nothing."""
    return None if chance.random() < 0.3 else chance.randint(low * 10, high * 10) / 10


def known(values: dict[str, float | None]) -> dict[str, float]:
    """Without what is not known."""
    return {name: value for name, value in values.items() if value is not None}


def line(chance: Random) -> Line:
    """A customer as in ``customers.jsonl``."""
    gaps = {}
    for factor in chance.sample(FACTORS, chance.randint(0, 6)):
        ideal = some(chance, 0, 10)
        gaps[factor] = {
            "experience": some(chance, 0, 10),
            "expectation": some(chance, 0, 10),
            "importance": some(chance, 0, 10),
            "ideal": 10.0 if ideal is None else ideal,
            "ideal_given": ideal is not None,
            "gap": None,
        }
    return {
        "customer_id": "c",
        "tier": chance.choice(TIERS),
        "segment": chance.choice((None, "s1")),
        "satisfaction": some(chance, 0, 10),
        "complaints": chance.randint(0, 2),
        "groups": {"sex": chance.choice((None, "f", "m")), "liquidity": "stable"},
        "experience": {
            "satisfaction_by_channel": known({name: some(chance, 0, 10) for name in CHANNELS}),
            "visit_reasons": chance.sample(FACTORS, chance.randint(0, 2)),
            "gaps": gaps,
            "ratio_band": chance.choice((None, "dissatisfied", "satisfied", "delighted")),
            "servqual": known({name: some(chance, -6, 6) for name in DIMENSIONS}),
            "acsi_items": known(
                {name: some(chance, 1, 10) for name in ("overall", "expectancy", "ideal")}
            ),
            "nps": some(chance, 0, 10),
            "csat": some(chance, 1, 5),
            "ces": some(chance, 1, 7),
            "delivered_value": some(chance, -5, 10),
            "peak_end": some(chance, 0, 10),
            "good_moments": chance.randint(0, 30),
            "bad_moments": chance.randint(0, 3),
            "promises_kept": chance.randint(0, 3),
            "promises_broken": chance.randint(0, 2),
            "outrage": chance.random() < 0.2,
            "repurchase": {
                "csat_5": {"answers": 2, "bought": chance.randint(0, 2)},
                "csat_4": {"answers": 1, "bought": chance.randint(0, 1)},
            },
        },
    }


def lines(seed: int, count: int = 120) -> list[Line]:
    """Customers."""
    chance = Random(seed)
    return [line(chance) for _ in range(count)]


def mean(values: list[float | None]) -> float | None:
    """The mean of what is known."""
    found = [value for value in values if value is not None]
    return sum(found) / len(found) if found else None


def check(group: GroupReport, customers: list[Line]) -> None:
    """A group's report is what plain loops over its customers say."""
    said = [customer["experience"] for customer in customers]
    levels = [c["satisfaction"] for c in customers if c["satisfaction"] is not None]
    assert group.customers == len(customers)
    assert group.satisfaction.known == len(levels)
    for measure, name in (
        (group.delivered_value, "delivered_value"), (group.peak_end, "peak_end"),
        (group.ces, "ces"),
    ):  # fmt: skip
        assert measure.value == pytest.approx(mean([each[name] for each in said]))
    nps = [each["nps"] for each in said if each["nps"] is not None]
    share = sum(score >= 9 for score in nps) - sum(score <= 6 for score in nps)
    assert group.nps.value == pytest.approx(100 * share / len(nps))
    csat = [each["csat"] for each in said if each["csat"] is not None]
    assert group.csat.value == pytest.approx(100 * sum(s >= 4 for s in csat) / len(csat))
    items = [
        mean([each["acsi_items"].get(item) for each in said])
        for item in ("overall", "expectancy", "ideal")
    ]
    expected = sum((item - 1) / 3 for item in items if item is not None) / 9 * 100
    assert group.acsi.value == pytest.approx(expected)
    for name in DIMENSIONS:
        expected_gap = mean([each["servqual"].get(name) for each in said])
        assert group.servqual.dimensions[name] == pytest.approx(expected_gap)
    check_gaps(group, said)
    mouth = group.word_of_mouth
    satisfied, angry = sum(s >= 7 for s in levels), sum(s < 5 for s in levels)
    assert mouth.exposure == 8 * satisfied - 25 * angry
    assert mouth.unheard == 20 * sum(c["complaints"] for c in customers)
    good, bad = (sum(each[f"{kind}_moments"] for each in said) for kind in ("good", "bad"))
    assert mouth.balance == good - 12 * bad
    kept, broken = (sum(each[f"promises_{kind}"] for each in said) for kind in ("kept", "broken"))
    assert group.promises_kept.value == pytest.approx(kept / (kept + broken))
    assert group.outrage.value == pytest.approx(sum(e["outrage"] for e in said) / len(said))
    check_shares(group, said)


def check_gaps(group: GroupReport, said: list[Line]) -> None:
    """Gaps of mean ratings; an ideal counts where it was given."""
    weighted: dict[str, float] = {}
    for factor, row in group.gaps.factors.items():
        told = [each["gaps"][factor] for each in said if factor in each["gaps"]]
        means = {
            name: mean([one[name] for one in told])
            for name in ("experience", "expectation", "importance")
        }
        ideals = [one["ideal"] for one in told if one["ideal_given"]]
        assert row.experience == pytest.approx(means["experience"])
        if means["experience"] is not None and means["expectation"] is not None:
            gap = means["experience"] - means["expectation"]
            assert row.gap == pytest.approx(gap)
            if means["importance"] is not None:
                weighted[factor] = gap * means["importance"]
                assert row.weighted_gap == pytest.approx(weighted[factor])
        if ideals:
            assert row.ideal == pytest.approx(mean(ideals))
    assert group.gaps.key == min(weighted, key=lambda name: weighted[name])


def check_shares(group: GroupReport, said: list[Line]) -> None:
    """Bands, channels, repurchase and visit reasons."""
    bands = [each["ratio_band"] for each in said if each["ratio_band"] is not None]
    assert group.ratio_bands.known == len(bands)
    for band, share in group.ratio_bands.shares.items():
        assert share == pytest.approx(bands.count(band) / len(bands))
    by_channel = {
        name: mean([each["satisfaction_by_channel"].get(name) for each in said])
        for name in CHANNELS
    }
    assert group.consistency.channels == pytest.approx(by_channel)
    found = [value for value in by_channel.values() if value is not None]
    assert group.consistency.spread == pytest.approx(max(found) - min(found))
    rates = []
    for grade, measure in (
        ("csat_5", group.repurchase.very_satisfied), ("csat_4", group.repurchase.satisfied),
    ):  # fmt: skip
        answers = sum(each["repurchase"][grade]["answers"] for each in said)
        bought = sum(each["repurchase"][grade]["bought"] for each in said)
        rates.append(bought / answers)
        assert measure.value == pytest.approx(bought / answers)
        assert measure.known == answers
    assert group.repurchase.times_as_often == pytest.approx(rates[0] / rates[1])
    assert group.repurchase.published == 6
    named = [reason for each in said for reason in each["visit_reasons"]]
    any_named = sum(bool(each["visit_reasons"]) for each in said)
    told = {each.factor: (each.customers, each.share) for each in group.visit_reasons}
    assert told == {
        factor: (named.count(factor), named.count(factor) / any_named) for factor in set(named)
    }


def portfolio(customers: list[Line]) -> ExperiencePortfolio:
    """The portfolio of these customers."""
    return ExperiencePortfolio.of(map(figured, customers), POLICY)


def bank(customers: list[Line], by: str) -> Grouped[ExperiencePortfolio]:
    """The portfolios of the groups that these customers are in."""
    groups = Grouped(by, lambda: ExperiencePortfolio(POLICY))
    for customer in customers:
        groups.add(figured(customer))
    return groups


def reports(groups: Grouped[ExperiencePortfolio]) -> list[GroupReport]:
    """The report of each group."""
    return [portfolio.report(name) for name, _, portfolio in groups.parts()]


@pytest.mark.parametrize("seed", range(5))
def test_the_whole_and_each_group_are_what_plain_loops_say(seed: int) -> None:
    customers = lines(seed, 300)
    check(portfolio(customers).report(), customers)
    for by, place in (("tier", ()), ("sex", ("groups",))):
        names = []
        for customer in customers:
            told: Any = customer
            for step in place:
                told = told[step]
            names.append(told[by] or "unknown")
        found = reports(bank(customers, by))
        assert sorted(group.name for group in found) == sorted(set(names))
        for group in found:
            check(
                group, [c for c, name in zip(customers, names, strict=True) if name == group.name]
            )


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_it_is_one_answer_to_the_last_digit_whatever_the_partitions_and_the_order(
    partitions: int,
) -> None:
    customers = lines(7)
    one = portfolio(customers)
    one_by_tier = bank(customers, "tier")
    Random(partitions).shuffle(customers)
    parts = [customers[number::partitions] for number in range(partitions)]
    merged, by_tier = ExperiencePortfolio(POLICY), bank([], "tier")
    for part in parts:
        merged.merge(portfolio(part))
        by_tier.merge(bank(part, "tier"))
    assert merged.report() == one.report()
    assert reports(by_tier) == reports(one_by_tier)
    assert [size for _, size, _ in by_tier.parts()] == [s for _, s, _ in one_by_tier.parts()]


def test_nobody_at_all_is_reported_as_unknown_not_as_a_fault() -> None:
    group = ExperiencePortfolio(POLICY).report()
    measures = (group.satisfaction, group.nps, group.csat, group.ces, group.acsi, group.outrage)
    assert [measure.value for measure in measures] == [None] * 6
    assert group.ratio_bands.shares == {}
    assert group.repurchase.times_as_often is None
    assert msgspec.json.decode(msgspec.json.encode(group))["name"] == "all"


def test_customers_as_they_leave_the_product_are_read() -> None:
    make = Events()
    task = Task().take(
        make.profile(0, region="Anhui", sex="f"),
        make.transaction(1, 500_000.0),
        make.survey(DAY, "nps", 9.0),
        make.survey(DAY, "factor_rating", 4.0, factor="price", measure="experience"),
        make.survey(DAY, "factor_rating", 8.0, factor="price", measure="expectation"),
        make.survey(DAY, "factor_rating", 9.0, factor="price", measure="importance"),
        make.complaint(DAY + HOUR, "opened", category="fraud"),
    )
    line = task.figures()
    assert portfolio([line]).report() == ExperiencePortfolio.of([task.exported()], POLICY).report()
    [group] = reports(bank([line], "region"))
    assert (group.name, group.outrage.value, group.nps.value) == ("Anhui", 1.0, 100.0)
    assert (group.gaps.key, group.gaps.factors["price"].weighted_gap) == ("price", -36.0)
    assert group.gaps.factors["price"].gap_to_ideal == -6.0
    assert group.ratio_bands.shares["dissatisfied"] == 1.0


def test_a_group_met_unlike_from_channel_to_channel_is_signalled() -> None:
    customers: list[Line] = [
        {
            "groups": {"sex": sex},
            "experience": {"satisfaction_by_channel": {"app": app, "branch": 5.0}},
        }
        for sex, app in (("f", 8.0), ("m", 6.0), (None, 9.0))
    ]
    [signal] = inconsistency_signals("sex", reports(bank(customers, "sex")), START)
    assert signal.labels == {"sex": "f", "highest": "app", "lowest": "branch"}
    assert signal.value == 3.0
    assert signal.reason.startswith("Sex f: Satisfaction is 8.0 by app and 5.0 by branch")


# -- seven steps --------------------------------------------------------------------------

DECISION = """
factor: convenience
decided_on: 2026-03-01
decided_by: head of service
requirements: [one queue less in each branch, a callback within the hour]
fit: {strategy: service is what we stand for, ability: two branches at a time, decision: go}
input: {before: 2, after: 5, unit: shops}
results: [{measure: sales, before: 100, after: 300}, {measure: customers, before: 40, after: 50}]
last: {measured_on: 2026-02-01, experience: 5, expectation: 7, importance: 9}
"""


def one(said: Line) -> GroupReport:
    """The report of one customer with this experience."""
    return portfolio([{"experience": said}]).report()


def chain() -> GroupReport:
    """The electronics chain of the worked example, one customer whose ratings are its means."""
    told = {
        "price": (7, 7, None), "brand": (7, 7, None), "service": (6, None, None),
        "product": (6, 7, None), "convenience": (5, 7, 9), "relationship": (4, None, None),
    }  # fmt: skip
    gaps = {
        name: {"experience": row[0], "expectation": row[1], "importance": row[2]}
        for name, row in told.items()
    }
    return one({"gaps": gaps, "visit_reasons": ["convenience", "price"]})


def test_the_report_of_the_electronics_chain_gives_its_numbers_exactly() -> None:
    steps = seven_steps(chain())
    convenience = steps.experience["convenience"]
    assert steps.key_experience == "convenience"
    assert (convenience.gap, convenience.weighted_gap, convenience.gap_to_ideal) == (-2, -18, -5)
    assert steps.experience["product"].gap == -1
    assert steps.gap_to_ideal == dict.fromkeys(FACTORS, 0) | {"convenience": -5}
    assert [each.factor for each in steps.brand_value] == ["convenience", "price"]


def test_without_a_decision_steps_5_to_7_are_missing_and_named() -> None:
    steps = seven_steps(chain())
    assert (steps.requirements, steps.fit, steps.feedback) == (None, None, None)
    assert [each.split(" ", 1)[0] for each in steps.missing] == ["5", "6", "7"]
    empty = seven_steps(ExperiencePortfolio(POLICY).report())
    assert [each.split(" ", 1)[0] for each in empty.missing] == list("1234567")


def test_a_decision_fills_steps_5_to_7_and_the_effect_is_result_over_input() -> None:
    row = {"experience": 7.5, "expectation": 7, "importance": 9}
    steps = seven_steps(one({"gaps": {"convenience": row}}), load_decision(DECISION))
    assert steps.requirements == ["one queue less in each branch", "a callback within the hour"]
    assert steps.fit is not None
    assert (steps.fit.decision, steps.fit.decided_on) == ("go", "2026-03-01")
    feedback = steps.feedback
    assert feedback is not None
    assert (feedback.last, feedback.last_on, feedback.now) == (5.0, "2026-02-01", 7.5)
    assert feedback.input_multiple == 2.5
    assert [each.measure for each in feedback.results] == ["sales", "customers"]
    assert [each.result_multiple for each in feedback.results] == [3.0, 1.25]
    assert [each.effect for each in feedback.results] == pytest.approx([1.2, 0.5])
    assert feedback.effect == pytest.approx(1.2)
    assert feedback.reason == "The sales went from 100 to 300, x 3.00, for input x 2.50."
    assert [each[0] for each in steps.missing] == ["1"]


@pytest.mark.parametrize(
    ("shops", "times", "expected"), [(2, 2.0, 1.0), (3, 3.0, 1.0), (4, 4.8, 1.2)]
)
def test_two_shops_gave_twice_three_three_times_and_four_more_than_four(
    shops: int, times: float, expected: float
) -> None:
    """The case of the published text: a shop more each time, and what all of them then sold."""
    text = DECISION.replace("{before: 2, after: 5", f"{{before: 1, after: {shops}")
    text = text.replace("before: 100, after: 300", f"before: 100, after: {100 * times}")
    feedback = seven_steps(chain(), load_decision(text)).feedback
    assert feedback is not None
    assert (feedback.input_multiple, feedback.results[0].result_multiple) == (shops, times)
    assert feedback.effect == pytest.approx(expected)


@pytest.mark.parametrize(
    ("without", "said"), [("input", "input"), ("results", "a result of business")]
)
def test_a_decision_without_its_input_or_result_leaves_the_effect_open(
    without: str, said: str
) -> None:
    text = "\n".join(each for each in DECISION.splitlines() if not each.startswith(without))
    steps = seven_steps(chain(), load_decision(text))
    assert steps.feedback is not None
    assert steps.feedback.effect is None
    assert steps.feedback.reason == f"The effect is unknown without {said}."
    assert [each[0] for each in steps.missing] == ["7"]


def test_a_result_is_named_once() -> None:
    with pytest.raises(DecisionError, match=r"results: .*must name each measure once"):
        load_decision(DECISION.replace("measure: customers", "measure: sales"))


def test_a_decision_may_be_json() -> None:
    told = load_decision(DECISION).model_dump(mode="json")
    assert load_decision(json.dumps(told)) == load_decision(DECISION)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("factor: convenience", "factor: speed", "factor: given 'speed'; must hold: 'product'"),
        ("decision: go", "decision: perhaps", "fit.decision: given 'perhaps'; must hold: 'go'"),
        ("before: 2", "before: 0", "input.before: given 0; must hold: greater than"),
        ("experience: 5", "experience: 0", "last.experience: given 0; must hold: greater than 0"),
        ("2026-03-01", "soon", "decided_on: given 'soon'; must hold: a valid date"),
        ("decided_by: head of service", "", "decided_by: must be given"),
        ("factor: convenience", "mood: 1\nfactor: brand", "mood: given 1; must not be there"),
        ("factor: convenience", "factor: brand\nfactor: price", "factor: given in line 2 and in"),
        ("requirements: [", "requirements: [[", "is neither YAML nor JSON"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(old: str, new: str, fault: str) -> None:
    with pytest.raises(DecisionError) as refused:
        load_decision(DECISION.replace(old, new))
    [said] = refused.value.faults
    assert said.startswith(fault)


def test_a_decision_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(DecisionError, match="must be a mapping of fields"):
        load_decision("- factor")
