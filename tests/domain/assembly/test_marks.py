"""Marks of erasures tell when it was done, whatever the policy is later."""

from __future__ import annotations

from struct import pack

import pytest

from domain.assembly.erasures import PREFIX, Erasures, digest_of
from schemas.units import MS_PER_DAY
from streams.readmodel.marks import MARK, NEVER, Marks, Until

ASKED, DONE = 10 * MS_PER_DAY, 12 * MS_PER_DAY
END = DONE + 400 * MS_PER_DAY


@pytest.mark.parametrize("days", [30, 400, 4_000])
def test_until_when_is_known_under_any_later_policy(days: int) -> None:
    erasures = Erasures()
    erasures.note("ann", ASKED, END, DONE)
    ((name, value),) = erasures.changed_records(0)
    marks = Marks(days * MS_PER_DAY)
    assert marks.take(0, [(MARK[: -len(PREFIX)] + name, value)]) == {digest_of("ann")}
    assert marks.until("ann") == Until(ASKED, DONE)
    assert marks.until("ben") == NEVER


def test_marks_of_an_earlier_version_are_read() -> None:
    value = pack("<qq", ASKED, END)
    erasures = Erasures.from_records({PREFIX + digest_of("ann"): value})
    assert erasures.of("ann") == ASKED
    marks = Marks(400 * MS_PER_DAY)
    marks.take(0, [(MARK + digest_of("ann"), value)])
    assert marks.until("ann") == Until(ASKED, DONE)
    assert list(erasures.changed_records(END)) == [(PREFIX + digest_of("ann"), None)]
