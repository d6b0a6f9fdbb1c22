"""A customer's figures as tests give them: only those that matter, the others of an unknown one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.assembly.figures import export
from domain.customer.state import Customer
from domain.policy import Policy
from schemas.figures import CustomerFigures

Line = dict[str, Any]


def line_of(figures: CustomerFigures) -> Line:
    """A line of ``customers.jsonl``, as JSON is read."""
    line: Line = msgspec.json.decode(msgspec.json.encode(figures))
    return line


NOBODY: Line = line_of(export(Customer.new("c"), 0, Policy()))
"""A customer of whom nothing has come yet."""
GAP: Line = dict.fromkeys(
    ("experience", "expectation", "gap", "importance", "weighted_gap", "ideal", "gap_to_ideal")
)
CASE: Line = {
    "complaint_id": "k", "complex": False, "acknowledge_due_at": None, "resolve_due_at": None,
    "regulator_due_at": None, "reason": "-",
}  # fmt: skip


def figured(given: Mapping[str, Any]) -> CustomerFigures:
    """The figures of a line of which only some fields are given."""
    line = _over(NOBODY, given)
    gaps = line["experience"]["gaps"]
    line["experience"]["gaps"] = {
        name: GAP | {"ideal_given": False} | row for name, row in gaps.items()
    }
    line["complaint_cases"] = [CASE | case for case in line["complaint_cases"]]
    return msgspec.convert(line, CustomerFigures)


def _over(known: Mapping[str, Any], given: Mapping[str, Any]) -> Line:
    return {
        **known,
        **{
            name: _over(known[name], one) if isinstance(known.get(name), dict) else one
            for name, one in given.items()
        },
    }
