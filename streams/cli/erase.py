"""``touchline erase``: forget a customer, and say what remains where until when."""

from __future__ import annotations

import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from schemas.fields import milliseconds as since_1970
from schemas.fields import moment, rfc3339
from streams.cli.moments import TIMES
from streams.settings import load_settings

if TYPE_CHECKING:
    from streams.queries.erasing import Sent
    from streams.queries.remains import Remains

INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Add this command to the app."""
    app.command()(erase)


def erase(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer_id.")],
    *,
    at: Annotated[
        datetime | None,
        typer.Option(
            help="Erase what occurred up to this time (with an offset, or UTC); default: now.",
            formats=TIMES,
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the customer's worker has done it.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(help="Seconds to wait at most.", min=1.0, max=86_400.0)
    ] = 60.0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Erase all that is kept of a customer; say what remains in Kafka, and until when.

    The request goes among the profiles, and the customer's worker does it. With --wait the exit
    status is 0 once its record of it is committed, and 1 where it was refused or took too long.

    Example: touchline erase c-000017 --wait
    """
    from schemas.touchpoints import Profile
    from streams.queries import connect, erasing
    from streams.queries.remains import remains

    settings = load_settings()
    when = datetime.now(UTC) if at is None else at if at.tzinfo else at.replace(tzinfo=UTC)
    event = erasing.request(customer, when)
    with connect.admin(settings) as admin:
        partitions = connect.partition_count(admin, Profile.topic)
        left = remains(admin, settings, max(since_1970(when), since_1970(datetime.now(UTC))))
    if not yes:
        question = f"Erase all that is kept of customer {customer}? It cannot be brought back."
        typer.confirm(question, abort=True, err=True)
    sent: list[Sent] = []
    record = None
    try:
        if wait:
            with Console(stderr=True).status("sending") as status:

                def on_sent(one: Sent) -> None:
                    sent.append(one)
                    status.update(f"waiting for the worker of partition {one.partition}")

                following = erasing.send_and_follow(settings, event, partitions, timeout, on_sent)
                record = connect.run(following).record
        else:
            sent.append(connect.run(erasing.send(settings, event, partitions)))
    except KeyboardInterrupt:
        said = "is in Kafka and will be done" if sent else "may have been sent"
        print(f"touchline: interrupted; request {event.event_id} {said}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        told = {
            "customer_id": customer,
            "event_id": event.event_id,
            "occurred_at": rfc3339(event.occurred_at),
            "topic": Profile.topic,
            "partition": sent[0].partition,
            "offset": sent[0].offset,
            "erased": record,
            "remains": [
                {"topic": one.topic, "until": one.until and rfc3339(moment(one.until)),
                 "what": one.what}
                for one in left
            ],
        }  # fmt: skip
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        return
    console = Console(highlight=False)
    place = f"{Profile.topic}, partition {sent[0].partition}, offset {sent[0].offset}"
    console.print(f"request {event.event_id} sent: {place}", markup=False, soft_wrap=True)
    if record is not None:
        console.print(f"erased: {record['reason']}", markup=False, soft_wrap=True)
    console.print(_table(left))


def _table(left: list[Remains]) -> Table:
    """What remains, topics that hold the same as long in one row, the longest last."""
    rows: defaultdict[tuple[int | None, str], list[str]] = defaultdict(list)
    for one in left:
        rows[one.until, one.what].append(one.topic)
    table = Table(title="what remains in Kafka, at the latest until", title_justify="left",
                  box=None, pad_edge=False)  # fmt: skip
    for name in ("until", "what"):
        table.add_column(name, no_wrap=True)
    table.add_column("in", overflow="fold")
    for (until, what), topics in sorted(rows.items(), key=lambda row: row[0][0] or sys.maxsize):
        date = "for ever" if until is None else rfc3339(moment(until))[:16].replace("T", " ") + "Z"
        table.add_row(date, what, ", ".join(topics))
    return table
