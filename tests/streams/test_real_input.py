"""What messy sources send, and the right answer: lines in, figures and dead letters out.

Each case stands here as lines, and is run from its file too where the folder of cases is there.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agents.customers import customers
from domain.policy import Policy
from schemas.deadletter import Original
from schemas.fields import milliseconds
from schemas.topics import ALERTS, CUSTOMER_TRANSITIONS, DEAD_LETTERS, TOPIC_OF_TYPE
from streams.engine.partition import Clock, Partition
from streams.engine.store import MemoryStore
from tests.domain.figured import line_of
from tests.streams.running import CustomersPartition

CASES = Path(__file__).resolve().parents[2].parent / "shared" / "cases"
DAY = 86_400_000
COMMON: dict[str, Any] = {"customer_id": "c", "channel": "app"}


class Ran:
    """A partition that was given lines, in their order, and what it gave."""

    def __init__(self, lines: list[str], clock: Clock = "event", policy: Policy | None = None):
        self.partition: CustomersPartition = Partition(
            customers(policy or Policy()), 0, MemoryStore(), None, clock=clock
        )
        for number, line in enumerate(lines):
            event = json.loads(line)
            topic, key = TOPIC_OF_TYPE[event["type"]], event["customer_id"].encode()
            record = Original(topic, 0, number, 0, key, line.encode())
            self.partition.receive(topic, [record], number + 1)
            self.partition.step(1 << 50)
        self.outputs = [
            (sent.topic, json.loads(sent.value or b"null"))
            for sent in self.partition.drain().outputs
        ]

    def figures(self, customer: str = "c") -> dict[str, Any]:
        found = self.partition.state(customer)
        assert found is not None
        context = self.partition.context
        made = self.partition.topology.export(found, self.partition.now, context)
        return line_of(made)  # type: ignore[arg-type]

    def of(self, topic: str) -> list[dict[str, Any]]:
        return [value for name, value in self.outputs if name == topic]

    @property
    def dead(self) -> list[tuple[str, str]]:
        """Reason and detail of each dead letter."""
        return [(letter["reason"], letter["detail"]) for letter in self.of(DEAD_LETTERS)]


def line(number: int | str, kind: str, at: str, **fields: Any) -> str:
    """An event of 2 to 5 March 2026, such as `2T09:00:00`."""
    return json.dumps(
        {"event_id": str(number), "occurred_at": f"2026-03-0{at}Z", "type": kind, **COMMON} | fields
    )


def moved(number: int | str, at: str, amount: float = 1, **fields: Any) -> str:
    """A credit of CNY on account a."""
    told = {"amount": amount, "currency": "CNY", "direction": "credit", "account_id": "a"}
    return line(number, "transaction", at, **(told | fields))


def step(number: int | str, at: str, status: str, complaint_id: str = "k", **fields: Any) -> str:
    return line(number, "complaint", at, complaint_id=complaint_id, status=status, **fields)


OPENED: dict[str, Any] = {"severity": 2, "factor": "service", "category": "fees"}
NINE = "2T09:00:00"
LINES: dict[str, list[str]] = {
    "F1-poison": [moved(1, NINE, 5e-324, currency="JPY")],
    "F4-tie": [moved("tx-9", NINE, balance_after=1000), moved("tx-10", NINE, balance_after=500000)],
    "F5-resolved-still-escalates": [
        line(1, "profile", "2T08:00:00", tier_pin="vip"),
        step(2, NINE, "opened", **OPENED | {"severity": 5}),
        step(3, "2T09:05:00", "resolved"),
        line(4, "app_click", "2T09:30:00", action="news_view"),
    ],
    "F6-erase": [
        line("er", "profile", "2T10:00:00", erase=True),
        line("p", "profile", NINE, region="Zhejiang", birth_date="1980-05-17"),
    ],
    "F7-zone": [
        line(
            1,
            "profile",
            "2T00:00:00",
            tier_pin="vip",
            consent={"sms": True},
            quiet_hours={"start": "22:00", "end": "08:00"},
            time_zone="america/new_york",
        ),
        line(2, "campaign", "3T03:30:00", channel="sms", campaign_id="m", action="clicked"),
    ],
    "F8-optout": [
        line(1, "profile", "1T00:00:00", tier_pin="vip", consent={"sms": True}, time_zone="UTC"),
        line(2, "campaign", "2T10:00:00", channel="sms", campaign_id="m", action="opted_out"),
        line(3, "profile", "3T02:00:00", consent={"sms": True}),
        line(4, "campaign", "3T10:00:00", channel="sms", campaign_id="m", action="clicked"),
    ],
    "F12-id-over-types": [
        line(17, "app_click", NINE, action="news_view"),
        moved(17, "2T09:01:00", 5),
    ],
    "F13-severity": [
        step(1, NINE, "opened", **OPENED),
        step(2, "2T09:30:00", "acknowledged", severity=5, complex=True),
    ],
    "F14-unsorted": [
        line(1, "app_click", "9T09:00:00", action="news_view", customer_id="c-1"),
        step(2, NINE, "opened", **OPENED),
        step(3, "2T10:00:00", "acknowledged"),
        step(4, "2T11:00:00", "resolved"),
    ],
    "F16-callback": [
        line(
            1,
            "service_contact",
            NINE,
            channel="call_centre",
            contact_id="s",
            wait_seconds=1,
            handle_seconds=1,
            outcome="unresolved",
            callback_by="2199-01-01T00:00:00Z",
        )
    ],
    "F17-refund": [
        moved(1, NINE, 100, direction="debit"),
        moved(2, "5T09:00:00", 100, category="refund"),
    ],
    "F18-ids": [
        line(1, "app_click", NINE, action="news_view", customer_id=nobody)
        for nobody in ("undefined", "null", "[object Object]")
    ],
    "F19-collide": [
        step(2, NINE, "opened", "k/1", **OPENED),
        step("1/2", NINE, "opened", "k", **OPENED),
    ],
}


@pytest.fixture(params=["inline", "file"])
def case(request: pytest.FixtureRequest) -> Any:
    """Gives the lines of a case by its name."""

    def of(name: str) -> list[str]:
        if request.param == "inline":
            return LINES[name]
        file = CASES / f"{name}.jsonl"
        if not file.exists():
            pytest.skip(f"there is no {file.parent.name} folder beside the project")
        return file.read_text().splitlines()

    return of


def test_an_amount_that_is_nothing_in_base_currency_is_refused_and_the_worker_goes_on(
    case: Any,
) -> None:
    ran = Ran([*case("F1-poison"), moved("next", "2T10:00:00", 7)])
    [(reason, detail)] = ran.dead
    assert reason == "invalid"
    assert detail.startswith(
        "amount: got 4.94066e-324 JPY, which is 0 CNY: nothing to six decimals"
    )
    assert ran.figures()["transactions"] == 1


def test_of_one_instant_ids_go_by_their_numbers(case: Any) -> None:
    for lines in (case("F4-tie"), case("F4-tie")[::-1]):
        figures = Ran(lines).figures()
        assert (figures["balance"], figures["tier"]) == (500_000.0, "vip")


def test_a_zone_in_small_letters_is_found_and_its_night_is_quiet(case: Any) -> None:
    ran = Ran(case("F7-zone"))
    assert ran.dead == []
    assert "offer_window" not in {alert["kind"] for alert in ran.of(ALERTS)}


def test_one_id_in_two_types_is_two_events(case: Any) -> None:
    figures = Ran(case("F12-id-over-types")).figures()
    assert (figures["events"], figures["transactions"], figures["repeats"]) == (2, 1, 0)


def test_severity_and_complex_of_a_later_step_count(case: Any) -> None:
    for lines in (case("F13-severity"), case("F13-severity")[::-1]):
        [found] = Ran(lines).figures()["complaint_cases"]
        assert (found["severity"], found["complex"]) == (5, True)
        # 30 days from 09:00 on 2 March
        assert found["resolve_due_at"] == "2026-04-01T09:00:00.000Z"


def test_a_refund_lowers_value_on_its_day_and_is_no_purchase(case: Any) -> None:
    for lines in (case("F17-refund"), case("F17-refund")[::-1]):
        value = Ran(lines).figures()["value"]
        assert value["total_365_days"] == 0.0
        assert value["purchases"] == 1


def test_ids_that_name_nobody_are_refused_each_with_its_reason(case: Any) -> None:
    ran = Ran(case("F18-ids"))
    assert [reason for reason, _ in ran.dead] == ["invalid"] * 3
    for nobody, (_, detail) in zip(("undefined", "null", "[object Object]"), ran.dead, strict=True):
        assert detail.startswith(f"customer_id: got '{nobody}', which programs write")
    assert not list(ran.partition.export())


def test_escalations_of_two_complaints_have_two_ids(case: Any) -> None:
    ran = Ran(case("F19-collide"))
    ran.partition.advance(ran.partition.now + 2 * DAY)
    alerts = [
        json.loads(sent.value or b"")
        for sent in ran.partition.drain().outputs
        if sent.topic == ALERTS
    ]
    told = [alert for alert in alerts if alert["kind"] == "complaint_escalated"]
    assert {alert["complaint_id"] for alert in told} == {"k", "k/1"}
    assert len({alert["alert_id"] for alert in told}) == len(told) == 2


def alerts_by(ran: Ran, now: int) -> list[dict[str, Any]]:
    """All alerts, also those due by ``now`` (ms)."""
    ran.partition.advance(now)
    due = [
        json.loads(one.value or b"") for one in ran.partition.drain().outputs if one.topic == ALERTS
    ]
    return ran.of(ALERTS) + due


def test_an_alert_of_a_resolved_complaint_is_not_raised_again(case: Any) -> None:
    ran = Ran(case("F5-resolved-still-escalates"))
    told = alerts_by(ran, ran.partition.now + DAY)
    assert [one["occurred_at"] for one in told if one["kind"] == "vip_complaint"] == [
        "2026-03-02T09:00:00.000Z"
    ]


def test_an_erased_customer_does_not_come_back_in_either_order(case: Any) -> None:
    for lines in (case("F6-erase"), case("F6-erase")[::-1]):
        ran = Ran(lines)
        assert not list(ran.partition.export())
        [erased] = ran.of(CUSTOMER_TRANSITIONS)
        assert (erased["dimension"], erased["to_state"]) == ("customer", "erased")


def test_an_opt_out_outlives_a_copy_of_the_old_consent(case: Any) -> None:
    ran = Ran(case("F8-optout"))
    assert "offer_window" not in {one["kind"] for one in alerts_by(ran, ran.partition.now + DAY)}


def test_lines_in_order_of_time_raise_no_alert(case: Any) -> None:
    lines = sorted(case("F14-unsorted"), key=lambda one: str(json.loads(one)["occurred_at"]))
    ran = Ran(lines)
    assert not alerts_by(ran, ran.partition.now)


def test_a_callback_promised_for_another_century_is_judged_then(case: Any) -> None:
    ran = Ran(case("F16-callback"))
    due = datetime(2199, 1, 1, tzinfo=UTC)
    assert not alerts_by(ran, milliseconds(due) - 1)
    late = alerts_by(ran, milliseconds(due.replace(year=2200)))
    assert {one["kind"] for one in late} <= {"promise_broken"}
    assert ran.figures()["experience"]["promises_broken"] == 1


def test_every_case_that_was_handed_over_is_here() -> None:
    if not CASES.is_dir():
        pytest.skip(f"there is no {CASES.name} folder beside the project")
    assert {file.stem for file in CASES.glob("*.jsonl")} == set(LINES)
