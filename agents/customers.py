"""The customers agent: every touchpoint topic meets the rules that keep a customer's state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agents.topology import Figures, ReadBack, Topology
from domain import dispatch as rules
from domain.assembly.aggregates import Aggregates
from domain.assembly.context import Context
from domain.assembly.erasures import Erasures
from domain.assembly.replanning import replan
from domain.campaigns.sums import CampaignBook
from domain.complaints.surges.hourly import Hourly
from domain.complaints.surges.population import SurgePopulation
from domain.customer.state import Customer
from domain.experience.inconsistency.population import ConsistencyPopulation
from domain.kernel.population import AnyPopulation, Together
from domain.policy import Policy
from domain.propensity.examples import Examples
from domain.satisfaction.scorecards import Scorecards
from schemas.codec import Bad, Event, at_ms, decode_many, misplaced
from schemas.inconsistencies import Inconsistencies
from schemas.moves import CustomerMove, decode_moves
from schemas.propensity import PropensityModel
from schemas.published import Referral
from schemas.quick import Quick, QuickClick, QuickTransaction
from schemas.referrals import decode_referrals
from schemas.segments import SegmentModel
from schemas.standings import Standings
from schemas.surges import Surges
from schemas.topics import (
    ALERT_STATES,
    ALERTS,
    CARE_TASKS,
    CUSTOMER_MOVES,
    INPUT_TOPICS,
    REFERRALS,
    TOPIC_OF_TYPE,
)
from schemas.touchpoints import MODEL_OF_TYPE

Touched = Event | Quick
"""An event of a customer."""
Customers = Topology[Touched, Customer, Context]
"""Events, state and context of the customers topology."""
CORE = b"c"
AGGREGATES = b"aggregates"


def customers(policy: Policy) -> Customers:
    """The customers topology under a policy."""

    def context(records: Mapping[bytes, bytes]) -> Context:
        aggregates = Aggregates.from_bytes(records.get(AGGREGATES))
        return Context(
            policy,
            aggregates,
            hourly=Hourly.from_records(records),
            scorecards=Scorecards.from_records(records),
            erasures=Erasures.from_records(records),
            campaigns=CampaignBook.from_records(records),
            examples=Examples.from_records(records),
        )

    return Topology(
        name="customers",
        sources=INPUT_TOPICS,
        decode=decode_many,
        identify=_identify,
        kinds=KINDS,
        misplaced=misplaced,
        new=Customer.new,
        load=Customer.load,
        context=context,
        shared=_shared,
        apply=rules.apply,
        fire=rules.fire,
        owner=_owner,
        export=_export,
        main_key=lambda customer_id: CORE + customer_id.encode(),
        population=_population,
        replan=lambda customer, context: replan(customer, context.policy),
        read_back={
            REFERRALS: ReadBack(decode_referrals, _referrer, rules.take_referral),
            CUSTOMER_MOVES: ReadBack(decode_moves, _moved_to, rules.take_move, _moved_at),
        },
        prompt=frozenset((ALERTS, ALERT_STATES, CARE_TASKS)),
    )


KINDS: Mapping[type, str] = {
    Bad: "dead_letter",
    Referral: "referral",
    CustomerMove: "customer_move",
    QuickClick: QuickClick.type,
    QuickTransaction: QuickTransaction.type,
} | {model: kind for kind, model in MODEL_OF_TYPE.items()}


def _identify(event: Touched) -> tuple[str, int, str]:
    return event.customer_id, at_ms(event), TOPIC_OF_TYPE[event.type]


def _referrer(referral: Referral) -> str:
    return referral.referrer


def _moved_to(move: CustomerMove) -> str:
    return move.into


def _moved_at(move: CustomerMove) -> int | None:
    return None if move.kind == "forget" else move.at


def _owner(record_key: bytes) -> str | None:
    return record_key[1:].decode() if record_key[:1] == CORE else None


def _export(customer: Customer, now: int, context: Context) -> Figures | None:
    # one whom others named as their referrer, and who never came
    known = customer.core.events
    if not known:
        return None
    return rules.export(customer, now, context.policy, context.standings, context.answering)


def _population(context: Context, versions: Mapping[str, int]) -> Together[Customer]:
    context.standing.floor = versions.get(Standings.kind, 0)
    kinds: dict[str, AnyPopulation[Customer]] = {Standings.kind: context.standing}
    if context.policy.segments.enabled:
        context.segments.floor = versions.get(SegmentModel.kind, 0)
        kinds[SegmentModel.kind] = context.segments
    if context.policy.complaints.systemic.enabled:
        kinds[Surges.kind] = SurgePopulation(context.hourly)
    context.propensity.floor = versions.get(PropensityModel.kind, 0)
    kinds[PropensityModel.kind] = context.propensity
    kinds[Inconsistencies.kind] = ConsistencyPopulation(context.scorecards)
    return Together(kinds)


def _shared(context: Context) -> Iterable[tuple[bytes, bytes | None]]:
    aggregates = context.aggregates
    if aggregates.changed:
        yield AGGREGATES, aggregates.to_bytes()
    yield from context.hourly.changed_records()
    yield from context.scorecards.changed_records()
    yield from context.campaigns.changed_records()
    yield from context.propensity.examples.changed_records()
    yield from context.erasures.changed_records(context.now)
