"""Whom something happened to, and who was there: what scorecards are cut by."""

from __future__ import annotations

from typing import NamedTuple

from domain.customer.state import FILE, Customer


class Labels(NamedTuple):
    """Of a customer and of who served it: ``tier`` is an index, "" = not known."""

    tier: int = 0
    region: str = ""
    segment: str = ""
    agent: str = ""
    branch: str = ""


def labels_of(customer: Customer, agent: str | None = None, branch: str | None = None) -> Labels:
    """The labels of a customer as it is now."""
    region = ""
    if customer.has(FILE):
        register = customer.file.fields.get("region")
        region = "" if register is None or register[2] is None else str(register[2])
    core = customer.core
    return Labels(core.tier, region, core.segment, agent or "", branch or "")
