"""The read model of a follower that runs on this machine, for commands: where there is one."""

from __future__ import annotations

import sqlite3
from typing import Final

from domain.policy import Policy
from streams.readmodel.connections import Connections, NoFile, NotReadable
from streams.readmodel.directory import directory_of
from streams.readmodel.reading import ReadModel
from streams.settings import Settings

FRESH_SECONDS: Final = 2.0


def fresh(settings: Settings, policy: Policy, at: int | None) -> ReadModel | None:
    """A read model of all partitions of the same Kafka, current to two seconds; else ``None``.

    It tells of customers by ``policy``, as of ``at`` (ms) or now.
    """
    try:
        with Connections(directory_of(settings)).moment() as connection:
            meta = dict(connection.execute("SELECT name, value FROM meta"))
    except (NoFile, NotReadable, OSError, sqlite3.Error):
        return None
    if meta.get("application") != settings.app_id or meta.get("kafka") != settings.kafka.bootstrap:
        return None
    model = ReadModel(settings, policy, at=at)
    currency = model.currency()
    if len(currency) != int(meta["partitions"]):
        return None
    return model if all(one.age_seconds <= FRESH_SECONDS for one in currency) else None


__all__ = ["fresh"]
