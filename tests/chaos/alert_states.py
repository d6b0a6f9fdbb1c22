"""The judge of what is told of alerts: each that came out has one state, as its events say it.

It shares no code with the product. What was done about an alert counts by its own time: of each
kind the newest, nothing from before the newest reopening but notes and assignments, the furthest.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tests.chaos.expected import Expected, Read, natural
from tests.chaos.record import REFUSED
from tests.chaos.verdict import Verdict

MOST_KEPT = 32
SAME = ("kind", "priority", "occurred_at", "raised_at", "late", "complaint_id")
"""What a state says as its alert did."""
Json = dict[str, Any]


class Stands(NamedTuple):
    """How an alert stands by what was done."""

    status: str
    since: datetime
    by: str | None
    note: str | None
    assignee: str | None


def judge_alert_states(
    verdict: Verdict,
    expected: Expected,
    inputs: Iterable[Read],
    alerts: Sequence[Json],
    told: Iterable[Read],
) -> None:
    """Every alert's state against the alert, its levels, and what people did about it."""
    alive, inputs = _alive(verdict, told), list(inputs)
    acts, ends = _said(expected, inputs)
    happened = _happened(inputs)
    first = {alert["alert_id"]: alert for alert in alerts if "raises_again" not in alert}
    levels: dict[str, Json] = {}
    for alert in alerts:
        root: str = alert.get("raises_again") or alert["alert_id"]
        if _level(alert) >= _level(levels.get(root, alert)):
            levels[root] = alert
    of_person: defaultdict[str, set[str]] = defaultdict(set)
    gone: Counter[str] = Counter()
    for key, alert in first.items():
        person = expected.people.of(alert["customer_id"])
        # what was due after an erasure is gone with what it was due of
        at = [happened[each] for each in alert.get("cause", ()) if each in happened]
        began = min([datetime.fromisoformat(alert["occurred_at"]), *at])
        if began <= expected.people.erased_until(person):
            gone[person] += key in alive
        else:
            of_person[person].add(key)
    for person, keys in sorted(of_person.items()):
        if person in expected.undecided:
            continue
        have = keys & alive.keys()
        if len(have) != min(MOST_KEPT, len(keys)):
            lost = sorted(keys - alive.keys())
            verdict.lost_alert_states.append(f"{person} has {len(have)} of {len(keys)}: {lost[:2]}")
        for key in sorted(have):
            _judge(verdict, alive[key], (first[key], levels[key]), person, (acts, ends))
    for person, count in sorted(gone.items()):
        if count and person not in expected.undecided:
            verdict.unexpected_alert_states.append(f"{count} of {person}, who was erased")
    unknown = sorted(alive.keys() - first.keys())
    verdict.unexpected_alert_states += [f"{key}: no such alert came out" for key in unknown]
    verdict.alert_states = len(alive)


def _alive(verdict: Verdict, told: Iterable[Read]) -> dict[str, Json]:
    """What lies under each key once all is compacted: at most one record in all partitions."""
    newest: dict[tuple[str, int], bytes | None] = {}
    for read in told:
        newest[(read.key or b"").decode(), read.partition] = read.value
    alive: dict[str, Json] = {}
    for (key, number), value in sorted(newest.items()):
        if value is None:
            continue
        state = json.loads(value)
        if key in alive:
            verdict.doubled_alert_states.append(f"{key} in partition {number} too")
        if state["alert_id"] != key:
            verdict.wrong_alert_states.append(f"{key} lies under another key: {state['alert_id']}")
        alive[key] = state
    return alive


def _happened(inputs: Iterable[Read]) -> dict[str, datetime]:
    """When each event happened."""
    events = [json.loads(read.value or b"") for read in inputs if read.mark not in REFUSED]
    return {each["event_id"]: datetime.fromisoformat(each["occurred_at"]) for each in events}


def _said(
    expected: Expected, inputs: Iterable[Read]
) -> tuple[dict[str, list[Json]], dict[tuple[str, str], datetime]]:
    """What people did, by alert; when each person's complaints were resolved."""
    acts: defaultdict[str, dict[str, Json]] = defaultdict(dict)
    ends: dict[tuple[str, str], datetime] = {}
    for read in inputs:
        if read.mark in REFUSED:
            continue
        event = json.loads(read.value or b"")
        if event["type"] == "desk":
            acts[event["alert_id"]].setdefault(event["event_id"], event)
        elif event["type"] == "complaint" and event["status"] == "resolved":
            person = expected.people.of(event["customer_id"])
            ends[person, event["complaint_id"]] = datetime.fromisoformat(event["occurred_at"])
    return {key: list(found.values()) for key, found in acts.items()}, ends


def _judge(
    verdict: Verdict,
    state: Json,
    came: tuple[Json, Json],
    person: str,
    said: tuple[dict[str, list[Json]], dict[tuple[str, str], datetime]],
) -> None:
    alert, last = came
    acts, ends = said
    key, done = alert["alert_id"], acts.get(alert["alert_id"], [])
    wrong = [name for name in SAME if state.get(name) != alert.get(name)]
    if state["customer_id"] != person:
        wrong.append("customer_id")
    if (state["newest_id"], state["level"]) != (last["alert_id"], _level(last)):
        wrong.append("newest_id or level")
    raised = datetime.fromisoformat(alert["raised_at"])
    stands = fold(done, ends.get((person, alert.get("complaint_id", ""))), raised)
    since = datetime.fromisoformat(state["changed_at"])
    have = Stands(state["status"], since, state.get("by"), state.get("note"), state.get("assignee"))
    verdict.acted += bool(done)
    verdict.settled += stands.status == "settled"
    if have != stands:
        wrong.append(f"must be {stands}, is {have}")
    if wrong:
        verdict.wrong_alert_states.append(f"{key} of {person}: {', '.join(wrong)}")


def fold(acts: Iterable[Json], ended: datetime | None, raised: datetime) -> Stands:
    """How an alert that was raised then stands by these actions, and with its complaint over.

    A snooze shorter than a minute is over by the time that anybody judges.
    """
    newest: dict[str, tuple[tuple[Any, Any], Json]] = {}
    note: tuple[tuple[Any, Any], Json] | None = None
    for act in acts:
        place = datetime.fromisoformat(act["occurred_at"]), natural(act["event_id"])
        one = place, act
        newest[act["action"]] = max(one, newest.get(act["action"], one), key=lambda each: each[0])
        if "note" in act:
            note = one if note is None else max(one, note, key=lambda each: each[0])
    begun = newest.get("reopened")
    kept = {name: one for name, one in newest.items() if begun is None or one[0] > begun[0]}
    words = None if note is None else note[1]["note"]
    whose = newest["assigned"][1]["assign_to"] or None if "assigned" in newest else None
    if "resolved" in kept:
        return _stands("resolved", kept["resolved"], words, whose)
    if ended is not None and (begun is None or ended > begun[0][0]):
        return Stands("settled", ended, None, words, whose)
    snooze, taken = kept.get("snoozed"), kept.get("acknowledged")
    if snooze is not None and (taken is None or snooze[0] > taken[0]):
        until = datetime.fromisoformat(snooze[1]["until"])
        if (until - snooze[0][0]).total_seconds() > 60:
            return _stands("snoozed", snooze, words, whose)
        by = taken or begun
        status = "open" if taken is None else "acknowledged"
        if by is None:
            until = max(until, raised)
        return Stands(status, until, None if by is None else by[1]["by"], words, whose)
    if taken is not None:
        return _stands("acknowledged", taken, words, whose)
    if begun is not None:
        return _stands("open", begun, words, whose)
    return Stands("open", raised, None, words, whose)


def _stands(
    status: str, one: tuple[tuple[Any, Any], Json], note: str | None, assignee: str | None
) -> Stands:
    (at, _), act = one
    return Stands(status, at, act["by"], note, assignee)


def _level(alert: Json) -> int:
    level: int = alert.get("level", 1)
    return level
