"""``touchline clv``: the models of customer lifetime value, fitted to a history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from streams.settings import load_settings

if TYPE_CHECKING:
    from domain.policy import Policy
    from streams.reports.value.clv_report import Found

# From here on Gamma-Gamma's assumption that spend and frequency are independent is in doubt.
CORRELATED = 0.3

app = typer.Typer(no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    """Add the group of commands."""
    app.command()(fit)
    app.callback()(_group)
    parent.add_typer(app, name="clv")


def _group() -> None:
    """Customer lifetime value: what customers are expected to buy and spend."""


def fit(
    file: Annotated[
        Path,
        typer.Argument(
            help="Purchases: CSV with customer, date and amount; CDNOW's text; or events (JSONL)."
        ),
    ],
    policy: Annotated[
        Path | None, typer.Option(help="Policy file (YAML); default: TOUCHLINE_POLICY or built in.")
    ] = None,
    calibration_weeks: Annotated[
        int | None,
        typer.Option(
            min=1, help="Weeks of the history to fit to; the purchases after them check the fit."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the part of the policy to this new file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
) -> None:
    """Fit BG/NBD, MBG/NBD and Gamma-Gamma to a history of purchases.

    Prints parameters and log-likelihoods, the part of the policy that holds them, and, with a
    calibration period, expected beside actual purchases by week. Purchases of one UTC day are
    one. Amounts of a CSV or CDNOW's text are in base currency; of events the policy says which
    are purchases and what their currency is worth.

    Example: touchline clv fit purchases.csv --calibration-weeks 39 --out clv.yaml
    """
    from domain.policy import load_policy
    from streams.reports.value import clv_report as report

    rules = load_policy(policy or load_settings().policy)
    if out is not None:
        report.refuse_old(out)
    errors = Console(stderr=True)
    found = _fit(errors, file, rules, calibration_weeks)
    part = report.as_yaml(found.fits)
    if out is not None:
        report.write_new(out, part)
    document = report.document(found)
    if as_json:
        print(json.dumps(document, indent=2))
    else:
        _show(document, None if out else part)
    _warn(errors, document)
    if out is not None:
        errors.print(f"written: {out}", markup=False, highlight=False, soft_wrap=True)


def _fit(errors: Console, file: Path, rules: Policy, calibration_weeks: int | None) -> Found:
    """Read and fit, with a bar on stderr where that is a terminal."""
    from streams.reports.value import clv_fit as models
    from streams.reports.value.clv_report import Found
    from streams.reports.value.history import read_purchases

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    shown = errors.is_terminal
    with Progress(*columns, console=errors, transient=True, disable=not shown) as progress:
        task = progress.add_task("read", total=file.stat().st_size if file.exists() else None)
        purchases = read_purchases(file, rules, lambda size: progress.advance(task, size))
        last_day = purchases.last_day
        if calibration_weeks is not None:
            last_day = purchases.first_day + 7 * calibration_weeks - 1
        histories = purchases.histories(last_day)
        fits = models.fit(
            histories, lambda name: progress.update(task, description=f"fit {name}", total=None)
        )
        checked = None
        if calibration_weeks is not None:
            progress.update(task, description="check", total=None)
            checked = models.hold_out(purchases, last_day, histories, fits)
        return Found(purchases, histories, last_day, fits, checked)


# -- for people ---------------------------------------------------------------------------


def _show(document: dict[str, Any], part: str | None) -> None:
    console = Console()
    console = console if console.is_terminal else Console(width=120)
    console.print(_models(document))
    if document["hold_out"] is not None:
        console.print(_weeks(document["hold_out"]))
    if part is not None:
        console.print("For the policy file:\n")
        console.print(part, markup=False, highlight=False)


def _models(document: dict[str, Any]) -> Table:
    from streams.reports.value.clv_report import TITLES

    table = Table(
        title=f"{document['customers']:,} customers, {document['repeat_customers']:,} of them"
        f" bought again, {document['from']} to {document['until']}",
        title_justify="left",
    )
    table.add_column("model")
    table.add_column("parameters (weeks, base currency)")
    table.add_column("log-likelihood", justify="right")
    table.add_column("customers", justify="right")
    for name, model in document["models"].items():
        parameters = document["policy"]["value"]["clv"][name]
        table.add_row(
            TITLES[name],
            "  ".join(f"{key} {model[key]:.4f}" for key in parameters),
            f"{model['log_likelihood']:,.2f}",
            f"{model['customers']:,}",
        )
    return table


def _weeks(found: dict[str, Any]) -> Table:
    from streams.reports.value.clv_report import TITLES

    names = list(found["error"])
    table = Table(title="Repeat purchases behind the calibration", title_justify="left")
    for title in ("week", "from"):
        table.add_column(title)
    for title in ("actual", *(TITLES[name] for name in names)):
        table.add_column(title, justify="right")
    for week in found["weeks"]:
        expected = (f"{week[name]:,.1f}" for name in names)
        table.add_row(str(week["week"]), week["from"], f"{week['actual']:,}", *expected)
    for title, key, error in (
        ("total", "total", "error"),
        ("since the first purchase", "since_first", "error_since_first"),
    ):
        table.add_section()
        expected = (f"{found[key][name]:,.1f} ({found[error][name]:+.1%})" for name in names)
        table.add_row(title, "", f"{found[key]['actual']:,}", *expected)
    return table


def _warn(errors: Console, document: dict[str, Any]) -> None:
    """Say what an operator must know before the parameters go into a policy."""
    from streams.reports.value.clv_report import TITLES

    told = [f"left out: {count:,} {reason}" for reason, count in document["left_out"].items()]
    told += [
        f"{TITLES[name]}: a parameter ran to its limit, so these purchases do not tell it;"
        " a longer history may"
        for name, model in document["models"].items()
        if model["at_a_limit"]
    ]
    correlation = document["spend_correlation"]
    if correlation is not None and abs(correlation) > CORRELATED:
        told.append(
            f"Gamma-Gamma takes spend and number of purchases to be independent; here their"
            f" correlation is {correlation:.2f}"
        )
    for line in told:
        errors.print(line, markup=False, highlight=False, soft_wrap=True)
