"""What one policy says otherwise than another, field by field."""

from __future__ import annotations

from typing import Any, NamedTuple

from domain.policy.sections import Section


class Change(NamedTuple):
    """One field by its path, and what it is in either policy.

    ``was`` or ``becomes`` is ``ABSENT`` where only the other policy has the field: a further
    currency, one strategy more.
    """

    field: str
    was: Any
    becomes: Any


class Absent:
    """Stands for a field that a policy does not have; ``None`` is a value of fields."""

    def __repr__(self) -> str:
        return "-"


ABSENT = Absent()


def changes(was: Section, becomes: Section) -> list[Change]:
    """The fields in which two policies differ, in the order of the policy.

    Fields are named as in messages: sections and places in a list, joined by dots.

    >>> from domain.policy import Policy
    >>> stricter = Policy.model_validate({"tiers": {"vip": 250_000}})
    >>> changes(Policy(), stricter)
    [Change(field='tiers.vip', was=300000.0, becomes=250000.0)]
    >>> changes(Policy(), Policy())
    []
    """
    old, new = fields(was), fields(becomes)
    named = [*old, *(name for name in new if name not in old)]
    found = [Change(name, old.get(name, ABSENT), new.get(name, ABSENT)) for name in named]
    return [change for change in found if change.was != change.becomes]


def fields(policy: Section) -> dict[str, Any]:
    """Every field of a policy by its path; a list of plain values is one field.

    >>> from domain.policy.sections import Purchases
    >>> fields(Purchases())
    {'directions': ['debit'], 'categories': None, 'refund_categories': ['refund']}
    """
    return dict(_leaves("", policy.model_dump(mode="json")))


def _leaves(path: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        inner = {str(place): one for place, one in enumerate(value)}.items()
    else:
        return [(path, value)]
    prefix = f"{path}." if path else ""
    return [leaf for name, one in inner for leaf in _leaves(f"{prefix}{name}", one)]
