"""Whether a broker can be used: asked as a client would."""

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

# Long enough for a busy machine: an admin client that gives up while it opens leaks its socket.
_REQUEST_MS = 10_000
_BOOTSTRAP_MS = 30_000


def is_ready(bootstrap: str) -> bool:
    """True when the cluster names at least one broker that takes requests."""
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap,
            request_timeout_ms=_REQUEST_MS,
            bootstrap_timeout_ms=_BOOTSTRAP_MS,
        )
    except KafkaError:
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()
