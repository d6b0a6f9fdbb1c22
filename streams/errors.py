"""What an operator is told in one line, light enough for every command to know."""


class WorkerFailed(Exception):
    """The worker had to stop; its cause says why."""


class NotWritten(Exception):
    """A file or folder could not be written; the message says which and why."""


class ReportSourceError(Exception):
    """What a report is to be made of cannot be used; the message says which, why, what to do."""


class RecordUnreadable(Exception):
    """A worker's record cannot be replayed; the message says which file and why."""
