"""The lines of a customer's timeline: what each event and output says to a reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from domain.experience.moments import survey_score
from schemas import topics
from schemas.touchpoints import Survey
from streams.readmodel.rows import Moment
from streams.serve.pages.sentences import Args, SegmentName, Sentence, Tone, Word

Record = Mapping[str, Any]
FREE_TEXTS: Final = ("text", "note", "found")
LOW, HIGH = 4.0, 8.0


class Line(NamedTuple):
    """A line; ``at`` in ms, ``side`` is ``in`` for what happened, ``out`` for what followed.

    ``record`` is the event or output itself; ``quote`` is what somebody wrote, as it is.
    """

    at: int
    side: str
    type: str
    said: Sentence
    record: Record
    quote: str | None
    channel: str | None
    counted: bool
    refused: str | None
    many: int


def line(moment: Moment) -> Line:
    """A moment as a line; one that cannot be read says at least what it is.

    >>> click = Moment(0, "touchpoints.app", "app_click", True, None, 7, b"{}")
    >>> line(click).said
    customer.line.clicks(count=7)
    >>> letter = Moment(0, "touchpoints.app", "app_click", True, "too_late", 1, b"not JSON")
    >>> line(letter).said
    customer.line.refused(type=app_click, why=too_late) bad
    """
    record = record_of(moment.value)
    side = "in" if moment.source in topics.INPUT_TOPICS else "out"
    quote = next((str(record[name]) for name in FREE_TEXTS if record.get(name)), None)
    channel = record.get("channel")
    return Line(
        at=moment.at,
        side=side,
        type=moment.type,
        said=_said(moment, record),
        record=record,
        quote=None if moment.refused else quote,
        channel=channel if isinstance(channel, str) else None,
        counted=moment.counted,
        refused=moment.refused,
        many=moment.count,
    )


def record_of(value: bytes) -> Record:
    """A record as it was sent; an empty one where that cannot be read."""
    try:
        found = msgspec.json.decode(value)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(moment: Moment, record: Record) -> Sentence:
    if moment.refused is not None:
        return Sentence(
            "customer.line.refused", {"type": moment.type, "why": moment.refused}, "bad"
        )
    if moment.count > 1:
        many = "clicks" if moment.type == "app_click" else "transactions"
        return Sentence(f"customer.line.{many}", {"count": moment.count})
    say = _OF_OUTPUT.get(moment.source) or _OF_EVENT.get(moment.type)
    if say is None:
        return Sentence("customer.line.other", {"type": moment.type})
    return say(record)


# -- events -----------------------------------------------------------------------------------


def _click(record: Record) -> Sentence:
    """What was clicked.

    >>> _click({"action": "error", "function": "transfer"})
    customer.line.click_in(action=error, function=transfer) bad
    """
    args = _args(record, "action", "function")
    tone: Tone = "bad" if record.get("action") == "error" else "plain"
    return Sentence(
        "customer.line.click_in" if "function" in args else "customer.line.click", args, tone
    )


def _transaction(record: Record) -> Sentence:
    args = _args(record, "direction", "amount", "currency", "category")
    if record.get("refund_of"):
        return Sentence("customer.line.refund", args)
    key = "customer.line.transaction_for" if "category" in args else "customer.line.transaction"
    return Sentence(key, args)


def _complaint(record: Record) -> Sentence:
    args = _args(record, "complaint_id", "status", "severity", "category")
    bad = record.get("status") in ("opened", "reopened")
    tone: Tone = "bad" if bad else "good" if record.get("status") == "resolved" else "plain"
    full = {"severity", "category"} <= args.keys()
    return Sentence("customer.line.complaint_of" if full else "customer.line.complaint", args, tone)


def _survey(record: Record) -> Sentence:
    """An answer on its own scale.

    >>> _survey({"instrument": "csat", "score": 2})
    customer.line.survey_of(instrument=csat, score=2, most=5) bad
    >>> _survey({"instrument": "visit_reason", "factor": "price"})
    customer.line.survey_factor(instrument=visit_reason, factor=price)
    """
    args = _args(record, "instrument", "score", "factor")
    instrument, given = record.get("instrument"), record.get("score")
    if "score" not in args:
        return Sentence("customer.line.survey_factor", args)
    case = Survey.CASES.get(str(instrument))
    if case is None or case.score is None or instrument in _NO_SCALE:
        return Sentence("customer.line.survey", args)
    args["most"] = case.score[1]
    level = survey_score(str(instrument), given) if isinstance(given, int | float) else None
    tone: Tone = "plain"
    if level is not None:
        tone = "bad" if level < LOW else "good" if level >= HIGH else "plain"
    about = "customer.line.survey_about" if "factor" in args else "customer.line.survey_of"
    return Sentence(about, args, tone)


_NO_SCALE: Final = ("wallet_share", "brands_used")
"""Instruments that ask for a share or a number."""


def _contact(record: Record) -> Sentence:
    args = _args(record, "outcome", "wait_seconds", "handle_seconds", "agent_id")
    bad = record.get("outcome") != "resolved"
    key = "customer.line.contact_with" if "agent_id" in args else "customer.line.contact"
    return Sentence(key, args, "bad" if bad else "plain")


def _feedback(record: Record) -> Sentence:
    tone: Tone = "good" if record.get("kind") == "praise" else "plain"
    return Sentence("customer.line.feedback", _args(record, "kind"), tone)


def _profile(record: Record) -> Sentence:
    """Which fields were told, not what they are.

    >>> _profile({"type": "profile", "owner_id": "m-1", "region": None, "channel": "branch"})
    customer.line.profile(count=2)
    """
    if record.get("erase"):
        return Sentence("customer.line.erase", {}, "bad")
    if into := record.get("merged_into"):
        return Sentence("customer.line.merged", {"into": str(into)})
    told = record.keys() - _COMMON
    return Sentence("customer.line.profile", {"count": len(told)})


_COMMON: Final = frozenset(
    ("event_id", "customer_id", "occurred_at", "channel", "type", "schema_version", "sequence",
     "attributes")
)  # fmt: skip


def _campaign(record: Record) -> Sentence:
    return Sentence("customer.line.campaign", _args(record, "campaign_id", "action"))


def _care(record: Record) -> Sentence:
    """What became of a task, or that the service was inspected.

    >>> _care({"action": "done", "occasion": "inspection", "found": "All is well."})
    customer.line.inspection
    """
    if record.get("occasion") == "inspection":
        return Sentence("customer.line.inspection", {})
    args = _args(record, "action", "score")
    return Sentence("customer.line.care_score" if "score" in args else "customer.line.care", args)


def _desk(record: Record) -> Sentence:
    args = _args(record, "action", "by", "step", "complaint_id")
    if "step" in args:
        return Sentence("customer.line.step", args, "good")
    return Sentence("customer.line.desk" if "by" in args else "customer.line.desk_only", args)


# -- outputs ----------------------------------------------------------------------------------


def _alert(record: Record) -> Sentence:
    """An alert; one that is raised again says so.

    >>> _alert({"kind": "vip_complaint", "priority": 2, "level": 2, "raises_again": "a-1"})
    customer.line.alert_again(kind=vip_complaint, priority=2, level=2) warn
    """
    args = _args(record, "kind", "priority", "level")
    key = "customer.line.alert"
    if record.get("raises_again"):
        key = "customer.line.alert_again"
    elif "level" in args:
        key = "customer.line.alert_level"
    return Sentence(key, args, "bad" if record.get("priority") == 1 else "warn")


def _transition(record: Record) -> Sentence:
    """A change of class; the names of the classes are those of its dimension.

    >>> _transition({"dimension": "tier", "from_state": "key", "to_state": "vip"})
    customer.line.transition(dimension=tier, from_state=tier.key, to_state=tier.vip)
    """
    dimension = str(record.get("dimension", ""))
    args: Args = {"dimension": dimension}
    kind = _KIND_OF.get(dimension, dimension)
    for end in ("from_state", "to_state"):
        if record.get(end):
            args[end] = Word(f"{kind}.{record[end]}")
    return Sentence(
        "customer.line.transition" if "from_state" in args else "customer.line.became", args
    )


_KIND_OF: Final[Mapping[str, str]] = {"customer": "customer_record"}
"""Dimensions whose classes are named elsewhere."""


def _segment(record: Record) -> Sentence:
    args = _args(record, "from_segment", "to_segment", "segment_name")
    if "to_segment" not in args:
        return Sentence("customer.line.segment_left", args)
    args["segment_name"] = SegmentName(args.get("segment_name") or args["to_segment"])
    return Sentence("customer.line.segment", args)


def _task(record: Record) -> Sentence:
    """A care task that is proposed, or how far it has come.

    >>> _task({"occasion": "birthday", "means": "gift", "state": "done"})
    customer.line.task_state(occasion=birthday, means=gift, state=done)
    """
    args = _args(record, "occasion", "means", "state")
    if args.get("state", "proposed") == "proposed":
        return Sentence("customer.line.task", args, "warn")
    return Sentence("customer.line.task_state", args)


def _signal(record: Record) -> Sentence:
    return Sentence("customer.line.signal", _args(record, "kind"), "warn")


def _args(record: Record, *names: str) -> Args:
    return {
        name: record[name]
        for name in names
        if isinstance(record.get(name), str | int | float) and record[name] != ""
    }


_OF_EVENT: Final[Mapping[str, Callable[[Record], Sentence]]] = {
    "app_click": _click,
    "transaction": _transaction,
    "complaint": _complaint,
    "survey": _survey,
    "service_contact": _contact,
    "feedback": _feedback,
    "profile": _profile,
    "campaign": _campaign,
    "care": _care,
    "desk": _desk,
}
_OF_OUTPUT: Final[Mapping[str, Callable[[Record], Sentence]]] = {
    topics.ALERTS: _alert,
    topics.CUSTOMER_TRANSITIONS: _transition,
    topics.SEGMENT_UPDATES: _segment,
    topics.CARE_TASKS: _task,
    topics.SIGNALS: _signal,
}
