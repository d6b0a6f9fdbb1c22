"""Winning back: who was lost is worth a task if the customer is of class A or B by value.

The class follows from the standings of all customers in force when the loss was found; without
them it is unknown, and no task is made.
"""

from __future__ import annotations

from typing import Final

from domain.customer.cause import Cause
from domain.customer.profile import owner_of
from domain.customer.state import Customer
from domain.kernel.scales import TIERS
from domain.kernel.units import MS_PER_DAY
from domain.kernel.wording import Wording
from domain.value.classes import abc
from domain.value.row import row_of
from schemas.fields import moment, rfc3339
from schemas.outputs import CareTask, output_id
from schemas.told import SENTENCE_CHARACTERS, Told

UNKNOWN: Final = Wording("win_back.unknown", "No win-back task: {why:inline}")
NOT_FOR: Final = Wording(
    "win_back.not_for", "No win-back task for a customer of value class {abc}."
)
TOO_LATE: Final = Wording(
    "win_back.too_late",
    "No win-back task: what showed the loss came more than 24 hours late.",
)
MADE: Final = Wording("win_back.made", "A win-back task is made: value class {abc}.")
TASK: Final = Wording("win_back.task", "Lost, of value class {abc}. {lost:said} {why:said}")


def propose(customer: Customer, why_lost: Told, cause: Cause) -> Told:
    """Make the task of a customer just found lost, where one is due; a sentence that says so."""
    policy, core = cause.policy, customer.core
    rules, clock = policy.relationship.win_back, max(core.newest, core.judged)
    found = abc(row_of(customer, clock, policy.value), cause.ctx.standings, policy)
    if found.value is None:
        return UNKNOWN(why=found.reason)
    if found.value not in rules.classes:
        return NOT_FOR(abc=found.value)
    if cause.quiet:
        return TOO_LATE()
    cause.outputs.append(
        CareTask(
            task_id=output_id("win_back", customer.customer_id, *cause.named),
            customer_id=customer.customer_id,
            tier=TIERS[core.tier],
            owner_id=owner_of(customer),
            occasion="win_back",
            means=rules.means,
            budget=rules.budget,
            text_key="care.win_back",
            due_at=rfc3339(moment(cause.at + round(rules.due_days * MS_PER_DAY))),
            occurred_at=cause.when,
            reason=TASK(abc=found.value, lost=why_lost, why=found.reason).cut(SENTENCE_CHARACTERS),
            cause=cause.event_ids,
        )
    )
    return MADE(abc=found.value)
