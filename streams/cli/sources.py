"""Commands that bring events in: ``simulate``, ``produce`` and ``import``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from streams.cli.events import Sort, ready
from streams.cli.output import stdout_bytes
from streams.settings import SettingError, addresses, load_settings
from streams.sources import SourceError

if TYPE_CHECKING:
    from streams.files.reading import Input, Line

SHOWN_REJECTS = 5
LIVE_HASTE = 360.0

Bootstrap = Annotated[
    str | None,
    typer.Option(help="Kafka's host:port, more with commas; default TOUCHLINE_KAFKA__BOOTSTRAP."),
]
importers = typer.Typer(help="Turn a bank's files into lines of events.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(simulate)
    app.command()(produce)
    app.add_typer(importers, name="import")


def simulate(
    *,
    rate: Annotated[float, typer.Option(help="Records a second, after the opening.")] = 1_000.0,
    seconds: Annotated[
        float | None, typer.Option(help="End after this time; default: at Ctrl-C.")
    ] = None,
    customers: Annotated[int, typer.Option(help="Customers of the bank.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Same seed, same bank.")] = 1,
    vip_share: Annotated[float, typer.Option(help="Share of VIP and private customers.")] = 0.05,
    repeats: Annotated[float, typer.Option(help="Share of exact repeats.")] = 0.01,
    late: Annotated[float, typer.Option(help="Share of events 1 min to 6 h old.")] = 0.01,
    bad: Annotated[float, typer.Option(help="Share of records that must be refused.")] = 0.001,
    desk: Annotated[
        float, typer.Option(help="Share of VIPs' complaints that people at the desk see to.")
    ] = 0.5,
    day_seconds: Annotated[
        float | None,
        typer.Option(help="Seconds that a bank day takes; the last day ends now. Sets the rate."),
    ] = None,
    records: Annotated[
        int | None,
        typer.Option(help="Number of records, as fast as Kafka takes them; the last happens now."),
    ] = None,
    haste: Annotated[
        float | None,
        typer.Option(
            help="Factor by which complaints and calls go faster; default: 360 live, else 1."
        ),
    ] = None,
    history_days: Annotated[
        float,
        typer.Option(help="Days of clicks before now to begin with; at most 6.", min=0, max=6),
    ] = 0.0,
    awakenings: Annotated[
        float, typer.Option(help="Weight of lurkers turning into quality customers.", min=0, max=1)
    ] = 0.0,
    bootstrap: Bootstrap = None,
) -> None:
    """Produce a simulated bank: profiles and balances first, then its days, live unless told.

    Example: touchline simulate --rate 2000 --seconds 60 --customers 5000 --vip-share 0.1
    """
    from streams.sources import produce as into
    from streams.sources.bank import Bank, Mix
    from streams.sources.pace import Stop, wall_ms

    live = day_seconds is None and records is None
    if day_seconds is not None and (records is not None or not day_seconds > 0):
        raise SourceError("--day-seconds must be above 0, and goes without --records")
    if history_days and not live:
        raise SourceError("--history-days goes without --day-seconds and --records")
    if haste is None:
        haste = LIVE_HASTE if live else 1.0
    now = datetime.now(UTC)
    bank = Bank(
        seed, customers, vip_share=vip_share, repeats=repeats, late=late, bad=bad, desk=desk,
        start=now,
        now=wall_ms if live else None, haste=haste, mix=Mix(awakening=awakenings),
    )  # fmt: skip
    pace: float | None = rate
    if records is not None:
        bank.end_at(now, records)
        pace = None
    elif day_seconds is not None:
        bank.start_at(now - timedelta(days=(seconds or 3_600.0) / day_seconds))
        pace = bank.events_per_day / day_seconds
    servers, client = _kafka(bootstrap)
    with Stop() as stop, _progress("simulate", None) as progress, _rejects(None) as rejects:
        report = into.simulate(
            bank, servers, rate=pace, seconds=seconds, records=records,
            history_days=history_days, progress=progress, on_reject=rejects, stop=stop,
            client=client,
        )  # fmt: skip
    _say(f"simulated {report}, {report.bad:,} of them made to be refused")
    if report.rejected:
        raise SourceError(
            f"Kafka did not take {report.rejected:,} records; the first reasons are above"
        )


def produce(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="JSON lines (gzip too); - reads stdin.")
    ],
    rate: Annotated[
        float | None, typer.Option(help="Records a second; default: as fast as Kafka takes them.")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Write the lines that could not be sent here, unchanged.")
    ] = None,
    sort: Sort = False,
    bootstrap: Bootstrap = None,
) -> None:
    """Produce one event a line, each to the topic of its type under its customer_id.

    A file that is not in order of time is told to be so first, stdin as it goes; --sort puts it in
    order.

    A line whose type is known is sent whatever else is wrong with it: the worker keeps it in the
    dead letters with the reason. Any other line is named here, and the exit status is 1.

    Example: touchline produce events.jsonl --rate 5000 --rejects rejected.jsonl
    """
    from streams.files.reading import opened as opened_file
    from streams.sources import produce as into
    from streams.sources.pace import Stop

    with ExitStack() as opened:
        source = opened.enter_context(opened_file(file)).of_events()
        if rejects is not None and source.lasting and rejects.exists() and rejects.samefile(file):
            raise SourceError("--rejects must be another file than the input")
        servers, client = _kafka(bootstrap)
        lines, size = _lines(source, opened, sort=sort)
        stop = opened.enter_context(Stop())
        progress = opened.enter_context(_progress("produce", size))
        on_reject = opened.enter_context(_rejects(rejects))
        report = into.produce_lines(
            lines, servers, rate=rate, progress=progress, on_reject=on_reject, stop=stop,
            client=client,
        )  # fmt: skip
    _say(f"produced {report}")
    if report.rejected:
        kept = f"they are in {rejects}" if rejects else "give --rejects FILE to keep them"
        raise SourceError(f"{report.rejected:,} lines were not sent; {kept}")
    if report.interrupted:
        _say("stopped before the end: produce the file again, events already sent change nothing")
        raise typer.Exit(130)


@importers.command()
def berka(
    directory: Annotated[Path, typer.Argument(help="Folder with client.asc, trans.asc and so on.")],
    rate: Annotated[
        float,
        typer.Option(
            help="Koruna to base currency. 3.0 is the default policy's own rate and fills every"
            " tier: the scale of a modern bank, not a market rate. At another rate amounts and"
            " balances are written times rate / 3.0, which that policy turns into koruna x rate."
        ),
    ] = 3.0,
    sort: Sort = False,
) -> None:
    """Write the Czech bank of 1993-94 (PKDD'99) as events: profiles, then transactions.

    Example: touchline import berka berka/ > berka.jsonl && touchline replay berka.jsonl --out out
    """
    import orjson

    from streams.files.reading import numbered
    from streams.files.sorting import Sorter
    from streams.sources import berka as bank

    tally = bank.Tally()
    what = "they are sorted" if sort else "--sort puts the events in order"
    events = bank.events(directory, rate, tally, lambda told: _say(f"{told}; {what}"))
    lines = (orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events)
    if sort:
        with Sorter() as sorter:
            for line in numbered(lines):
                sorter.add(line)
            _write(line + b"\n" for _, line in sorter.lines())
    else:
        _write(lines)
    _say(f"imported {tally}")
    if tally.amounts_not_above_zero:
        _say("amounts not above zero stay as they are: the worker makes dead letters of them")


@importers.command()
def bank_case(
    seed: Annotated[int, typer.Option(help="Same seed and end, same events.")] = 1,
    end: Annotated[
        datetime | None,
        typer.Option(
            help="Where the seven days end (with an offset, or UTC); default: now.",
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        ),
    ] = None,
) -> None:
    """Write the published bank case as clicks: 100 customers, seven days, three groups.

    Example: touchline import bank-case --seed 1 | touchline produce -
    """
    from streams.sources.bank_case import BankCase

    end = datetime.now(UTC) if end is None else end
    case = BankCase(seed, end if end.tzinfo else end.replace(tzinfo=UTC))
    _write(case.lines())
    _say(f"imported the clicks of {len(case.group_of)} customers in the 7 days before {end}")


def _write(lines: Iterable[bytes]) -> None:
    """Lines to stdout. Raises NotWritten where nobody reads on."""
    with stdout_bytes() as stdout:
        stdout.writelines(lines)


def _kafka(bootstrap: str | None) -> tuple[str, dict[str, Any]]:
    """The address, and the other options of a client. Raises NoBootstrap where none is set."""
    from streams.engine.clients import blocking_client_options

    settings = load_settings()
    if bootstrap:
        try:
            settings.kafka.bootstrap = ",".join(addresses(bootstrap))
        except ValueError as error:
            raise SettingError(f"--bootstrap: {error}") from None
    client = blocking_client_options(settings)
    return ",".join(client.pop("bootstrap_servers")), client


def _lines(source: Input, opened: ExitStack, *, sort: bool) -> tuple[Iterator[Line], int | None]:
    """The lines to produce and how many bytes they are, None where nobody knows."""
    from streams.files.in_time import as_it_goes

    if not (sort or source.lasting):
        return as_it_goes(source, _say), None
    console = Console(stderr=True)
    found = opened.enter_context(ready(source, console, sort=sort))
    return found.lines, found.order.bytes or None


@contextmanager
def _rejects(file: Path | None) -> Iterator[Callable[[Any], None]]:
    """Prints the first rejects, and writes all of them to `file` where one is given."""
    shown = 0
    with ExitStack() as opened:
        try:
            kept = opened.enter_context(file.open("wb")) if file is not None else None
        except OSError as error:
            raise SourceError(f"--rejects {file} cannot be written: {error.strerror}") from error

        def take(reject: Any) -> None:
            nonlocal shown
            shown += 1
            if shown <= SHOWN_REJECTS:
                _say(f"line {reject.line}: {reject.reason}")
            if kept is not None:
                kept.write(reject.value + b"\n")

        yield take


@contextmanager
def _progress(what: str, size: int | None) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr when that is a terminal; else nothing."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=size, told="")
        began = time.perf_counter()

        def show(records: int, done: int) -> None:
            per_second = records / max(1e-9, time.perf_counter() - began)
            bar.update(task, completed=done, told=f"{records:,} records, {per_second:,.0f}/s")

        yield show


def _say(text: str) -> None:
    print(text, file=sys.stderr)
