"""The demonstration as lines of text: for logs, and the summary at the end of either way."""

from __future__ import annotations

import time
from collections import Counter

from rich.console import Console

from streams.demo.feed import Alert
from streams.demo.scene import Scene

EVERY_SECONDS = 5.0
ALERTS_AT_ONCE = 8


class Lines:
    """Prints each alert as it comes and the figures now and then."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._printed = 0
        self._next = EVERY_SECONDS

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *ended: object) -> None:
        self.update()

    def update(self) -> None:
        """Print what is new since the last call."""
        scene = self._scene
        new = scene.feed.count - self._printed
        if new:
            alerts = list(scene.feed.alerts)[-new:]
            for alert in alerts[:ALERTS_AT_ONCE]:
                say(f"  alert  {alert_line(alert)}")
            if new > ALERTS_AT_ONCE:
                say(f"  alert  ... and {new - ALERTS_AT_ONCE:,} more")
            self._printed += new
        if scene.seconds >= self._next:
            self._next += EVERY_SECONDS
            say(self._figures())

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
        f"once the opening was worked off: event to alert committed {latency}; commit {commits}",
    ]
    failures = int(scene.workers.now.total("touchline_commit_failures_total"))
    if failures:
        lines.append(f"{failures:,} transactions were given up and their work done again")
    if first is not None:
        lines.append(f"first alert {first:,.1f} s after the command")
    return lines


def say(text: str, console: Console | None = None) -> None:
    """One line on stdout, at once; broken between words where it is a terminal."""
    if console is not None and console.is_terminal:
        console.print(text, markup=False, highlight=False)
    else:
        print(text, flush=True)


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.most_common()) or "none"
