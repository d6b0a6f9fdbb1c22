"""Times on the command line: with an offset, or UTC."""

from __future__ import annotations

from datetime import UTC, datetime

TIMES = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]


def milliseconds(given: datetime | None) -> int | None:
    """Milliseconds since 1970 of a time that was given; one without an offset is UTC."""
    if given is None:
        return None
    from schemas.fields import milliseconds as since_1970

    return since_1970(given if given.tzinfo else given.replace(tzinfo=UTC))
