"""The newest records over all customers as they lie in Kafka: what figures of one follow from."""

from __future__ import annotations

from agents.customers import customers
from agents.propensity import propensity
from agents.standings import standings
from domain.policy import Policy
from schemas.propensity import PropensityModel
from schemas.standings import Standings
from streams.engine.models import newest_readable
from streams.queries.state import Read
from streams.settings import Settings


async def newest_standings(settings: Settings, policy: Policy) -> Standings | None:
    """The readable standings of the highest version; ``None`` before any were made."""
    newest, _ = await newest_readable(settings, standings(policy))
    return newest


async def newest_propensity(settings: Settings, policy: Policy) -> PropensityModel | None:
    """The readable model of answers to mailings of the highest version, or ``None``."""
    newest, _ = await newest_readable(settings, propensity(policy))
    return newest


async def read_with_standings(
    settings: Settings, policy: Policy, partitions: int, at: int | None
) -> Read:
    """How to read customers so that the newest standings class them, and the newest model says
    who of them will answer.
    """
    newest = await newest_standings(settings, policy)
    answering = await newest_propensity(settings, policy)
    records = tuple(record for record in (newest, answering) if record is not None)
    return Read(customers(policy), partitions, at, records)
