"""Touchpoints beyond a bank's own channels: sales people, dealers, events, receptions, others."""

from __future__ import annotations

import pytest

from domain.kernel.scales import CHANNEL_INDEX, CHANNELS
from domain.policy import Policy
from domain.policy.value import ServeCosts
from tests.domain.bank import DAY, HOUR, Events, Task

LATER = CHANNELS[10:]


def test_the_reference_names_more_than_a_bank_has() -> None:
    assert LATER[:5] == ("sales", "dealer", "advertisement", "event", "reception")


@pytest.mark.parametrize("reload_always", [True, False])
@pytest.mark.parametrize("channel", LATER)
def test_satisfaction_contacts_and_consent_are_told_by_it(
    channel: str, reload_always: bool
) -> None:
    make = Events()
    task = Task(reload_always=reload_always).take(
        make.survey(HOUR, "csat", 5.0, channel=channel),
        make.survey(2 * HOUR, "csat", 1.0, channel="other"),
        make.contact(3 * HOUR, 0, "resolved", channel=channel),
        make.profile(4 * HOUR, consent={channel: True}),
        make.transaction(3 * DAY, channel=channel),
    )
    found = task.exported()
    assert found.experience.satisfaction_by_channel[channel] == pytest.approx(
        10.0
    )  # csat 5 and no wait
    assert found.experience.satisfaction_by_channel["other"] == 0.0
    assert found.value.contacts == 1
    assert found.value.cost_to_serve == ServeCosts().by_channel[channel]  # type: ignore[index]
    assert task.customer.ledger.channels == 1 << CHANNEL_INDEX[channel]


def test_stages_stay_apart_from_the_channels_behind_the_tenth() -> None:
    make = Events()
    task = Task()
    for number, channel in enumerate(LATER):
        task.take(make.survey(number * HOUR, "csat", 5.0, channel=channel))
    task.take(make.survey(DAY, "csat", 1.0, channel="app", stage="after"))
    found = task.take(make.click(4 * DAY)).exported().experience
    assert set(found.satisfaction_by_channel) == {*LATER, "app"}
    assert {name: found.satisfaction_by_channel[name] for name in LATER} == dict.fromkeys(
        LATER, 10.0
    )
    assert found.satisfaction_by_stage == {"after": 0.0}


def test_every_channel_has_a_cost_and_those_of_before_the_same() -> None:
    costs = Policy().value.serve_costs
    assert [name for name, _ in costs.units] == list(CHANNELS)
    assert costs.by_channel["branch"] == 30.0
