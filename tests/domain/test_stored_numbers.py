"""What state and changelog hold by number or by position: a line here never moves.

New names and fields are appended with the next number. These lists are those of the first
release, written out by hand; whoever makes one of these tests fail has moved what is stored.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from domain.alerts import acts
from domain.assembly import aggregates
from domain.campaigns import sums as campaigns
from domain.care import life
from domain.complaints.surges import hourly
from domain.complaints.surges import summary as surges
from domain.customer import cause, lived, parts, recent, state
from domain.experience import paths, remarks
from domain.kernel import scales
from domain.policy import alerts
from domain.propensity import examples, features
from domain.propensity import summary as propensity
from domain.relationship import customer_state, lifecycle, progress
from domain.satisfaction import sums, tallies
from domain.segmentation import summary as segments
from domain.value import snapshot

NUMBERS: dict[str, tuple[Mapping[Any, int], str, int]] = {
    "tiers": (scales.TIER_INDEX, "standard prospect key vip private", 0),
    "factors": (scales.FACTOR_INDEX, "product service relationship convenience brand price", 1),
    "channels": (
        scales.CHANNEL_INDEX,
        "app web branch call_centre sms email wechat atm mail other"
        " sales dealer advertisement event reception delivery social",
        0,
    ),
    "stages of a journey": (scales.STAGE_INDEX, " before purchase after", 0),
    "kinds of remarks": (remarks.KIND_INDEX, "suggestion comment_card", 1),
    "obstacles": (paths.OBSTACLE_INDEX, "error wait unresolved abandoned complaint", 1),
    "statuses of a complaint": (
        lived.STATUS_INDEX,
        " opened acknowledged resolved reopened withdrawn",
        0,
    ),
    "kinds of alerts": (
        alerts.ALERT_INDEX,
        "vip_complaint vip_dissatisfied vip_balance_drop vip_new vip_long_wait large_transaction"
        " complaint_escalated vip_churn_risk promise_broken account_anomaly vip_outrage"
        " offer_window service_failing",
        0,
    ),
    "kinds of signals": (
        cause.SIGNAL_INDEX,
        "repeat_memory_overflow unknown_currency account_overflow complaint_overflow"
        " merge_circle inspection_overdue care_unknown care_out_of_order",
        0,
    ),
    "customer states": (
        customer_state.STATE_INDEX,
        "potential target first_time repeat loyal at_risk lost reactivated",
        0,
    ),
    "lifecycle phases": (
        lifecycle.PHASE_INDEX,
        "exploration decline formation stability",
        0,
    ),
    "relationship stages": (
        progress.STAGE_INDEX,
        "basic cooperative interdependent unknown",
        0,
    ),
    "states of care": (
        life.STATE_INDEX,
        "proposed approved done declined feedback expired",
        0,
    ),
    "actions of the desk": (
        acts.ACTIONS,
        "acknowledged resolved snoozed reopened assigned noted",
        1,
    ),
}

FIELDS = {
    parts.Core: "events event_xor newest first transactions transaction_sum repeats first_page"
    " sealed_pages open_page other_parts tier tier_due complaint_due promise_due judged complaints"
    " complaints_open complaints_overdue oldest_complaint irregular_steps first_purchase"
    " memory_overflows suppressed_alerts signalled alerted alerts_of_day window oldest_click"
    " newest_click segment segment_changes entered_with born relation relation_due churn_high"
    " first_campaign away_since desk_due erased_at turn_due inspection_due care_due",
    parts.Ledger: "purchases purchase_days value times blocks first_day first_value products"
    " channels contacts has_margin phase stage phase_due returned refunds lately",
    parts.Amounts: "credit debit",
    parts.Answers: "newest",
    parts.Money: "settled points changes peaks",
    parts.Promise: "contact_id at event_id due done_at judged channel agent_id branch_id",
    parts.Mood: "epoch half_life_ms sums pending promises days",
    parts.Journey: "runs good bad kept broken broken_at csat wait remarks steps obstacles",
    parts.Step: "at event_id status channel severity factor category product complex compensation",
    parts.Case: "complaint_id steps raised irregular dropped_steps compensated",
    parts.Cases: "cases reopened_after",
    parts.File: "fields pins owners said",
    parts.Referrals: "told_to told told_purchases told_relation referred dropped",
    parts.Contacts: "newest",
    parts.Habits: "feedback clicked converted declined abandoned",
    parts.Health: "days unresolved told organisations key_since vip_since planned inspected"
    " overdue",
    parts.Open: "number kind at raised since priority level due done snoozed reason cause"
    " complaint_id",
    parts.Held: "due kind at event_id channel reason about",
    parts.Desk: "open early held unmatched forgotten of_kind opted_out words closed",
    parts.Remarks: "counts kept early in_time late unanswered",
    parts.Cared: "task_id occasion means text_key at due expires budget channel plan approver steps"
    " told followed",
    parts.Care: "tasks waiting made week later judged gone rated score_sum spent last_done left_out"
    " unmatched",
    parts.Mailings: "waiting early sent answered newest",
    examples.Head: "next dropped told began",
    propensity._Packed: "format partition clock dropped examples",
    aggregates._Form: "customers complaints_open complaints_overdue",
    hourly.Hour: "count examples",
    surges._Packed: "format partition newest first series",
    snapshot._Packed: "format partition clock day rules_id columns",
    segments._Packed: "format partition clock features customers columns",
    tallies.Form: "epoch half_life_ms tally name refused looked",
    parts.Mailing: "sent opened clicked converted opted_out newest reminders cost revenue receipts"
    " clicks",
    parts.Campaigns: "mailings dropped",
    campaigns.Sums: "first newest sent reminders opened clicked converted opted_out answered cost"
    " expenses revenue receipts ratings rated dropped",
}

TUPLES = {
    parts.Moment: "at weight score factor channel stage event_id",
    parts.Block: "number purchase_days purchases value moved",
    parts.Run: "start end peak last",
    snapshot.Figures: "recency_days frequency monetary relational clv clv_below_zero growable"
    " relational_sales",
    parts.Remark: "at event_id kind factor channel answered_at",
    parts.CareStep: "at mark action score cost",
    parts.Awaited: "at mark campaign channel hour tier segment recency frequency monetary"
    " satisfaction sent_before answered_before answered_at",
    examples.Example: "at answered known",
    features.Known: "channel hour tier segment recency frequency monetary satisfaction sent"
    " answered",
    parts.Referred: "at version clv repeats first_day last_day mean_spend",
}


@pytest.mark.parametrize("scale", NUMBERS)
def test_a_stored_number_never_moves(scale: str) -> None:
    index, names, first = NUMBERS[scale]
    pinned = {name: number for number, name in enumerate(names.split(" "), first)}
    assert {name: index[name] for name in pinned} == pinned
    assert sorted(index.values()) == list(range(first, first + len(index)))


@pytest.mark.parametrize("form", FIELDS, ids=lambda form: f"{form.__module__}.{form.__name__}")
def test_a_stored_field_never_moves(form: type[msgspec.Struct]) -> None:
    pinned = FIELDS[form].split()
    assert list(form.__struct_fields__[: len(pinned)]) == pinned
    later = msgspec.structs.fields(form)[len(pinned) :]
    assert not any(field.required for field in later), "what is appended has a default"


@pytest.mark.parametrize("form", TUPLES, ids=lambda form: f"{form.__module__}.{form.__name__}")
def test_a_stored_place_in_a_tuple_never_moves(form: type[tuple[object, ...]]) -> None:
    pinned = TUPLES[form].split()
    assert list(form._fields[: len(pinned)]) == pinned  # type: ignore[attr-defined]


def test_codes_of_clicks_never_move() -> None:
    codes = (
        recent.NOT_A_CLICK,
        recent.LAUNCH_ICON,
        recent.LAUNCH_PUSH,
        recent.TAB_SWITCH,
        recent.FUNCTION_VISIT,
        recent.ACCOUNT_MESSAGE,
        recent.NEWS_MESSAGE,
        recent.NEWS_VIEW,
        recent.ERROR,
    )
    assert codes == tuple(range(9)) and recent.CODES == 9
    types = (
        "transaction", "complaint", "survey", "service_contact", "feedback", "profile", "campaign",
        "care", "desk",
    )  # fmt: skip
    assert [recent.CODE_OF_TYPE[name] for name in types] == [*range(16, 25)]


def test_marks_and_letters_of_parts_never_move() -> None:
    assert [1 << bit for bit in range(21)] == [
        state.CORE, state.MONEY, state.MOOD, state.CASES, state.FILE, state.SPILL, state.PAGES,
        state.LEDGER, state.ANSWERS, state.BLOCKS, state.AMOUNTS, state.DESK, state.JOURNEY,
        state.REFERRALS, state.CONTACTS, state.IDENTITY, state.HABITS,
        state.HEALTH, state.CAMPAIGNS, state.CARE, state.MAILINGS,
    ]  # fmt: skip
    assert {mark: letter.decode() for mark, letter in state.LETTERS.items()} == {
        2: "m", 4: "s", 8: "x", 16: "r", 128: "l", 256: "a", 1024: "n", 2048: "o", 4096: "j",
        8192: "f", 16384: "k", 32768: "i", 65536: "h", 131072: "v", 262144: "g",
        524288: "u", 1048576: "q",
    }  # fmt: skip
    assert (state.PAGE_LETTER, state.BLOCK_LETTER) == (b"p", b"d")


def test_places_in_a_tally_never_move() -> None:
    places = ("WEIGHT", "SCORE", "GOOD", "BAD", "KEPT", "BROKEN", "CONTACTS", "WAITED")
    assert [getattr(tallies, name) for name in places] == list(range(8))


def test_an_eleventh_channel_cannot_become_a_stage() -> None:
    factors = set(range(1, len(scales.FACTORS) + 1))
    cells = [sums.channel_cell(number) for number in scales.CHANNEL_INDEX.values()]
    assert cells == [*range(10, 20), *range(40, 47)]
    channels = set(cells)
    stages = {sums.FIRST_STAGE + number for number in scales.STAGE_INDEX.values() if number}
    assert (min(channels), min(stages), sums.FIRST_DAY) == (10, 20, 100)
    assert not channels & stages and not factors & channels
    assert max(stages | channels) < sums.FIRST_DAY
