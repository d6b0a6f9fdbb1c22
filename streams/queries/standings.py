"""The newest standings as they lie in Kafka: what classes among all customers follow from."""

from __future__ import annotations

from agents.customers import customers
from agents.standings import standings
from domain.policy import Policy
from schemas.standings import Standings
from streams.engine.models import newest_readable
from streams.queries.state import Read
from streams.settings import Settings


async def newest_standings(settings: Settings, policy: Policy) -> Standings | None:
    """The readable standings of the highest version; ``None`` before any were made."""
    newest, _ = await newest_readable(settings, standings(policy))
    return newest


async def read_with_standings(
    settings: Settings, policy: Policy, partitions: int, at: int | None
) -> Read:
    """How to read customers so that they are classed by the newest standings."""
    newest = await newest_standings(settings, policy)
    return Read(customers(policy), partitions, at, () if newest is None else (newest,))
