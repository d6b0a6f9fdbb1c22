"""``touchline policy``: look at the rules' numbers, check a file of them, try a change out."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from streams.cli.events import Sort, events_of
from streams.cli.moments import TIMES, milliseconds
from streams.settings import load_settings

if TYPE_CHECKING:
    from domain.policy import Policy
    from streams.reports.policies.compare import Comparison

DEFAULT = "default"
WIDE = 140


def register(app: typer.Typer) -> None:
    """Add the group to the app."""
    group = typer.Typer(help="The policy file: every number that the rules go by.")
    for command in (show, check, diff, fields):
        group.command()(command)
    app.add_typer(group, name="policy")


def show(
    file: Annotated[
        Path | None, typer.Argument(help="Policy file (YAML); default: the built-in policy.")
    ] = None,
) -> None:
    """Print a policy as YAML, every field written out: the built-in one, or a file's over it.

    Example: touchline policy show > policy.yaml
    """
    from domain.policy import load_policy, policy_yaml

    print(policy_yaml(load_policy(file)), end="")


def check(file: Annotated[Path, typer.Argument(help="Policy file (YAML).")]) -> None:
    """Check a policy file: exit 0 when it makes sense, else say what must hold.

    Shows what differs from the built-in policy, and the fingerprint by which workers and
    `touchline doctor` name this policy.

    Example: touchline policy check policy.yaml
    """
    from domain.policy import Policy, load_policy
    from domain.policy.changes import changes
    from domain.policy.fingerprint import fingerprint
    from streams.reports.policies.tables import of_fields

    console = _console()
    rules = load_policy(file)
    differing = changes(Policy(), rules)
    if differing:
        console.print(of_fields(differing, "default", "given"))
        console.print(f"{file}: good", markup=False, highlight=False, soft_wrap=True)
    else:
        told = f"{file}: good; nothing differs from the built-in policy"
        console.print(told, markup=False, highlight=False, soft_wrap=True)
    console.print(f"fingerprint {fingerprint(rules)}", highlight=False)


def diff(
    old: Annotated[str, typer.Argument(help="Policy file (YAML) in force, or `default`.")],
    new: Annotated[str, typer.Argument(help="Policy file (YAML) to try, or `default`.")],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|-", help="Events, one JSON object a line (gzip too); - reads stdin."
        ),
    ],
    *,
    examples: Annotated[
        int, typer.Option(min=0, max=100, help="Examples of each kind that comes, goes or moves.")
    ] = 3,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Number of lines to read; default: the whole file.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(help="Run timers up to this time (with an offset, or UTC).", formats=TIMES),
    ] = None,
    sort: Sort = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit with status 1 if anything would change.")
    ] = False,
) -> None:
    """Replay events under two policies: which alerts, tasks and classes would come or go.

    Nothing is changed and no broker is needed. Outputs are the same where their cause is, though
    the numbers in their reasons may differ. `default` is the built-in policy.

    Example: touchline policy diff default stricter.yaml events.jsonl
    """
    policies = _policy(old), _policy(new)
    found = _compare(
        *policies, file, examples=examples, limit=limit, until=milliseconds(until), sort=sort
    )
    if as_json:
        from streams.reports.policies.compare import as_dict

        sys.stdout.buffer.write(msgspec.json.encode(as_dict(found)) + b"\n")
    else:
        from streams.reports.policies.tables import of_comparison

        console = _console()
        for part in of_comparison(found, old, new):
            console.print(part)
    if fail_on_change and found.changed:
        raise typer.Exit(1)


def fields() -> None:
    """Print every field of the policy with its default and bounds, as Markdown.

    Example: touchline policy fields > policy.md
    """
    from domain.policy.reference import document

    print(document(), end="")


def _policy(named: str) -> Policy:
    from domain.policy import Policy, load_policy

    return Policy() if named == DEFAULT else load_policy(Path(named))


def _compare(
    old: Policy,
    new: Policy,
    file: Path,
    *,
    examples: int,
    limit: int | None,
    until: int | None,
    sort: bool,
) -> Comparison:
    """The comparison, with a bar on stderr where that is a terminal."""
    from streams.reports.policies.compare import compare

    errors = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    shown = errors.is_terminal
    with (
        events_of(file, errors, sort=sort) as ready,
        Progress(*columns, console=errors, transient=True, disable=not shown) as progress,
    ):
        task = progress.add_task("replaying under both policies", total=ready.order.bytes)
        return compare(
            old, new, ready.lines, partitions=load_settings().partitions, examples=examples,
            limit=limit, until=until, progress=lambda size: progress.advance(task, size),
        )  # fmt: skip


def _console() -> Console:
    """A terminal as wide as it is; a file or pipe gets lines that hold a sentence."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDE)
