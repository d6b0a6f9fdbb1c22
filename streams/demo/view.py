"""The demonstration in a terminal: rates, customers, satisfaction, segments, the last alerts."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from domain.kernel.scales import FACTORS, TIERS
from streams.demo import segments
from streams.demo.feed import Alert
from streams.demo.scene import HASTE, Desk, Scene, Times, milliseconds

UPPER_LINES = 10
MUCH_LAG = 10_000
DESK_LINES = 3
"""So many lines the desk's link takes in a terminal of 80 columns."""
BAR_CELLS = 8
SPARK = " ▁▂▃▄▅▆▇█"
TIER_STYLE = {"vip": "bold yellow", "private": "bold magenta", "key": "cyan"}
PRIORITY_STYLE = {1: "bold white on red", 2: "bold red", 3: "yellow"}


class View:
    """Draws the scene over the whole terminal while entered."""

    def __init__(self, scene: Scene, console: Console) -> None:
        self._scene = scene
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> View:
        self._live.__enter__()
        return self

    def __exit__(self, *ended: object) -> None:
        self._live.__exit__(None, None, None)

    def update(self) -> None:
        """Draw anew."""
        self._live.update(draw(self._scene, self._console.height), refresh=True)


def draw(scene: Scene, height: int) -> Layout:
    """The whole picture for a terminal of ``height`` lines."""
    foot = len(scene.addresses) + 1 + (DESK_LINES if scene.desk is not None else 0)
    middle = segments.lines_of(scene)
    layout = Layout()
    layout.split_column(
        Layout(_head(scene), size=1),
        Layout(name="upper", size=UPPER_LINES),
        Layout(segments.panel(scene), size=middle),
        Layout(_alerts(scene, height - UPPER_LINES - middle - foot - 4), name="alerts"),
        Layout(_workers(scene), size=foot),
    )
    layout["upper"].split_row(
        Layout(_flow(scene), ratio=35),
        Layout(_tiers(scene), ratio=34),
        Layout(_factors(scene), ratio=31),
    )
    return layout


def _head(scene: Scene) -> Text:
    ends = scene.options.seconds
    clock = _clock(scene.seconds) + (f" of {_clock(ends)}" if ends is not None else "")
    return Text.assemble(
        (" Touchline ", "bold black on cyan"), f"  {clock}  ", ("·", "dim"),
        f"  Kafka at {scene.kafka}  ", ("·", "dim"), f"  promises run {HASTE:,.0f} times as fast",
        no_wrap=True, overflow="ellipsis",
    )  # fmt: skip


def _flow(scene: Scene) -> Panel:
    outcomes = scene.counts("touchline_events_total", "outcome")
    latency = scene.times("touchline_alert_latency_seconds")
    commits = scene.times("touchline_commit_seconds")
    grid = _grid()
    speed = Text.assemble((f"{scene.events_per_second():>6,.0f}  ", "bold green"))
    grid.add_row("events/s", speed.append(spark(scene.rates(12)), "green"))
    grid.add_row("events", f"{scene.records:>6,}")
    grid.add_row("repeats", f"{outcomes.get('repeated', 0):>6,}")
    grid.add_row("refused", f"{scene.feed.letters.total():>6,}")
    grid.add_row("lag", Text(f"{scene.lag:>6,}", "" if scene.lag < MUCH_LAG else "red"))
    grid.add_row("alerts", Text(f"{scene.feed.count:>6,}", "bold"))
    grid.add_row("to alert", _times(latency))
    grid.add_row("commit", _times(commits))
    return Panel(grid, title="Flow", title_align="left", box=box.ROUNDED, border_style="dim")


def _tiers(scene: Scene) -> Panel:
    now = scene.workers.now
    columns = [
        now.by(f"touchline_{name}", "tier")
        for name in ("customers", "complaints_open", "complaints_overdue")
    ]
    moods = now.satisfaction("tier")
    table = Table(box=None, expand=True, pad_edge=False, collapse_padding=True, header_style="dim")
    table.add_column("tier", no_wrap=True)
    for name in ("known", "open", "late", "mood"):
        table.add_column(name, justify="right")
    for tier in reversed(TIERS):
        known, waiting, overdue = (int(column.get(tier, 0)) for column in columns)
        table.add_row(
            Text(tier, TIER_STYLE.get(tier, "")),
            f"{known:,}",
            f"{waiting:,}",
            Text(f"{overdue:,}", "bold red" if overdue else ""),
            _score(moods.get(tier)),
        )
    known, waiting, overdue = (int(sum(column.values())) for column in columns)
    table.add_row("all", f"{known:,}", f"{waiting:,}", f"{overdue:,}", "", style="bold")
    title = "Customers, complaints"
    return Panel(table, title=title, title_align="left", box=box.ROUNDED, border_style="dim")


def _factors(scene: Scene) -> Panel:
    scores = scene.workers.now.satisfaction("factor")
    grid = _grid()
    for factor in FACTORS:
        score = scores.get(factor)
        grid.add_row(factor, Text.assemble(_bar(score), " ", _score(score)))
    grid.add_row("", "")
    grid.add_row(
        "none named", Text.assemble(_bar(scores.get("none")), " ", _score(scores.get("none")))
    )
    title = "Satisfaction (0-10)"
    return Panel(grid, title=title, title_align="left", box=box.ROUNDED, border_style="dim")


def _alerts(scene: Scene, lines: int) -> Panel:
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
    table.add_column("at", no_wrap=True, width=8)
    table.add_column("P", no_wrap=True, width=2)
    table.add_column("alert", no_wrap=True, width=21)
    table.add_column("customer", no_wrap=True, min_width=8)
    table.add_column("tier", no_wrap=True, width=8)
    table.add_column("why", ratio=1)
    newest = list(scene.feed.alerts)[-max(1, lines) :]
    for alert in reversed(newest):
        table.add_row(*_row(alert))
    body: RenderableType = table if newest else Text("none yet", "dim")
    title = f"Last alerts of {scene.feed.count:,}"
    return Panel(body, title=title, title_align="left", box=box.ROUNDED, border_style="dim")


def _row(alert: Alert) -> Sequence[RenderableType]:
    level = f" {alert.level}" if alert.level else ""
    return (
        Text(alert.raised_at[11:19], "dim"),
        Text(str(alert.priority), PRIORITY_STYLE.get(alert.priority, "")),
        f"{alert.kind}{level}",
        alert.customer_id,
        Text(alert.tier, TIER_STYLE.get(alert.tier, "")),
        Text(alert.reason),
    )


def _workers(scene: Scene) -> RenderableType:
    lines = []
    for child in scene.processes:
        address = scene.addresses.get(child.name)
        if address is None:
            continue
        if not child.running:
            state = Text("gone", "bold red")
        else:
            count = scene.workers.partitions[child.name]
            ready = scene.workers.ready[child.name]
            state = Text(f"{count} partitions", "green" if ready else "yellow")
        lines.append(
            Text.assemble(f" {child.name}  process {child.pid}  ", state, f"  {address}/metrics")
        )
    told = Text(" Ctrl-C stops everything; kill a worker to see the others take over", "dim")
    desk = [] if scene.desk is None else [_desk(scene.desk)]
    return Group(*lines, *desk, told)


def _desk(desk: Desk) -> Text:
    """Where the desk is; folded, so that all of the link is there to be copied."""
    link = desk.link
    if link is None:
        return Text(" desk      starts", "dim")
    return Text.assemble(
        " desk      ", (link, "bold cyan underline"), ("  logs in once", "dim"), overflow="fold"
    )


def _times(times: Times) -> str:
    return f"{milliseconds(times.median):>9}  99 % within {milliseconds(times.tail)}"


def _grid() -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True)
    return grid


def spark(values: Sequence[float]) -> str:
    """Values as bars of a character each, the largest full.

    >>> spark([0, 5, 10])
    ' ▄█'
    """
    top = max(values, default=0.0)
    if top <= 0:
        return ""
    return "".join(SPARK[round(value / top * (len(SPARK) - 1))] for value in values)


def _bar(score: float | None) -> Text:
    filled = 0 if score is None else round(score / 10 * BAR_CELLS)
    return Text.assemble(("█" * filled, _mood_style(score)), ("░" * (BAR_CELLS - filled), "dim"))


def _score(score: float | None) -> Text:
    return Text("-", "dim") if score is None else Text(f"{score:.1f}", _mood_style(score))


def _mood_style(score: float | None) -> str:
    if score is None:
        return "dim"
    return "red" if score < 4 else "yellow" if score < 6 else "green"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
