"""The one base class of errors that a person can act on."""

from __future__ import annotations


class OperatingError(Exception):
    """Something outside the program is not as it must be.

    The message is one line (a line each where there are several faults) that says what is wrong,
    where, and what to do. The command line prints it and ends with exit status 1; anything else
    that is raised is a fault of the program and keeps its traceback.
    """
