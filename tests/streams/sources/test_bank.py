"""The simulated bank: same seed, same bank; its shares as told; its figures coherent."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, get_args

import pytest

from domain.alerts.ids import first_id
from schemas.codec import Bad, decode, misplaced
from schemas.topics import TOPIC_OF_TYPE
from schemas.touchpoints import Desk
from streams.sources import SourceError
from streams.sources.bank import START, Bank, Mix
from streams.sources.lines import Record
from streams.sources.population import BEHAVIOURS, LURKER, QUALITY, WEALTH

pytestmark = pytest.mark.long

Event = dict[str, Any]


def clean(seed: int, customers: int, **more: Any) -> Bank:
    return Bank(seed, customers, **({"repeats": 0.0, "late": 0.0, "bad": 0.0} | more))


def opened(bank: Bank) -> Bank:
    """The bank with its opening behind it."""
    for _ in bank.opening():
        pass
    return bank


def parsed(records: Iterable[Record]) -> list[Event]:
    return [json.loads(record.value) for record in records]


def of_type(events: Iterable[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


def verdict(record: Record) -> str:
    """Why the worker must refuse a record; "" where it must not."""
    event = decode(record.value)
    if isinstance(event, Bad):
        return event.reason
    if record.key != event.customer_id.encode() or record.topic != TOPIC_OF_TYPE[event.type]:
        return misplaced(event, record.topic, record.key).reason
    return "in_future" if event.occurred_at.year > START.year + 10 else ""


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (list(islice(Bank(7, 200).events(), 20_000)) for _ in range(2))
    assert first == second


def test_another_seed_or_start_shares_no_event_id() -> None:
    banks = [Bank(7, 50), Bank(8, 50), Bank(7, 50, start=START + timedelta(hours=1))]
    ids = [{event["event_id"] for event in parsed(clean_part(bank))} for bank in banks]
    assert not (ids[0] & ids[1] or ids[0] & ids[2] or ids[1] & ids[2])


def clean_part(bank: Bank) -> list[Record]:
    return [record for record in islice(bank.events(), 3_000) if not record.is_bad]


def test_good_records_are_accepted_and_bad_ones_refused_for_the_reason_they_bear() -> None:
    records = list(islice(Bank(3, 500, bad=0.05).events(), 60_000))
    wrong = [record for record in records if verdict(record) != record.bad]
    assert wrong == []
    made = Counter(record.bad for record in records if record.is_bad)
    assert set(made) == {
        "not_json", "invalid", "empty", "missing_key", "key_mismatch", "in_future", "wrong_topic",
        "too_large",
    }  # fmt: skip


def test_event_ids_of_good_records_differ_unless_they_are_whole_repeats() -> None:
    records = list(islice(Bank(3, 500, repeats=0.05).events(), 40_000))
    by_id: defaultdict[str, set[bytes]] = defaultdict(set)
    for record in records:
        if not record.is_bad:
            by_id[json.loads(record.value)["event_id"]].add(record.value)
    assert {len(values) for values in by_id.values()} == {1}


def test_the_opening_tells_every_customer_and_every_balance_before_the_start() -> None:
    bank = clean(4, 400)
    events = parsed(bank.opening())
    profiles, payments = of_type(events, "profile"), of_type(events, "transaction")
    assert len(profiles) == len({event["customer_id"] for event in profiles}) == 400
    assert events == profiles + payments
    assert {event["customer_id"] for event in payments} == {
        event["customer_id"] for event in profiles
    }
    assert all("balance_after" in event for event in payments)
    times = [event["occurred_at"] for event in events]
    assert times == sorted(times)
    assert times[-1] < "2026-01-05T00:00:00.000Z"


def test_what_happens_has_the_shares_that_are_told() -> None:
    events = parsed(islice(opened(clean(5, 2_000)).days(), 100_000))
    share = {kind: count / 100_000 for kind, count in Counter(e["type"] for e in events).items()}
    # The standard error of the largest is 0.0015; stories' later steps take about 0.015 of all.
    assert share["app_click"] == pytest.approx(0.70, abs=0.02)
    assert share["transaction"] == pytest.approx(0.22, abs=0.01)
    assert {kind for kind in TOPIC_OF_TYPE} - set(share) == {"care", "desk"}


def test_repeats_late_and_bad_records_have_their_shares() -> None:
    total = 100_000
    bank = opened(Bank(6, 2_000, repeats=0.03, late=0.04, bad=0.02))
    seen: set[bytes] = set()
    repeats = late = bad = 0
    newest = ""
    for record in islice(bank.days(), total):
        if record.is_bad:
            bad += 1
        elif record.value in seen:
            repeats += 1
        else:
            at = json.loads(record.value)["occurred_at"]
            late += at < newest and seconds_between(at, newest) >= 55
            newest = max(newest, at)
            seen.add(record.value)
    assert repeats / total == pytest.approx(0.03, abs=0.002)
    assert late / total == pytest.approx(0.04, abs=0.003)
    assert bad / total == pytest.approx(0.02, abs=0.002)


def seconds_between(first: str, second: str) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


def test_late_events_are_a_minute_to_six_hours_old() -> None:
    now = int(START.timestamp() * 1000)
    bank = opened(clean(6, 500, late=0.5, now=lambda: now))
    ages = [
        now / 1000 - datetime.fromisoformat(event["occurred_at"]).timestamp()
        for event in parsed(islice(bank.days(), 5_000))
    ]
    old = [age for age in ages if age > 0]
    assert 0.4 < len(old) / len(ages) < 0.6
    assert min(old) >= 60 and max(old) <= 6 * 3600


def test_behaviours_and_wealth_have_their_sizes() -> None:
    people = clean(7, 20_000, vip_share=0.1)._people
    behaviours = Counter(people.behaviour)
    for place, behaviour in enumerate(BEHAVIOURS):
        assert behaviours[place] / 20_000 == pytest.approx(behaviour.share, abs=0.01)
    wealth = Counter(WEALTH[rank] for rank in people.wealth)
    assert (wealth["vip"] + wealth["private"]) / 20_000 == pytest.approx(0.1, abs=0.01)
    assert wealth["private"] / 20_000 == pytest.approx(0.01, abs=0.003)


def test_a_week_in_the_app_is_that_of_the_published_case() -> None:
    bank = opened(clean(8, 2_000))
    weeks = 2.0
    kind_of = dict(zip(bank._people.ids, bank._people.behaviour, strict=True))
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    records = islice(bank.days(), round(bank.events_per_day * 7 * weeks))
    for click in of_type(parsed(records), "app_click"):
        counts[kind_of[click["customer_id"]]][click["action"] + click.get("source", "")] += 1
    sizes = Counter(bank._people.behaviour)
    for place, behaviour in enumerate(BEHAVIOURS):
        found, customers = counts[place], sizes[place] * weeks
        assert found["account_message"] / customers == pytest.approx(
            behaviour.account_message, rel=0.15
        )
        assert found["function_visit"] / customers == pytest.approx(
            behaviour.function_visit, rel=0.15
        )
    lurkers = counts[1]
    launches = lurkers["launchpush"] + lurkers["launchicon"]
    assert lurkers["launchpush"] / launches == pytest.approx(0.638, abs=0.02)


def test_a_history_is_the_clicks_of_those_days_customer_by_customer() -> None:
    now, days = 1_800_000_000_000, 5.0
    bank = opened(clean(15, 3_000, now=lambda: now))
    clicks = parsed(bank.history(days))
    assert {click["type"] for click in clicks} == {"app_click"}
    assert len({click["event_id"] for click in clicks}) == len(clicks)
    places = [(click["customer_id"], click["occurred_at"]) for click in clicks]
    assert places == sorted(places)
    ages = [now / 1000 - datetime.fromisoformat(at).timestamp() for _, at in places]
    assert 0 <= min(ages) < 60 and days * 86_400 - 60 < max(ages) <= days * 86_400
    kind_of = dict(zip(bank._people.ids, bank._people.behaviour, strict=True))
    sizes, counts = Counter(bank._people.behaviour), Counter(kind_of[who] for who, _ in places)
    for place, behaviour in enumerate(BEHAVIOURS):
        weekly = counts[place] / sizes[place] * 7 / days
        assert weekly == pytest.approx(behaviour.weekly, rel=0.1), "activity varies by a quarter"


def test_no_history_changes_nothing() -> None:
    bank, same = opened(Bank(16, 50)), opened(Bank(16, 50))
    assert list(bank.history(0.0)) == []
    assert list(islice(bank.days(), 500)) == list(islice(same.days(), 500))


def test_an_awakened_lurker_lives_a_quality_week_within_a_day() -> None:
    mix = Mix(app_click=0.01, transaction=0.98, awakening=0.005)
    bank = opened(clean(17, 3_000, mix=mix, haste=100.0))
    before = list(bank._people.behaviour)
    clicks = of_type(parsed(islice(bank.days(), 60_000)), "app_click")
    awake = {
        bank._people.ids[place]
        for place, (old, new) in enumerate(zip(before, bank._people.behaviour, strict=True))
        if old != new
    }
    assert len(awake) > 100
    lives: defaultdict[str, list[str]] = defaultdict(list)
    for click in clicks:
        if click["customer_id"] in awake:
            lives[click["customer_id"]].append(click["occurred_at"])
    whole = [
        times for times in lives.values() if times[0] < clicks[len(clicks) // 2]["occurred_at"]
    ]
    spans = [seconds_between(times[0], times[-1]) for times in whole]
    week = BEHAVIOURS[QUALITY].weekly
    assert sum(map(len, whole)) / len(whole) == pytest.approx(week, rel=0.1)
    assert sum(spans) / len(spans) < 2 * 86_400 / 100
    assert {before[bank._people.ids.index(one)] for one in awake} == {LURKER}


def test_balances_run_on_from_one_payment_to_the_next() -> None:
    bank = Bank(9, 300, late=0.05, bad=0.0, repeats=0.0)
    balances: dict[str, Decimal] = {}
    told = 0
    for payment in of_type(parsed(islice(bank.events(), 40_000)), "transaction"):
        if "balance_after" not in payment:
            continue
        after, amount = Decimal(str(payment["balance_after"])), Decimal(str(payment["amount"]))
        change = amount if payment["direction"] == "credit" else -amount
        before = balances.get(payment["account_id"])
        assert before is None or before + change == after
        assert after >= 0
        balances[payment["account_id"]] = after
        told += 1
    assert told > 8_000
    assert len(balances) > 300, "some customers have several accounts"


def test_large_payments_drops_and_windfalls_happen() -> None:
    bank = opened(clean(10, 500, vip_share=0.3))
    large = drops = rises = 0
    for payment in of_type(parsed(islice(bank.days(), 60_000)), "transaction"):
        amount, after = payment["amount"], payment["balance_after"]
        credit = payment["direction"] == "credit"
        large += amount >= 100_000
        drops += not credit and amount >= 0.3 * (after + amount)
        rises += credit and amount >= 0.3 * after and after > 200_000
    assert min(large, drops, rises) >= 5


def lives(bank: Bank, records: int) -> dict[str, list[Event]]:
    found: defaultdict[str, list[Event]] = defaultdict(list)
    for event in of_type(parsed(islice(bank.days(), records)), "complaint"):
        found[event["complaint_id"]].append(event)
    return dict(found)


def test_complaints_live_their_lives_in_order() -> None:
    mix = Mix(app_click=0.1, transaction=0.1, complaint=0.8)
    found = lives(opened(clean(11, 200, mix=mix)), 60_000)
    endings = Counter()  # type: Counter[str]
    for steps in found.values():
        states = [step["status"] for step in steps]
        times = [step["occurred_at"] for step in steps]
        assert states[0] == "opened" and times == sorted(times)
        assert {step["customer_id"] for step in steps} == {steps[0]["customer_id"]}
        assert states.count("acknowledged") <= 1 and states.count("reopened") <= 1
        if "reopened" in states:
            assert states[states.index("reopened") - 1] == "resolved"
        endings[states[-1]] += 1
        endings["reopened once"] += "reopened" in states
        endings["unacknowledged"] += "acknowledged" not in states
    assert min(endings[state] for state in (
        "opened", "acknowledged", "resolved", "withdrawn", "reopened once", "unacknowledged"
    )) > 50  # fmt: skip


def test_some_acknowledgements_come_too_late() -> None:
    mix = Mix(app_click=0.1, transaction=0.1, complaint=0.8)
    bank = opened(clean(11, 200, mix=mix, vip_share=1.0))
    delays = [
        seconds_between(steps[0]["occurred_at"], steps[1]["occurred_at"])
        for steps in lives(bank, 60_000).values()
        if len(steps) > 1 and steps[1]["status"] == "acknowledged"
    ]
    late = sum(delay > 3_600 for delay in delays) / len(delays)
    assert late == pytest.approx(0.12 / 0.92, abs=0.02)  # the VIP promise is one hour


def test_haste_shortens_stories_only() -> None:
    mix = Mix(app_click=0.1, transaction=0.1, complaint=0.8)
    slow, fast = (
        [
            seconds_between(steps[0]["occurred_at"], steps[-1]["occurred_at"])
            for steps in lives(opened(clean(12, 50, mix=mix, haste=haste)), 30_000).values()
            if steps[-1]["status"] == "withdrawn"
        ]
        for haste in (1.0, 100.0)
    )
    assert sum(slow) / len(slow) > 20 * sum(fast) / len(fast)


def test_a_live_bank_stamps_the_time_it_is_handed() -> None:
    now = 1_800_000_000_000
    bank = clean(13, 20, now=lambda: now)
    first = parsed(islice(bank.events(), 50))
    now += 1_500
    second = parsed(islice(bank.days(), 50))
    assert {event["occurred_at"] for event in first} == {"2027-01-15T08:00:00.000Z"}
    assert {event["occurred_at"] for event in second} == {"2027-01-15T08:00:01.500Z"}


def test_the_last_record_happens_when_it_was_asked_to() -> None:
    bank = Bank(14, 500)
    end = datetime(2026, 3, 1, 12, tzinfo=UTC)
    bank.end_at(end, 20_000)
    events = [r for r in islice(opened(bank).days(), 20_000) if not r.is_bad]
    newest = max(event["occurred_at"] for event in parsed(events))
    assert abs(datetime.fromisoformat(newest) - end) < timedelta(minutes=15)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"customers": 0}, "customers must be 1 or more, not 0"),
        ({"vip_share": 1.5}, "vip_share must be a share from 0 to 1, not 1.5"),
        ({"late": -0.1}, "late must be a share from 0 to 1"),
        ({"repeats": 0.4, "bad": 0.2}, "must leave room for ordinary records"),
        ({"haste": 0.0}, "haste must be above 0"),
        ({"start": datetime(2026, 1, 1)}, "start needs an offset"),
    ],
)
def test_a_bank_that_cannot_be_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        Bank(1, **given)


def test_people_at_the_desk_act_on_alerts_that_come_and_on_a_share_of_them() -> None:
    bank = opened(clean(31, 400, vip_share=0.5, desk=0.5, mix=Mix(complaint=0.2), haste=60.0))
    events = [json.loads(record.value) for record in islice(bank.days(), 20_000)]
    told = {
        first_id("vip_complaint", event["customer_id"], "complaint", event["event_id"])
        for event in events
        if event["type"] == "complaint" and event["status"] in ("opened", "reopened")
    }
    acts = [event for event in events if event["type"] == "desk"]
    seen = {event["alert_id"] for event in acts}
    assert seen <= told
    assert len(seen) / len(told) == pytest.approx(0.25, abs=0.06)  # half of the VIPs' half
    actions = get_args(Desk.model_fields["action"].annotation)
    # nobody of the bank ticks off the steps of a playbook yet
    assert {event["action"] for event in acts} == set(actions) - {"ticked"}
    assert all(not isinstance(decode(json.dumps(event).encode()), Bad) for event in acts)
