"""An offer is judged when it is due, whatever was known when it was planned."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alerts.offer_window import MAX_CLOSED
from domain.policy import Policy
from schemas.cases import TouchpointBase
from tests.domain.bank import DAY, HOUR, MINUTE, Events, Task, after_start
from tests.domain.test_order_of_arrival import THOROUGH

EVENING = 13 * HOUR  # 21:00 in Shanghai; quiet until 08:00, which is midnight of UTC
OFTEN = Policy.model_validate(
    {"alerts": {"rules": {"offer_window": {
        "quiet_hours": "respect", "consent": "channel", "action": "offer"}}}}
)  # fmt: skip


def key_customer(policy: Policy | None = None) -> Task:
    make = Events()
    return Task(policy or Policy(), reload_always=True).take(
        make.transaction(0, 250_000.0, event_id="money"),
        make.profile(0, consent={"sms": True, "email": True}, event_id="profile"),
    )


def campaign(at: int, action: str, which: str = "m-1", channel: str = "sms") -> TouchpointBase:
    event_id = f"{at}-{action}-{which}-{channel}"
    return Events().campaign(at, action, campaign_id=which, channel=channel, event_id=event_id)


def offered(task: Task) -> list[int]:
    return [after_start(each) for each in task.alerts("offer_window")]


def test_a_conversion_that_comes_before_its_click_leaves_no_offer() -> None:
    bought = campaign(3 * HOUR, "converted")
    by_day, by_night = campaign(2 * HOUR, "clicked"), campaign(EVENING, "clicked")
    assert offered(key_customer().take(bought, by_day).until(2 * DAY)) == []
    assert offered(key_customer().take(bought, by_night).until(2 * DAY)) == []
    later = campaign(EVENING + HOUR, "converted")
    assert offered(key_customer().take(later, by_night).until(2 * DAY)) == []
    assert offered(key_customer().take(by_night, later).until(2 * DAY)) == []
    other = campaign(3 * HOUR, "converted", "m-2")
    assert offered(key_customer().take(other, by_day).until(2 * DAY)) == [2 * HOUR]


def test_an_opt_out_closes_windows_of_clicks_before_it_in_either_order() -> None:
    click, out = campaign(EVENING, "clicked"), campaign(EVENING + HOUR, "opted_out", channel="mail")
    for order in ((click, out), (out, click)):
        assert offered(key_customer().take(*order).until(2 * DAY)) == []
    after = campaign(EVENING + 2 * HOUR, "clicked")
    assert offered(key_customer().take(out, after).until(2 * DAY)) == [EVENING + 2 * HOUR]


def test_consent_and_tier_are_those_of_when_it_is_due() -> None:
    click = campaign(EVENING, "clicked")
    no = Events().profile(EVENING + HOUR, consent={"sms": False}, event_id="no")
    yes = Events().profile(EVENING + 2 * HOUR, consent={"sms": True}, event_id="yes")
    assert offered(key_customer().take(click, no).until(2 * DAY)) == []
    assert offered(key_customer().take(click, no, yes).until(2 * DAY)) == [EVENING]
    out = campaign(EVENING + HOUR, "opted_out", "m-2")
    assert offered(key_customer().take(click, out).until(2 * DAY)) == []
    back = campaign(EVENING + 2 * HOUR, "opted_in", "m-2")
    assert offered(key_customer().take(click, out, back).until(2 * DAY)) == [EVENING]
    pinned = Events().profile(EVENING + HOUR, tier_pin="standard", event_id="pin")
    assert offered(key_customer().take(click, pinned).until(2 * DAY)) == []


def test_the_nightly_copy_of_an_old_consent_makes_no_offer() -> None:
    # 2026-03-01T00:00Z and on, zone UTC, as a source sent it
    make = Events()
    task = Task().take(
        make.profile(-DAY, tier_pin="vip", consent={"sms": True}, time_zone="UTC"),
        make.campaign(10 * HOUR, "opted_out", campaign_id="m"),
        make.profile(DAY + 2 * HOUR, consent={"sms": True}),
        make.campaign(DAY + 10 * HOUR, "clicked", campaign_id="m"),
    )
    assert task.until(4 * DAY).alerts("offer_window") == []


def test_campaigns_that_are_remembered_are_bounded_the_oldest_leave() -> None:
    task = key_customer()
    task.take(*(campaign(HOUR + n * MINUTE, "converted", f"m-{n}") for n in range(MAX_CLOSED + 8)))
    assert len(task.customer.desk.closed) == MAX_CLOSED
    task.take(campaign(3 * HOUR, "clicked", "m-8"))
    assert offered(task) == []
    task.take(campaign(3 * HOUR, "clicked", "m-7"))
    assert offered(task) == [3 * HOUR]


# -- whatever the order of arrival --------------------------------------------------------


class Said(NamedTuple):
    minute: int
    action: str
    which: str
    channel: str


@st.composite
def nights(draw: st.DrawFn) -> list[Said]:
    """What a customer does in one night, each thing at a minute of its own."""
    minutes = draw(st.lists(st.integers(0, 600), min_size=1, max_size=8, unique=True))
    actions = st.sampled_from(("clicked", "clicked", "converted", "opted_out", "opted_in"))
    campaigns, channels = st.sampled_from(("m-1", "m-2")), st.sampled_from(("sms", "email"))
    return [Said(n, draw(actions), draw(campaigns), draw(channels)) for n in minutes]


def deserved(night: list[Said]) -> list[int]:
    """The clicks that deserve an offer in the morning, by looking at each against all else."""
    found = []
    for click in night:
        of_campaign = [each for each in night if each.which == click.which]
        bought = any(each.action == "converted" for each in of_campaign)
        left = any(e.action == "opted_out" and e.minute >= click.minute for e in of_campaign)
        words = [e for e in sorted(night) if e.channel == click.channel and "opted" in e.action]
        agrees = not words or words[-1].action == "opted_in"
        if click.action == "clicked" and agrees and not bought and not left:
            found.append(EVENING + click.minute * MINUTE)
    return sorted(found)


@settings(THOROUGH, max_examples=200)
@given(nights(), st.randoms(use_true_random=False))
def test_in_any_order_those_get_an_offer_in_the_morning_who_deserve_one(
    night: list[Said], random: Any
) -> None:
    events = [campaign(EVENING + e.minute * MINUTE, e.action, e.which, e.channel) for e in night]
    random.shuffle(events)
    task = key_customer(OFTEN)
    for event in events:
        task.take(event)
        assert offered(task) == []
    assert sorted(offered(task.until(2 * DAY))) == deserved(night)
