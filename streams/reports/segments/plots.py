"""The pictures of a segment report, as SVG text: same figures, same bytes.

Segments are numbered in the order of the model; names stand in the legends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from streams.reports.form.svg import COLOURS, INK, MARK, PALE, figure, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
Labels = NDArray[np.int16]

LABEL_CHARACTERS: Final = 22
LEGEND_CHARACTERS: Final = 44
SHOWN_POINTS: Final = 1_500
"""Most customers drawn in the projection: every n-th of a larger number."""
DARKEST_DEVIATIONS: Final = 2.5


@dataclass(frozen=True)
class Projection:
    """Customers in two dimensions.

    `points` (m, 2), `labels` (m,) with the number of segments for a quarantined customer,
    `centres` (k, 2), `explained` the share of all variance on each axis.
    """

    points: Floats
    labels: Labels
    centres: Floats
    explained: tuple[float, float]


def silhouettes(by_k: Mapping[int, float], chosen: int) -> str:
    """Mean silhouette by number of segments, with the chosen number marked."""
    with figure(3.0, "silhouettes") as (drawn, text):
        axes = drawn.add_subplot()
        ks, values = list(by_k), list(by_k.values())
        axes.bar(ks, values, width=0.7, color=[MARK if k == chosen else PALE for k in ks])
        for k, value in by_k.items():
            weight = "bold" if k == chosen else "normal"
            axes.annotate(
                f"{value:.2f}", (k, max(value, 0.0)), (0, 3), textcoords="offset points",
                ha="center", fontsize=9.5, fontweight=weight,
            )  # fmt: skip
        axes.set_ylim(min(0.0, *values), 1.12 * max(0.01, *values))
        axes.set_xlim(min(ks) - 0.6, max(ks) + 0.6)
        axes.set_xticks(ks)
        axes.set_xlabel("number of segments, K")
        axes.set_ylabel("mean silhouette")
        return text()


def profiles(names: Sequence[str], features: Sequence[str], deviations: Floats) -> str:
    """Heat map of each segment's mean (k, d), in standard deviations from that of all."""
    width, k = len(features), len(names)
    height = 1.0 + 0.34 * width + 0.24 * k
    with figure(height, "profiles") as (drawn, text):
        axes = drawn.add_subplot()
        shown = np.clip(deviations.T, -DARKEST_DEVIATIONS, DARKEST_DEVIATIONS)
        axes.pcolormesh(
            shown, cmap="RdBu_r", vmin=-DARKEST_DEVIATIONS, vmax=DARKEST_DEVIATIONS,
            edgecolors="white", linewidth=2,
        )  # fmt: skip
        for (row, column), value in np.ndenumerate(deviations.T):
            dark = abs(value) > 0.6 * DARKEST_DEVIATIONS
            axes.text(
                column + 0.5, row + 0.5, _signed(value), ha="center", va="center",
                fontsize=7.5 if k > 6 else 10, color="white" if dark else INK,
            )  # fmt: skip
        axes.set_yticks(np.arange(width) + 0.5, [_label(name) for name in features])
        axes.set_xticks(np.arange(k) + 0.5, [str(number) for number in range(1, k + 1)])
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        axes.invert_yaxis()
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        _legend(axes, names, marked=False)
        return text()


def projection(names: Sequence[str], found: Projection) -> str:
    """Customers on the two main axes of their standardised vectors, coloured by segment.

    Quarantined customers beyond the frame stand on its edge.
    """
    k = len(names)
    height = 4.2 + 0.24 * (k + 1)
    with figure(height, "projection") as (drawn, text):
        axes = drawn.add_subplot()
        low, high = _frame(found.points[found.labels < k])
        every = slice(None, None, -(-len(found.points) // SHOWN_POINTS))
        points, labels = found.points[every], found.labels[every]
        for number in range(k):
            mine = points[labels == number]
            axes.scatter(mine[:, 0], mine[:, 1], color=COLOURS[number], s=16, alpha=0.55, lw=0)
        inset = 0.015 * (high - low)
        strangers = found.points[found.labels >= k][:SHOWN_POINTS]
        strangers = np.clip(strangers, low + inset, high - inset)
        if len(strangers):
            axes.scatter(strangers[:, 0], strangers[:, 1], color=INK, marker="x", s=26, zorder=4)
        axes.set_xlim(low[0], high[0])
        axes.set_ylim(low[1], high[1])
        for number, at in enumerate(_apart(found.centres, (high - low) * 0.045)):
            axes.scatter(
                at[0], at[1], s=190, color="white", edgecolors=COLOURS[number], lw=2, zorder=5
            )
            axes.annotate(str(number + 1), at, ha="center", va="center", fontsize=10, zorder=6)
        axes.set_xlabel(f"first component ({found.explained[0]:.0%} of variance)")
        axes.set_ylabel(f"second component ({found.explained[1]:.0%})")
        _legend(axes, names, marked=True, quarantine=bool(len(strangers)))
        return text()


def _legend(axes: Axes, names: Sequence[str], *, marked: bool, quarantine: bool = False) -> None:
    """Numbers and names below the axes, one a line."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", marker="o", color=COLOURS[number] if marked else "none")
        for number in range(len(names))
    ]
    labels = [f"{number}  {short(name, LEGEND_CHARACTERS)}" for number, name in enumerate(names, 1)]
    if quarantine:
        handles.append(Line2D([], [], linestyle="", marker="x", color=INK))
        labels.append("quarantined")
    axes.figure.legend(
        handles, labels, loc="outside lower left", frameon=False, fontsize=10,
        handlelength=1.0 if marked else 0.0, labelspacing=0.35,
    )  # fmt: skip


def _frame(points: Floats) -> tuple[Floats, Floats]:
    """Lower left and upper right of the points, with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.maximum(0.08 * (high - low), 1e-3)
    return low - margin, high + margin


def _apart(centres: Floats, radii: Floats) -> Floats:
    """The centres, moved as little as needed for discs of these radii (x, y) not to overlap."""
    places = centres / radii
    for _ in range(200):
        moved = False
        for one in range(len(places)):
            for other in range(one):
                gap = places[one] - places[other]
                distance = float(np.hypot(*gap))
                if distance < 2.0:
                    step = gap / distance if distance > 0 else np.array([1.0, 0.0])
                    places[one] += step * (2.02 - distance) / 2
                    places[other] -= step * (2.02 - distance) / 2
                    moved = True
        if not moved:
            break
    return places * radii


def _signed(value: float) -> str:
    """One decimal; a true minus sign, none before a zero."""
    return f"{value:.1f}".replace("-0.0", "0.0").replace("-", "\N{MINUS SIGN}")


def _label(feature: str) -> str:
    """A feature's name in words."""
    return short(feature.replace("_", " "), LABEL_CHARACTERS)
