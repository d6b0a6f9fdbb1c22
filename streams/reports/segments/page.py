"""The report of a fit as one page."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from schemas.fields import moment, rfc3339
from streams.reports.form.page import Grid, Head, drawn, render
from streams.reports.form.words import MINUS
from streams.reports.segments.offline import OfflineFit
from streams.reports.segments.reading import Vectors
from streams.reports.segments.words import all_telling, feature_words

TELLING: Final = 4
"""Most features that the report names as telling a segment from the rest."""
SHOWN_CUSTOMERS: Final = 100
"""Most quarantined customers, and most rejected lines, that the report names."""
CAPTIONS: Final = {
    "silhouettes": "Mean silhouette by number of segments; the highest is taken.",
    "profiles": "Each segment's mean, in standard deviations from that of all customers.",
    "projection": "Customers on the two main axes of their standardised vectors.",
}


class Choice(NamedTuple):
    """How the number of segments came about: ``tried`` by number, else ``pinned`` says it."""

    tried: Grid | None
    pinned: str = ""


class Quarantined(NamedTuple):
    """What is said of customers in no segment, and who they are, with their vectors."""

    said: str
    named: Grid | None = None


class LeftOut(NamedTuple):
    """Lines that were not used, by reason, and the first of them."""

    said: str
    counts: Grid | None = None
    named: Grid | None = None


def html(fit: OfflineFit, source: str, pictures: dict[str, str]) -> str:
    """The whole page; ``source`` is the input's name, ``pictures`` are SVG text by name."""
    return render(
        "segments/templates/report.html",
        source=source,
        made=_made(fit),
        segments=_segments(fit),
        strategies=_strategies(fit),
        telling=_telling(fit),
        profiles=_profiles(fit),
        drawn=[drawn(svg, CAPTIONS[name]) for name, svg in pictures.items()],
        choice=_choice(fit),
        quarantined=_quarantined(fit),
        left_out=_left_out(fit.vectors),
    )


def _made(fit: OfflineFit) -> str:
    vectors, model = fit.vectors, fit.model
    if vectors.as_of is None:
        made = f"{vectors.lines:,} rows of vectors"
    else:
        until = rfc3339(moment(vectors.as_of))
        made = f"{vectors.lines:,} events, the clicks of 7 days up to {until}"
    said = (
        f"{len(vectors.customers):,} customers in {fit.k} segments, from {made}."
        f" {model.quarantined:,} of them are in quarantine."
    )
    if model.sse_ratio is None:
        return said
    return (
        f"{said} The squared distances to the centres add up to {model.sse_ratio:.3f} times those"
        " of batch k-means++ with as many segments."
    )


def _segments(fit: OfflineFit) -> Grid:
    rows = []
    for number, card in enumerate(fit.model.segments):
        mine = fit.silhouettes[fit.labels == number]
        silhouette = _figure(float(mine.mean())) if len(mine) else ""
        size, share = f"{card.size:,}", f"{card.share:.1%}"
        rows.append([str(number + 1), card.name, card.segment_id, size, share, silhouette])
    heads = [Head(""), Head("name"), Head("id")]
    return Grid(heads + [Head(name, True) for name in ("customers", "share", "silhouette")], rows)


def _strategies(fit: OfflineFit) -> Grid:
    rows = [[card.name, card.strategy] for card in fit.model.segments]
    return Grid([Head("segment"), Head("strategy")], rows)


def _telling(fit: OfflineFit) -> Grid:
    rows = [[card.name, all_telling(card.telling, TELLING)] for card in fit.model.segments]
    return Grid([Head("segment"), Head("against all customers (standard deviations)")], rows)


def _profiles(fit: OfflineFit) -> Grid:
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
    return Grid([Head("feature"), *(Head(card.name, True) for card in cards)], rows)


def _choice(fit: OfflineFit) -> Choice:
    if len(fit.model.silhouettes) <= 1:
        said = f"The number of segments was pinned to {fit.k}."
        if fit.model.silhouette is not None:
            said += f" Mean silhouette {fit.model.silhouette:.3f}."
        return Choice(None, said)
    rows = [
        [str(k), _figure(value), "chosen" if k == fit.k else ""]
        for k, value in sorted(fit.model.silhouettes.items())
    ]
    return Choice(Grid([Head("K", True), Head("mean silhouette", True), Head("")], rows))


def _quarantined(fit: OfflineFit) -> Quarantined:
    out = np.flatnonzero(fit.labels >= fit.k)
    if not len(out):
        return Quarantined("No customer is so unlike the others.")
    rows = [
        [fit.vectors.customers[row], *(_real(value) for value in fit.vectors.raw[row].tolist())]
        for row in out[:SHOWN_CUSTOMERS]
    ]
    heads = [Head("customer"), *(Head(feature_words(name), True) for name in fit.model.features)]
    told = f"{len(out):,} customers are so unlike the others that they are in no segment."
    return Quarantined(f"{told} {_first(len(out))}", Grid(heads, rows))


def _left_out(vectors: Vectors) -> LeftOut:
    if not vectors.left_out:
        return LeftOut("Every line was used.")
    counts = [[reason, f"{count:,}"] for reason, count in sorted(vectors.left_out.items())]
    named = [
        [str(each.line or ""), each.customer_id, each.why]
        for each in vectors.rejected[:SHOWN_CUSTOMERS]
    ]
    return LeftOut(
        _first(len(vectors.rejected)),
        Grid([Head("reason"), Head("lines", True)], counts),
        Grid([Head("line", True), Head("customer"), Head("why")], named) if named else None,
    )


def _first(number: int) -> str:
    return f"The first {SHOWN_CUSTOMERS}:" if number > SHOWN_CUSTOMERS else "These are:"


def _figure(value: float) -> str:
    return f"{value:.3f}".replace("-", MINUS)


def _real(value: float) -> str:
    """Three figures or more, never with an exponent where a person can do without."""
    size = abs(value)
    digits = 0 if size >= 1_000 or value == int(value) else 1 if size >= 10 else 2
    return f"{value:,.{digits}f}".replace("-", MINUS)
