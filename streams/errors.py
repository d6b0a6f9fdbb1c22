"""What an operator is told in one line, where more than one room raises it."""

from schemas.errors import OperatingError


class ClusterError(OperatingError):
    """Kafka does not answer, refuses, or has not what is asked of it."""


class WorkerFailed(OperatingError):
    """The worker had to stop; its cause says why."""


class ServeFailed(OperatingError):
    """`touchline serve` cannot begin, or had to stop; the message says why and what to do."""


class NotWritten(OperatingError):
    """A file or folder could not be written; the message says which and why."""


class ReportSourceError(OperatingError):
    """What a report is to be made of cannot be used; the message says which, why, what to do."""


class RecordUnreadable(OperatingError):
    """A worker's record cannot be replayed; the message says which file and why."""


class MisfitClient(OperatingError):
    """The installed aiokafka or Faust is not as the engine uses it; the message says what to do."""


class InputUnusable(OperatingError):
    """A file that is given cannot be read, or is not what the command takes; says what it is."""
