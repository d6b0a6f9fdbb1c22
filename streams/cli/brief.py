"""``touchline brief``: the numbered customer briefing of a week or month, page and letter."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streams.cli.moments import milliseconds
from streams.cli.report import At, From, PolicyFile, collect
from streams.errors import NotWritten
from streams.settings import load_settings

if TYPE_CHECKING:
    from datetime import date

    from domain.policy import Policy
    from streams.briefing.briefing import Briefing
    from streams.briefing.periods import Kind
    from streams.serve.telling import Language

YEARS: Final = range(1971, 2200)
"""Years in which everything of a customer lies."""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(brief)


def brief(
    *,
    week: Annotated[bool, typer.Option("--week", help="Of an ISO week; the default.")] = False,
    month: Annotated[bool, typer.Option("--month", help="Of a month.")] = False,
    ending: Annotated[
        datetime | None,
        typer.Option(
            help="Of the week or month that this day is in; default: the newest that is over. Days "
            "are those of the policy's complaints.calendar.time_zone.",
            formats=["%Y-%m-%d"],
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the briefings; made where it is not.", file_okay=False)
    ] = Path("briefings"),
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    source: From = None, at: At = None, policy: PolicyFile = None,
) -> None:  # fmt: skip
    """Write the customer briefing: figures against the last period, and who needs somebody.

    Its number is that of its period (2026-W48, 2026-11), so a briefing made again is the same one.
    Three files come into --out: the page (briefing-2026-W48.en.html, one file that needs nothing
    else), the text for e-mail (.txt) and the figures (briefing-2026-W48.json), with which the next
    one compares what the state no longer knows: keep the folder.

    Nothing is sent. The text has To and Subject, of the policy's briefing.recipients, so that
    it can be piped: sendmail -t < briefings/briefing-2026-W48.en.txt

    From a replay's folder the reasons of figures are in English whatever the language.

    Example: touchline brief --month --ending 2026-11-30 --language zh --out briefings
    """
    if week and month:
        raise typer.BadParameter("goes without --month", param_hint="--week")
    from domain.policy import load_policy
    from streams.briefing.briefing import CustomerBriefing
    from streams.briefing.periods import period_of

    told_in = _language(language)
    settings = load_settings()
    rules = load_policy(policy or settings.policy)
    kind: Kind = "month" if month else "week"
    of = None if ending is None else period_of(_day(ending), kind)
    made = CustomerBriefing(rules, kind, of)
    about = collect(made, rules, settings, source, milliseconds(at))
    _write(made.briefing(about, out), rules, told_in, out)


def _language(given: str) -> Language:
    from streams.serve.telling import LANGUAGES

    for language in LANGUAGES:
        if language == given:
            return language
    raise typer.BadParameter(f"must be one of {', '.join(LANGUAGES)}", param_hint="--language")


def _day(given: datetime) -> date:
    if given.year not in YEARS:
        raise typer.BadParameter(
            f"must lie in the years {YEARS.start} to {YEARS.stop - 1}", param_hint="--ending"
        )
    return given.date()


def _write(briefing: Briefing, rules: Policy, language: Language, out: Path) -> None:
    """Write the three files and say where they are. Raises NotWritten."""
    from streams.briefing import saved
    from streams.briefing.letter import letter
    from streams.briefing.page import html
    from streams.briefing.telling import told

    said = told(briefing, language)
    stem = saved.stem(briefing.period)
    recipients = rules.briefing.recipients
    page, text = out / f"{stem}.{language}.html", out / f"{stem}.{language}.txt"
    contents = {
        page: html(said).encode(),
        text: letter(said, recipients),
        # the last: figures are there only where the whole briefing is
        saved.path_in(out, briefing.period): saved.encode(briefing.kept()),
    }
    path = out
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            path.write_bytes(content)
    except OSError as error:
        raise NotWritten(
            f"{path}: cannot be written ({error.strerror}); give another --out"
        ) from error
    print(f"{said.title}: {page}")
    if recipients:
        many = f"{len(recipients)} recipient{'s' if len(recipients) > 1 else ''}"
        print(f"for {many}: sendmail -t < {text}")
    else:
        print(f"{text} has no recipients: the policy's briefing.recipients names them")
