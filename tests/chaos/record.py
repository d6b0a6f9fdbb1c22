"""A record of the kill test's load, and the marks that say what its maker meant it to be."""

from __future__ import annotations

from typing import NamedTuple

MARK = "chaos"
"""The header that bears the mark."""
GOOD, BAD, TOO_LATE, WRONG_PARTITION = b"good", b"bad", b"too_late", b"wrong_partition"
REFUSED = (BAD, TOO_LATE, WRONG_PARTITION)
"""What must end in the dead letters; all but the first are the reason that must be given."""


class Record(NamedTuple):
    """A Kafka record to be sent, and what it is meant to be (the mark).

    One that goes ``elsewhere`` is put in another partition than its key's.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    mark: bytes = GOOD
    elsewhere: bool = False
