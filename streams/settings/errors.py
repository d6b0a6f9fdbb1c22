"""What is told of a setting that does not fit."""

from schemas.errors import OperatingError


class SettingError(OperatingError):
    """A setting that does not fit; the message says which and what must hold, a line each.

    What was found is told too, unless it is a secret or may hold one.
    """
