"""The segments on stage: a card a line, the model they are of, and who changed segment."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from schemas.fields import milliseconds
from schemas.segments import SegmentCard, SegmentModel
from streams.demo.feed import Change, Heard
from streams.demo.scene import Scene
from streams.reports.segments.words import age, feature_words

MOST_CARDS = 5
FEWEST_CARDS = 3
SHOWN_CHANGES = 3
FRAME_LINES = 3
"""Of the panel: its borders and the heads of the columns."""
SHOWN_TELLING = 2
NAME_STYLES = ("bold green", "bold blue", "bold magenta", "bold yellow", "bold cyan")


def lines_of(scene: Scene) -> int:
    """How many lines the panel takes: one for each card, three at least and five at most."""
    cards = len(scene.feed.model.segments) if scene.feed.model is not None else 0
    return FRAME_LINES + min(max(cards, FEWEST_CARDS), MOST_CARDS) + SHOWN_CHANGES


def panel(scene: Scene) -> Panel:
    """Cards and the last changes."""
    model = scene.feed.model
    body: RenderableType = Text("none yet: customers' clicks are being counted", "dim")
    if model is not None:
        body = Group(_cards(scene, model), _changes(scene.feed))
    title = "Segments" if model is None else f"Segments: {model_line(model)}"
    if held := scene.quarantined():
        title += f", {held:,} in quarantine"
    return Panel(body, title=title, title_align="left", box=box.ROUNDED, border_style="dim")


def model_line(model: SegmentModel) -> str:
    """Version and age, K and why it is that."""
    seconds = time.time() - milliseconds(model.occurred_at) / 1000
    others = {k: score for k, score in model.silhouettes.items() if k != len(model.segments)}
    best = max(others, key=lambda k: others[k], default=None)
    why = "" if model.silhouette is None else f", silhouette {model.silhouette:.2f}"
    if best is not None:
        why += f" (K = {best}: {others[best]:.2f})"
    drift = ", drift" if model.drift else ""
    return f"model {model.version}, {age(seconds)} old, K = {len(model.segments)}{why}{drift}"


def sizes_line(scene: Scene) -> str:
    """The segments by size with their shares, on one line."""
    model = scene.feed.model
    if model is None:
        return "no segments yet"
    sizes = scene.segment_sizes()
    total = sum(sizes.values()) + scene.quarantined()
    return ", ".join(
        f"{card.name} ({card.segment_id}) {sizes[card.segment_id]:,}"
        f" ({100 * sizes[card.segment_id] / max(total, 1):.1f} %)"
        for card in _largest_first(model, sizes)
    )


def advice(card: SegmentCard) -> str:
    """What to do, without what it is like: that stands beside it."""
    return card.strategy.rpartition(": ")[2].removesuffix(".")


def _largest_first(model: SegmentModel, sizes: dict[str, int]) -> list[SegmentCard]:
    return sorted(model.segments, key=lambda card: -sizes[card.segment_id])


def _cards(scene: Scene, model: SegmentModel) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("id", no_wrap=True)
    table.add_column("segment", no_wrap=True, max_width=24, overflow="ellipsis")
    table.add_column("size", no_wrap=True, justify="right", min_width=5)
    table.add_column("share", no_wrap=True, justify="right", min_width=5)
    table.add_column("what tells it apart", no_wrap=True, ratio=20, overflow="ellipsis")
    table.add_column("strategy", no_wrap=True, ratio=21, overflow="ellipsis")
    sizes = scene.segment_sizes()
    total = max(sum(sizes.values()) + scene.quarantined(), 1)
    cards = _largest_first(model, sizes)
    for card in cards[:MOST_CARDS]:
        size = sizes[card.segment_id]
        table.add_row(
            Text(card.segment_id, "dim"),
            Text(card.name, NAME_STYLES[model.segments.index(card) % len(NAME_STYLES)]),
            f"{size:,}",
            f"{100 * size / total:.1f}%",
            _telling(card),
            advice(card),
        )
    return table


def _telling(card: SegmentCard) -> str:
    """The most telling features, with standard deviations from the mean of all customers."""
    return ", ".join(
        f"{feature_words(one.feature)} {one.deviations:+.1f}"
        for one in card.telling[:SHOWN_TELLING]
    )


def _changes(heard: Heard) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, width=8)
    table.add_column(no_wrap=True, min_width=8)
    table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    for change in last_changes(heard, SHOWN_CHANGES):
        style = "cyan" if change.kind == "moved" else ""
        table.add_row(
            Text(change.occurred_at[11:19], "dim"), change.customer_id, Text(change.reason, style)
        )
    return table


def last_changes(heard: Heard, most: int) -> list[Change]:
    """The last moves, the newest first; filled up with who entered or left."""
    newest: Iterator[Change] = itertools.chain(reversed(heard.moves), reversed(heard.joins))
    return list(itertools.islice(newest, most))
