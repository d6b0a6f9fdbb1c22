"""The policy of the briefing: who gets it, and whom it names.

It changes nothing that is worked out of a customer, so a policy's fingerprint leaves it out.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from domain.policy.sections import Section
from schemas.fields import NO_CONTROL, Tier

_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII
)
"""An address as forms of web pages take it (HTML, ``input type=email``): no quotes, no comments."""


def _address(text: str) -> str:
    local = text.partition("@")[0]
    if not _EMAIL.fullmatch(text) or ".." in text or local != local.strip("."):
        raise ValueError("must be an e-mail address such as head.of.service@bank.example")
    return text


Email = Annotated[str, Field(min_length=3, max_length=254), AfterValidator(_address)]
Role = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_CONTROL)]
Most = Annotated[int, Field(ge=0, le=1_000)]


class Recipient(Section):
    """One who gets the briefing: the role stands as the name beside the address."""

    role: Role
    email: Email


class MostNamed(Section):
    """How many of each kind of exception are named; 0 leaves the kind out. Our defaults."""

    outrage: Most = 20
    complaint_overdue: Most = 50
    callback_broken: Most = 20
    churn_risk: Most = 20
    dissatisfied: Most = 20
    lost: Most = 20


class BriefingRules(Section):
    """Who gets the customer briefing, and whom it names as an exception.

    Of outrage, churn risk (from ``alerts.churn_risk`` on), dissatisfaction (below
    ``alerts.dissatisfied_below``) and loss, customers of these ``tiers`` are named; of overdue
    complaints and broken promises to call back all customers.
    """

    recipients: Annotated[tuple[Recipient, ...], Field(max_length=100)] = ()
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=16)] = ("vip", "private")
    most: MostNamed = MostNamed()
