"""What each event type asks for, checked on the bytes a producer would send."""

import json
from typing import Any

import pytest

from schemas.codec import Bad, decode, encode
from schemas.examples import EXAMPLES
from schemas.topics import INPUT_TOPICS, OUTPUT_TOPICS, TOPIC_OF_TYPE
from schemas.touchpoints import MODEL_OF_TYPE, Profile, Transaction

COMMON: dict[str, Any] = {
    "event_id": "e-1",
    "customer_id": "c-1",
    "occurred_at": "2026-01-31T09:30:00+08:00",
    "channel": "web",
}
SMALLEST: dict[str, dict[str, Any]] = {
    "app_click": {"action": "tab_switch"},
    "transaction": {"amount": 1, "currency": "CNY", "direction": "debit", "account_id": "a"},
    "complaint": {"complaint_id": "k", "status": "acknowledged"},
    "survey": {"instrument": "csat", "score": 3},
    "service_contact": {
        "contact_id": "s",
        "wait_seconds": 0,
        "handle_seconds": 0,
        "outcome": "resolved",
    },
    "feedback": {"kind": "praise"},
    "profile": {},
    "campaign": {"campaign_id": "m", "action": "sent"},
    "care": {"task_id": "t", "action": "approved"},
    "desk": {"alert_id": "a", "action": "resolved", "by": "someone"},
}
OPENED = {"status": "opened", "severity": 3, "factor": "service", "category": "fees"}


def judged(kind: str, /, **changes: Any) -> Any:
    """The decoded smallest event of `kind` with `changes`; a change to `...` removes a field."""
    event = {**COMMON, "type": kind, **SMALLEST[kind], **changes}
    event = {name: value for name, value in event.items() if value is not ...}
    return decode(json.dumps(event).encode())


def test_every_type_has_its_model_its_topic_and_examples() -> None:
    assert set(MODEL_OF_TYPE) == set(TOPIC_OF_TYPE) == set(EXAMPLES) == set(SMALLEST)
    assert len(set(INPUT_TOPICS)) == 10
    assert not set(INPUT_TOPICS) & set(OUTPUT_TOPICS)


@pytest.mark.parametrize("kind", SMALLEST)
def test_the_smallest_event_of_each_type_is_accepted(kind: str) -> None:
    event: Any = judged(kind)
    assert event.type == kind
    assert event.schema_version == 1
    assert type(event) is MODEL_OF_TYPE[kind]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_each_example_is_accepted_with_the_fields_it_shows(kind: str) -> None:
    for example in EXAMPLES[kind]:
        event = decode(json.dumps(example).encode())
        assert type(event) is MODEL_OF_TYPE[kind], event
        assert event.model_fields_set | {"type"} == set(example)


def test_examples_show_every_value_of_every_deciding_field() -> None:
    def shown(kind: str, field: str) -> set[Any]:
        return {example.get(field) for example in EXAMPLES[kind]}

    assert len(shown("app_click", "action")) == 7
    assert len(shown("complaint", "status")) == 5
    assert len(shown("survey", "instrument")) == 13


@pytest.mark.parametrize("kind", SMALLEST)
@pytest.mark.parametrize("field", ["event_id", "customer_id", "occurred_at", "channel", "type"])
def test_a_missing_common_field_is_refused(kind: str, field: str) -> None:
    bad = judged(kind, **{field: ...})
    assert isinstance(bad, Bad)
    assert bad.reason == "invalid"
    assert bad.detail.startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("kind", "field"),
    [(kind, field) for kind, fields in SMALLEST.items() for field in fields],
)
def test_a_missing_further_field_is_refused(kind: str, field: str) -> None:
    bad = judged(kind, **{field: ...})
    assert isinstance(bad, Bad)
    assert field in bad.detail


@pytest.mark.parametrize("kind", SMALLEST)
def test_an_unknown_field_is_refused_but_allowed_under_attributes(kind: str) -> None:
    bad = judged(kind, app_version="8.1")
    assert isinstance(bad, Bad)
    assert "app_version" in bad.detail
    assert judged(kind, attributes={"app_version": "8.1"}).attributes == {"app_version": "8.1"}


COMMON_WRONG: list[tuple[str, Any]] = [
    ("event_id", ""),
    ("event_id", "x" * 65),
    ("event_id", 7),
    ("event_id", None),
    ("customer_id", "a\x00b"),
    ("customer_id", "a\n"),
    ("customer_id", "a\x7f"),
    ("customer_id", "a\x85"),
    ("customer_id", "客" * 65),
    ("channel", "fax"),
    ("schema_version", 2),
    ("schema_version", True),
    ("schema_version", "1"),
    ("attributes", {str(number): "x" for number in range(17)}),
    ("attributes", {"k": 1}),
    ("attributes", {"k": {"nested": "x"}}),
    ("attributes", {"k": None}),
    ("attributes", {"": "x"}),
    ("attributes", {"k" * 65: "x"}),
    ("attributes", {"k": "x" * 257}),
    ("attributes", ["x"]),
    ("occurred_at", 1_769_823_000),
    ("occurred_at", 1_769_823_000_000.0),
    ("occurred_at", "1769823000"),
    ("occurred_at", "2026-01-31T09:30:00"),
    ("occurred_at", "2026-01-31T09:30Z"),
    ("occurred_at", "2026-01-31"),
    ("occurred_at", "2026-02-29T09:30:00Z"),
    ("occurred_at", "2026-01-31T24:00:00Z"),
    ("occurred_at", "2026-01-31T09:30:60Z"),
    ("occurred_at", "2026-01-31T09:30:00+0800"),
    ("occurred_at", "2026-01-31T09:30:00+24:00"),
    ("occurred_at", "2026-01-31T09:30:00Z\n"),
    ("occurred_at", " 2026-01-31T09:30:00Z"),
    ("occurred_at", "1970-12-31T23:59:59Z"),
    ("occurred_at", "2201-01-01T00:00:00Z"),
    ("occurred_at", "2026-01-31T09:30:00.Z"),
    ("occurred_at", "\uff12\uff10\uff12\uff16-01-31T09:30:00Z"),
    ("occurred_at", None),
]


@pytest.mark.parametrize(("field", "value"), COMMON_WRONG)
def test_a_wrong_common_field_is_refused_by_name(field: str, value: Any) -> None:
    bad = judged("transaction", **{field: value})
    assert isinstance(bad, Bad)
    assert bad.reason == "invalid"
    assert bad.detail.startswith(field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_id", "x" * 64),
        ("customer_id", "客" * 64),
        ("customer_id", "a b/c\U0001f600"),
        ("attributes", {str(number): "x" for number in range(16)}),
        ("attributes", {"k" * 64: "x" * 256}),
        ("attributes", {}),
        ("attributes", None),
        ("schema_version", 1),
        ("occurred_at", "2024-02-29T23:59:59.999999999Z"),
        ("occurred_at", "2026-01-31t09:30:00.5z"),
        ("occurred_at", "2026-01-31T09:30:00-23:59"),
        ("occurred_at", "1971-01-01T00:00:00+14:00"),
    ],
)
def test_a_common_field_is_accepted_up_to_its_bound(field: str, value: Any) -> None:
    assert isinstance(judged("transaction", **{field: value}), Transaction)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("app_click", {"action": "launch"}, "source"),
    ("app_click", {"action": "launch", "source": None}, "source"),
    ("app_click", {"action": "launch", "source": "widget"}, "source"),
    ("app_click", {"action": "function_visit"}, "function"),
    ("app_click", {"action": "error"}, "function"),
    ("app_click", {"action": "error", "function": ""}, "function"),
    ("app_click", {"action": "function_visit", "function": "x" * 65}, "function"),
    ("app_click", {"action": "swipe"}, "action"),
    ("transaction", {"amount": 0}, "amount"),
    ("transaction", {"amount": -1}, "amount"),
    ("transaction", {"amount": "1"}, "amount"),
    ("transaction", {"amount": True}, "amount"),
    ("transaction", {"amount": float("nan")}, "amount"),
    ("transaction", {"amount": float("inf")}, "amount"),
    ("transaction", {"amount": 10**400}, "amount"),
    ("transaction", {"amount": 1.1e15}, "amount"),
    ("transaction", {"balance_after": float("-inf")}, "balance_after"),
    ("transaction", {"balance_after": -1.1e15}, "balance_after"),
    ("transaction", {"margin": float("nan")}, "margin"),
    ("transaction", {"currency": "cny"}, "currency"),
    ("transaction", {"currency": "CNYX"}, "currency"),
    ("transaction", {"currency": "CN\n"}, "currency"),
    ("transaction", {"currency": "ÄÖÜ"}, "currency"),
    ("transaction", {"direction": "in"}, "direction"),
    ("transaction", {"account_id": ""}, "account_id"),
    ("transaction", {"product": "x" * 65}, "product"),
    ("complaint", {**OPENED, "severity": ...}, "severity"),
    ("complaint", {**OPENED, "factor": ...}, "factor"),
    ("complaint", {**OPENED, "category": None}, "category"),
    ("complaint", {**OPENED, "severity": 0}, "severity"),
    ("complaint", {**OPENED, "severity": 6}, "severity"),
    ("complaint", {**OPENED, "severity": 2.5}, "severity"),
    ("complaint", {**OPENED, "factor": "weather"}, "factor"),
    ("complaint", {**OPENED, "complex": "yes"}, "complex"),
    ("complaint", {"status": "closed"}, "status"),
    ("complaint", {"status": "resolved", "compensation": -1}, "compensation"),
    ("survey", {"instrument": "nps", "score": 11}, "score"),
    ("survey", {"instrument": "nps", "score": float("nan")}, "score"),
    ("survey", {"instrument": "mood", "score": 1}, "instrument"),
    ("survey", {"instrument": "factor_rating", "measure": "ideal"}, "factor"),
    ("survey", {"instrument": "factor_rating", "factor": "price"}, "measure"),
    (
        "survey",
        {"instrument": "factor_rating", "factor": "price", "measure": "perception"},
        "measure",
    ),
    ("survey", {"instrument": "servqual", "measure": "perception"}, "dimension"),
    ("survey", {"instrument": "servqual", "dimension": "empathy"}, "measure"),
    (
        "survey",
        {"instrument": "servqual", "dimension": "empathy", "measure": "importance"},
        "measure",
    ),
    ("survey", {"instrument": "acsi"}, "item"),
    ("survey", {"instrument": "trust"}, "aspect"),
    ("survey", {"instrument": "visit_reason", "score": ...}, "factor"),
    ("survey", {"stage": "later"}, "stage"),
    ("service_contact", {"wait_seconds": -0.1}, "wait_seconds"),
    ("service_contact", {"handle_seconds": -1}, "handle_seconds"),
    ("service_contact", {"wait_seconds": float("inf")}, "wait_seconds"),
    ("service_contact", {"outcome": "lost"}, "outcome"),
    ("service_contact", {"callback_by": 5}, "callback_by"),
    ("feedback", {"kind": "callback_done"}, "contact_id"),
    ("feedback", {"kind": "rant"}, "kind"),
    ("feedback", {"text": "x" * 2_001}, "text"),
    ("feedback", {"factor": "weather"}, "factor"),
    ("profile", {"birth_date": "1980-02-30"}, "birth_date"),
    ("profile", {"birth_date": "1980-02-03T00:00:00Z"}, "birth_date"),
    ("profile", {"birth_date": 0}, "birth_date"),
    ("profile", {"time_zone": "../../etc/passwd"}, "time_zone"),
    ("profile", {"time_zone": "+08:00"}, "time_zone"),
    ("profile", {"time_zone": "Asia/Peking"}, "time_zone"),
    ("profile", {"time_zone": "localtime"}, "time_zone"),
    ("profile", {"consent": {"fax": True}}, "consent"),
    ("profile", {"consent": {"sms": 1}}, "consent"),
    ("profile", {"quiet_hours": {"start": "22:00"}}, "quiet_hours"),
    ("profile", {"quiet_hours": {"start": "24:00", "end": "08:00"}}, "quiet_hours"),
    ("profile", {"quiet_hours": {"start": "22:00", "end": "8:00"}}, "quiet_hours"),
    ("profile", {"tier_pin": "gold"}, "tier_pin"),
    ("profile", {"key_person": "yes"}, "key_person"),
    ("profile", {"erase": False}, "erase"),
    ("profile", {"erase": 1}, "erase"),
    ("profile", {"erase": "true"}, "erase"),
    ("profile", {"erase": True, "region": "Zhejiang"}, "region"),
    ("profile", {"erase": True, "owner_id": None}, "owner_id"),
    ("campaign", {"action": "converted"}, "revenue"),
    ("campaign", {"action": "converted", "revenue": -1}, "revenue"),
    ("campaign", {"action": "ignored"}, "action"),
    ("campaign", {"cost": -1}, "cost"),
    ("care", {"action": "feedback"}, "score"),
    ("care", {"action": "feedback", "score": 0}, "score"),
    ("care", {"action": "feedback", "score": 6}, "score"),
    ("care", {"action": "eaten"}, "action"),
    ("desk", {"action": "snoozed"}, "until"),
    ("desk", {"action": "snoozed", "until": "tomorrow"}, "until"),
    ("desk", {"action": "deleted"}, "action"),
    ("desk", {"by": ""}, "by"),
]


@pytest.mark.parametrize(("kind", "changes", "field"), WRONG)
def test_a_wrong_further_field_is_refused_by_name(
    kind: str, changes: dict[str, Any], field: str
) -> None:
    bad = judged(kind, **changes)
    assert isinstance(bad, Bad)
    assert bad.reason in {"invalid", "not_json"}
    if bad.reason == "invalid":
        assert bad.detail.startswith(field)


@pytest.mark.parametrize(
    ("due", "is_well"),
    [
        ("2026-03-02T08:59:59.999Z", False),
        ("2026-03-02T11:00:00+08:00", False),
        ("2026-03-02T09:00:00Z", True),
        ("2026-03-02T18:00:00+08:00", True),
        ("2199-01-01T00:00:00Z", True),
    ],
)
def test_a_callback_is_not_due_before_its_contact(due: str, is_well: bool) -> None:
    said = {"occurred_at": "2026-03-02T09:00:00Z", "outcome": "unresolved", "callback_by": due}
    event = judged("service_contact", **said)
    assert isinstance(event, Bad) is not is_well
    if isinstance(event, Bad):
        assert event.reason == "invalid"
        assert event.detail.startswith("callback_by: got 2026-03-02T")
        assert "must not be before occurred_at (2026-03-02T09:00:00" in event.detail


RANGES: dict[str, tuple[float, float]] = {
    "csat": (1, 5),
    "nps": (0, 10),
    "ces": (1, 7),
    "factor_rating": (0, 10),
    "servqual": (1, 7),
    "acsi": (1, 10),
    "trust": (0, 10),
    "commitment": (0, 10),
    "repurchase": (1, 5),
    "wallet_share": (0, 1),
    "brands_used": (1, 1_000),
}
ASKED = {
    "factor_rating": {"factor": "price", "measure": "importance"},
    "servqual": {"dimension": "tangibles", "measure": "expectation"},
    "acsi": {"item": "ideal"},
    "trust": {"aspect": "ability"},
}


@pytest.mark.parametrize("instrument", RANGES)
def test_a_survey_score_lies_in_the_range_of_its_instrument(instrument: str) -> None:
    low, high = RANGES[instrument]
    asked = {"instrument": instrument, **ASKED.get(instrument, {})}
    for score in (low, high, (low + high) / 2):
        assert judged("survey", **asked, score=score).score == score
    for wrong in (low - 0.01, high + 0.01, ...):
        bad = judged("survey", **asked, score=wrong)
        assert isinstance(bad, Bad)
        assert bad.detail.startswith("score")


def test_only_a_visit_reason_may_have_no_score() -> None:
    event = judged("survey", instrument="visit_reason", factor="brand", score=...)
    assert event.score is None
    assert judged("survey", instrument="visit_reason", factor="brand", score=1).score == 1


def test_a_later_step_of_a_complaint_needs_no_severity() -> None:
    for status in ("acknowledged", "resolved", "reopened", "withdrawn"):
        assert judged("complaint", status=status).severity is None
    assert judged("complaint", **OPENED).severity == 3


def test_a_profile_tells_a_cleared_field_from_one_not_given() -> None:
    event = judged("profile", owner_id=None, region="Zhejiang")
    assert isinstance(event, Profile)
    assert event.owner_id is None
    assert "owner_id" in event.model_fields_set
    assert "tier_pin" not in event.model_fields_set


def test_erase_stands_alone_but_keeps_the_common_fields() -> None:
    event = judged("profile", erase=True, attributes={"ticket": "7"}, schema_version=1)
    assert event.erase is True


def test_an_event_cannot_be_changed_after_it_was_decoded() -> None:
    event = judged("transaction")
    with pytest.raises(ValueError, match="frozen"):
        event.amount = 2.0


def test_what_feedback_says_is_not_in_its_printed_form() -> None:
    event = judged("feedback", text="my secret trouble")
    assert event.text == "my secret trouble"
    assert "secret" not in repr(event)
    assert "secret" not in str(event)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("america/new_york", "America/New_York"),
        ("ASIA/SHANGHAI", "Asia/Shanghai"),
        ("Asia/Shanghai", "Asia/Shanghai"),
        ("utc", "UTC"),
        ("etc/gmt+8", "Etc/GMT+8"),
        ("america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"),
    ],
)
def test_a_time_zone_is_found_without_regard_to_case(given: str, kept: str) -> None:
    event = judged("profile", time_zone=given)
    assert event.time_zone == kept
    assert json.loads(encode(event))["time_zone"] == kept


def test_an_unknown_time_zone_says_what_must_be_there() -> None:
    refused = judged("profile", time_zone="Asia/Peking")
    assert refused == Bad(
        "invalid",
        'time_zone: got "Asia/Peking"; must be an IANA time zone such as Asia/Shanghai',
    )
