"""The demonstration as lines of text: for logs, and the summary at the end of either way."""

from __future__ import annotations

import time
from collections import Counter

from rich.console import Console

from streams.demo.feed import Alert
from streams.demo.scene import Scene
from streams.demo.segments import advice, model_line, sizes_line
from streams.reports.segments.words import all_telling

EVERY_SECONDS = 5.0
ALERTS_AT_ONCE = 8
MOVES_AT_ONCE = 3
TELLING_AT_ONCE = 3


class Lines:
    """Prints alerts and segment changes as they come, and the figures now and then."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._printed = 0
        self._told_link: str | None = None
        self._moved = 0
        self._segments: tuple[tuple[str, str], ...] = ()
        self._next = EVERY_SECONDS

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *ended: object) -> None:
        self.update()

    def update(self) -> None:
        """Print what is new since the last call."""
        scene = self._scene
        self._desk_line(scene)
        new = scene.feed.count - self._printed
        if new:
            alerts = list(scene.feed.alerts)[-new:]
            for alert in alerts[:ALERTS_AT_ONCE]:
                say(f"  alert  {alert_line(alert)}")
            if new > ALERTS_AT_ONCE:
                say(f"  alert  ... and {new - ALERTS_AT_ONCE:,} more")
            self._printed += new
        self._segment_lines(scene)
        if scene.seconds >= self._next:
            self._next += EVERY_SECONDS
            say(self._figures())
            say(f"         segments: {sizes_line(scene)}")

    def _desk_line(self, scene: Scene) -> None:
        """Where the desk is, once it listens, and again whenever another link is good."""
        link = None if scene.desk is None else scene.desk.link
        if link is not None and link != self._told_link:
            self._told_link = link
            say(f"  desk   {link} (logs in once, within ten minutes; another follows every five)")

    def _segment_lines(self, scene: Scene) -> None:
        """Segments that are new or have another name, and customers who moved between them."""
        model = scene.feed.model
        named = () if model is None else tuple((c.segment_id, c.name) for c in model.segments)
        if model is not None and named != self._segments:
            self._segments = named
            say(f"  segments  {model_line(model)}")
            for card in model.segments:
                telling = all_telling(card.telling, TELLING_AT_ONCE)
                say(f"            {card.segment_id} {card.name}: {telling}; {advice(card)}")
        new = scene.feed.changes["moved"] - self._moved
        if new:
            moves = list(scene.feed.moves)[-new:]
            for change in moves[:MOVES_AT_ONCE]:
                say(f"  segment  {change.customer_id}: {change.reason}")
            if new > MOVES_AT_ONCE:
                say(f"  segment  ... and {new - MOVES_AT_ONCE:,} more moved")
            self._moved += new

    def _figures(self) -> str:
        scene = self._scene
        latency = scene.times("touchline_alert_latency_seconds")
        return (
            f"{scene.seconds:5.0f} s  {scene.records:,} events,"
            f" {scene.events_per_second():,.0f}/s, lag {scene.lag:,},"
            f" {scene.feed.count:,} alerts ({latency})"
        )


def alert_line(alert: Alert) -> str:
    """An alert on one line."""
    level = f" level {alert.level}" if alert.level else ""
    return (
        f"P{alert.priority} {alert.kind}{level} {alert.customer_id} ({alert.tier}): {alert.reason}"
    )


def summary(scene: Scene) -> list[str]:
    """What there was, to be printed when all is over."""
    seconds = max(time.monotonic() - scene.began, 1e-9)
    outcomes = scene.counts("touchline_events_total", "outcome")
    tiers = scene.workers.now.by("touchline_customers", "tier")
    first = scene.first_alert_seconds
    latency = scene.times("touchline_alert_latency_seconds", whole=True)
    commits = scene.times("touchline_commit_seconds", whole=True)
    lines = [
        f"{scene.records:,} events through Kafka in {seconds:,.1f} s"
        f" ({scene.records / seconds:,.0f} events/s), {outcomes.get('repeated', 0):,} repeats,"
        f" {scene.feed.letters.total():,} dead letters",
        f"{int(sum(tiers.values())):,} customers: "
        + ", ".join(f"{int(count):,} {tier}" for tier, count in tiers.items()),
        f"{scene.feed.count:,} alerts: {_counts(scene.feed.kinds)}",
        f"dead letters: {_counts(scene.feed.letters)}",
        *_segments(scene),
        f"once the opening was worked off: event to alert committed {latency}; commit {commits}",
    ]
    failures = int(scene.workers.now.total("touchline_commit_failures_total"))
    if failures:
        lines.append(f"{failures:,} transactions were given up and their work done again")
    if first is not None:
        lines.append(f"first alert {first:,.1f} s after the command")
    return lines


def _segments(scene: Scene) -> list[str]:
    model, changes = scene.feed.model, scene.feed.changes
    if model is None:
        return ["no segments: too few customers had clicks"]
    held = scene.quarantined()
    return [
        f"{len(model.segments)} segments: {sizes_line(scene)}; {held:,} in quarantine",
        f"{model_line(model)}; customers: {changes['joined']:,} joined, {changes['moved']:,} moved,"
        f" {changes['left']:,} left",
    ]


def say(text: str, console: Console | None = None) -> None:
    """One line on stdout, at once; broken between words where it is a terminal."""
    if console is not None and console.is_terminal:
        console.print(text, markup=False, highlight=False)
    else:
        print(text, flush=True)


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.most_common()) or "none"
