"""Who stands out is the same in any order of arrival, after a reload, and after an erasure."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.cases import TouchpointBase
from schemas.fields import milliseconds
from tests.domain.bank import DAY, HOUR, START, Events, Task
from tests.domain.identification.test_approach import declined

Made = tuple[TouchpointBase, int]
KINDS = (
    "clicked", "converted", "bought", "brands", "praise", "suggestion", "declined", "abandoned",
    "called", "opened", "resolved", "reopened", "commitment", "source", "margin",
)  # fmt: skip


@st.composite
def arrivals(draw: st.DrawFn) -> list[TouchpointBase]:
    """Events within 60 days, none later than a day, in order of arrival."""
    make, made = Events(), list[Made]()
    for _ in range(draw(st.integers(1, 24))):
        at = draw(st.one_of(st.integers(0, 72), st.integers(0, 60 * 24))) * HOUR
        made.append((draw(events_at(make, at)), at + draw(st.integers(0, DAY))))
    made.sort(key=lambda each: each[1])
    return [event for event, _ in made]


@st.composite
def events_at(draw: st.DrawFn, make: Events, at: int) -> TouchpointBase:
    """Any event that how one stands out is told by."""
    kind = draw(st.sampled_from(KINDS))
    if kind in ("clicked", "converted"):
        return make.campaign(at, kind)
    if kind == "bought":
        return make.transaction(at)
    if kind == "margin":
        return make.transaction(at, margin=draw(st.sampled_from((5.0, 100.0))))
    if kind == "brands":
        return make.survey(at, "brands_used", draw(st.integers(1, 5)))
    if kind == "commitment":
        return make.survey(at, "commitment", draw(st.integers(0, 10)))
    if kind in ("praise", "suggestion"):
        return make.feedback(at, kind)
    if kind == "declined":
        return declined(make, at, draw(st.integers(1, 3)))
    if kind in ("abandoned", "called"):
        return make.contact(at, 100, "abandoned" if kind == "abandoned" else "resolved")
    if kind == "source":
        return make.profile(at, source=draw(st.sampled_from((None, "event", "list"))))
    return make.complaint(at, kind)


def out(task: Task, at: int) -> dict[str, Any]:
    found: dict[str, Any] = task.figures(at)["identification"]
    return found


def by_brute_force(events: list[TouchpointBase], end: int) -> dict[str, Any]:
    """What follows from all events at once, by another way than the rules."""
    plain = sorted(
        ((milliseconds(each.occurred_at) - START, each.model_dump()) for each in events),
        key=lambda each: (each[0], each[1]["event_id"]),
    )

    def of(named: str, /, **fields: Any) -> list[tuple[int, dict[str, Any]]]:
        return [
            (at, each)
            for at, each in plain
            if each["type"] == named and all(each[name] == one for name, one in fields.items())
        ]

    bought = of("transaction")
    brands = of("survey", instrument="brands_used")
    converted, clicked = of("campaign", action="converted"), of("campaign", action="clicked")
    at = bought[0][0] if len(bought) == 1 else None
    hunter = (
        at is not None
        and bool(brands)
        and brands[-1][1]["score"] >= 3
        and (
            any(at - 7 * DAY <= other <= at + DAY for other, _ in converted)
            or any(at - 7 * DAY <= other <= at for other, _ in clicked)
        )
    )
    tasks = {each["task_id"] for _, each in of("care")}
    contacts, waits = of("service_contact"), of("service_contact", outcome="abandoned")
    own = [*of("feedback", kind="praise"), *of("feedback", kind="suggestion")]
    kinds = {
        "bargain_hunter": hunter,
        "self_reliant": len(tasks) >= 2 and not contacts,
    }
    return {
        "kinds": {name for name, holds in kinds.items() if holds},
        "feedbacks": sum(end - 365 * DAY < other <= end for other, _ in own),
        "declined_tasks": len(tasks),
        "abandoned_waits": len(waits),
        "impatient_by_waits": len(waits) >= 2,
    }


PATIENT = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(arrivals(), st.integers(62, 400))
def test_any_order_of_arrival_tells_the_same(events: list[TouchpointBase], days: int) -> None:
    end = days * DAY
    arrived = out(Task(reload_always=True).take(*events).until(end), end)
    in_time = sorted(events, key=lambda each: (each.occurred_at, each.event_id))
    assert arrived == out(Task().take(*in_time).until(end), end)
    expected = by_brute_force(events, end)
    kinds = {each["kind"] for each in arrived["approach"]}
    assert kinds & {"bargain_hunter", "self_reliant"} == expected["kinds"]
    assert expected["impatient_by_waits"] <= ("impatient" in kinds)
    for name in ("feedbacks", "declined_tasks", "abandoned_waits"):
        assert arrived[name] == expected[name], name


@settings(PATIENT, max_examples=40)
@given(arrivals())
def test_nothing_of_it_stays_after_an_erasure(events: list[TouchpointBase]) -> None:
    make = Events()
    task = Task().take(*events)
    task.save()
    task.take(make.profile(62 * DAY, event_id="erase", erase=True)).save()
    assert not [key for key in task.records if key[:1] == b"h"]
    nobody = out(Task(), 63 * DAY)
    assert out(task.until(63 * DAY), 63 * DAY) == nobody
