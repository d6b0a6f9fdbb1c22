"""``touchline dead-letters``: look at refused records, and send them again after a fix."""

from __future__ import annotations

import base64
import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from schemas.codec import REASONS, encode
from schemas.errors import OperatingError
from schemas.fields import rfc3339
from schemas.published import DeadLetter
from schemas.topics import DEAD_LETTERS
from streams.settings import Settings, load_settings

SHOWN_BYTES = 2_000
WIDE_COLUMNS = 120
ALL = 1_000_000_000

app = typer.Typer(help="Records that were refused, and sending them again.", no_args_is_help=True)


def _known(reason: str | None) -> str | None:
    if reason is not None and reason not in REASONS:
        raise typer.BadParameter(f"must be one of {', '.join(REASONS)}")
    return reason


Reason = Annotated[
    str | None, typer.Option(help="Only those refused for this reason.", callback=_known)
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command("list")
def list_letters(
    *,
    reason: Reason = None,
    limit: Annotated[int, typer.Option(help="Number of letters, the newest first.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """List dead letters, newest first.

    Example: touchline dead-letters list --reason invalid --limit 20
    """
    from streams.queries import connect, letters

    settings = load_settings()
    found = connect.run(letters.newest(settings, _partitions(settings), limit, reason))
    if as_json:
        for letter in found:
            sys.stdout.buffer.write(encode(letter) + b"\n")
        return
    if not found:
        print("no dead letters" + (f" of reason {reason}" if reason else ""))
        return
    _print_list(found, Console())


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` prints it.")],
    *,
    as_json: Json = False,
) -> None:
    """Show one dead letter: why it was refused, where it came from, its bytes.

    Example: touchline dead-letters show touchpoints.app-3-1042
    """
    letter = _found(load_settings(), [letter_id])[0]
    if as_json:
        sys.stdout.buffer.write(encode(letter) + b"\n")
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("refused for", f"{letter.reason}: {escape(letter.detail)}")
    table.add_row("position", _place(letter))
    table.add_row("refused at", rfc3339(letter.occurred_at))
    table.add_row("key", escape(_text(letter.record_key)))
    for header in letter.headers:
        table.add_row(f"header {escape(header.key)}", escape(_text(header.value)))
    if letter.truncated is None:
        table.add_row("value", escape(_text(letter.value)))
    else:
        cut = letter.truncated
        table.add_row("not kept whole", f"{cut.size:,} bytes, SHA-256 {cut.sha256}")
        table.add_row("begins with", escape(_text(cut.head)))
    Console().print(table)


@app.command()
def resend(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="As `list` prints them.")
    ] = None,
    *,
    reason: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Send refused records again, unchanged, to the topics they came to.

    Do so after what refused them is mended. An event that was taken meanwhile changes nothing;
    records that are alike go once.

    Example: touchline dead-letters resend touchpoints.app-3-1042
    """
    from streams.queries import connect, letters

    if bool(ids) is (reason is not None):
        raise typer.BadParameter("give IDs, or --reason")
    settings = load_settings()
    if ids:
        found = _found(settings, ids)
    else:
        work = letters.newest(settings, _partitions(settings), ALL, reason)
        found = connect.run(work)[::-1]  # in the order they came
        if found and not yes:
            typer.confirm(f"Send {len(found):,} records of reason {reason} again?", abort=True)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("sending", total=len(found))
        resent = letters.resend(settings, found, lambda: progress.advance(task))
    print(f"sent {resent.sent:,} again" + (f", {resent.alike:,} alike" if resent.alike else ""))
    for letter in resent.truncated:
        print(
            f"touchline: {letter.dead_letter_id} was too large to be kept whole: the record is at "
            f"{_place(letter)} while the topic keeps it",
            file=sys.stderr,
        )
    if resent.truncated:
        raise typer.Exit(1)


def _print_list(found: list[DeadLetter], console: Console) -> None:
    """A row each; the sentence only where there is room for it, `show` has it too."""
    wide = console.width >= WIDE_COLUMNS
    table = Table(box=None, pad_edge=False)
    for name in ("at", "id", "reason"):
        table.add_column(name, no_wrap=True)
    table.add_column("customer", overflow="fold")
    if wide:
        table.add_column("detail", no_wrap=True, overflow="ellipsis")
    for letter in found:
        at = rfc3339(letter.occurred_at)[:19].replace("T", " ")
        row = [at, letter.dead_letter_id, letter.reason, escape(letter.customer_id or "-")]
        table.add_row(*row, *([escape(letter.detail)] if wide else []))
    console.print(table)


def _partitions(settings: Settings) -> int:
    from streams.queries import connect

    with connect.admin(settings) as client:
        return connect.partition_count(client, DEAD_LETTERS)


def _found(settings: Settings, ids: list[str]) -> list[DeadLetter]:
    from streams.queries import connect, letters

    found = connect.run(letters.by_id(settings, _partitions(settings), ids))
    missing = [one for one in ids if one not in found]
    if missing:
        raise OperatingError(
            f"no dead letter {', '.join(missing)}; see `touchline dead-letters list`"
        )
    return [found[one] for one in dict.fromkeys(ids)]


def _place(letter: DeadLetter) -> str:
    return f"{letter.source_topic}, partition {letter.partition}, offset {letter.offset}"


def _text(data: str | None) -> str:
    """Bytes given in base64, as text where they are text, cut where they are long."""
    if data is None:
        return "none"
    raw = base64.b64decode(data)
    shown = raw[:SHOWN_BYTES]
    try:
        text = json.dumps(shown.decode(), ensure_ascii=False)[1:-1].replace('\\"', '"')
    except UnicodeDecodeError:
        text = f"{len(raw):,} bytes: {shown[:64].hex(' ')}"
    return text if len(raw) <= SHOWN_BYTES else f"{text}... ({len(raw):,} bytes)"
