"""A real broker with an authoriser: whoever logs in may do nothing but what is allowed.

The listener without a login is the administrator's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import closing

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourceType,
)

from streams.cluster.broker import LocalBroker
from streams.cluster.ports import free_ports
from streams.engine.rights import Right

PASSWORD = "password-s3cret"
_KINDS = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS = {
    "Read": ACLOperation.READ,
    "Write": ACLOperation.WRITE,
    "Create": ACLOperation.CREATE,
    "Describe": ACLOperation.DESCRIBE,
    "DescribeConfigs": ACLOperation.DESCRIBE_CONFIGS,
}


class Authorised:
    """The broker, and who may do what on it."""

    def __init__(self, users: Iterable[str]) -> None:
        [self._port] = free_ports(1)
        listener = f"LOGIN://127.0.0.1:{self._port}"
        taken = " ".join(f'user_{name}="{PASSWORD}"' for name in users)
        self.broker = LocalBroker(
            config={
                "listeners": listener,
                "advertised.listeners": listener,
                "listener.security.protocol.map": "LOGIN:SASL_PLAINTEXT",
                "listener.name.login.sasl.enabled.mechanisms": "PLAIN",
                "listener.name.login.plain.sasl.jaas.config": (
                    f"org.apache.kafka.common.security.plain.PlainLoginModule required {taken};"
                ),
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:ANONYMOUS",
            }
        )

    def environment(self, user: str, app_id: str, partitions: int = 1) -> dict[str, str]:
        """The variables of a process that logs in so."""
        others = {key: value for key, value in os.environ.items() if "TOUCHLINE" not in key.upper()}
        return {
            **others,
            "TOUCHLINE_KAFKA__BOOTSTRAP": f"127.0.0.1:{self._port}",
            "TOUCHLINE_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "TOUCHLINE_KAFKA__SASL_USERNAME": user,
            "TOUCHLINE_KAFKA__SASL_PASSWORD": PASSWORD,
            "TOUCHLINE_PARTITIONS": str(partitions),
            "TOUCHLINE_APP_ID": app_id,
            "TOUCHLINE_LOG_FORMAT": "json",
        }

    def allow(self, user: str, rights: Sequence[Right]) -> None:
        """Give a user these rights."""
        with closing(KafkaAdminClient(bootstrap_servers=self.broker.bootstrap)) as admin:
            done = admin.create_acls([_acl(user, right) for right in rights])
            assert not done["failed"], done

    def deny(self, user: str, rights: Sequence[Right]) -> None:
        """Take these rights away."""
        with closing(KafkaAdminClient(bootstrap_servers=self.broker.bootstrap)) as admin:
            for _, _, error in admin.delete_acls([_filter(user, right) for right in rights]):
                assert error.errno == 0, error


def _acl(user: str, right: Right) -> ACL:
    return ACL(f"User:{user}", "*", _OPERATIONS[right.operation], ACLPermissionType.ALLOW,
               ResourcePattern(_KINDS[right.kind], right.name))  # fmt: skip


def _filter(user: str, right: Right) -> ACLFilter:
    return ACLFilter(f"User:{user}", "*", _OPERATIONS[right.operation], ACLPermissionType.ALLOW,
                     ResourcePattern(_KINDS[right.kind], right.name))  # fmt: skip
