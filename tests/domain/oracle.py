"""The figures of a customer worked out a second time, from all events at once and by brute force.

It shares no code with the rules: no state, no increments, plain loops over sorted events with
the numbers of the domain reference written out.
"""

from __future__ import annotations

from typing import Any

HOUR = 3_600_000
DAY = 24 * HOUR
LINES = {"prospect": 1e5, "key": 2e5, "vip": 3e5, "private": 8e6}
ORDER = ["standard", "prospect", "key", "vip", "private"]
ACKNOWLEDGE = {"standard": 24, "prospect": 8, "key": 4, "vip": 1, "private": 1}
RATES = {"CNY": 1.0, "USD": 7.1}
RESOLVE = {"standard": 360, "prospect": 168, "key": 72, "vip": 24, "private": 24}
COMPLEX = RESOLVE | {"standard": 720}


def in_order(events: list[Any]) -> list[Any]:
    """By time, then by sequence (none first), then by the text and the numbers in the id."""
    return sorted(
        events,
        key=lambda event: (
            event.occurred_at,
            -1 if event.sequence is None else event.sequence,
            by_numbers(event.event_id),
            event.event_id,
        ),
    )


def by_numbers(event_id: str) -> list[tuple[str, int]]:
    """Texts, each with the number behind it; -1 for none."""
    found: list[tuple[str, int]] = []
    text, digits = "", ""
    for character in event_id:
        if character in "0123456789":
            digits += character
            continue
        if digits:
            found.append((text, int(digits)))
            text, digits = "", ""
        text += character
    return [*found, (text, int(digits) if digits else -1)]


def ms(event: Any) -> int:
    """Milliseconds since the epoch, rounded down."""
    at: float = event.occurred_at.replace(microsecond=0).timestamp()
    beyond: int = event.occurred_at.microsecond // 1_000
    return round(at) * 1_000 + beyond


def balance_series(events: list[Any]) -> list[tuple[int, float]]:
    """(time, total balance) after the last event of each millisecond."""
    latest: dict[tuple[str, str], float] = {}
    series: dict[int, float] = {}
    for event in in_order(events):
        if event.type == "transaction" and event.balance_after is not None:
            worth = event.balance_after * RATES[event.currency]
            latest[event.account_id, event.currency] = worth
            series[ms(event)] = sum(latest.values())
    return sorted(series.items())


def tier_by_line(balance: float) -> str:
    """The tier of a balance alone."""
    return ([name for name, line in LINES.items() if balance >= line] or ["standard"])[-1]


def tier_at(events: list[Any], at: int) -> str:
    """The pin in force, else the best tier within 30 days; what was so at their start counts."""
    pins = [
        event
        for event in in_order(events)
        if event.type == "profile" and "tier_pin" in event.model_fields_set and ms(event) <= at
    ]
    if pins and pins[-1].tier_pin is not None:
        return str(pins[-1].tier_pin)
    best = "standard"
    series = [point for point in balance_series(events) if point[0] <= at]
    ends = [*(time for time, _ in series[1:]), at + 1][: len(series)]
    for (_, balance), end in zip(series, ends, strict=True):
        if end > at - 30 * DAY:
            best = max(best, tier_by_line(balance), key=ORDER.index)
    return best


def complaint_cycles(steps: list[Any]) -> list[dict[str, Any]]:
    """Opened or reopened until resolved or withdrawn."""
    cycles: list[dict[str, Any]] = []
    for step in steps:
        waiting = cycles and "end" not in cycles[-1]
        if step.status in {"opened", "reopened"}:
            if not waiting:
                cycles.append({"start": step})
        elif waiting and step.status == "acknowledged":
            cycles[-1].setdefault("acknowledged", step)
        elif waiting:
            cycles[-1]["end"] = step
    return cycles


def promise(events: list[Any], start: int, end: int, hours: dict[str, int]) -> int:
    """Due time of a promise made at ``start``: the tightest that any tier until ``end`` asks."""
    due = start + hours[tier_at(events, start)] * HOUR
    for event in in_order(events):
        turn = ms(event)
        if start < turn <= end:
            due = min(due, max(turn, start + hours[tier_at(events, turn)] * HOUR))
    return due


def complaints(events: list[Any]) -> dict[str, list[Any]]:
    """Steps by complaint, in order."""
    found: dict[str, list[Any]] = {}
    for event in in_order(events):
        if event.type == "complaint":
            found.setdefault(event.complaint_id, []).append(event)
    return found


def moments(events: list[Any], now: int) -> list[tuple[int, float, float]]:
    """(time, weight, score) of every moment."""
    purchases = [ms(e) for e in events if e.type == "transaction" and e.direction == "debit"]
    first = min(purchases, default=None)
    found: list[tuple[int, float, float]] = []
    for event in events:
        at = ms(event)
        fresh = first is not None and first <= at <= first + 7 * DAY
        if event.type == "survey":
            scale = {"csat": (event.score - 1) * 2.5, "nps": event.score}
            score = scale.get(event.instrument, (event.score - 1) / 6 * 10)
            found.append((at, 3.0 if fresh else 1.0, score))
        elif event.type == "service_contact":
            wait = event.wait_seconds
            score = 10.0 if wait <= 60 else max(0.0, 10 * (1_200 - wait) / 1_140)
            found.append((at, 3.0 if fresh or wait > 600 else 1.0, score))
            if event.outcome != "resolved":
                bad = 2.0 if event.outcome == "unresolved" else 1.0
                found.append((at, 3.0 if fresh else 1.0, bad))
        elif event.type == "app_click" and event.action == "error":
            found.append((at, 1.0, 3.0))
        elif event.type == "feedback" and event.kind == "praise":
            found.append((at, 1.0, 9.0))
    for steps in complaints(events).values():
        found += complaint_moments(events, steps)
    return found + broken_promises(events, now)


def complaint_moments(events: list[Any], steps: list[Any]) -> list[tuple[int, float, float]]:
    """How grave each cycle began and how it ended."""
    found: list[tuple[int, float, float]] = []
    severity = next((s.severity for s in reversed(steps) if s.severity is not None), None)
    for cycle in complaint_cycles(steps):
        start = ms(cycle["start"])
        if severity is not None:
            found.append((start, 3.0, 5.0 - severity))
        if "end" in cycle:
            end = ms(cycle["end"])
            score = 5.0
            if cycle["end"].status == "resolved":
                score = 8.0 if end < promise(events, start, end, resolve_hours(steps)) else 3.0
            found.append((end, 3.0, score))
    return found


def resolve_hours(steps: list[Any]) -> dict[str, int]:
    """30 days for standard customers once it is said to be complex, until it is said not to be."""
    said = next((step.complex for step in reversed(steps) if step.complex is not None), False)
    return COMPLEX if said else RESOLVE


def broken_promises(events: list[Any], now: int) -> list[tuple[int, float, float]]:
    """A moment of 1 when a promised callback was due and had not been made."""
    found = []
    for event in events:
        if event.type != "service_contact" or event.outcome != "unresolved":
            continue
        due = ms(event) + HOUR
        done = any(
            e.type == "feedback"
            and e.kind == "callback_done"
            and e.contact_id == event.contact_id
            and ms(event) <= ms(e) < due
            for e in events
        )
        if due <= now and not done:
            found.append((due, 3.0, 1.0))
    return found


def satisfaction(events: list[Any], now: int) -> float | None:
    """Weighted mean with half-life 30 days, by ordinary decay towards ``now``."""
    scored = moments(events, now)
    if not scored:
        return None
    weights = [weight * 0.5 ** ((now - at) / (30 * DAY)) for at, weight, _ in scored]
    scores = [score for _, _, score in scored]
    total = sum(w * s for w, s in zip(weights, scores, strict=True))
    mean: float = total / sum(weights)
    return mean


def complaints_open(events: list[Any], now: int) -> tuple[int, int]:
    """How many are open; how many of these wait past a promise."""
    waiting = overdue = 0
    for steps in complaints(events).values():
        cycles = complaint_cycles(steps)
        if not cycles:
            waiting += not any(step.status in {"resolved", "withdrawn"} for step in steps)
            continue
        cycle = cycles[-1]
        if "end" in cycle:
            continue
        waiting += 1
        start = ms(cycle["start"])
        late = promise(events, start, now, resolve_hours(steps)) <= now
        if "acknowledged" not in cycle:
            late = late or promise(events, start, now, ACKNOWLEDGE) <= now
        overdue += late
    return waiting, overdue


def features(events: list[Any], now: int) -> dict[str, float] | None:
    """Counts of clicks in (now - 7 days, now]."""
    clicks = [e for e in events if e.type == "app_click" and now - 7 * DAY < ms(e) <= now]
    if not clicks:
        return None
    launches = [e for e in clicks if e.action == "launch"]
    pushes = [e for e in launches if e.source == "push"]

    def count(action: str) -> int:
        return sum(e.action == action for e in clicks)

    return {
        "behaviours": len(clicks) - count("error"),
        "app_launches": len(launches),
        "account_messages": count("account_message"),
        "push_share": len(pushes) / len(launches) if launches else 0.0,
        "tab_switches": count("tab_switch"),
        "functions_visited": count("function_visit"),
        "news_messages": count("news_message"),
        "news_views": count("news_view"),
    }


def bought(events: list[Any], now: int) -> dict[str, Any]:
    """Purchases are debits; a credit that gives one back lowers the value of its own day."""
    total, year, purchases = 0.0, 0.0, 0
    for event in events:
        if event.type != "transaction":
            continue
        worth = event.amount * RATES[event.currency]
        if event.direction == "credit":
            worth = -worth if event.refund_of or event.category == "refund" else 0.0
        purchases += event.direction == "debit"
        total += worth
        if now // DAY - 365 < ms(event) // DAY <= now // DAY:
            year += worth
    return {"purchases": purchases, "total": total, "total_365_days": year}


def figures(events: list[Any], now: int) -> dict[str, Any]:
    """What the export of a customer must say as of ``now`` (ms since the epoch)."""
    transactions = [e for e in events if e.type == "transaction"]
    series = balance_series(events)
    waiting, overdue = complaints_open(events, now)
    return {
        "events": len(events),
        "transactions": len(transactions),
        "transaction_sum": sum(e.amount * RATES[e.currency] for e in transactions),
        "balance": series[-1][1] if series else None,
        "tier": tier_at(events, now),
        "satisfaction": satisfaction(events, now),
        "complaints": len(complaints(events)),
        "complaints_open": waiting,
        "complaints_overdue": overdue,
        "features": features(events, now),
    }
