"""Segments and explanations as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from schemas.fields import milliseconds, rfc3339
from schemas.segments import QUARANTINE, SegmentModel
from streams.queries.explain import Explanation
from streams.reports.segments.words import age, all_telling, choice_of_k, feature_words, figure

SHOWN_TELLING = 3


def of_model(model: SegmentModel, now: float) -> Iterator[RenderableType]:
    """The cards, the centroids beside each other, and how the model came about.

    ``now`` is Unix time in seconds.
    """
    yield _cards(model)
    yield _centroids(model)
    yield _caption(model, now)


def of_customer(told: Explanation) -> Iterator[RenderableType]:
    """Which segment and why, feature by feature, and what it would take to move."""
    yield _verdict(told)
    if told.features:
        yield _features(told)
    if told.distances:
        yield _distances(told)


# -- a model ----------------------------------------------------------------------------


def _cards(model: SegmentModel) -> Table:
    table = Table(title="Segments", title_justify="left", show_lines=True)
    table.add_column("id", style="bold", no_wrap=True)
    table.add_column("name", overflow="fold", ratio=2)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("what tells it apart (standard deviations)", overflow="fold", ratio=4)
    table.add_column("strategy", overflow="fold", ratio=4)
    for card in model.segments:
        table.add_row(
            card.segment_id,
            escape(card.name),
            f"{card.size:,}",
            f"{100 * card.share:.1f} %",
            "\n".join(all_telling([one], 1) for one in card.telling[:SHOWN_TELLING]),
            escape(card.strategy),
        )
    return table


def _centroids(model: SegmentModel) -> Table:
    """Means in real units; those that tell a segment apart stand out."""
    table = Table(title="Averages of their customers over 7 days", title_justify="left")
    table.add_column("feature", no_wrap=True)
    telling = {}
    for card in model.segments:
        table.add_column(card.segment_id, justify="right", no_wrap=True)
        telling[card.segment_id] = {one.feature for one in card.telling[:SHOWN_TELLING]}
    for name in model.features:
        cells = []
        for card in model.segments:
            style = "bold" if name in telling[card.segment_id] else ""
            cells.append(Text(figure(name, card.centroid.get(name, 0.0)), style))
        table.add_row(feature_words(name), *cells)
    return table


def _caption(model: SegmentModel, now: float) -> Text:
    made = model.occurred_at
    old = age(now - milliseconds(made) / 1000)
    sse = "" if model.sse_ratio is None else f"; {model.sse_ratio:.3f} of a batch fit's error"
    lines = [
        f"model version {model.version} of {rfc3339(made)}, {old} old: {model.reason}",
        f"{choice_of_k(model)}{sse}; drift: {'yes' if model.drift else 'none'}",
        f"{model.customers:,} customers with a vector, {model.quarantined:,} of them in quarantine",
    ]
    return Text("\n".join(lines), style="dim")


# -- a customer -------------------------------------------------------------------------


def _verdict(told: Explanation) -> Text:
    text = Text(told.customer_id, style="bold")
    if told.segment == QUARANTINE:
        text.append(" is in quarantine", style="bold red")
    elif told.segment is not None:
        text.append(f" is in {told.segment}, {told.segment_name}")
    else:
        text.append(" is in no segment")
    text.append(f"  (as of {told.as_of}, model version {told.model_version})", style="dim")
    if told.missing is not None:
        text.append(f"\n{told.missing}", style="yellow")
    if told.strategy is not None:
        text.append(f"\n{told.strategy}", style="not bold")
    return text


def _features(told: Explanation) -> Table:
    table = Table()
    table.add_column("feature", no_wrap=True)
    for name in ("value", "segment's average", "all customers'", "deviation"):
        table.add_column(name, justify="right")
    for one in told.features:
        average = one.segment_average
        table.add_row(
            feature_words(one.feature),
            Text(figure(one.feature, one.value), "bold"),
            "-" if average is None else figure(one.feature, average),
            figure(one.feature, one.all_average),
            f"{one.deviation:+.2f}",
        )
    return table


def _distances(told: Explanation) -> RenderableType:
    """The centroids by distance, and the distance at which the customer would move."""
    parts = [
        f"{one.segment} ({one.name}) {one.distance:.2f}"
        for one in sorted(told.distances, key=lambda one: one.distance)
    ]
    text = Text(f"distances, in standard deviations: {', '.join(parts)}")
    if told.moves_below is None or told.to_go is None:
        return text
    rule = f"; a segment is left only for one nearer by more than {100 * told.margin:.0f} %"
    if told.hold_hours:
        rule += f" for {told.hold_hours:g} hours, or nearer than {told.moves_at_once_below:.2f}"
    if told.to_go > 0:
        text.append(
            f"\nmoves to {told.nearest_other} once that is nearer than {told.moves_below:.2f}: "
            f"it would have to come nearer by {told.to_go:.2f}{rule}"
        )
    else:
        when = f"at {told.moves_at}" if told.moves_at else "when its worker next looks"
        text.append(f"\nmoves to {told.nearest_other} {when}{rule}")
    return text
