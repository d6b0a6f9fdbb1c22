"""Policy files that make no sense, of every section: refused by file, field, value and rule."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from domain.policy import Policy, PolicyError, load_policy


class Broken(NamedTuple):
    """A file's text; which field is at fault, what it was given, and what must hold."""

    text: str
    field: str
    given: str
    must: str


RATES = "{'CNY': 1.0, 'USD': 7.1"
BROKEN = [
    # currency
    Broken("currency: {base: EUR}", "currency.rates", RATES, "EUR must be in the table at 1.0"),
    Broken("currency: {base: CHF}", "currency.rates", RATES, "CHF must be in the table at 1.0"),
    Broken("currency: {rates: {CNY: 2}}", "currency.rates", "{'CNY': 2,", "CNY must be in the"),
    Broken("currency: {rates: {USD: 0}}", "currency.rates.USD", "0", "or equal to 0.000000001"),
    Broken("currency: {rates: {USD: .inf}}", "currency.rates.USD", "inf", "a finite number"),
    Broken("currency: {rates: {usd: 7}}", "currency.rates.usd", "'usd'", "form ^[A-Z]{3}$"),
    Broken("currency: {base: yuan}", "currency.base", "'yuan'", "text of the form ^[A-Z]{3}$"),
    # tiers
    Broken("tiers: {key: 50000}", "tiers.key", "50000", "greater than tiers.prospect (100000)"),
    Broken("tiers: {vip: 9000000}", "tiers.private", "8000000.0", "than tiers.vip (9e+06)"),
    Broken("tiers: {vip: 200000}", "tiers.vip", "200000", "greater than tiers.key (200000)"),
    Broken("tiers: {gold: 1}", "tiers.gold", "1", "not be there: no such field"),
    Broken("tiers: {grace_days: -1}", "tiers.grace_days", "-1", "greater than or equal to 0"),
    Broken("tiers: {vip: .nan}", "tiers.vip", "nan", "a finite number"),
    Broken("tiers: {vip: '300000'}", "tiers.vip", "'300000'", "a number"),
    Broken("tiers: {prospect: yes}", "tiers.prospect", "'yes'", "a number"),
    Broken("tiers: {vip: 2026-01-01}", "tiers.vip", "'2026-01-01'", "a number"),
    Broken("tiers:", "tiers", "None", "a mapping of fields"),
    Broken("tiers: [100000, 200000]", "tiers", "[100000, 200000]", "a mapping of fields"),
    # identification
    Broken(
        "identification: {lighthouse: {most: 0}}",
        "identification.lighthouse.most", "0", "greater than or equal to 1",
    ),
    Broken(
        "identification: {approach: {declined_tasks: 17}}",
        "identification.approach.declined_tasks", "17", "less than or equal to 16",
    ),
    # retention
    Broken("retention: {input_days: 0}", "retention.input_days", "0", "greater than or equal to 1"),
    # erasure
    Broken("erasure: {keep_days: 0.5}", "erasure.keep_days", "0.5", "greater than or equal to 1"),
    Broken(
        "erasure: {keep_days: 14}", "erasure", "{'keep_days': 14}",
        "keep_days must not be below retention.input_days (15)",
    ),
    # briefing
    Broken(
        "briefing: {recipients: [{role: head, email: nobody}]}",
        "briefing.recipients.0.email", "'nobody'", "be an e-mail address such as",
    ),
    Broken("briefing: {tiers: []}", "briefing.tiers", "[]", "at least 1 item"),
    Broken("briefing: {most: {lost: -1}}", "briefing.most.lost", "-1", "greater than or equal to"),
    # purchases
    Broken("purchases: {directions: []}", "purchases.directions", "[]", "at least 1 item"),
    Broken("purchases: {directions: [out]}", "purchases.directions.0", "'out'", "'credit' or"),
    Broken("ids: {refused: ['']}", "ids.refused.0", "''", "at least 1 character"),
    Broken("ids: {refused: nan}", "ids.refused", "'nan'", "a list"),
    Broken("purchases: {categories: food}", "purchases.categories", "'food'", "a list"),
    # complaints
    Broken(
        "complaints: {resolve_hours: {key: 200}}",
        "complaints.resolve_hours.key", "200", "not be longer than that of tier prospect (168",
    ),
    Broken(
        "complaints: {acknowledge_hours: {vip: 2, private: 3}}",
        "complaints.acknowledge_hours.private", "3", "not be longer than that of tier vip (2",
    ),
    Broken(
        "complaints: {acknowledge_hours: {standard: 0}}",
        "complaints.acknowledge_hours.standard", "0", "greater than or equal to 0.0001",
    ),
    Broken("erasure: {keep_days: 0}", "erasure.keep_days", "0", "greater than or equal to 1"),
    Broken(
        "complaints: {regulator_complex_days: 10}",
        "complaints.regulator_complex_days", "10", "not be shorter than complaints.regulator_days",
    ),
    Broken(
        "complaints: {calendar: {opens: '18:00'}}",
        "complaints.calendar.closes", "'17:00'", "be later than opens (18:00)",
    ),
    Broken(
        "complaints: {calendar: {time_zone: Mars/Crater}}",
        "complaints.calendar.time_zone", "'Mars/Crater'", "be an IANA time zone",
    ),
    Broken(
        "complaints: {calendar: {country: XX}}",
        "complaints.calendar.country", "'XX'", "be known to the holidays library",
    ),
    Broken(
        "complaints: {calendar: {working_days: [workday]}}",
        "complaints.calendar.working_days.0", "'workday'", "'monday', 'tuesday'",
    ),
    Broken(
        "complaints: {compensation: {cap: {vip: 100}}}",
        "complaints.compensation.cap", "{'standard': 200.0,", "vip must not be below base.vip",
    ),
    Broken(
        "complaints: {systemic: {history_days: 1, least_history_hours: 30}}",
        "complaints.systemic.least_history_hours", "30", "not be longer than history_days (1",
    ),
    # satisfaction
    Broken(
        "satisfaction: {weights: {wait: -2}}",
        "satisfaction.weights.wait", "-2", "greater than or equal to 0",
    ),
    Broken(
        "satisfaction: {weights: {smile: 1}}", "satisfaction.weights.smile", "1", "no such field"
    ),
    Broken(
        "satisfaction: {factors: {wait: patience}}",
        "satisfaction.factors.wait", "'patience'", "'product', 'service'",
    ),
    Broken(
        "satisfaction: {scores: {praise: 11}}",
        "satisfaction.scores.praise", "11", "less than or equal to 10",
    ),
    Broken(
        "satisfaction: {half_life_days: 0}", "satisfaction.half_life_days", "0", "equal to 0.01"
    ),
    Broken(
        "satisfaction: {half_life_days: .inf}",
        "satisfaction.half_life_days", "inf", "a finite number",
    ),
    Broken(
        "satisfaction: {wait_zero_score_seconds: 30}",
        "satisfaction.wait_zero_score_seconds", "30", "than wait_full_score_seconds (60)",
    ),
    # alerts
    Broken(
        "alerts: {rules: {vip_new: {cooldown_seconds: -1}}}",
        "alerts.rules.vip_new.cooldown_seconds", "-1", "greater than or equal to 0",
    ),
    Broken(
        "alerts: {rules: {vip_new: {enabled: 1}}}",
        "alerts.rules.vip_new.enabled", "1", "true or false",
    ),
    Broken(
        "alerts: {rules: {vip_new: {action: ''}}}",
        "alerts.rules.vip_new.action", "''", "at least 1 character",
    ),
    Broken(
        "alerts: {rules: {vip_angry: {enabled: true}}}",
        "alerts.rules.vip_angry", "{'enabled': True}", "no such field",
    ),
    Broken(
        "alerts: {balance_drop_share: 1.3}",
        "alerts.balance_drop_share", "1.3", "less than or equal to 1",
    ),
    Broken("alerts: {churn_risk: 60}", "alerts.churn_risk", "60", "less than or equal to 1"),
    Broken(
        "alerts: {cap_per_customer_and_day: 2.5}",
        "alerts.cap_per_customer_and_day", "2.5", "a whole number",
    ),
    Broken(
        "alerts: {rules: {large_transaction: {condition: {figures: {balance: {below: 1}}}}}}",
        "alerts.rules.large_transaction", "", "balance is no figure of large_transaction",
    ),
    Broken(
        "alerts: {rules: {vip_new: {condition: {tiers: [gold]}}}}",
        "alerts.rules.vip_new.condition.tiers.0", "'gold'", "'standard', 'prospect'",
    ),
    Broken(
        "alerts: {rules: {vip_new: {quiet_hours: respect}}}",
        "alerts.rules.vip_new", "", "vip_new is a service alert to staff",
    ),
    Broken(
        "alerts: {acknowledge_minutes: 0}",
        "alerts.acknowledge_minutes", "0", "greater than or equal to 1",
    ),
    Broken(
        "alerts: {quiet_hours: {end: '8'}}",
        "alerts.quiet_hours.end", "'8'", "text of the form ^([01][0-9]",
    ),
    Broken("alerts: {severe_from: 6}", "alerts.severe_from", "6", "less than or equal to 5"),
    Broken("alerts: {anomaly_from: 1}", "alerts.anomaly_from", "1", "greater than or equal to 3"),
    # segments
    Broken(
        "segments: {features: [news_views, mood]}",
        "segments.features", "['news_views', 'mood']", "mood is no feature: choose from",
    ),
    Broken(
        "segments: {features: [news_views, news_views]}",
        "segments.features", "['news_views', 'news_views']", "news_views is there twice",
    ),
    Broken(
        "segments: {weights: {clicks: 2}}",
        "segments.weights", "{'clicks': 2}", "clicks is not in segments.features",
    ),
    Broken("segments: {k_max: 3, k: 4}", "segments.k", "4", "greater than segments.k_max (3)"),
    Broken("segments: {margin: 1}", "segments.margin", "1", "less than or equal to 0.999"),
    Broken(
        "segments: {names: {s1: one, s2: one}}",
        "segments.names", "{'s1': 'one', 's2': 'one'}", "one is there twice",
    ),
    Broken(
        "segments: {strategies: [{name: a, text: b, when: [{feature: news_views}]}]}",
        "segments.strategies.0.when.0", "{'feature': 'news_views'}", "exactly one of",
    ),
    Broken("segments: {enabled: 'off'}", "segments.enabled", "'off'", "true or false"),
    # relationship
    Broken(
        "relationship: {states: {lost_p_alive: 0.7}}",
        "relationship.states.lost_p_alive", "0.7", "greater than states.at_risk_p_alive (0.6)",
    ),
    Broken(
        "relationship: {lapse: {percentile: 80}}",
        "relationship.lapse.percentile", "80", "less than or equal to 1",
    ),
    Broken(
        "relationship: {lifecycle: {decline: 1.2}}",
        "relationship.lifecycle.formation", "1.1", "greater than lifecycle.decline (1.2)",
    ),
    Broken(
        "relationship: {churn: {gap_weight: -0.5}}",
        "relationship.churn.gap_weight", "-0.5", "greater than or equal to 0",
    ),
    Broken(
        "relationship: {groups: {ages: [18, 65, 30]}}",
        "relationship.groups.ages", "[18, 65, 30]", "ages must ascend; 30 comes behind 65",
    ),
    Broken(
        "relationship: {attitude: {high: .nan}}",
        "relationship.attitude.high", "nan", "a finite number",
    ),
    # experience
    Broken(
        "experience: {moments: {bad_below: 8}}",
        "experience.moments.bad_below", "8", "not be greater than moments.good_from (7)",
    ),
    Broken(
        "experience: {ratio: {satisfied_from: 1.1}}",
        "experience.ratio.delighted_above", "1.05", "not be less than ratio.satisfied_from (1.1)",
    ),
    Broken(
        "experience: {indices: {detractor_to: 9}}",
        "experience.indices.detractor_to", "9", "less than indices.promoter_from (9)",
    ),
    Broken(
        "experience: {indices: {acsi_overall: 0, acsi_expectancy: 0, acsi_ideal: 0}}",
        "experience.indices", "{'promoter_from'", "acsi_ideal must be above 0",
    ),
    Broken(
        "experience: {needs: {categories: {fees: greed}}}",
        "experience.needs.categories.fees", "'greed'", "'security', 'justice'",
    ),
    Broken(
        "experience: {needs: {violation_days: 40}}",
        "experience.needs.violation_days", "40", "less than 40",
    ),
    Broken(
        "experience: {needs: {broken_promises: 17}}",
        "experience.needs.broken_promises", "17", "less than or equal to 16",
    ),
    Broken(
        "experience: {repurchase: {days: 400}}",
        "experience.repurchase.cohort_days", "400", "greater than repurchase.days (400)",
    ),
    # value
    Broken(
        "value: {abc: {a_until: 0.96}}", "value.abc.b_until", "0.95", "greater than abc.a_until"
    ),
    Broken(
        "value: {rfm: {shares: [0.2, 0.6, 0.4, 0.8]}}",
        "value.rfm.shares", "[0.2, 0.6, 0.4, 0.8]", "ascend: each share",
    ),
    Broken(
        "value: {relation: {top: 0.6, upper: 0.4}}",
        "value.relation.upper", "0.4", "leave a lower part",
    ),
    Broken(
        "value: {clv: {gamma_gamma: {q: 0.9}}}",
        "value.clv.gamma_gamma.q", "0.9", "be greater than 1: else",
    ),
    Broken(
        "value: {clv: {yearly_discount: -0.1}}",
        "value.clv.yearly_discount", "-0.1", "greater than or equal to 0",
    ),
    Broken(
        "value: {serve_costs: {by_channel: {fax: 2}}}",
        "value.serve_costs.by_channel.fax", "'fax'", "'call_centre'",
    ),
    Broken("value: {refresh_seconds: 0}", "value.refresh_seconds", "0", "or equal to 0.001"),
    Broken(
        "value: {benchmarks: {support: [0.8, 0.6]}}",
        "value.benchmarks.support", "[0.8, 0.6]", "ascend: the lower end",
    ),
    Broken("value: {referral_share: 1.5}", "value.referral_share", "1.5", "less than or equal"),
    # proactive
    Broken("proactive: {days: 61}", "proactive.days", "61", "less than or equal to 60"),
    Broken(
        "proactive: {inspections: {key_days: 29}}", "proactive.inspections.key_days", "29",
        "not be less than inspections.vip_days (30)",
    ),
    Broken(
        "proactive: {grade: {errors: {watch: 5, poor: 4}}}", "proactive.grade.errors.poor", "4",
        "not be less than watch (5)",
    ),
    Broken(
        "proactive: {peak_lines: {errors_per_day: 4}}", "proactive", "{",
        "not be above lines.errors_per_day (3)",
    ),
    # campaigns
    Broken("campaigns: {kept: 0}", "campaigns.kept", "0", "greater than or equal to 1"),
    Broken(
        "campaigns: {good_above: 0.01}", "campaigns.good_above", "0.01",
        "not be below weak_below (0.02)",
    ),
    # care
    Broken("care: {week_cap: 17}", "care.week_cap", "17", "less than or equal to 16"),
    # propensity
    Broken(
        "propensity: {least_auc: 0.4}", "propensity.least_auc", "0.4", "greater than or equal to"
    ),
    # the whole
    Broken("loyalty: {days: 1}", "loyalty", "{'days': 1}", "no such field"),
    Broken("1: 2", "1", "2", "no such field"),
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.text)
def test_a_broken_file_is_refused_by_file_field_value_and_rule(
    tmp_path: Path, broken: Broken
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(broken.text)
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    (said,) = refused.value.faults
    file, field, rest = said.split(": ", 2)
    given, _, must = rest.partition("; must ")
    assert file == str(path)
    assert field == broken.field
    assert given.startswith(f"given {broken.given}")
    assert broken.must in must
    assert "\n" not in said


def test_there_is_a_broken_file_of_every_section() -> None:
    without = set(Policy.model_fields) - {broken.field.partition(".")[0] for broken in BROKEN}
    assert not without, f"add a broken file of these sections to the table: {sorted(without)}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tiers: [", "is not YAML"),
        ("- tiers\n", "given ['tiers']; must be a mapping of policy sections"),
        ("just text", "given 'just text'; must be a mapping of policy sections"),
        ("tiers: " + "[" * 5_000, "is not YAML"),
        ("tiers: &a {b: *a}", "is not YAML (found unconstructable recursive node"),
        ("tiers: !!python/object:os.system 3", "is not YAML (there is a tag in line 1, tag:yaml"),
        ("tiers: {vip: !!int '3'}", "is not YAML (there is a tag in line 1, tag:yaml.org,2002:int"),
        ('tiers: {vip: "\\ud800"}', "is not YAML (half of a surrogate pair in line 1"),
        ("--- {}\n--- {}\n", "is not YAML (expected a single document"),
        ("", "is empty; give a section"),
        (" \n---\n", "is empty; give a section"),
        ("tiers: {vip: \x00}", "is not YAML (unacceptable character #x0000"),
    ],
)
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    (said,) = refused.value.faults
    assert said.startswith(f"{path}: {expected}")


def test_a_section_given_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("tiers:\n  vip: 250000\n# further down\ntiers:\n  key: 210000\n")
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    assert refused.value.faults == [
        f"{path}: tiers: given in line 1 and in line 4; must be there once: put both together"
    ]


def test_an_anchor_may_stand_for_a_part_used_again(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "complaints:\n"
        "  resolve_hours: &hours {standard: 300, prospect: 100}\n"
        "  complex_resolve_hours: {<<: *hours, standard: 400}\n"
    )
    complaints = load_policy(path).complaints
    assert complaints.resolve_hours.standard == 300
    assert complaints.complex_resolve_hours.standard == 400
    assert complaints.complex_resolve_hours.prospect == 100


def test_every_fault_has_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("tiers: {key: 1}\nsatisfaction: {half_life_days: -3}\nsurplus: 1\n")
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    assert len(refused.value.faults) == 3
    assert len(str(refused.value).splitlines()) == 3


def refusal(path: Path) -> str:
    """The one fault of the file."""
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    (said,) = refused.value.faults
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfet\x00i\x00", "is not UTF-8 text (byte 0xff at place 0); save it as UTF-8"),
        (b"tiers: {vip: 5\x80}", "is not UTF-8 text (byte 0x80 at place 14); save it as UTF-8"),
        (b"#" * (1 << 20) + b"\n", "is longer than 1,048,576 bytes; give a policy file"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(content)
    assert refusal(path) == said


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "cannot be read (Is a directory); give a file"
    missing = "cannot be read (No such file or directory); give a file"
    assert refusal(tmp_path / "policy.yaml") == missing


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"\xef\xbb\xbftiers: {vip: 250_000}\n")
    assert load_policy(path).tiers.vip == 250_000


@pytest.mark.parametrize("link", ["[{}]", "{{<<: [{}], k: 1}}"])
def test_anchors_in_anchors_that_unfold_without_end_are_refused(tmp_path: Path, link: str) -> None:
    path = tmp_path / "policy.yaml"
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} " + link.format(", ".join([f"*a{n - 1}"] * 9)) for n in range(1, 13)]
    path.write_text("\n".join(lines))
    assert refusal(path).endswith("values, 50,000 at most: use fewer anchors)")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tiers: {grace_days: 1:30}", "tiers.grace_days: given '1:30'; must hold: a number"),
        ("tiers: {grace_days: 010}", "tiers.grace_days: given '010'; must hold: a number"),
        ("tiers: {grace_days: 0x1F}", "tiers.grace_days: given '0x1F'; must hold: a number"),
        ("tiers: {grace_days: 0o17}", "tiers.grace_days: given '0o17'; must hold: a number"),
        ("segments: {enabled: no}", "segments.enabled: given 'no'; must hold: true or false"),
        ("segments: {enabled: off}", "segments.enabled: given 'off'; must hold: true or false"),
        ("tiers: {grace_days: -.inf}", "tiers.grace_days: given -inf; must hold: a finite number"),
        ("tiers: {grace_days: 1e999}", "tiers.grace_days: given inf; must hold: a finite number"),
    ],
)
def test_what_yaml_takes_for_something_else_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    assert refusal(path) == said


def test_what_looks_like_text_or_a_number_is_what_it_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "complaints:\n"
        "  calendar: {country: NO, opens: 10:30, holidays: [2026-05-18]}\n"
        "tiers: {private: 1e7, grace_days: 14}\n"
    )
    policy = load_policy(path)
    calendar = policy.complaints.calendar
    assert (calendar.country, calendar.opens) == ("NO", "10:30")
    assert str(calendar.holidays[0]) == "2026-05-18"
    assert (policy.tiers.private, policy.tiers.grace_days) == (10_000_000.0, 14.0)


def test_what_was_given_is_told_shortened(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(f"tiers: {{vip: {'x' * 10_000}}}")
    assert len(refusal(path)) < 250


ENORMOUS = [
    ("complaints: {acknowledge_hours: {standard: 1.0e+300}}", "complaints.acknowledge_hours"),
    ("satisfaction: {half_life_days: 1.0e-300}", "satisfaction.half_life_days"),
    ("currency: {rates: {USD: 1.0e+300}}", "currency.rates.USD"),
    ("tiers: {grace_days: 1.0e+300}", "tiers.grace_days"),
    ("satisfaction: {weights: {csat: 1.0e+308}}", "satisfaction.weights.csat"),
]


@pytest.mark.parametrize(("text", "field"), ENORMOUS)
def test_an_enormous_number_is_refused(tmp_path: Path, text: str, field: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    assert refusal(path).startswith(field)
