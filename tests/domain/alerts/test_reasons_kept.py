"""What is kept of an alert's reason tells it in other languages when the alert comes again."""

from __future__ import annotations

import msgspec

from domain.customer.parts import Held, Open
from domain.customer.state import DESK
from tests.domain.alerts.test_desk import FIRST, urgent
from tests.domain.alerts.test_offers_when_due import EVENING, campaign, key_customer
from tests.domain.bank import DAY, HOUR, MINUTE

COMPLAINED = {
    "tier": "vip",
    "status": "opened",
    "grade": "complaint.severity",
    "grade.severity": 5,
    "about": "complaint.about",
    "about.category": "fees",
    "promised": "time.length",
    "promised.length": HOUR,
}


def test_an_alert_and_its_state_have_the_key_and_arguments_of_the_reason() -> None:
    task = urgent()
    [alert] = task.alerts("vip_complaint")
    for told in (alert, task.states()[FIRST]):
        assert (told.reason_key, told.reason_args) == ("complaint.of_vip", COMPLAINED)
        assert type(told.reason) is str  # what is encoded knows no other text


def test_an_alert_that_comes_again_tells_the_reason_within_its_own() -> None:
    task = urgent().until(HOUR + 10 * MINUTE)
    [again] = task.again()
    assert again.reason_key == "alert.raised_again"
    assert again.reason_args == {
        "waited": "time.length",
        "waited.length": 10 * MINUTE,
        "level": 2,
        "why": "complaint.of_vip",
        **{f"why.{name}": value for name, value in COMPLAINED.items()},
    }
    # words are kept only as long as they may be needed
    task.until(20 * DAY)
    assert not any(each.reason_key or each.reason_args for each in task.customer.desk.open)


def test_an_alert_of_an_earlier_version_comes_again_in_english_alone() -> None:
    task = urgent()
    for opened in task.customer.desk.open:
        opened.reason_key, opened.reason_args = "", {}
    task.customer.touch(DESK)
    [again] = task.until(HOUR + 10 * MINUTE).again()
    assert (again.reason_key, again.reason_args) == (None, None)
    assert again.reason.endswith("it is to be acknowledged within 1 h.")


def test_an_offer_that_waited_for_the_morning_has_its_key_and_arguments() -> None:
    task = key_customer().take(campaign(EVENING, "clicked")).until(2 * DAY)
    [offer] = task.alerts("offer_window")
    assert offer.reason_key == "offer_window.clicked"
    assert offer.reason_args == {"tier": "key", "campaign": "m-1", "channel": "sms"}


def test_what_earlier_versions_kept_is_read() -> None:
    short = msgspec.msgpack.encode(msgspec.to_builtins(Held(1, 2, 3, "e", "sms", "So."))[:-2])
    assert msgspec.msgpack.decode(short, type=Held).reason_args == {}
    fields = msgspec.to_builtins(Open(b"0", 1, 2, 3, 4, 5, reason="So."), builtin_types=(bytes,))
    kept = msgspec.msgpack.encode(fields[:-2])
    assert msgspec.msgpack.decode(kept, type=Open) == Open(b"0", 1, 2, 3, 4, 5, reason="So.")
