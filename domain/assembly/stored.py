"""Every form in which a partition's state is stored, and their fingerprint."""

from __future__ import annotations

from functools import cache
from typing import Final

from domain.assembly import aggregates
from domain.campaigns import sums
from domain.complaints.surges import hourly
from domain.customer import parts, recent, state
from domain.kernel.forms import fingerprint_of
from domain.propensity import examples
from domain.satisfaction import tallies

FORMS: Final[tuple[type, ...]] = (
    *state.FORMS, aggregates._Form, hourly.Hour, tallies.Form, sums.Sums, examples.Head,
    examples.Example,
)  # fmt: skip
NUMBERS: Final = (
    parts.FORMAT, recent.PAGE_FORMAT, aggregates.FORMAT, hourly.FORMAT, tallies.FORMAT, sums.FORMAT,
    examples.FORMAT,
)  # fmt: skip


@cache
def forms_fingerprint() -> str:
    """16 hex digits: another version with the same stores the same, and reads it whole."""
    return fingerprint_of(FORMS, NUMBERS)
