"""Experience of a customer worked out a second time, from all events at once and by brute force.

It shares no code with the rules: plain loops with the numbers of the domain reference written out.
Moments with their channel and stage come from here; promises of complaints from ``oracle``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.domain.oracle import (
    DAY,
    HOUR,
    complaint_cycles,
    complaints,
    in_order,
    ms,
    promise,
    resolve_hours,
)

FACTORS = ["product", "service", "relationship", "convenience", "brand", "price"]
DIMENSIONS = ["reliability", "responsiveness", "assurance", "empathy", "tangibles"]
SECURITY = {"fraud", "privacy"}
JUSTICE = {"overcharge", "discrimination"}
ESTEEM = {"rudeness"}


class Moment(NamedTuple):
    """Time, score, weight, channel, stage, factor."""

    at: int
    score: float
    weight: float
    channel: str
    stage: str | None
    factor: str | None


def moments(events: list[Any], now: int) -> list[Moment]:
    """Every moment."""
    bought = [ms(e) for e in events if e.type == "transaction" and e.direction == "debit"]
    found: list[Moment] = []
    for event in events:
        at = ms(event)
        fresh = bool(bought) and min(bought) <= at <= min(bought) + 7 * DAY
        if event.type == "survey":
            scale = {"csat": 2.5, "nps": 1.0, "ces": 10 / 6}.get(event.instrument)
            if scale is not None:
                low = 0 if event.instrument == "nps" else 1
                factor = event.factor or ("convenience" if event.instrument == "ces" else None)
                score, weight = (event.score - low) * scale, 3.0 if fresh else 1.0
                found.append(Moment(at, score, weight, event.channel, event.stage, factor))
        elif event.type == "service_contact":
            found += contact_moments(event, fresh)
        elif event.type == "app_click" and event.action == "error":
            found.append(Moment(at, 3.0, 1.0, "app", None, "convenience"))
        elif event.type == "feedback" and event.kind == "praise":
            found.append(Moment(at, 9.0, 1.0, event.channel, None, event.factor))
    for steps in complaints(events).values():
        found += complaint_moments(events, steps)
    for contact, due, done in promises(events):
        if not done and due <= now:
            found.append(Moment(due, 1.0, 3.0, contact.channel, None, "service"))
    return sorted(found, key=lambda each: each.at)


def contact_moments(event: Any, fresh: bool) -> list[Moment]:
    """Of waiting, and of a bad end."""
    at, wait = ms(event), event.wait_seconds
    score = 10.0 if wait <= 60 else max(0.0, 10 * (1_200 - wait) / 1_140)
    weight = 3.0 if fresh or wait > 600 else 1.0
    found = [Moment(at, score, weight, event.channel, event.stage, "convenience")]
    if event.outcome != "resolved":
        bad, weight = {"unresolved": 2.0, "abandoned": 1.0}[event.outcome], 3.0 if fresh else 1.0
        found.append(Moment(at, bad, weight, event.channel, event.stage, "service"))
    return found


def complaint_moments(events: list[Any], steps: list[Any]) -> list[Moment]:
    """How grave each cycle began and how it ended."""
    found: list[Moment] = []
    severity = next((s.severity for s in reversed(steps) if s.severity is not None), None)
    factor = next((step.factor for step in steps if step.factor is not None), "service")
    for cycle in complaint_cycles(steps):
        start = ms(cycle["start"])
        if severity is not None:
            score = 5.0 - severity
            found.append(Moment(start, score, 3.0, cycle["start"].channel, None, factor))
        if "end" in cycle:
            end = ms(cycle["end"])
            score = 5.0
            if cycle["end"].status == "resolved":
                score = 8.0 if end < promise(events, start, end, resolve_hours(steps)) else 3.0
            found.append(Moment(end, score, 3.0, cycle["end"].channel, None, factor))
    return found


def promises(events: list[Any]) -> list[tuple[Any, int, bool]]:
    """Contact, when its callback was due, and whether it was made in time."""
    found = []
    for event in events:
        if event.type == "service_contact" and event.outcome == "unresolved":
            due = ms(event) + HOUR
            done = any(
                e.type == "feedback"
                and e.kind == "callback_done"
                and e.contact_id == event.contact_id
                and ms(event) <= ms(e) < due
                for e in events
            )
            found.append((event, due, done))
    return found


def mean_of(found: list[Moment], now: int) -> float | None:
    """Weighted mean with half-life 30 days."""
    weights = [each.weight * 0.5 ** ((now - each.at) / (30 * DAY)) for each in found]
    if not weights:
        return None
    scored = [w * each.score for w, each in zip(weights, found, strict=True)]
    return float(sum(scored) / sum(weights))


def by(found: list[Moment], field: str, now: int) -> dict[str, float | None]:
    """Satisfaction by channel, stage or factor."""
    names = {getattr(each, field) for each in found} - {None}
    return {
        name: mean_of([each for each in found if getattr(each, field) == name], now)
        for name in names
    }


def peak_end(found: list[Moment]) -> float | None:
    """Of the last run without a gap of 7 days."""
    if not found:
        return None
    journey = [found[-1]]
    for each in reversed(found[:-1]):
        if journey[-1].at - each.at >= 7 * DAY:
            break
        journey.append(each)
    farthest = max(abs(each.score - 5) for each in journey)
    peak = min(each.score for each in journey if abs(each.score - 5) == farthest)
    end = min(each.score for each in journey if each.at == journey[0].at)
    return (peak + end) / 2


def newest(events: list[Any], **fields: Any) -> float | None:
    """The newest answer of which these fields hold."""
    found = [
        event.score
        for event in in_order(events)
        if event.type == "survey"
        and all(getattr(event, name) == value for name, value in fields.items())
    ]
    return found[-1] if found else None


def outrage(events: list[Any], now: int) -> tuple[bool, list[str]]:
    """Whether outraged, and the needs violated."""
    needs: set[str] = set()
    for steps in complaints(events).values():
        category = next((step.category for step in steps if step.category), None)
        cycles = complaint_cycles(steps)
        if not cycles or ("end" in cycles[-1] and cycles[-1]["end"].status == "withdrawn"):
            continue
        start = ms(cycles[-1]["start"])
        if "end" not in cycles[-1] or now - start < 30 * DAY:
            for need, group in (("security", SECURITY), ("justice", JUSTICE), ("esteem", ESTEEM)):
                needs |= {need} if category in group else set()
    broken = [due for _, due, done in promises(events) if not done and now - 30 * DAY < due <= now]
    order: list[str] = [need for need in ("security", "justice", "esteem") if need in needs]
    return bool(needs & {"security", "justice"}) or len(broken) >= 2, order


def repurchase(events: list[Any], now: int) -> dict[str, dict[str, int]]:
    """Of csat answers 244 to 400 days old: how many, and how many were followed by a purchase."""
    bought = [ms(e) // DAY for e in events if e.type == "transaction" and e.direction == "debit"]
    found = {"csat_5": {"answers": 0, "bought": 0}, "csat_4": {"answers": 0, "bought": 0}}
    for event in events:
        if event.type != "survey" or event.instrument != "csat" or event.score < 4:
            continue
        day = ms(event) // DAY
        if 243 < now // DAY - day <= 400:
            cell = found["csat_5" if event.score == 5 else "csat_4"]
            cell["answers"] += 1
            cell["bought"] += any(day < each <= day + 243 for each in bought)
    return found


def gaps(events: list[Any]) -> tuple[dict[str, dict[str, float | None]], str | None]:
    """Gap table and key experience."""
    table: dict[str, dict[str, float | None]] = {}
    for factor in FACTORS:
        row = {
            measure: newest(events, instrument="factor_rating", factor=factor, measure=measure)
            for measure in ("experience", "expectation", "importance", "ideal")
        }
        if any(value is not None for value in row.values()):
            both = row["experience"] is not None and row["expectation"] is not None
            row["gap"] = row["experience"] - row["expectation"] if both else None  # type: ignore[operator]
            known = row["gap"] is not None and row["importance"] is not None
            row["weighted_gap"] = row["gap"] * row["importance"] if known else None  # type: ignore[operator]
            table[factor] = row
    ranked = [name for name, row in table.items() if row["weighted_gap"] is not None]
    key = min(ranked, key=lambda name: table[name]["weighted_gap"], default=None)  # type: ignore[arg-type, return-value]
    for name, row in table.items():
        row["ideal_given"] = row["ideal"] is not None
        if row["ideal"] is None:
            row["ideal"] = 10.0 if name == key else row["experience"]
        both = row["ideal"] is not None and row["experience"] is not None
        row["gap_to_ideal"] = row["experience"] - row["ideal"] if both else None  # type: ignore[operator]
    return table, key


def delivered(events: list[Any]) -> float | None:
    """Delivered value of the parts that are known."""
    rated = {
        factor: newest(events, instrument="factor_rating", factor=factor, measure="experience")
        for factor in FACTORS
    }
    benefits = [rated[name] for name in ("product", "service", "relationship", "brand")]
    waits = [e.wait_seconds for e in in_order(events) if e.type == "service_contact"]
    severities: list[float] = [0.0]
    for steps in complaints(events).values():
        cycles = complaint_cycles(steps)
        closed = {"resolved", "withdrawn"}
        done = "end" in cycles[-1] if cycles else any(step.status in closed for step in steps)
        if not done:
            said = (float(s.severity) for s in reversed(steps) if s.severity)
            severities += [next(said, -1.0)]
    worst = max(severities[1:], default=0.0)
    wait = None if not waits else 10.0 if waits[-1] <= 60 else 10 * (1_200 - waits[-1]) / 1_140
    costs = [
        None if rated["price"] is None else 10 - rated["price"],
        None if wait is None else 10 - max(0.0, wait),
        None if rated["convenience"] is None else 10 - rated["convenience"],
        None if worst < 0 else 2 * worst,
    ]
    gained, paid = ([one for one in side if one is not None] for side in (benefits, costs))
    if not gained or not paid:
        return None
    return sum(gained) / len(gained) - sum(paid) / len(paid)


def figures(events: list[Any], now: int) -> dict[str, Any]:
    """What the export must say of experience as of ``now`` (ms since the epoch)."""
    lived = moments(events, now)
    kept = promises(events)
    is_outraged, needs = outrage(events, now)
    table, key = gaps(events)
    served = {
        name: [
            newest(events, instrument="servqual", dimension=name, measure=measure)
            for measure in ("perception", "expectation")
        ]
        for name in DIMENSIONS
    }
    servqual = {
        name: pair[0] - pair[1]
        for name, pair in served.items()
        if pair[0] is not None and pair[1] is not None
    }
    items = [newest(events, instrument="acsi", item=i) for i in ("overall", "expectancy", "ideal")]
    acsi = None
    if all(item is not None for item in items):
        acsi = sum((item - 1) / 3 for item in items if item is not None) / 9 * 100
    return {
        "satisfaction_by_channel": by(lived, "channel", now),
        "satisfaction_by_stage": by(lived, "stage", now),
        "gaps": table,
        "key_experience": key,
        "servqual": servqual,
        "servqual_mean": sum(servqual.values()) / 5 if len(servqual) == 5 else None,
        "acsi": acsi,
        "nps": newest(events, instrument="nps"),
        "csat": newest(events, instrument="csat"),
        "ces": newest(events, instrument="ces"),
        "delivered_value": delivered(events),
        "peak_end": peak_end(lived),
        "good_moments": sum(each.score >= 7 for each in lived),
        "bad_moments": sum(each.score < 5 for each in lived),
        "promises_kept": sum(done for _, _, done in kept),
        "promises_broken": sum(not done and due <= now for _, due, done in kept),
        "outrage": is_outraged,
        "needs_violated": needs,
        "repurchase": repurchase(events, now),
    }
