"""The report on complaints: promises kept, who waits, what it costs, beside published limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from domain.complaints.portfolio import (
    DIMENSIONS,
    ComplaintPortfolio,
    ComplaintReport,
    ComplaintRow,
)
from domain.customer.grouping import UNKNOWN, Grouped
from domain.policy import Policy
from schemas.figures import CustomerFigures
from streams.reports.form import plots
from streams.reports.form.document import Column, Document, Picture, Section, Table, table
from streams.reports.form.words import percent, plural, shown, when
from streams.reports.report import About, by_group

COUNTS = (
    Column("complaints", "Complaints", "count"),
    Column("open", "Open", "count"),
    Column("overdue", "Overdue", "count"),
)
SHARES = (
    Column("acknowledged_in_time_share", "Acknowledged in time", "share"),
    Column("resolved_in_time_share", "Resolved in time", "share"),
    Column("promises_kept_share", "Promises kept", "share"),
)
TIMES = (
    Column("median_resolve_hours", "Median time to resolve", "hours"),
    Column("slow_hours", "9 of 10 within", "hours"),
)
LEVELS = (
    Column("level_1", "Level 1", "count"),
    Column("level_2", "Level 2", "count"),
    Column("level_3", "Level 3", "count"),
)
COMPENSATION = (
    Column("compensation_given", "Given", "amount"),
    Column("compensation_due", "Due", "amount"),
)
MEASURES = (*COUNTS, *SHARES, *TIMES)
TITLES = {
    "tier": "By tier", "category": "By category", "factor": "By factor", "product": "By product",
    "channel": "By channel", "severity": "By severity",
}  # fmt: skip


class ComplaintsReport:
    """The report on complaints, cut by a group where one is given."""

    kind = "complaints"
    topics: tuple[str, ...] = ()

    def __init__(self, policy: Policy, by: str | None = None) -> None:
        self._portfolio = ComplaintPortfolio(policy)
        make = partial(ComplaintPortfolio, policy)
        self._grouped = None if by is None else Grouped(by, make)

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self._portfolio.add(customer)
        if self._grouped is not None:
            self._grouped.add(customer)

    def add_output(self, topic: str, output: Mapping[str, Any]) -> None:
        """There are none that it wants."""

    def document(self, about: About) -> Document:
        """The report of all customers taken so far."""
        found = self._portfolio.report()
        sections = [_promises(found), _escalations(found)]
        sections += [_dimension(found, name) for name in DIMENSIONS if name != "tier"]
        sections += [_playbook(found), _compensation(found), _benchmarks(found)]
        if self._grouped is not None:
            sections.insert(0, by_group(self._grouped, about, MEASURES, _measures))
        return Document(
            kind=self.kind,
            title="Complaints",
            source=about.source,
            as_of=about.as_of,
            customers=found.customers,
            sentences=_summary(found, about),
            sections=tuple(section for section in sections if section.parts),
        )


def _summary(found: ComplaintReport, about: About) -> tuple[str, ...]:
    total = found.total
    said = [
        f"{plural(found.customers, 'customer')} of {about.source}, as of {when(about.as_of)}."
        f" {plural(found.ever, 'complaint')} were made in all; this report is about"
        f" the {total.complaints:,} of {plural(found.complainants, 'customer')} that are open"
        " or were closed within 40 days.",
        f"{total.open:,} are open, {total.overdue:,} of them overdue;"
        f" {total.resolved:,} were resolved, {total.withdrawn:,} withdrawn,"
        f" {total.reopened:,} reopened at least once.",
    ]
    if total.resolved_in_time_share is not None:
        said.append(
            f"{percent(total.resolved_in_time_share)} of the resolutions that were due came in"
            f" time, and {percent(total.acknowledged_in_time_share)} of the acknowledgements."
        )
    if found.oldest_open_hours is not None:
        oldest = shown(found.oldest_open_hours, "hours")
        said.append(f"The oldest open complaint has waited for {oldest}.")
    if found.irregular_steps:
        said.append(
            f"{plural(found.irregular_steps, 'step')} came out of order and"
            f" {'was' if found.irregular_steps == 1 else 'were'} kept as irregular."
        )
    return tuple(said)


def _promises(found: ComplaintReport) -> Section:
    """By tier: what is promised, and what came of it."""
    tiers = found.by["tier"]
    columns = (
        Column("tier", "Tier"),
        *COUNTS,
        Column("acknowledge_hours", "Promised to acknowledge", "hours"),
        SHARES[0],
        Column("resolve_hours", "Promised to resolve", "hours"),
        SHARES[1],
        SHARES[2],
    )
    rows = [
        (
            row.name, row.complaints, row.open, row.overdue,
            *_interleaved(found.promised_hours[row.name], row),
            row.promises_kept_share,
        )
        for row in tiers
    ]  # fmt: skip
    kept = [(row.name, row.promises_kept_share) for row in tiers]
    parts: list[Table | Picture] = []
    if any(share is not None for _, share in kept):
        parts.append(
            Picture(
                "promises", "Promises kept, of all that were kept or broken, by tier.",
                lambda: plots.bars("promises", kept, "share"),
            )
        )  # fmt: skip
    if rows:
        note = "Promises of the policy in hours of its calendar; a rise of tier shortens them."
        parts.append(table("promises", columns, rows, note=note))
    total = found.total
    said = (
        f"{total.promises_kept:,} promises were kept and {total.promises_broken:,} broken, over all"
        " openings and reopenings.",
    )
    return Section("promises", "Promises by tier", said, tuple(parts))


def _interleaved(promised: tuple[float, float], row: ComplaintRow) -> tuple[float | None, ...]:
    return (
        promised[0], row.acknowledged_in_time_share, promised[1], row.resolved_in_time_share
    )  # fmt: skip


def _escalations(found: ComplaintReport) -> Section:
    total = found.total
    rows = [
        (row.name, row.complaints, row.level_1, row.level_2, row.level_3)
        for row in found.by["tier"]
    ]
    said = (
        f"{total.level_1:,} of {plural(total.complaints, 'complaint')} missed a promise"
        f" (level 1 or more), {total.level_2:,} reached level 2 or 3,"
        f" {total.level_3:,} passed the regulator's limit (level 3).",
    )
    columns = (Column("tier", "Tier"), COUNTS[0], *LEVELS)
    parts = (
        table(
            "escalations",
            columns,
            rows,
            note="Level 1 is a missed acknowledgement, 2 a missed resolution, 3 a passed limit of"
            " the regulator. Each counts the complaints that reached it.",
        ),
    )
    return Section("escalations", "Escalations", said, parts if rows else ())  # fmt: skip


def _dimension(found: ComplaintReport, name: str) -> Section:
    rows = found.by[name]
    if not rows or [row.name for row in rows] == [UNKNOWN]:
        return Section(name, TITLES[name])
    columns = (Column(name, name.capitalize()), *MEASURES)
    parts: list[Table | Picture] = [
        table(f"complaints_by_{name}", columns, [(row.name, *_row(row)) for row in rows])
    ]
    counted = [(row.name, float(row.complaints)) for row in rows]
    if name in ("category", "factor") and len(rows) > 1:
        parts.insert(
            0,
            Picture(
                name, f"Complaints by {name}.", lambda: plots.bars(name, counted, "number")
            ),
        )  # fmt: skip
    most = max(rows, key=lambda row: (row.name != UNKNOWN, row.complaints))
    share = percent(most.complaints / found.total.complaints)
    said = (
        f"Most complaints are of {name} {shown(most.name, 'text')}: {most.complaints:,},"
        f" {share} of all."
    )
    return Section(name, TITLES[name], (said,), tuple(parts))


def _playbook(found: ComplaintReport) -> Section:
    """What of each playbook is done."""
    rows = [(row.category, row.step, row.done, row.of, row.share) for row in found.steps]
    done, of = (sum(getattr(row, name) for row in found.steps) for name in ("done", "of"))
    said = (f"{done:,} of {plural(of, 'step')} of the playbook are done.",)
    columns = (
        Column("category", "Category"),
        Column("step", "Step"),
        Column("done", "Done", "count"),
        Column("of", "Of complaints", "count"),
        Column("share", "Share done", "share"),
    )
    note = "Of a complaint that was reopened the steps since then count."
    parts = (table("playbook", columns, rows, note=note),) if rows else ()
    return Section("playbook", "Steps of the playbook", said, parts)


def _compensation(found: ComplaintReport) -> Section:
    rows = [
        (row.name, row.complaints, row.compensation_given, row.compensation_due)
        for row in found.by["tier"]
    ]
    total = found.total
    given, due = (
        f"{shown(amount, 'amount')} {found.currency}"
        for amount in (total.compensation_given, total.compensation_due)
    )
    said = (
        f"{given} were given with resolutions; by the policy {due} more are due for resolutions"
        " that were overdue.",
    )
    columns = (Column("tier", "Tier"), COUNTS[0], *COMPENSATION)
    parts = (table("compensation", columns, rows),) if rows else ()
    return Section("compensation", "Compensation", said, parts)


def _benchmarks(found: ComplaintReport) -> Section:
    columns = (
        Column("limit", "Published limit"),
        Column("share", "Kept by", "share"),
        Column("of", "Of complaints", "count"),
    )
    rows = [(one.name, one.share, one.of) for one in found.benchmarks]
    said = ("Published limits stand beside what was measured; the policy's own stand above.",)
    parts = (table("benchmarks", columns, rows),)
    return Section("benchmarks", "Beside published limits", said, parts)


def _row(row: ComplaintRow) -> Sequence[Any]:
    return [getattr(row, column.key) for column in MEASURES]


def _measures(portfolio: ComplaintPortfolio) -> Sequence[Any]:
    return _row(portfolio.report().total)
