"""A customer in a few sentences: who it is, what it is worth, how it fares, and what to do next.

Pure: figures, alerts and the time go in, sentences without a language come out (`sentences`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.fields import Tier
from schemas.figures import ComplaintFigures, CustomerFigures
from schemas.segments import QUARANTINE
from streams.serve.pages.sentences import Args, SegmentName, Sentence, Tone, milliseconds_of

CONTENT_FROM, HAPPY_FROM = 6.0, 8.0
FALL: Final = 1.0
"""Satisfaction that moved by less is said to be steady."""
TASKS_SHOWN: Final = 4
VALUABLE: Final = ("key", "vip", "private")


class Lines(NamedTuple):
    """Where the policy draws its lines: satisfaction 0-10, churn risk 0-1."""

    dissatisfied_below: float = 4.0
    churn_risk: float = 0.6


class Waiting(NamedTuple):
    """An alert somebody has yet to act on; ``since`` is when it was raised, ``complaint_id`` the
    complaint that it is of."""

    alert_id: str
    kind: str
    priority: int
    since: str
    complaint_id: str | None = None


class Around(NamedTuple):
    """What is known beside the figures.

    ``now`` in ms; ``falls_at`` (ms) and ``falls_to`` while a lower balance is borne with;
    ``month_ago``: satisfaction 30 days ago; ``segment_name``: as people call it.
    """

    now: int
    alerts: Sequence[Waiting] = ()
    falls_at: int | None = None
    falls_to: Tier | None = None
    month_ago: float | None = None
    segment_name: str | None = None
    lines: Lines = Lines()


class Summary(NamedTuple):
    """Sentences in the order they are read, and what to do, the most urgent first."""

    told: list[Sentence]
    todo: list[Sentence]


def summary(known: CustomerFigures, around: Around) -> Summary:
    """A customer in words.

    >>> from schemas.figures.published import example
    >>> about = Around(milliseconds_of("2026-01-31T01:56:00.000Z"))
    >>> for sentence in summary(example(), about).told:
    ...     print(sentence)
    customer.who.owned(tier=vip, since=2026-01-31T01:01:00.000Z, owner=manager-4)
    customer.who.key_person(organisation=org-17)
    customer.worth.nothing_bought(balance=412500.5)
    customer.mood.mixed(score=4.012099203590906) warn
    customer.open.complaint(count=1) warn
    customer.risk.low(risk=0.30000000000000004)
    >>> for sentence in summary(example(), about).todo:
    ...     print(sentence)
    customer.next.acknowledge(complaint=k-0003, span=1500000) warn
    """
    told = [
        *_who(known, around),
        *_worth(known),
        *_mood(known, around),
        *_open(known, around),
        *_risk(known, around.lines),
        *_stands_out(known),
        *_segment(around),
    ]
    return Summary(told, _todo(known, around))


# -- who, and what it is worth --------------------------------------------------------------


def _who(known: CustomerFigures, around: Around) -> list[Sentence]:
    args: Args = {"tier": known.tier}
    if known.first_event_at:
        args["since"] = known.first_event_at
    key = "customer.who.owned" if known.owner_id else "customer.who.alone"
    if known.owner_id:
        args["owner"] = known.owner_id
    if not known.first_event_at:
        key = f"{key}_unknown"
    sought = known.tier in VALUABLE
    found = [Sentence(key, args, "warn" if sought and not known.owner_id else "plain")]
    if around.falls_at and around.falls_to:
        to: Args = {"tier": around.falls_to, "span": around.falls_at - around.now}
        found.append(Sentence("customer.who.falls", to, "warn"))
    if known.groups.organisation_id:
        key = "customer.who.key_person" if known.groups.key_person else "customer.who.member"
        found.append(Sentence(key, {"organisation": known.groups.organisation_id}))
    return found


def _worth(known: CustomerFigures) -> list[Sentence]:
    value, found = known.value, []
    if not value.purchases:
        if known.balance is None:
            return [Sentence("customer.worth.unknown")]
        return [Sentence("customer.worth.nothing_bought", {"balance": known.balance})]
    args: Args = {"count": value.purchases_365_days, "total": value.total_365_days}
    if value.abc is None:
        found.append(Sentence("customer.worth.bought", args))
    else:
        args["abc"] = value.abc
        found.append(Sentence("customer.worth.class", args))
    if value.clv_class is not None and value.clv is not None:
        told: Args = {"class": value.clv_class, "clv": value.clv}
        tone: Tone = "warn" if value.clv_class == "below_zero" else "plain"
        found.append(Sentence("customer.worth.clv", told, tone))
    return found


# -- how it fares ---------------------------------------------------------------------------


def _mood(known: CustomerFigures, around: Around) -> list[Sentence]:
    """How satisfied, whether that moved, and whether there is outrage.

    >>> from schemas.figures.published import example
    >>> _mood(example(), Around(0, month_ago=7.0))
    [customer.mood.mixed(score=4.012099203590906) warn, customer.mood.fell(before=7.0) bad]
    """
    level, found = known.satisfaction, []
    if level is None:
        found.append(Sentence("customer.mood.unknown"))
    else:
        args = {"score": level}
        if level < around.lines.dissatisfied_below:
            found.append(Sentence("customer.mood.unhappy", args, "bad"))
        elif level < CONTENT_FROM:
            found.append(Sentence("customer.mood.mixed", args, "warn"))
        elif level < HAPPY_FROM:
            found.append(Sentence("customer.mood.content", args, "good"))
        else:
            found.append(Sentence("customer.mood.happy", args, "good"))
        if around.month_ago is not None:
            moved, before = level - around.month_ago, {"before": around.month_ago}
            if moved <= -FALL:
                found.append(Sentence("customer.mood.fell", before, "bad"))
            elif moved >= FALL:
                found.append(Sentence("customer.mood.rose", before, "good"))
    if known.experience.outrage:
        found.append(Sentence("customer.mood.outrage", tone="bad"))
    return found


def _open(known: CustomerFigures, around: Around) -> list[Sentence]:
    found = []
    waiting, overdue = known.complaints_open, known.complaints_overdue
    if waiting:
        key = "customer.open.complaint" if waiting == 1 else "customer.open.complaints"
        if overdue:
            key = f"{key}_overdue"
        args: Args = {"count": waiting}
        if overdue:
            args["overdue"] = overdue
        found.append(Sentence(key, args, "bad" if overdue else "warn"))
    elif known.complaints:
        found.append(Sentence("customer.open.none_now", {"count": known.complaints}))
    if around.alerts:
        urgent = min(around.alerts, key=lambda alert: (alert.priority, alert.since))
        about: Args = {
            "count": len(around.alerts),
            "kind": urgent.kind,
            "priority": urgent.priority,
        }
        key = "customer.open.alert" if len(around.alerts) == 1 else "customer.open.alerts"
        found.append(Sentence(key, about, "bad" if urgent.priority == 1 else "warn"))
    return found


def _risk(known: CustomerFigures, lines: Lines) -> list[Sentence]:
    """Whether the customer may leave, and above all why.

    >>> from schemas.figures.published import example
    >>> _risk(example(), Lines(churn_risk=0.2))
    [customer.risk.high(risk=0.30000000000000004, why=complaint) bad]
    """
    relationship, found = known.relationship, []
    if relationship.state in ("lost", "reactivated", "at_risk", "loyal"):
        tone: Tone = "good" if relationship.state in ("reactivated", "loyal") else "bad"
        found.append(Sentence(f"customer.risk.{relationship.state}", {}, tone))
    risk = relationship.churn_risk
    if risk is None:
        return found
    if risk < lines.churn_risk:
        return [*found, Sentence("customer.risk.low", {"risk": risk})]
    args: Args = {"risk": risk}
    worst = next(iter(relationship.churn_terms), None)
    if worst is None:
        return [*found, Sentence("customer.risk.high_alone", args, "bad")]
    args["why"] = worst
    return [*found, Sentence("customer.risk.high", args, "bad")]


def _stands_out(known: CustomerFigures) -> list[Sentence]:
    """Whether others follow the customer, and what to take care of.

    >>> from msgspec.structs import replace
    >>> from schemas.figures.published import example
    >>> followed = replace(example().identification, lighthouse=True)
    >>> _stands_out(replace(example(), identification=followed))
    [customer.stands.lighthouse good]
    """
    found, out = [], known.identification
    if out.lighthouse:
        found.append(Sentence("customer.stands.lighthouse", tone="good"))
    found += [Sentence(f"customer.stands.{each.kind}", tone="warn") for each in out.approach]
    return found


def _segment(around: Around) -> list[Sentence]:
    if around.segment_name is None:
        return []
    if around.segment_name == QUARANTINE:
        return [Sentence("customer.outlier")]
    return [Sentence("customer.in_segment", {"segment": SegmentName(around.segment_name)})]


# -- what to do -------------------------------------------------------------------------------


def _todo(known: CustomerFigures, around: Around) -> list[Sentence]:
    """What to do next, the most urgent first; one sentence that says so where nothing waits.

    >>> from schemas.figures.published import example
    >>> late = Around(milliseconds_of("2026-02-20T00:00:00.000Z"))
    >>> for sentence in _todo(example(), late):
    ...     print(sentence)
    customer.next.acknowledge_late(complaint=k-0003, span=1719540000) bad
    """
    owed = [_owed(case, around.now) for case in known.complaint_cases if case.open]
    owed.sort(key=lambda pair: pair[0])
    found = [sentence for _, sentence in owed]
    if known.experience.outrage:
        found.append(Sentence("customer.next.apologise", tone="bad"))
    for alert in sorted(around.alerts, key=lambda alert: (alert.priority, alert.since)):
        if alert.complaint_id and owed:
            continue
        args = {"kind": alert.kind, "since": alert.since}
        found.append(
            Sentence("customer.next.alert", args, "bad" if alert.priority == 1 else "warn")
        )
    risk = known.relationship.churn_risk
    if not found and risk is not None and risk >= around.lines.churn_risk:
        found.append(Sentence("customer.next.win", tone="warn"))
    level = known.satisfaction
    if not found and level is not None and level < around.lines.dissatisfied_below:
        found.append(Sentence("customer.next.ask", tone="warn"))
    if not found and known.tier in VALUABLE and not known.owner_id:
        found.append(Sentence("customer.next.owner", tone="warn"))
    return found[:TASKS_SHOWN] or [Sentence("customer.next.nothing", tone="good")]


def _owed(case: ComplaintFigures, now: int) -> tuple[int, Sentence]:
    """What an open complaint waits for, with when that is due (ms)."""
    args: Args = {"complaint": case.complaint_id}
    if case.acknowledge_due_at:
        due, key = milliseconds_of(case.acknowledge_due_at), "customer.next.acknowledge"
    elif case.resolve_due_at:
        due, key = milliseconds_of(case.resolve_due_at), "customer.next.resolve"
    else:
        return now, Sentence("customer.next.find", args, "warn")
    args["span"] = abs(due - now)
    late = due <= now
    return due, Sentence(f"{key}_late" if late else key, args, "bad" if late else "warn")
