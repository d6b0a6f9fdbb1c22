"""``touchline report``: experience, complaints, value, relationship, campaigns, and who stands out.

And the service standards of the policy, which ask for no customers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from streams.cli.moments import TIMES, milliseconds
from streams.errors import NotWritten
from streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from domain.policy import Policy
    from streams.reports.form.document import Document
    from streams.reports.report import About, Collector, Report

WIDE = 160


class Format(StrEnum):
    """How a report is told."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


class Group(StrEnum):
    """What customers are cut by; the last five are of moments and contacts, not of customers."""

    TIER = "tier"
    SEGMENT = "segment"
    REGION = "region"
    SEX = "sex"
    AGE_BAND = "age_band"
    OCCUPATION = "occupation"
    POSITION = "position"
    ORGANISATION = "organisation"
    LIQUIDITY = "liquidity"
    OWNER = "owner"
    ABC = "abc"
    CLV_CLASS = "clv_class"
    AGENT = "agent"
    BRANCH = "branch"
    STAGE = "stage"
    CHANNEL = "channel"
    FACTOR = "factor"


OF_MOMENTS = frozenset({Group.AGENT, Group.BRANCH, Group.STAGE, Group.CHANNEL, Group.FACTOR})


By = Annotated[Group | None, typer.Option(help="Cut it by this group of customers.")]
As = Annotated[
    Format | None,
    typer.Option("--format", help="How to tell it; default: by the name of --out, else a table."),
]
Out = Annotated[Path | None, typer.Option(help="Write it here; default: print it.", dir_okay=False)]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        help="Folder of a replay; default: the live state, by the read model of a "
        "`touchline serve` that runs here, else from Kafka.",
        file_okay=False,
        exists=True,
    ),
]  # fmt: skip
At = Annotated[
    datetime | None,
    typer.Option(
        help="The live state as of this time (with an offset, or UTC); default: now, or on the "
        "event clock the watermark of each partition.",
        formats=TIMES,
    ),
]
PolicyFile = Annotated[
    Path | None, typer.Option(help="Policy file (YAML); default: TOUCHLINE_POLICY or built in.")
]


def register(app: typer.Typer) -> None:
    """Add the group to the app."""
    group = typer.Typer(
        help="Reports over all customers: live from Kafka, or of a replay's folder.",
        no_args_is_help=True,
    )
    for command in (
        experience, complaints, value, relationship, campaigns, identification, standards,
    ):  # fmt: skip
        group.command()(command)
    app.add_typer(group, name="report")


def experience(
    *, by: By = None, form: As = None, out: Out = None, source: From = None, at: At = None,
    policy: PolicyFile = None,
    decision: Annotated[
        Path | None,
        typer.Option(
            help="Steps 5 to 7 of the seven: a decision on the key experience (YAML or JSON).",
            dir_okay=False, exists=True,
        ),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(
            help="The measurement before, for step 7: a replay's folder, or an earlier report of "
            "this kind as JSON; default: what the decision says.",
            exists=True,
        ),
    ] = None,
) -> None:  # fmt: skip
    """Report satisfaction, gaps to expectations, the seven steps, word of mouth, scorecards.

    Example: touchline report experience --by agent --decision decision.yaml --before last-month
    """
    from domain.policy import load_policy
    from streams.reports.experience.before import decided
    from streams.reports.experience.report import ExperienceReport

    if before is not None and decision is None:
        raise typer.BadParameter("goes with --decision: step 7 follows one", param_hint="--before")
    settings = load_settings()
    rules = load_policy(policy or settings.policy)
    made = None if decision is None else decided(decision, before, rules)
    report = ExperienceReport(rules, None if by is None else by.value, made)
    about = collect(report, rules, settings, source, milliseconds(at))
    write(report.document(about), form, out)


def complaints(
    *, by: By = None, form: As = None, out: Out = None, source: From = None, at: At = None,
    policy: PolicyFile = None,
) -> None:  # fmt: skip
    """Report promises kept by tier and kind, escalations, compensation, beside published limits.

    Example: touchline report complaints --by tier --out complaints.html
    """
    from streams.reports.complaints import ComplaintsReport

    _report(ComplaintsReport, by, Given(form, out, source, at, policy))


def value(
    *, by: By = None, form: As = None, out: Out = None, source: From = None, at: At = None,
    policy: PolicyFile = None,
) -> None:  # fmt: skip
    """Report ABC, key accounts, RFM, relationship and CLV classes, and the cost to serve.

    Example: touchline report value --from result --format json
    """
    from streams.reports.value.report import ValueReport

    _report(ValueReport, by, Given(form, out, source, at, policy))


def relationship(
    *, by: By = None, form: As = None, out: Out = None, source: From = None, at: At = None,
    policy: PolicyFile = None,
) -> None:  # fmt: skip
    """Report states, funnel, churn risk, loyalty, contact types, and migration between segments.

    Example: touchline report relationship --from result --out relationship.html
    """
    from streams.reports.relationship.report import RelationshipsReport

    _report(RelationshipsReport, by, Given(form, out, source, at, policy))


def campaigns(
    *, by: By = None, form: As = None, out: Out = None, source: From = None, at: At = None,
    policy: PolicyFile = None,
) -> None:  # fmt: skip
    """Report response, ROI and rating of each campaign, who answers, and its customers' funnel.

    Example: touchline report campaigns --from result --by region
    """
    from streams.reports.campaigns.report import CampaignsReport

    _report(CampaignsReport, by, Given(form, out, source, at, policy))


def identification(
    *, by: By = None, form: As = None, out: Out = None, source: From = None, at: At = None,
    policy: PolicyFile = None,
) -> None:  # fmt: skip
    """Report lighthouse customers, whom to approach with care and why, prospects by source.

    Example: touchline report identification --out who-stands-out.html
    """
    from streams.reports.identification import IdentificationsReport

    _report(IdentificationsReport, by, Given(form, out, source, at, policy))


def standards(*, form: As = None, out: Out = None, policy: PolicyFile = None) -> None:
    """Publish the service standards by tier that the policy promises.

    Example: touchline report standards --out standards.html
    """
    from domain.policy import load_policy
    from streams.reports.standards import standards as told

    file = policy or load_settings().policy
    source = "the built-in policy" if file is None else f"the policy {file.name}"
    write(told(load_policy(file), source), form, out)


class Given(NamedTuple):
    """What is the same of every report."""

    form: Format | None
    out: Path | None
    source: Path | None
    at: datetime | None
    policy: Path | None


def _report(make: Callable[[Policy, str | None], Report], by: Group | None, given: Given) -> None:
    from domain.policy import load_policy

    if by in OF_MOMENTS:
        raise typer.BadParameter(
            f"a customer has no one {by.value}: `touchline report experience --by {by.value}`"
            " tells of moments and contacts", param_hint="--by",
        )  # fmt: skip
    settings = load_settings()
    rules = load_policy(given.policy or settings.policy)
    report = make(rules, None if by is None else by.value)
    about = collect(report, rules, settings, given.source, milliseconds(given.at))
    write(report.document(about), given.form, given.out)


def collect(
    report: Collector, rules: Policy, settings: Settings, source: Path | None, at: int | None
) -> About:
    """Give a report everything of a folder or of the live state, with a bar on a terminal."""
    errors = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    shown = errors.is_terminal
    with Progress(*columns, console=errors, transient=True, disable=not shown) as progress:
        if source is not None:
            from streams.reports import folder

            task = progress.add_task("reading", total=folder.size(source, report))
            return folder.read_folder(source, report, lambda size: progress.advance(task, size))
        return _live(report, rules, settings, at, progress)


def _live(
    report: Collector, rules: Policy, settings: Settings, at: int | None, progress: Progress
) -> About:
    from streams.queries import connect
    from streams.reports import live

    with connect.admin(settings) as client:
        partitions = connect.partition_count(client, settings.changelog)
    task = progress.add_task("reading", total=live.steps(partitions, report))

    return connect.run(
        live.read_live(settings, rules, partitions, report, lambda: progress.advance(task), at=at)
    )


def write(document: Document, form: Format | None, out: Path | None) -> None:
    """Print or write a report. Raises NotWritten."""
    form = form or _by_name(out)
    if out is None and form is Format.TABLE:
        from streams.reports.form.text import text

        console = Console()
        wide = console if console.is_terminal else Console(width=WIDE)
        wide.print(text(document))
        return
    told = _told(document, form)
    if out is None:
        sys.stdout.buffer.write(told)
        return
    try:
        out.write_bytes(told)
    except OSError as error:
        raise NotWritten(
            f"{out}: cannot be written ({error.strerror}); give another --out"
        ) from error


def _told(document: Document, form: Format) -> bytes:
    if form is Format.JSON:
        from streams.reports.form.document import as_dict

        return msgspec.json.format(msgspec.json.encode(as_dict(document)), indent=2) + b"\n"
    if form is Format.HTML:
        from streams.reports.form.html import html

        return html(document).encode()
    from io import StringIO

    from streams.reports.form.text import text

    written = StringIO()
    Console(file=written, width=WIDE).print(text(document))
    return written.getvalue().encode()


def _by_name(out: Path | None) -> Format:
    """The format that a file's name asks for; a table for any other."""
    suffix = "" if out is None else out.suffix.lower()
    return {".html": Format.HTML, ".htm": Format.HTML, ".json": Format.JSON}.get(
        suffix, Format.TABLE
    )
