"""Profiles: the newest value of each field counts; other types are counted and nothing more."""

from __future__ import annotations

from datetime import date

from domain.customer.profile import field
from schemas.fields import moment
from schemas.touchpoints import Campaign, Desk, QuietHours
from tests.domain.bank import CUSTOMER, DAY, HOUR, START, Events, Task


def test_of_each_field_the_newest_value_counts_whatever_the_order() -> None:
    make = Events()
    events = [
        make.profile(0, sex="female", owner_id="m-1", birth_date=date(1980, 5, 17)),
        make.profile(2 * HOUR, owner_id="m-3"),
        make.profile(HOUR, owner_id="m-2", region="north"),
    ]
    for task in (Task().take(*events), Task(reload_always=True).take(*reversed(events))):
        known = {name: field(task.customer, name) for name in ("sex", "owner_id", "region")}
        assert known == {"sex": "female", "owner_id": "m-3", "region": "north"}
        assert field(task.customer, "birth_date") == "1980-05-17"
        assert field(task.customer, "occupation") is None
        assert task.figures()["owner_id"] == "m-3"


def test_a_field_given_as_null_is_cleared_and_one_not_given_stays() -> None:
    make = Events()
    task = Task().take(
        make.profile(0, owner_id="m-1", region="north"), make.profile(HOUR, owner_id=None)
    )
    assert task.figures()["owner_id"] is None
    assert field(task.customer, "region") == "north"


def test_consent_and_quiet_hours_survive_a_reload() -> None:
    make = Events()
    quiet = QuietHours(start="22:00", end="07:30")
    task = Task().take(make.profile(0, consent={"sms": False, "app": True}, quiet_hours=quiet))
    task.reload()
    assert field(task.customer, "consent") == {"sms": False, "app": True}
    assert field(task.customer, "quiet_hours") == ["22:00", "07:30"]


def test_pins_stay_bounded() -> None:
    make = Events()
    task = Task()
    for n in range(40):
        task.take(make.profile(n * DAY, tier_pin="vip" if n % 2 else "key"))
    assert len(task.customer.file.pins) == 8
    assert task.figures()["tier"] == "vip"


def test_a_campaign_makes_a_target_and_desk_work_is_counted() -> None:
    make = Events()
    task = Task().take(make.click(0))
    before = task.figures(DAY)
    task.take(
        Campaign(
            event_id="c-1", customer_id=CUSTOMER, occurred_at=moment(START), channel="sms",
            campaign_id="spring", action="sent",
        ),
        Desk(
            event_id="d-1", customer_id=CUSTOMER, occurred_at=moment(START), channel="other",
            alert_id="0" * 32, action="acknowledged", by="m-1",
        ),
    )  # fmt: skip
    after = task.figures(DAY)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        "events", "event_xor", "relationship", "desk_unmatched", "identification",
        "campaigns", "mailings",
    }  # fmt: skip
    assert (before["relationship"]["state"], after["relationship"]["state"]) == (
        "potential", "target",
    )  # fmt: skip
    assert after["events"] == 3


def test_the_groups_are_those_of_the_newest_profile_and_of_the_deposit() -> None:
    make = Events()
    task = Task().take(
        make.profile(
            0, birth_date=date(1980, 5, 17), sex="female", occupation="engineer",
            position="head", organisation_id="acme", key_person=True, region="south",
        ),
        make.transaction(1, 100_000.0, amount=50_000.0),
        make.profile(2, region="north", occupation=None),
    )  # fmt: skip
    assert task.figures()["groups"] == {
        "age_band": "45-54",
        "liquidity": "active",
        "sex": "female",
        "occupation": None,
        "position": "head",
        "region": "north",
        "organisation_id": "acme",
        "key_person": True,
    }
    assert set(Task().take(make.click(3)).figures()["groups"].values()) == {None}
