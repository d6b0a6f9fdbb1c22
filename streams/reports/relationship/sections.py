"""The sections of the report on relationships."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from domain.customer.grouping import ORDERED, UNKNOWN
from domain.relationship.funnel import Step
from domain.relationship.migration import NOWHERE, Migration
from domain.relationship.organisations import Organisation
from domain.relationship.portfolio import Churn, Class, RelationshipReport
from streams.reports.form import plots
from streams.reports.form.document import Column, Picture, Section, Table, table
from streams.reports.form.words import percent, plural, shown, words

MOST_FLOWS = 40
MOST_ORGANISATIONS = 50
NO_SEGMENT = "no segment"
CLASS = (
    Column("name", "Class"),
    Column("customers", "Customers", "count"),
    Column("share", "Share", "share"),
    Column("churn_risk", "Churn risk", "score"),
    Column("satisfaction", "Satisfaction", "score"),
    Column("value", "Value of a year", "amount"),
)
Named = Callable[[str], str]


def states(found: RelationshipReport) -> Section:
    """Customers by state, with what each is worth and how satisfied."""
    rows = found.classes["state"]
    most = max(rows, key=lambda row: row.customers, default=None)
    said: tuple[str, ...] = ()
    if most is not None and most.customers:
        said = (
            f"Most customers are {words(most.name)}: {most.customers:,},"
            f" {percent(most.share)} of all.",
        )
    parts = (_bars("states", "Customers by state.", rows), _classes("states", "State", rows))
    note = "Means are over the customers of whom the measure is known; value in"
    return Section("states", "Customer states", (*said, f"{note} {found.currency}."), parts)


def funnel(steps: Sequence[Step]) -> Section:
    """How far customers have come, and how long each step took."""
    columns = (
        Column("step", "Step"),
        Column("reached", "Reached", "count"),
        Column("conversion", "Of the step before", "share"),
        Column("days", "Median time", "days"),
        Column("timed", "Timed", "count"),
        Column("now", "Stand there now", "count"),
    )
    rows = [(s.name, s.reached, s.conversion, s.days, s.timed, s.now) for s in steps]
    reached = [(step.name, float(step.reached)) for step in steps]
    picture = Picture(
        "funnel", "Customers who reached a step or a later one.",
        lambda: plots.bars("funnel", reached, "number"),
    )  # fmt: skip
    weakest = min(
        (step for step in steps if step.conversion is not None),
        key=lambda step: step.conversion or 0.0,
        default=None,
    )
    said: tuple[str, ...] = ()
    if weakest is not None:
        said = (
            f"The weakest step is {words(weakest.name)}: {percent(weakest.conversion)} of the"
            " customers who reached the step before went on to it.",
        )
    note = "Times are of customers whose transitions are at hand."
    return Section("funnel", "Funnel", said, (picture, table("funnel", columns, rows, note=note)))


def churn(found: Churn) -> Section:
    """The distribution of churn risk, and who is lost."""
    bands = [(f"{b.low:.1f} to {b.high:.1f}", b.customers, b.share) for b in found.bands]
    edges = [*(band.low for band in found.bands), found.bands[-1].high]
    counts = [band.customers for band in found.bands]
    unknown = f" The risk of {found.unknown:,} more is not known." if found.unknown else ""
    said = (
        f"{found.above:,} of {plural(found.known, 'customer')} whose risk is known"
        f" ({percent(found.above_share, 1)}) are at {found.line:g} or more.{unknown}",
        f"{found.lost:,} of {plural(found.buyers, 'buyer')} are lost"
        f" ({percent(found.lost_share, 1)}), whenever that was.",
    )
    picture = Picture(
        "churn", "Customers by churn risk; the line is where it is high.",
        lambda: plots.histogram("churn", edges, counts, "churn risk", found.line),
    )  # fmt: skip
    columns = (
        Column("band", "Churn risk"),
        Column("customers", "Customers", "count"),
        Column("share", "Share", "share"),
    )
    return Section("churn", "Churn risk", said, (picture, table("churn", columns, bands)))


def lifecycle(found: RelationshipReport) -> Section:
    """Lifecycle phases and relationship stages."""
    parts = (
        _classes("lifecycle_phase", "Phase", found.classes["lifecycle_phase"], "Lifecycle phases"),
        _classes("stage", "Stage", found.classes["stage"], "Relationship stages"),
    )
    return Section("lifecycle", "Lifecycle and stages", (), parts)


def loyalty(found: RelationshipReport) -> Section:
    """Three ways to see loyalty: matrix, diamond, phases; and the relationship's quality."""
    said: tuple[str, ...] = ()
    if found.quality is not None:
        said = (
            f"Relationship quality (trust, satisfaction and commitment) is"
            f" {shown(found.quality, 'score')} of 10 on average, known of"
            f" {plural(found.quality_known, 'customer')}.",
        )
    titles = {
        "loyalty_matrix": "Loyalty matrix: repeat purchase and attitude",
        "loyalty_diamond": "Loyalty diamond: commitment and brands used",
        "loyalty_phase": "Loyalty phases: how far loyalty goes",
    }
    parts = tuple(
        _classes(kind, "Class", found.classes[kind], title) for kind, title in titles.items()
    )
    return Section("loyalty", "Loyalty", said, parts)


def contacts(found: RelationshipReport) -> Section:
    """Contact types."""
    rows = found.classes["contact_type"]
    said = (
        "A relationship has several contacts, half of them or more with one agent; a pseudo"
        " relationship has one branch, but changing agents; an encounter has neither.",
    )
    return Section("contacts", "Contact types", said, (_classes("contact_type", "Type", rows),))


def segments_by_value(found: RelationshipReport, named: Named) -> Section:
    """Segments crossed with ABC and CLV classes."""
    parts: list[Table | Picture] = []
    for kind, title in (("abc", "ABC classes"), ("clv_class", "CLV classes")):
        cells = {(c.segment, c.value_class): c.customers for c in found.segments_by_value[kind]}
        segments = list(dict.fromkeys(segment for segment, _ in cells))
        classes = [
            name for name in (*ORDERED[kind], UNKNOWN) if any((s, name) in cells for s in segments)
        ]
        if not segments or classes == [UNKNOWN]:
            continue
        rows = [
            (_segment(s, named), *(cells[s, name] for name in classes), _sum(cells, s, classes))
            for s in segments
        ]
        columns = (
            Column("segment", "Segment"),
            *(Column(name, words(name), "count") for name in classes),
            Column("customers", "Customers", "count"),
        )
        series = {name: [float(cells[s, name]) for s in segments] for name in classes}
        labels = [_segment(s, named) for s in segments]
        parts.append(_crossed(f"segments_{kind}", f"Each segment by {title}.", labels, series))
        parts.append(table(f"segments_{kind}", columns, rows, title=title))
    said = ("The tables show which segments hold the customers of most value, and of least.",)
    return Section("segments_by_value", "Segments by value", said, tuple(parts))


def migration(found: Migration, sizes: Mapping[str, int], named: Named) -> Section:
    """Who went from which segment to which, and the sizes day by day."""
    days = found.days(sizes)
    if not days:
        return Section("migration", "Migration between segments")
    flows = found.flows()
    inner = [flow for flow in flows if NOWHERE not in (flow.was, flow.becomes)]
    said = [
        f"{plural(found.updates, 'change')} of segment from {days[0].day} to {days[-1].day}:"
        f" {sum(day.entered for day in days):,} entered a segment,"
        f" {sum(day.moved for day in days):,} moved, {sum(day.left for day in days):,} left."
    ]
    if inner:
        most = inner[0]
        said.append(
            f"Most changes went from {named(most.was)} to {named(most.becomes)}: {most.changes:,}."
        )
    held = {name for day in days for name in day.sizes}
    series = {named(name): [float(day.sizes.get(name, 0)) for day in days] for name in sorted(held)}
    parts: list[Table | Picture] = []
    if len(days) > 1 and series:
        dates = [day.day for day in days]
        parts.append(
            Picture(
                "migration", "Customers of each segment at the end of each UTC day.",
                lambda: plots.lines("migration", dates, series),
            )
        )  # fmt: skip
    rows = [
        (_segment(flow.was, named), _segment(flow.becomes, named), flow.changes)
        for flow in flows[:MOST_FLOWS]
    ]
    columns = (Column("from", "From"), Column("to", "To"), Column("changes", "Changes", "count"))
    note = f"The {MOST_FLOWS} largest of {len(flows):,} flows." if len(flows) > MOST_FLOWS else ""
    parts.append(table("flows", columns, rows, title="Flows", note=note))
    daily = (
        Column("day", "UTC day"),
        Column("entered", "Entered", "count"),
        Column("moved", "Moved", "count"),
        Column("left", "Left", "count"),
        Column("customers", "In a segment at its end", "count"),
    )
    counted = [
        (str(day.day), day.entered, day.moved, day.left, sum(day.sizes.values())) for day in days
    ]
    parts.append(table("days", daily, counted, title="Day by day"))
    return Section("migration", "Migration between segments", tuple(said), tuple(parts))


def organised(found: Sequence[Organisation], currency: str) -> Section:
    """Organisations whose members are customers, the largest balances first."""
    ordered = sorted(found, key=lambda one: (-(one.balance or 0.0), one.organisation_id))
    columns = (
        Column("organisation", "Organisation"),
        Column("members", "Members", "count"),
        Column("key_persons", "Key persons", "count"),
        Column("balance", "Balance", "amount"),
        Column("total_365_days", "Value of a year", "amount"),
        Column("complaints_open", "Open complaints", "count"),
        Column("satisfaction", "Satisfaction", "score"),
        Column("key_person_satisfaction", "Of key persons", "score"),
        Column("highest_churn_risk", "Highest churn risk", "score"),
    )
    rows = [
        (
            one.organisation_id, len(one.members), len(one.key_persons), one.balance,
            one.total_365_days, one.complaints_open, one.satisfaction.value,
            one.key_person_satisfaction.value, one.highest_churn_risk,
        )
        for one in ordered[:MOST_ORGANISATIONS]
    ]  # fmt: skip
    said = f"{plural(len(found), 'organisation')} have members among the customers"
    if len(found) > MOST_ORGANISATIONS:
        said += f"; the {MOST_ORGANISATIONS} with the largest balances are shown"
    parts = (table("organisations", columns, rows),) if rows else ()
    sentence = f"{said}. Amounts in {currency}."
    return Section("organisations", "Organisations", (sentence,), parts)


# -- inside -------------------------------------------------------------------------------


def _classes(key: str, head: str, rows: Sequence[Class], title: str = "") -> Table:
    columns = (CLASS[0]._replace(title=head), *CLASS[1:])
    values = [
        (row.name, row.customers, row.share, row.churn_risk, row.satisfaction, row.value)
        for row in rows
    ]
    return table(key, columns, values, title=title)


def _bars(key: str, caption: str, rows: Sequence[Class]) -> Picture:
    counted = [(row.name, float(row.customers)) for row in rows if row.customers]
    return Picture(key, caption, lambda: plots.bars(key, counted, "number"))


def _crossed(
    key: str, caption: str, labels: Sequence[str], series: Mapping[str, Sequence[float]]
) -> Picture:
    return Picture(key, caption, lambda: plots.stacked(key, labels, series, "of customers"))


def _segment(segment: str, named: Named) -> str:
    return NO_SEGMENT if segment in (NOWHERE, UNKNOWN) else named(segment)


def _sum(cells: Mapping[tuple[str, str], int], segment: str, classes: Sequence[str]) -> int:
    return sum(cells[segment, name] for name in classes)
