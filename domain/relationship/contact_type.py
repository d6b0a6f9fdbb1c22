"""How a customer and those who serve it know each other (Gutek, "The Dynamics of Service", 1995).

Over 180 days: ``relationship``: 3 contacts or more, half of them with one agent;
``pseudo``: one branch, changing agents; ``encounter``: anything else. A contact that names no
agent is with none in particular, and one that names no branch speaks neither for nor against.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Final, NamedTuple

from domain.kernel.finding import Finding
from domain.kernel.wording import Wording
from domain.policy.relationship import RelationshipRules
from schemas.figures.relationship import ContactType


class Contact(NamedTuple):
    """A contact (ms), the agent who took it and the branch it was at, where known.

    Agents and branches may be any marks that are the same for the same one.
    """

    at: int
    agent: Hashable | None = None
    branch: Hashable | None = None


NONE: Final = Wording("contacts.none", "There was no contact within {within:days}.")
_SAID: Final = "{contacts:count contact} within {within:days}"
ONE_AGENT: Final = Wording("contacts.one_agent", _SAID + ", {most} of them with one agent.")
ONE_BRANCH: Final = Wording(
    "contacts.one_branch", _SAID + " at one branch with {agents} different agents."
)
MANY: Final = Wording(
    "contacts.many",
    _SAID + ", {most} at most with one agent; agents: {agents}, branches: {branches}.",
)


def contact_type(
    contacts: Iterable[Contact], now: int, rules: RelationshipRules
) -> Finding[ContactType]:
    """The type of all contacts within 180 days of ``now`` (ms), in any order.

    >>> met = [Contact(1, "li", "north"), Contact(2, "wu", "north"), Contact(3, "he", "north")]
    >>> contact_type(met, 4, RelationshipRules())[:2]
    ('pseudo', '3 contacts within 180 days at one branch with 3 different agents.')
    >>> contact_type([*met, Contact(4, "wu")], 4, RelationshipRules())[:2]
    ('relationship', '4 contacts within 180 days, 2 of them with one agent.')
    """
    recent = [each for each in contacts if each.at > now - rules.contacts_ms]
    within = rules.contacts_ms
    if not recent:
        return Finding(None, NONE(within=within), ("contacts",))
    agents = Counter(each.agent for each in recent if each.agent is not None)
    said = {"contacts": len(recent), "within": within}
    most = max(agents.values(), default=0)
    share = rules.contacts.one_agent_share
    if len(recent) >= rules.contacts.contacts and most >= share * len(recent):
        return Finding("relationship", ONE_AGENT(most=most, **said))
    branches = {each.branch for each in recent if each.branch is not None}
    there = {each.agent for each in recent if None not in {each.branch, each.agent}}
    if len(branches) == 1 and len(there) >= 2:
        return Finding("pseudo", ONE_BRANCH(agents=len(there), **said))
    return Finding(
        "encounter",
        MANY(most=most, agents=len(agents), branches=len(branches), **said),
    )
