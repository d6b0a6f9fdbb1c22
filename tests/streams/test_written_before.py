"""What commit 960bda6 wrote is read, restored and replayed by this version: without a broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from agents.modelling import snapshot_key, snapshot_kind
from agents.modellings import modellings
from domain.alerts.ids import CAUSE_BYTES
from domain.assembly.erasures import PREFIX as ERASED
from domain.campaigns.sums import PREFIX as CAMPAIGNS
from domain.care.life import STATES
from domain.customer import parts
from domain.customer import state as state_records
from domain.customer.answers import FAILURE, OFFER
from domain.customer.recent import CODES, ENTRY_BYTES, NOT_A_CLICK
from domain.customer.state import LETTERS, Customer
from domain.propensity.examples import PREFIX as EXAMPLES
from schemas.codec import encode
from schemas.topics import (
    ALERTS,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    DEAD_LETTERS,
    PARTITION_SUMMARIES,
    PORTFOLIO,
    REFERRALS,
    SEGMENT_MODEL,
    SEGMENT_UPDATES,
    SIGNALS,
)
from streams.cli import app
from streams.engine.checkpoint import (
    CHECKPOINT_KEY,
    SHARED_PREFIX,
    dump_checkpoint,
    load_checkpoint,
)
from streams.engine.store import MemoryStore
from streams.queries.scores import score_rows, scorecards_of
from streams.queries.state import exported
from tests.chaos.test_recording import by_customer, played
from tests.streams.kept import CLOCKS, POLICY, Kept, of_then, without_new

OUTPUTS = (
    ALERTS, CARE_TASKS, CUSTOMER_TRANSITIONS, DEAD_LETTERS, REFERRALS, SEGMENT_UPDATES, SIGNALS,
)  # fmt: skip
pytestmark = pytest.mark.long

NOTES = (FAILURE, OFFER)
NEW_FILES = {"alert-states.jsonl", "campaigns.jsonl", "propensity-model.json"}
FAILING = b'"kind":"service_failing"'
FURTHER_STATES = tuple(f'"state":"{state}"'.encode() for state in STATES[1:])
FORM_OF = {
    b"c": parts.Core, b"m": parts.Money, b"s": parts.Mood, b"x": parts.Cases, b"r": parts.File,
    b"l": parts.Ledger, b"a": parts.Answers, b"n": parts.Amounts, b"j": parts.Journey,
    b"f": parts.Referrals, b"k": parts.Contacts, b"o": parts.Desk,
}  # fmt: skip
OWN_IDS = ("alert_id", "signal_id", "task_id", "transition_id", "update_id", "referral_id")
TELL_A_REASON = ("reason_key", "reason_args")
# what alerts of complaints tell since
NEW_IN_OUTPUTS = (*TELL_A_REASON, "next_step", "solution")
NEW_OR_OWN = (*OWN_IDS, *NEW_IN_OUTPUTS)
# what is kept since, by record: how the consent came about, and campaigns that need no offer
NEW_FIELDS: dict[bytes, dict[str, Any]] = {
    LETTERS[state_records.FILE]: {"said": {}},
    LETTERS[state_records.DESK]: {"opted_out": {}, "words": {}, "closed": {}},
    LETTERS[state_records.CASES]: {"reopened_after": -1},
    LETTERS[state_records.LEDGER]: {"lately": []},
    LETTERS[state_records.JOURNEY]: {
        "remarks": None,
        "steps": {},
        "obstacles": [],
        "poor": (0, ""),
        "poor_otherwise": 0,
        "first_impression": 0,
    },
}
PART_OF = {
    state_records.MONEY: "money", state_records.MOOD: "mood", state_records.CASES: "cases",
    state_records.FILE: "file", state_records.LEDGER: "ledger", state_records.ANSWERS: "answers",
    state_records.AMOUNTS: "amounts", state_records.JOURNEY: "journey",
    state_records.REFERRALS: "referrals", state_records.CONTACTS: "contacts",
    state_records.DESK: "desk",
}  # fmt: skip


@pytest.fixture(scope="module", params=CLOCKS)
def kept(request: pytest.FixtureRequest) -> Kept:
    return Kept(request.param)


# -- replayed -----------------------------------------------------------------------------


def test_its_record_is_replayed_to_the_bytes_it_gave_then(kept: Kept, tmp_path: Path) -> None:
    record, before = kept.unpacked("record", tmp_path), kept.unpacked("replayed", tmp_path)
    done = CliRunner().invoke(app, ["replay", str(record), "--out", str(tmp_path / "now")])
    assert done.exit_code == 0, done.output
    names = sorted(file.name for file in before.iterdir())
    made = {file.name for file in (tmp_path / "now").iterdir()}
    assert sorted(made - NEW_FILES) == names
    for name in names:
        then, now = (before / name).read_bytes(), (tmp_path / "now" / name).read_bytes()
        if name == "summary.json":
            assert timeless(now) == timeless(then)
        elif name == "customers.jsonl":
            alerts = (tmp_path / "now" / "alerts.jsonl").read_bytes().splitlines()
            failing = {json.loads(line)["customer_id"] for line in alerts if FAILING in line}
            assert but_for_settled(now, then, failing), name
        else:
            assert told_then(as_before(now)) == as_before(then).splitlines(), name


def test_its_record_gives_what_its_workers_sent_but_for_what_was_changed_on_purpose(
    kept: Kept, tmp_path: Path
) -> None:
    playback = played(kept.unpacked("record", tmp_path))
    all_told = [(topic, value) for topic, value in playback.play() if topic in OUTPUTS]
    outputs = [(topic, unnamed(value)) for topic, value in all_told if as_before(value)]
    lay = [(topic, one.value or b"") for topic in OUTPUTS for one in kept.records(topic)]
    lay = [(topic, value) for topic, value in lay if as_before(value)]
    # 64 accounts were too many, 1,024 are now
    sent = [(topic, unnamed(value)) for topic, value in lay if b'"account_overflow"' not in value]
    now, then = by_customer(outputs), by_customer(sent)
    rejudged = {key for key in now.keys() | then.keys() if now.get(key) != then.get(key)}
    assert {topic for topic, _ in rejudged} <= {ALERTS}
    assert rejudged
    for key in rejudged:
        assert first_told(now[key]) == first_told(then[key]), key
    assert (playback.left_out, playback.gaps) == (0, 0)
    # the desk named alerts by the ids they had then
    told = {customer.encode() for topic, customer in now if topic == ALERTS}
    failing = (json.loads(value) for _, value in all_told if FAILING in value)
    told |= {alert["customer_id"].encode() for alert in failing}
    for number in range(kept.partitions):
        written = dict(playback.partitions[number].store.items())
        assert plain(written, told) == plain(dict(kept.store(number).items()), told)


def but_for_settled(now: bytes, then: bytes, failing: set[str]) -> bool:
    """Whether customers are the same, but that alerts whose matter is settled count no more, and
    those of service that fails, of these customers, do."""
    counted = ("alerts_open", "alerts_acknowledged", "alerts_forgotten")
    told, before = ([json.loads(line) for line in lines.splitlines()] for lines in (now, then))
    fewer = all(
        one[name] <= was[name] or one["customer_id"] in failing
        for one, was in zip(told, before, strict=True)
        for name in counted
    )
    for one in (*told, *before):
        for name in counted:
            del one[name]
    return fewer and [*map(without_new, told)] == [*map(without_new, before)]


def as_before(lines: bytes) -> bytes:
    """Lines but for moves of the lifecycle phase, which counts from first_seen of the profile now,
    and what is new: tasks of answers and apologies that are owed and of promises that are
    compensated, notices of service that fails, inspections, tasks of plans and what became of
    tasks."""
    changed = (
        b'"dimension":"lifecycle_phase"', b'"occasion":"answer"', FAILING,
        b'"occasion":"service_notice"', b'"kind":"inspection_overdue"', b'"plan":"',
        b'"occasion":"care_follow_up"', b'"kind":"care_', *FURTHER_STATES,
        b'"occasion":"apology"', b'"reason_key":"compensation.promise"',
    )  # fmt: skip
    # an event before which something falls due is marked late too
    lines = lines.replace(b'"late":true', b'"late":false')
    kept = [line for line in lines.splitlines() if not any(each in line for each in changed)]
    return b"\n".join(kept)


def told_then(lines: bytes) -> list[bytes]:
    """Lines without what tells a reason in other languages."""
    return [
        msgspec.json.encode({key: told[key] for key in told if key not in NEW_IN_OUTPUTS})
        if TELL_A_REASON[0].encode() in line and isinstance(told := json.loads(line), dict)
        else line
        for line in lines.splitlines()
    ]


def unnamed(value: bytes) -> bytes:
    """An output without its own id, whose parts go in otherwise now."""
    told = json.loads(value)
    told.pop("late", None)
    if told.pop("held_until", None):  # new, and said in the reason too
        told["reason"] = told["reason"].partition(" Topics hold its records")[0]
    if "detail" in told:  # times have a last year now, too
        told["detail"] = told["detail"].replace("from 1971 on,", "from 1971 to 2200,")
        if told["reason"] == "in_future" or '"2999-' in told["detail"]:  # 2999 is no year any more
            del told["reason"], told["detail"]
    return msgspec.json.encode({name: told[name] for name in told if name not in NEW_OR_OWN})


def first_told(alerts: list[bytes]) -> list[dict[str, object]]:
    """Alerts without their priority, which goes by the state after all rules now, without what
    follows from a priority of 1: that they are raised again, and without drops of a balance: one
    account in two currencies was one balance that fell from the one to the other."""
    told = [json.loads(alert) for alert in alerts]
    return [
        {name: one[name] for name in one if name not in ("priority", "priority_reason")}
        for one in told
        if not one.get("raises_again") and one["kind"] != "vip_balance_drop"
    ]


def plain(records: dict[bytes, bytes], told: set[bytes]) -> dict[bytes, object]:
    """State records without what is new on purpose, and of customers whose alerts are judged
    otherwise without what is kept of alerts, and the timers of these."""
    found = {key: plain_record(key, value, key[1:] in told) for key, value in records.items()}
    return {key: value for key, value in found.items() if value is not None}


def plain_record(key: bytes, value: bytes, told: bool) -> object:
    """A record as it is read, without what is new; ``None`` for what is to be left aside."""
    letter = key[:1]
    if key == CHECKPOINT_KEY:  # the form is a newer one
        return msgspec.structs.replace(load_checkpoint(value), format=1)
    new = (SHARED_PREFIX + ERASED, SHARED_PREFIX + CAMPAIGNS, SHARED_PREFIX + EXAMPLES)
    if letter == LETTERS[state_records.MONEY] or key.startswith(new):
        return None  # a balance for each currency of an account, marks of erasures, campaigns
    since = (
        state_records.HABITS, state_records.HEALTH, state_records.CAMPAIGNS, state_records.CARE,
        state_records.MAILINGS,
    )  # fmt: skip
    if letter in (b"t", *map(LETTERS.__getitem__, since)):
        return None  # these parts are kept since, and inspections and care fall due
    if told and letter == LETTERS[state_records.DESK]:
        return None
    if letter == b"c" and value[:1] == bytes((parts.FORMAT,)):
        return plain_core(state_records.decode_core(value), told)
    if letter == state_records.PAGE_LETTER and len(value) == 1 + 16 * ENTRY_BYTES:
        return without_types(value[1:])
    if letter not in FORM_OF:
        return value
    part = decoded(key, value)
    if letter == LETTERS[state_records.LEDGER]:  # the phase counts from first_seen of the profile
        part.phase = part.phase_due = 0
    if letter == LETTERS[state_records.ANSWERS]:
        return {name: part.newest[name] for name in part.newest if name not in NOTES} or None
    for name, blank in NEW_FIELDS.get(letter, {}).items():
        setattr(part, name, blank)
    for opened in getattr(part, "open", ()):
        opened.number, opened.late = opened.number[:CAUSE_BYTES], False
    for case in getattr(part, "cases", ()):  # that a step says it is not complex is new
        case.steps = [msgspec.structs.replace(step, simple=False) for step in case.steps]
    # nothing but a poor moment is kept of some
    return None if part == parts.Journey() else part


def plain_core(core: parts.Core, told: bool) -> parts.Core:
    """A core without what is new, nor when the tier falls: the balance is one for each currency."""
    since = (
        state_records.HABITS | state_records.HEALTH | state_records.CAMPAIGNS
        | state_records.MAILINGS | state_records.JOURNEY
    )  # fmt: skip
    core.other_parts &= ~(state_records.ANSWERS | state_records.DESK | since)
    core.other_parts &= ~state_records.CARE
    core.inspection_due = core.answer_due = 0
    core.open_page = bytearray(without_types(core.open_page))
    core.tier_due = core.relation_due = core.care_due = 0
    if told:
        core.alerted, core.alerts_of_day = {}, []
        core.desk_due = core.turn_due = 0
        core.suppressed_alerts = core.judged = 0
        # clicks leave the window when the customer is next looked at, and alerts' states look too
        core.window, core.oldest_click = [], 0
    return core


def without_types(packed: bytes | bytearray) -> bytes:
    """Remembered events of which only clicks tell what they are: the types of others are new."""
    entries = len(packed) // ENTRY_BYTES
    codes = [code if code < CODES else NOT_A_CLICK for code in packed[entries * 16 :]]
    return bytes(packed[: entries * 16]) + bytes(codes)


def timeless(summary: bytes) -> dict[str, object]:
    """A summary without how long it took."""
    told = json.loads(summary)
    return {name: told[name] for name in told if name not in ("seconds", "events_per_second")}


# -- restored -----------------------------------------------------------------------------


def test_its_changelog_gives_the_figures_it_gave_then(kept: Kept) -> None:
    lines: list[tuple[str, bytes]] = []
    for number in range(kept.partitions):
        partition = kept.restored(number)
        moment = partition.now if kept.moment is None else kept.moment
        found = exported(partition, moment)
        lines += [(customer, msgspec.json.encode(figures)) for customer, figures in found]
    assert [of_then(line) for _, line in sorted(lines)] == [
        of_then(one) for one in kept.customers()
    ]


def test_its_scorecards_are_those_its_record_ended_with(kept: Kept, tmp_path: Path) -> None:
    partitions = [kept.restored(number) for number in range(kept.partitions)]
    now = max(partition.now for partition in partitions)
    cards = scorecards_of(partition.context for partition in partitions)
    rows = [msgspec.json.encode(row._asdict()) for row in score_rows(cards, now)]
    before = kept.unpacked("replayed", tmp_path) / "scorecards.jsonl"
    assert rows == before.read_bytes().splitlines()


def test_its_timers_are_those_of_its_customers(kept: Kept) -> None:
    for number in range(kept.partitions):
        partition = kept.restored(number)
        due_of = {}
        for record, _ in partition.store.items():
            if (key := partition.topology.owner(record)) is not None:
                state = partition.state(key)
                assert state is not None
                due_of[key] = state.next_due
        assert partition.timers.due_of == {key: due for key, due in due_of.items() if due}
        assert len(due_of) > 5


def test_every_state_record_it_ever_wrote_is_read_and_written_as_it_was(kept: Kept) -> None:
    for number in range(kept.partitions):
        store, letters = MemoryStore(), set[bytes]()
        for written in kept.transactions(number):
            store.put_all(written)
            for key in {key[1:] for key, value in written if key[:1] == b"c" and value}:
                customer = Customer.load(key.decode(), store.get)
                assert customer is not None
                for record, value in everything(customer):
                    assert decoded(record, store.get(record)) == decoded(record, value), record
                    letters.add(record[:1])
        new = (
            state_records.IDENTITY, state_records.HABITS, state_records.HEALTH,
            state_records.CAMPAIGNS, state_records.CARE, state_records.MAILINGS,
        )  # fmt: skip
        since = {LETTERS[mark] for mark in new}  # kept since
        assert letters == {b"c", b"d", b"p", *LETTERS.values()} - since, number


def decoded(record: bytes, value: bytes | None) -> Any:
    """A record as it is read: fields that were appended since have their defaults."""
    form = FORM_OF.get(record[:1])
    return value if form is None or value is None else msgspec.msgpack.decode(value[1:], type=form)


def everything(customer: Customer) -> Iterator[tuple[bytes, bytes | None]]:
    """All records of a customer, each decoded and written anew."""
    recent, core = customer.recent, customer.core
    pages = range(core.first_page, core.first_page + core.sealed_pages)
    for mark, name in PART_OF.items():
        if customer.has(mark):
            assert getattr(customer, name) is not None
            customer.touch(mark)
    if customer.has(state_records.LEDGER):
        for each in customer.ledger.blocks:
            customer.block(each.number)
            customer.touch_block(each.number)
    if customer.has(state_records.SPILL):
        customer.touch(state_records.SPILL)
    customer.touched |= state_records.CORE
    yield from customer.dump()
    for page in pages:
        yield b"p" + page.to_bytes(4, "big") + customer.customer_id.encode(), recent.page(page)


def test_every_checkpoint_it_ever_wrote_is_read_and_written_to_the_byte(kept: Kept) -> None:
    written = [one for one in kept.records(kept.changelog) if one.key == CHECKPOINT_KEY]
    assert len(written) > 20
    for record in written:
        assert record.value is not None
        checkpoint = load_checkpoint(record.value)
        assert dump_checkpoint(checkpoint) == record.value
    versions = [load_checkpoint(one.value or b"").versions.get("segments", 0) for one in written]
    assert max(versions) > 1


# -- models -------------------------------------------------------------------------------


def test_its_models_are_read_taken_into_use_and_written_to_the_byte(kept: Kept) -> None:
    loads = {making.key: making.load_record for making in modellings(POLICY)}
    partition, kinds = kept.restored(0), set[str]()
    for one in (*kept.records(PORTFOLIO), *kept.records(SEGMENT_MODEL)):
        assert one.key is not None and one.value is not None
        record = loads[one.key](one.value)
        assert encode(record) == one.value
        assert partition.adopt(record) is None
        kinds.add(record.kind)
    assert kinds == {"segments", "standings", "surges"}


def test_its_snapshots_are_read_and_give_a_next_model(kept: Kept) -> None:
    makings = {making.kind: making for making in modellings(POLICY)}
    newest: dict[bytes, Any] = {}
    for one in kept.records(PARTITION_SUMMARIES):
        assert one.key is not None and one.value is not None
        newest[one.key] = makings[snapshot_kind(one.key)].load_summary(one.value)
    since = {"inconsistencies", "propensity"}
    assert {snapshot_kind(key) for key in newest} == set(makings) - since
    for kind in ("segments", "standings"):
        snapshots = [newest[snapshot_key(kind, number)] for number in range(kept.partitions)]
        made = makings[kind].fitter(None).fit(snapshots, 0)
        assert made is not None
        assert made.record.version == 1
