"""Alert rules as data: conditions, caps of a kind, priorities; and rules that make no sense."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from domain.policy import Policy
from domain.policy.alerts import FIGURES, MARKETING, AlertRules, Condition
from tests.domain.bank import DAY, HOUR, MINUTE, Events, Task, after_start

VIP = 500_000.0


def ruled(kind: str, **fields: Any) -> Policy:
    """A policy with these fields of one rule."""
    rule = Policy().model_dump()["alerts"]["rules"][kind] | fields
    return Policy.model_validate({"alerts": {"rules": {kind: rule}}})


def told(condition: dict[str, Any], *, segment: str = "") -> list[int]:
    """Minutes of the large transactions that an alert is raised of under a condition."""
    make = Events()
    task = Task(ruled("large_transaction", condition=condition))
    task.customer.core.segment = segment
    task.take(
        make.transaction(1 * MINUTE, 50_000.0, amount=100_000.0, channel="atm"),
        make.transaction(2 * MINUTE, VIP, amount=150_000.0),
        make.transaction(3 * MINUTE, VIP, amount=250_000.0, channel="app"),
    )
    assert task.figures()["suppressed_alerts"] == 0
    return [after_start(each) // MINUTE for each in task.alerts("large_transaction")]


@pytest.mark.parametrize(
    ("condition", "minutes"),
    [
        ({}, [1, 2, 3]),
        ({"tiers": ["vip", "private"]}, [2, 3]),
        ({"tiers": ["key"]}, []),
        ({"min_priority": 5}, [1, 2, 3]),
        ({"min_priority": 2}, [2, 3]),
        ({"min_priority": 1}, []),
        ({"channels": ["app", "atm"]}, [1, 3]),
        ({"figures": {"amount": {"at_least": 150_000}}}, [2, 3]),
        ({"figures": {"amount": {"below": 150_000}}}, [1]),
        ({"figures": {"amount": {"at_least": 100_001, "below": 250_000}}}, [2]),
        ({"tiers": ["vip"], "channels": ["app"], "figures": {"amount": {"at_least": 1}}}, [3]),
        ({"segments": ["s2"]}, []),
    ],
)
def test_a_condition_lets_pass_what_fulfils_all_of_it(
    condition: dict[str, Any], minutes: list[int]
) -> None:
    assert told(condition) == minutes


def test_a_condition_may_ask_for_the_segment() -> None:
    assert told({"segments": ["s1", "s2"]}, segment="s2") == [1, 2, 3]
    assert told({"segments": ["s1"]}, segment="s2") == []


def test_a_timers_alert_has_the_channel_of_its_beginning() -> None:
    for channel, expected in (("app", 1), ("branch", 0)):
        make = Events()
        policy = ruled("complaint_escalated", condition={"channels": ["app"]})
        task = Task(policy).take(make.complaint(0, "opened", channel=channel))
        # another event at the time it is due does not matter
        task.take(make.transaction(30 * HOUR, channel="web"))
        assert len(task.alerts("complaint_escalated")) == expected


def test_a_figure_an_alert_does_not_have_does_not_hold() -> None:
    condition = Condition.model_validate({"figures": {"severity": {"at_least": 1}}})
    with_ = {"tier": "vip", "priority": 2, "segment": None, "channel": None}
    assert not condition.holds(**with_, figures=None)  # type: ignore[arg-type]
    assert not condition.holds(**with_, figures={"level": 3.0})  # type: ignore[arg-type]
    assert condition.holds(**with_, figures={"severity": 1.0})  # type: ignore[arg-type]


def test_a_grave_complaint_alone_may_be_asked_for() -> None:
    make = Events()
    policy = ruled("vip_complaint", condition={"figures": {"severity": {"at_least": 4}}})
    task = Task(policy).take(
        make.transaction(0, VIP),
        make.complaint(1, "opened", severity=3),
        make.complaint(2, "opened", severity=4, complaint_id="k-2"),
    )
    assert [alert.complaint_id for alert in task.alerts("vip_complaint")] == ["k-2"]


def test_a_kind_may_have_a_cap_of_its_own_beside_that_of_all() -> None:
    make = Events()
    task = Task(ruled("large_transaction", cap_per_day=2), reload_always=True)
    task.take(make.profile(0, tier_pin="vip"))
    for day in range(5):
        for n in range(4):
            task.take(make.transaction(day * DAY + n * HOUR, amount=2e5))
        task.take(make.contact(day * DAY + 5 * HOUR, 700, contact_id=f"s-{day}"))
    days = [after_start(alert) // DAY for alert in task.alerts("large_transaction")]
    assert days == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert len(task.alerts("vip_long_wait")) == 5
    assert task.figures()["suppressed_alerts"] == 10
    assert len(task.customer.desk.of_kind) == 3


def test_every_figure_that_may_be_asked_for_is_one_that_alerts_carry() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, VIP, amount=2e5),
        make.survey(MINUTE, "csat", 1),
        *(make.transaction(n * HOUR, amount=50.0) for n in range(1, 40)),
        make.transaction(2 * DAY, 10.0, amount=90_000.0),
        make.contact(3 * DAY, 700),
        make.complaint(3 * DAY, "opened", severity=4),
        *(make.click(3 * DAY, "error") for _ in range(3)),
        *(make.contact(3 * DAY, 0, "unresolved") for _ in range(2)),
    )
    task.until(5 * DAY)
    carried: dict[str, set[str]] = {}
    for alert in task.alerts():
        carried.setdefault(alert.kind, set()).update(alert.figures or {})
    assert carried.keys() >= FIGURES.keys() - {"vip_churn_risk"}
    for kind, figures in carried.items():
        assert figures <= set(FIGURES.get(kind, ())), kind
        assert kind == "vip_churn_risk" or figures == set(FIGURES.get(kind, ())), kind


# -- priority -----------------------------------------------------------------------------


def test_priority_rises_with_outrage_and_a_risk_that_is_not_watched_does_not_count() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 250_000.0, amount=2e5))
    task.customer.core.churn_high = True
    task.take(
        make.transaction(HOUR, 250_000.0, amount=2e5),
        make.complaint(2 * HOUR, "opened", severity=2, category="fraud"),
        make.transaction(3 * HOUR, 250_000.0, amount=2e5),
    )
    found = [(a.priority, a.priority_reason) for a in task.alerts("large_transaction")]
    assert found == [
        (3, "5 - 2 (tier key) = 3."),
        # of a customer below VIP the risk is not watched: the mark is off before it is judged
        (3, "5 - 2 (tier key) = 3."),
        (2, "5 - 2 (tier key) - 1 (outrage) = 2."),
    ]


def test_a_vips_complaint_about_fraud_is_first_by_outrage_though_it_is_not_grave() -> None:
    make = Events()
    task = Task().take(
        make.transaction(0, VIP), make.complaint(HOUR, "opened", severity=2, category="fraud")
    )
    [alert] = task.alerts("vip_complaint")
    assert alert.priority == 1
    assert alert.priority_reason == "5 - 3 (tier vip) - 1 (outrage) = 1."


# -- rules that make no sense -------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "fields", "must"),
    [
        ("vip_new", {"condition": {"figures": {"amount": {"below": 1}}}}, "its alerts have none"),
        (
            "large_transaction",
            {"condition": {"figures": {"balance": {"below": 1}}}},
            "balance is no figure of large_transaction: choose from amount",
        ),
        ("vip_new", {"condition": {"figures": {"x": {}}}}, "at_least or below"),
        ("vip_new", {"condition": {"tiers": ["gold"]}}, "'standard', 'prospect'"),
        ("vip_new", {"condition": {"tiers": []}}, "at least 1 item"),
        ("vip_new", {"condition": {"min_priority": 6}}, "less than or equal to 5"),
        ("vip_new", {"condition": {"when": "amount > 5"}}, "Extra inputs"),
        ("vip_new", {"cap_per_day": 0}, "greater than or equal to 1"),
        ("vip_new", {"quiet_hours": "respect"}, "vip_new is a service alert to staff"),
        ("vip_complaint", {"consent": "channel"}, "vip_complaint is a service alert to staff"),
        ("offer_window", {"consent": "maybe"}, "'none' or 'channel'"),
        (
            "large_transaction",
            {"condition": {"figures": {"amount": {"at_least": 5, "below": 5}}}},
            "greater than its at_least",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    kind: str, fields: dict[str, Any], must: str
) -> None:
    with pytest.raises(ValidationError, match=must):
        ruled(kind, **fields)


def test_only_marketing_asks_for_consent_and_quiet_hours() -> None:
    rules = AlertRules()
    for kind in AlertRules.model_fields:
        rule = getattr(rules, kind)
        asks = (rule.quiet_hours, rule.consent)
        assert asks == (("respect", "channel") if kind in MARKETING else ("ignore", "none"))
