"""What is not known of a customer, and which input it would take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from schemas.figures import CustomerFigures
from schemas.figures.terms import Reasoned


class Lacking(NamedTuple):
    """A figure that is null; ``why`` is the product's own sentence, which may be told."""

    figure: str
    why: str


_NAMED = {"stage": "relationship_stage"}
"""Figures whose name alone would say too little."""
_TWICE = frozenset(("relationship.p_alive", "value.clv_expected_purchases", "value.clv_mean_spend"))
_CALLED = {"servqual_mean": "servqual", "promises_kept_share": "promises_kept"}


def lacking(known: CustomerFigures) -> list[Lacking]:
    """Every figure that is null and says why; the plain ones first.

    >>> from schemas.figures.published import example
    >>> found = lacking(example())
    >>> found[0]
    Lacking(figure='segment', why='no segment model, or no app_click within 7 days')
    >>> [each.figure for each in found if each.figure.startswith("cl")]
    ['clv', 'clv_class']
    """
    told = [Lacking(figure, why) for figure, why in known.missing.items()]
    seen = {each.figure for each in told}
    for part in ("value", "relationship", "experience"):
        for each in _null(part, getattr(known, part)):
            if each.figure not in seen:
                seen.add(each.figure)
                told.append(each)
    return told


def _null(part: str, figures: Reasoned) -> Iterator[Lacking]:
    for name in figures.__struct_fields__:
        field = "lapse_reason" if name == "lapse_days" else f"{name}_reason"
        reason = figures.reasons.get(field, getattr(figures, field, None))
        if reason is None or f"{part}.{name}" in _TWICE:
            continue
        value = getattr(figures, name)
        if name == "rfm":
            value = value.score
        if value is None:
            yield Lacking(_NAMED.get(name, _CALLED.get(name, name)), reason)
