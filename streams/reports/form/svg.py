"""The house style of pictures: a figure as SVG text, the same bytes for the same figures.

Text stays text, in the reader's own font, so a name in any script is shown. Widths suit a phone.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

WIDTH_INCHES: Final = 5.0
COLOURS: Final = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00",
    "#56b4e9", "#7a5195", "#8c6d31", "#4d4d4d", "#a6ac00",
)  # fmt: skip
INK, PALE, MARK = "#222222", "#d9d9d9", "#0072b2"
_IDS = re.compile(r'(?<=\sid=")|(?<=href="#)|(?<=url\(#)')
_METADATA = re.compile(r"\s*<metadata>.*</metadata>", re.DOTALL)
_STYLE: Final[Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "touchline", "font.size": 11.0,
    "font.family": "sans-serif", "text.color": INK, "axes.labelcolor": INK,
    "axes.edgecolor": "#888888", "axes.spines.top": False, "axes.spines.right": False,
    "xtick.color": INK, "ytick.color": INK, "axes.unicode_minus": True,
}  # fmt: skip


@contextmanager
def figure(height: float, name: str) -> Iterator[tuple[Figure, Callable[[], str]]]:
    """A figure of this height (inches) and a function that gives it as SVG, ids after `name`."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    def text() -> str:
        written = StringIO()
        drawn.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
        svg = _METADATA.sub("", written.getvalue())
        return _IDS.sub(f"{name}-", svg[svg.index("<svg") :])

    with rc_context(_STYLE), warnings.catch_warnings():
        # A script that matplotlib's font lacks is drawn by the reader's own.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        drawn = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
        yield drawn, text


def short(text: str, characters: int) -> str:
    """The text, cut where it is too long; `$` would else begin a formula."""
    cut = text if len(text) <= characters else f"{text[: characters - 1]}…"
    return cut.replace("$", r"\$")
