"""What a run told, in the terms of the batch."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tests.streams.berka.alerts import Raised
from tests.streams.berka.batch import Batch, Moved
from tests.streams.berka.files import DAY
from tests.streams.berka.live import OUTPUTS, Run
from tests.streams.berka.ranks import Line

SIZE: dict[str, str | None] = {
    "vip_new": None,
    "large_transaction": "amount",
    "vip_balance_drop": "share",
    "account_anomaly": "deviations",
    "vip_churn_risk": "churn_risk",
}
"""The figure of an alert that made it one."""
WON_BACK = (
    r" (?:A win-back task is made: value class (\w)\."
    r"|No win-back task(?: for a customer of value class (\w)\.|: [^\"]+))"
)
"""What a loss says at its end, by the standings in force."""
REASON_KEY = r',"reason_key":"[^"]*"(,"reason_args":\{[^{}]*\})?'
"""The same for other languages: by which sentence, and with what in it."""
BY_EVENTS = tuple(topic for topic in OUTPUTS if topic != "care-tasks")
"""Topics whose values hang on nothing but events; care goes by the standings in force as well."""
CLASSES = ("rfm", "abc", "relation_class", "clv_class", "loyalty_matrix")
BY_STANDINGS = {*CLASSES, *(f"{name}_reason" for name in CLASSES)}


def told(run: Run, topic: str, id_field: str) -> list[dict[str, Any]]:
    """The outputs of a topic; none came twice."""
    found = [msgspec.json.decode(value) for value in run.outputs[topic]]
    assert len({one[id_field] for one in found}) == len(found)
    return found


def proposed(run: Run, occasion: str) -> list[dict[str, Any]]:
    """The care tasks proposed on an occasion; none came twice."""
    told_of = [msgspec.json.decode(value) for value in run.outputs["care-tasks"]]
    found = [one for one in told_of if one["state"] == "proposed"]
    assert len({one["task_id"] for one in found}) == len(found)
    return [one for one in found if one["occasion"] == occasion]


def moves(run: Run) -> dict[tuple[str, str], list[Moved]]:
    """By customer and dimension the moves, in order."""
    found = defaultdict(list)
    for one in told(run, "customer-transitions", "transition_id"):
        [cause] = one["cause"] or [None]
        move = Moved(one["from_state"], one["to_state"], ms(one["occurred_at"]), cause)
        found[one["customer_id"], one["dimension"]].append(move)
    return dict(found)


def alerts(run: Run) -> dict[tuple[str, str], list[Raised]]:
    """By customer and kind the alerts, in order."""
    return in_turn([_alert(one) for one in told(run, "alerts", "alert_id")])


def in_turn(raised: list[Raised]) -> dict[tuple[str, str], list[Raised]]:
    """Alerts by customer and kind, their sizes to nine decimals."""
    found = defaultdict(list)
    for each in raised:
        found[each.customer, each.kind].append(each._replace(size=_nine(each.size)))
    return dict(found)


def _alert(one: dict[str, Any]) -> Raised:
    kind, [cause], level = one["kind"], one["cause"] or [None], one.get("level", 1)
    size = "waited_seconds" if level > 1 else SIZE[kind]
    return Raised(
        customer=one["customer_id"],
        kind=kind,
        at=ms(one["occurred_at"]),
        cause=cause,
        tier=one["tier"],
        size=None if size is None else one["figures"][size],
        priority=one["priority"],
        level=level,
    )


def losses(run: Run) -> dict[tuple[str, str], tuple[bool, str | None]]:
    """Customer and time of each loss: whether it makes a task, and the value class if known."""
    found = {}
    for one in told(run, "customer-transitions", "transition_id"):
        if one["to_state"] == "lost":
            said = re.search(f"{WON_BACK}$", one["reason"])
            assert said is not None, one
            found[one["customer_id"], one["occurred_at"]] = bool(said[1]), said[1] or said[2]
    return found


def figures(one: dict[str, Any]) -> dict[str, Any]:
    """A customer's figures, money in hundredths."""
    value, relation = one["value"], one["relationship"]
    last = value["last_purchase_at"]
    return {
        "events": one["events"],
        "transactions": one["transactions"],
        "moved": _hundredths(one["transaction_sum"]),
        "moved_30_days": _hundredths(value["moved_30_days"]),
        "balance": None if one["balance"] is None else _hundredths(one["balance"]),
        "tier": one["tier"],
        "suppressed": one["suppressed_alerts"],
        "purchases": value["purchases"],
        "purchase_days": value["purchase_days"],
        "total": _hundredths(value["total"]),
        "recency": value["days_since_purchase"],
        "frequency": value["purchases_365_days"],
        "monetary": _hundredths(value["total_365_days"]),
        "last": None if last is None else ms(last),
        "state": relation["state"],
        "phase": relation["lifecycle_phase"],
        "stage": relation["stage"],
        "lapse": None if relation["lapse_days"] is None else round(relation["lapse_days"] * DAY),
        "p_alive": _nine(relation["p_alive"]),
        "churn_risk": _nine(relation["churn_risk"]),
    }


def wanted_figures(expected: Batch, name: str) -> dict[str, Any]:
    """The same of the batch; whoever is not in one of its tables did nothing of the kind."""
    row = expected.figures[name]
    sums = ("moved", "moved_30_days", "purchases", "purchase_days", "total")
    counts = {key: row[key] or 0 for key in ("transactions", *sums, "frequency", "monetary")}
    plain = ("balance", "tier", "recency", "last", "lapse", "state", "phase")
    return {
        **counts,
        **{key: row[key] for key in plain},
        "events": counts["transactions"] + 1,
        "suppressed": expected.alerts.suppressed[name],
        "stage": row["stage"] or "basic",
        "p_alive": _nine(row["p_alive"]),
        "churn_risk": _nine(row["churn_risk"]),
    }


def raw(one: dict[str, Any]) -> tuple[int, int, int]:
    """Recency in days, frequency and monetary value by which a customer is ranked."""
    rfm = one["value"]["rfm"]
    return rfm["recency_days"], rfm["frequency"], _hundredths(rfm["monetary"])


def classed(one: dict[str, Any]) -> tuple[Any, ...]:
    """The three scores, the ABC class and the relationship class."""
    value = one["value"]
    scores = (value["rfm"][score] for score in "rfm")
    return (*scores, value["abc"], value["relation_class"])


def published(standings: dict[str, Any], line: Line) -> int:
    """Where the standings draw a line."""
    name, _, place = line.name.partition(".")
    found: float = standings[name][int(place)] if place else standings[name]
    return _hundredths(found) if line.money else round(found)


def off(standings: dict[str, Any], lines: Sequence[Line]) -> dict[str, tuple[int, int]]:
    """The lines drawn elsewhere than they should be: where, and where the exact one is.

    A line is up to 1 % beside the exact one, and drawn anew once that is off by 1 % more.
    """
    drawn = {line: published(standings, line) for line in lines}
    return {
        line.name: (at, line.exact)
        for line, at in drawn.items()
        if abs(at - line.exact) > max(0.02 * line.exact, 1)
    }


def of_events(values: Mapping[str, list[bytes]]) -> dict[str, list[bytes]]:
    """The values as they are, but for what the standings in force say of the lost."""
    said, told_by = re.compile(WON_BACK.encode()), re.compile(REASON_KEY.encode())

    def of_event(value: bytes) -> bytes:
        left, times = said.subn(b"", value)
        return told_by.sub(b"", left) if times else value

    return {of: [of_event(value) for value in found] for of, found in values.items()}


def states(run: Run) -> dict[str, bytes]:
    """Each customer's figures, but for what goes by the standings: classes among all, and care."""
    found = {}
    for one in run.customers:
        value = {name: figure for name, figure in one["value"].items() if name not in BY_STANDINGS}
        left = {name: figure for name, figure in one.items() if name != "care"}
        found[one["customer_id"]] = msgspec.json.encode({**left, "value": value})
    return found


def differing(got: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> dict[Any, Any]:
    """The first few keys with another value, and what it is on either side."""
    keys = [key for key in {**got, **wanted} if got.get(key) != wanted.get(key)]
    return {key: (got.get(key), wanted.get(key)) for key in keys[:5]}


def ms(text: str) -> int:
    """Ms since the epoch of a time as it is written."""
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


def _hundredths(amount: float) -> int:
    return round(amount * 100)


def _nine(value: float | None) -> float | None:
    """To nine decimals: the order of additions is not the same."""
    return None if value is None else round(value, 9)
