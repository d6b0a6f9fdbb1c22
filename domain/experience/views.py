"""One customer's figures as reports read them: a line of ``customers.jsonl``, by the fields needed.

Fields that are not there (of an older line, or left out) count as not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class GapView(msgspec.Struct, frozen=True):
    """One factor's ratings."""

    experience: float | None = None
    expectation: float | None = None
    importance: float | None = None
    ideal: float | None = None
    ideal_given: bool = False


class CohortView(msgspec.Struct, frozen=True):
    """Answers of one grade whose time is over, and how many were followed by a purchase."""

    answers: int = 0
    bought: int = 0


class ExperienceView(msgspec.Struct, frozen=True):
    """What reports need of a customer's experience."""

    satisfaction_by_channel: dict[str, float] = {}
    visit_reasons: list[str] = []
    gaps: dict[str, GapView] = {}
    ratio_band: str | None = None
    servqual: dict[str, float] = {}
    acsi_items: dict[str, float] = {}
    nps: float | None = None
    csat: float | None = None
    ces: float | None = None
    delivered_value: float | None = None
    peak_end: float | None = None
    good_moments: int = 0
    bad_moments: int = 0
    promises_kept: int = 0
    promises_broken: int = 0
    outrage: bool = False
    repurchase: dict[str, CohortView] = {}


class CustomerView(msgspec.Struct, frozen=True):
    """What reports of experience need of a customer."""

    satisfaction: float | None = None
    complaints: int = 0
    experience: ExperienceView = ExperienceView()


def view_of(figures: Mapping[str, Any]) -> CustomerView:
    """The view of a customer as exported. Raises ValueError where a field is not what it must be.

    >>> view_of({"customer_id": "ann", "satisfaction": 7.5}).satisfaction
    7.5
    """
    return msgspec.convert(figures, CustomerView)
