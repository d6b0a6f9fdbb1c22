"""Where touchpoints come from: the simulated bank, a real bank's files, and lines of JSON."""

from schemas.errors import OperatingError


class SourceError(OperatingError):
    """An input that cannot be used; the message says where, what was found and what must hold."""
