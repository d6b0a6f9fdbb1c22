"""The pictures of the reports, as SVG text: same figures, same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from streams.reports.form.document import Kind
from streams.reports.form.svg import COLOURS, INK, MARK, PALE, figure, short
from streams.reports.form.words import shown, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABEL_CHARACTERS: Final = 24
MOST_BARS: Final = 15
MOST_SERIES: Final = 10


def bars(name: str, rows: Sequence[tuple[str, float | None]], kind: Kind) -> str:
    """One bar for each row that has a value, the first on top, with its value beside it."""
    known = [(label, value) for label, value in rows if value is not None][:MOST_BARS]
    with figure(0.9 + 0.36 * max(1, len(known)), name) as (drawn, text):
        axes = drawn.add_subplot()
        values = [value for _, value in known]
        places = np.arange(len(known))
        axes.barh(places, values, height=0.7, color=MARK)
        for place, value in enumerate(values):
            axes.annotate(
                shown(value, kind), (max(value, 0.0), place), (4, 0), textcoords="offset points",
                va="center", fontsize=10,
            )  # fmt: skip
        axes.set_yticks(places, [_label(label) for label, _ in known])
        axes.invert_yaxis()
        low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
        axes.set_xlim(1.1 * low, high + 0.22 * (high - low or 1.0))
        axes.tick_params(left=False, bottom=False, labelbottom=False)
        for side in ("bottom", "left"):
            axes.spines[side].set_visible(False)
        axes.axvline(0.0, color="#888888", lw=0.8)
        return text()


def stacked(
    name: str, rows: Sequence[str], series: Mapping[str, Sequence[float]], xlabel: str = "share"
) -> str:
    """A bar of shares for each row: what part of it each of the series is."""
    shown_rows = list(rows)[:MOST_BARS]
    with figure(1.5 + 0.36 * len(shown_rows) + 0.12 * len(series), name) as (drawn, text):
        axes = drawn.add_subplot()
        places = np.arange(len(shown_rows))
        left = np.zeros(len(shown_rows))
        totals = np.sum([values[: len(shown_rows)] for values in series.values()], axis=0)
        totals = np.where(totals > 0, totals, 1.0)
        for number, (label, values) in enumerate(series.items()):
            shares = np.asarray(values[: len(shown_rows)], dtype=float) / totals
            colour = COLOURS[number % len(COLOURS)]
            axes.barh(places, shares, left=left, height=0.7, color=colour, label=_label(label))
            for place, share in enumerate(shares):
                if share >= 0.09:
                    at = left[place] + share / 2
                    axes.annotate(
                        f"{share:.0%}", (at, place), ha="center", va="center", color="white",
                        fontsize=9,
                    )  # fmt: skip
            left += shares
        axes.set_yticks(places, [_label(label) for label in shown_rows])
        axes.invert_yaxis()
        axes.set_xlim(0.0, 1.0)
        axes.set_xticks([0.0, 0.5, 1.0], ["0 %", "50 %", "100 %"])
        axes.set_xlabel(xlabel)
        _legend(axes)
        return text()


def histogram(
    name: str, edges: Sequence[float], counts: Sequence[int], xlabel: str, line: float
) -> str:
    """Customers by band, ``edges`` one more than ``counts``, with a line where something begins."""
    with figure(3.0, name) as (drawn, text):
        axes = drawn.add_subplot()
        widths = np.diff(edges)
        colours = ["#d55e00" if low >= line - 1e-9 else MARK for low in edges[:-1]]
        axes.bar(edges[:-1], counts, widths * 0.92, align="edge", color=colours)
        top = max([*counts, 1])
        for low, width, count in zip(edges, widths, counts, strict=False):
            if count:
                axes.annotate(
                    f"{count:,}", (low + 0.46 * width, count), (0, 3), ha="center", fontsize=9,
                    textcoords="offset points",
                )  # fmt: skip
        axes.axvline(line, color=INK, lw=1.0, ls="--")
        axes.annotate(
            f"{line:g}", (line, top * 1.12), (4, 0), textcoords="offset points", fontsize=9
        )
        axes.set_ylim(0, top * 1.2)
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel(xlabel)
        axes.set_ylabel("customers")
        return text()


def lines(name: str, days: Sequence[date], series: Mapping[str, Sequence[float]]) -> str:
    """A line for each of the series over UTC days; of more than ten only the largest."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    largest = sorted(series, key=lambda label: -max(series[label], default=0.0))[:MOST_SERIES]
    with figure(3.2 + 0.22 * len(largest), name) as (drawn, text):
        axes = drawn.add_subplot()
        shown_days: Any = days
        for number, label in enumerate(largest):
            axes.plot(
                shown_days, series[label], color=COLOURS[number], lw=1.8, label=_label(label),
                marker="o" if len(days) <= 40 else "", ms=3,
            )  # fmt: skip
        locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(formatter)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("customers")
        _legend(axes)
        return text()


def heat(
    name: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    kind: Kind,
    *,
    axes_names: tuple[str, str] = ("", ""),
) -> str:
    """Values (rows, columns) as shades, each with its figure; what is not known stays white."""
    shades = np.array([[np.nan if v is None else v for v in row] for row in values], dtype=float)
    with figure(1.2 + 0.42 * len(rows), name) as (drawn, text):
        axes = drawn.add_subplot()
        highest = float(np.nanmax(shades)) if np.isfinite(shades).any() else 1.0
        axes.pcolormesh(
            np.ma.masked_invalid(shades), cmap="Blues", vmin=0.0, vmax=highest or 1.0,
            edgecolors="white", linewidth=2,
        )  # fmt: skip
        for (row, column), value in np.ndenumerate(shades):
            if np.isfinite(value):
                axes.text(
                    column + 0.5, row + 0.5, shown(_exact(float(value), kind), kind), ha="center",
                    va="center", fontsize=9, color="white" if value > 0.6 * highest else INK,
                )  # fmt: skip
        axes.set_yticks(np.arange(len(rows)) + 0.5, [_label(label) for label in rows])
        axes.set_xticks(np.arange(len(columns)) + 0.5, [_label(label) for label in columns])
        axes.set_xlabel(axes_names[1])
        axes.set_ylabel(axes_names[0])
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        axes.invert_yaxis()
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        return text()


def pairs(
    name: str, rows: Sequence[tuple[str, float | None, float | None]], names: tuple[str, str]
) -> str:
    """Two marks on a scale of 0 to 10 for each row, and the way between them."""
    known = [row for row in rows if row[1] is not None or row[2] is not None]
    with figure(1.5 + 0.4 * max(1, len(known)), name) as (drawn, text):
        axes = drawn.add_subplot()
        for place, (_, one, other) in enumerate(known):
            if one is not None and other is not None:
                axes.plot([one, other], [place, place], color=PALE, lw=4, zorder=1)
        for number, colour in ((1, MARK), (2, "#d55e00")):
            points: list[tuple[float, int]] = [
                (float(value), place)
                for place, row in enumerate(known)
                if isinstance(value := row[number], float | int)
            ]
            axes.scatter(
                [x for x, _ in points], [y for _, y in points], color=colour, s=60, zorder=2,
                marker="o" if number == 1 else "D", label=names[number - 1],
            )  # fmt: skip
        axes.set_yticks(np.arange(len(known)), [_label(label) for label, _, _ in known])
        axes.invert_yaxis()
        axes.set_xlim(-0.2, 10.2)
        axes.set_ylim(len(known) - 0.5, -0.5)
        axes.grid(axis="x", color="#eeeeee")
        axes.set_axisbelow(True)
        _legend(axes)
        return text()


def _legend(axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    axes.figure.legend(
        handles, labels, loc="outside lower left", frameon=False, fontsize=10, ncols=2,
        handlelength=1.0, labelspacing=0.35,
    )  # fmt: skip


def _label(text: str) -> str:
    return short(words(text), LABEL_CHARACTERS)


def _exact(value: float, kind: Kind) -> float | int:
    return int(value) if kind == "count" else value
