"""What a fit leaves in a folder: a report to read, a model, every customer's segment, pictures.

Same fit, same bytes. The report is one file that needs nothing else, and reads on a phone.
"""

from __future__ import annotations

import csv
import math
from html import escape
from io import StringIO
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from schemas.codec import encode
from schemas.fields import moment, rfc3339
from streams.reports.page import page, table
from streams.segments import plots
from streams.segments.offline import OfflineFit
from streams.segments.reading import Vectors
from streams.segments.words import all_telling, feature_words

TELLING: Final = 4
"""Most features that the report names as telling a segment from the rest."""
SHOWN_CUSTOMERS: Final = 100
"""Most quarantined customers, and most rejected lines, that the report names."""


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
        drawn["silhouettes"] = plots.silhouettes(dict(sorted(_by_k(fit).items())), fit.k)
    drawn["profiles"] = plots.profiles(names, fit.model.features, fit.deviations())
    drawn["projection"] = plots.projection(names, fit.projection())
    return drawn


def customers_csv(fit: OfflineFit) -> str:
    """One line per customer: segment, distance to its centre, next segment, silhouette."""
    written = StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(("customer_id", "segment", "name", "distance", "second_segment", "silhouette"))
    for row, customer in enumerate(fit.vectors.customers):
        identity, name = fit.segment_of(int(fit.labels[row]))
        second, _ = fit.segment_of(int(fit.second[row]))
        silhouette = float(fit.silhouettes[row])
        lines.writerow(
            (
                customer, identity, name, f"{fit.distances[row]:.4f}", second,
                "" if math.isnan(silhouette) else f"{silhouette:.4f}",
            )
        )  # fmt: skip
    return written.getvalue()


def html(fit: OfflineFit, source: str, drawn: dict[str, str]) -> str:
    """The whole report."""
    parts = [
        _head(fit, source),
        "<h2>Segments</h2>", _segments(fit),
        "<h2>What to do</h2>", _strategies(fit),
        "<h2>What tells them apart</h2>", _telling(fit),
        "<h2>Profiles</h2>",
        "<p>Mean and standard deviation of each segment's customers, in real units.</p>",
        _profiles(fit),
        "<h2>Pictures</h2>", _figures(drawn),
        "<h2>How many segments</h2>", _choice(fit),
        "<h2>Quarantined</h2>", _quarantined(fit),
        "<h2>Left out</h2>", _left_out(fit.vectors),
    ]  # fmt: skip
    return page(f"Segments of {source}", "\n".join(parts))


def _head(fit: OfflineFit, source: str) -> str:
    vectors, model = fit.vectors, fit.model
    if vectors.as_of is None:
        made = f"{vectors.lines:,} rows of vectors"
    else:
        until = rfc3339(moment(vectors.as_of))
        made = f"{vectors.lines:,} events, the clicks of 7 days up to {until}"
    ratio = "" if model.sse_ratio is None else (
        f" The squared distances to the centres add up to {model.sse_ratio:.3f} times those of"
        " batch k-means++ with as many segments."
    )  # fmt: skip
    return (
        f"<h1>Segments of {escape(source)}</h1>\n"
        f"<p>{len(vectors.customers):,} customers in {fit.k} segments, from {made}."
        f" {model.quarantined:,} of them are in quarantine.{ratio}</p>"
    )


def _segments(fit: OfflineFit) -> str:
    rows = []
    for number, card in enumerate(fit.model.segments):
        mine = fit.silhouettes[fit.labels == number]
        silhouette = _figure(float(mine.mean())) if len(mine) else ""
        size, share = f"{card.size:,}", f"{card.share:.1%}"
        rows.append([str(number + 1), card.name, card.segment_id, size, share, silhouette])
    return table(("", "name", "id", "#customers", "#share", "#silhouette"), rows)


def _strategies(fit: OfflineFit) -> str:
    rows = [[card.name, card.strategy] for card in fit.model.segments]
    return table(("segment", "strategy"), rows)


def _telling(fit: OfflineFit) -> str:
    rows = [[card.name, all_telling(card.telling, TELLING)] for card in fit.model.segments]
    return table(("segment", "against all customers (standard deviations)"), rows)


def _profiles(fit: OfflineFit) -> str:
    cards = fit.model.segments
    rows = [
        [
            feature_words(feature),
            *(f"{_real(card.centroid[feature])} ± {_real(card.spread[feature])}" for card in cards),
        ]
        for feature in fit.model.features
    ]
    pushed = [fit.pushed(number) for number in range(fit.k)]
    if any(share is not None for share in pushed):
        shown = ("" if share is None else f"{share:.1%}" for share in pushed)
        rows.append(["push share, pooled", *shown])
    return table(("feature", *(f"#{card.name}" for card in cards)), rows)


def _figures(drawn: dict[str, str]) -> str:
    captions = {
        "silhouettes": "Mean silhouette by number of segments; the highest is taken.",
        "profiles": "Each segment's mean, in standard deviations from that of all customers.",
        "projection": "Customers on the two main axes of their standardised vectors.",
    }
    figures = (
        f"<figure>{svg.rstrip()}<figcaption>{captions[name]}</figcaption></figure>"
        for name, svg in drawn.items()
    )
    return f'<div class="pictures">{"".join(figures)}</div>'


def _choice(fit: OfflineFit) -> str:
    if len(fit.model.silhouettes) <= 1:
        said = f"The number of segments was pinned to {fit.k}."
        if fit.model.silhouette is not None:
            said += f" Mean silhouette {fit.model.silhouette:.3f}."
        return f"<p>{said}</p>"
    rows = [
        [str(k), _figure(value), "chosen" if k == fit.k else ""]
        for k, value in sorted(_by_k(fit).items())
    ]
    return table(("#K", "#mean silhouette", ""), rows)


def _quarantined(fit: OfflineFit) -> str:
    """Customers so unlike the others that they are in no segment, with their vectors."""
    out = np.flatnonzero(fit.labels >= fit.k)
    if not len(out):
        return "<p>None: no customer is so unlike the others.</p>"
    rows = [
        [fit.vectors.customers[row], *(_real(value) for value in fit.vectors.raw[row].tolist())]
        for row in out[:SHOWN_CUSTOMERS]
    ]
    columns = ["customer", *(f"#{feature_words(name)}" for name in fit.model.features)]
    told = f"{len(out):,} customers are so unlike the others that they are in no segment."
    return f"<p>{told}{_first(len(out))}</p>\n{table(columns, rows)}"


def _left_out(vectors: Vectors) -> str:
    if not vectors.left_out:
        return "<p>Nothing: every line was used.</p>"
    counts = [[reason, f"{count:,}"] for reason, count in sorted(vectors.left_out.items())]
    parts = [table(("what", "#how many"), counts)]
    if vectors.rejected:
        rows = [
            [str(each.line or ""), each.customer_id, each.why]
            for each in vectors.rejected[:SHOWN_CUSTOMERS]
        ]
        parts += [
            f"<p>{_first(len(vectors.rejected)).strip()}</p>",
            table(("#line", "customer", "why"), rows),
        ]
    return "\n".join(parts)


def _first(number: int) -> str:
    return f" The first {SHOWN_CUSTOMERS}:" if number > SHOWN_CUSTOMERS else " These are:"


def _by_k(fit: OfflineFit) -> dict[int, float]:
    return dict(fit.model.silhouettes)


def _figure(value: float) -> str:
    return f"{value:.3f}".replace("-", "\N{MINUS SIGN}")


def _real(value: float) -> str:
    """Three figures or more, never with an exponent where a person can do without."""
    size = abs(value)
    digits = 0 if size >= 1_000 or value == int(value) else 1 if size >= 10 else 2
    return f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")
