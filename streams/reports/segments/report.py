"""What a fit leaves in a folder: a report to read, a model, every customer's segment, pictures.

Same fit, same bytes.
"""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import msgspec

from schemas.codec import encode
from streams.files.csv_rows import csv_row
from streams.reports.segments import plots
from streams.reports.segments.offline import OfflineFit
from streams.reports.segments.page import html


def write(fit: OfflineFit, out: Path, source: str) -> list[Path]:
    """Write every file into `out`, made if it is not there; returns their paths.

    `source` is the input's name, for the report. Raises `OSError`.
    """
    drawn = pictures(fit)
    files = {
        "report.html": html(fit, source, drawn),
        "segments.json": msgspec.json.format(encode(fit.model), indent=2).decode() + "\n",
        "customers.csv": customers_csv(fit),
    } | {f"{name}.svg": svg for name, svg in drawn.items()}
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
    return [out / name for name in files]


def pictures(fit: OfflineFit) -> dict[str, str]:
    """SVG text by name: silhouettes (where more than one K was tried), profiles, projection."""
    names = [card.name for card in fit.model.segments]
    drawn = {}
    if len(fit.model.silhouettes) > 1:
        drawn["silhouettes"] = plots.silhouettes(dict(sorted(fit.model.silhouettes.items())), fit.k)
    drawn["profiles"] = plots.profiles(names, fit.model.features, fit.deviations())
    drawn["projection"] = plots.projection(names, fit.projection())
    return drawn


def customers_csv(fit: OfflineFit) -> str:
    """One line per customer: segment, distance to its centre, next segment, silhouette."""
    written = [
        csv_row(("customer_id", "segment", "name", "distance", "second_segment", "silhouette"))
    ]
    for row, customer in enumerate(fit.vectors.customers):
        identity, name = fit.segment_of(int(fit.labels[row]))
        second, _ = fit.segment_of(int(fit.second[row]))
        distance, silhouette = float(fit.distances[row]), float(fit.silhouettes[row])
        written.append(
            csv_row((customer, identity, name, _rounded(distance), second, _rounded(silhouette)))
        )
    return "".join(written)


def _rounded(figure: float) -> Decimal | None:
    """To four places, as a number; None where there is none."""
    return None if math.isnan(figure) else Decimal(f"{figure:.4f}")
