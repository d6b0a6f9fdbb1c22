"""The sentences of care: why a task was made, how far it has come, what fits nowhere."""

from __future__ import annotations

from typing import Final

from domain.kernel.wording import Wording

PLANNED: Final = Wording(
    "care.planned", "For {occasion:words} on {day}: the plan {plan:words} is for {who:said}."
)
WHO_ALL: Final = Wording("care.who_all", "everybody")
WHO_ABC: Final = Wording("care.who_abc", "value class {abc}")
WHO_TIER: Final = Wording("care.who_tier", "customers from tier {tier} on, and this one is {own}")
WHO_STATE: Final = Wording("care.who_state", "customers who are {state:words}")
WHO_OWNED: Final = Wording("care.who_owned", "everybody with an owner, here {owner}")
WHO_KEY_PERSON: Final = Wording("care.who_key_person", "the key person of {organisation}")
LATE: Final = Wording(
    "care.late",
    "For {occasion:words} on {day} this was found {late:duration} later, too late for the plan"
    " {plan:words}: not sent.",
)
APPROVED: Final = Wording("care.approved", "Approved on {day}.")
DONE: Final = Wording("care.done", "Done on {day}; feedback is awaited within {days:g} days.")
FEEDBACK: Final = Wording("care.feedback", "Feedback on {day}: {score:g} of 5.")
DECLINED: Final = Wording("care.declined", "Declined on {day}.")
EXPIRED: Final = Wording("care.expired", "Not done by {day}, which was the last day for it.")
CROWDED: Final = Wording(
    "care.crowded", "Given up: more than {most} care tasks of the customer are kept."
)
FOLLOW_UP: Final = Wording(
    "care.follow_up",
    "Feedback of {score:g} of 5 on {occasion:words}, up to {line:g}: find out what was wrong"
    " within {days:g} days.",
)
UNKNOWN: Final = Wording(
    "care.unknown",
    "customer {customer} has no care task {task}: what was {action:words} counts for nothing",
)
OUT_OF_ORDER: Final = Wording(
    "care.out_of_order",
    "care task {task} of customer {customer} was {state:words} when it was to be {action:words}:"
    " that counts for nothing",
)
