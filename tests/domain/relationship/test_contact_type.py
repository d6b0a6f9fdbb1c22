"""The contact type: relationship, pseudo-relationship or encounter."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.units import MS_PER_DAY as DAY
from domain.policy.relationship import RelationshipRules
from domain.relationship.contact_type import Contact, contact_type

RULES = RelationshipRules()
NOW = 1_000 * DAY


def met(*who: str) -> list[Contact]:
    """Contacts written agent@branch, "-" for one that is not named."""
    parts = [each.split("@") for each in who]
    return [
        Contact(NOW - day * DAY, *(None if name == "-" else name for name in names))
        for day, names in enumerate(parts)
    ]


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        (met("li@n", "li@n", "wu@s"), "relationship"),
        (met("li@n", "li@n", "wu@s", "he@s"), "relationship"),
        (met("li@n", "li@n", "wu@s", "he@s", "su@s"), "encounter"),
        (met("li@n", "li@n"), "encounter"),
        (met("li@n", "wu@n"), "pseudo"),
        (met("li@n", "wu@n", "he@-"), "pseudo"),
        (met("li@n", "wu@s", "he@n"), "encounter"),
        (met("-@n", "-@n", "-@n"), "encounter"),
        (met("li@-", "wu@-", "he@-"), "encounter"),
        (met("li@n"), "encounter"),
    ],
)
def test_the_type_follows_agents_and_branches(contacts: list[Contact], expected: str) -> None:
    assert contact_type(contacts, NOW, RULES).value == expected


def test_contacts_of_more_than_180_days_ago_do_not_count() -> None:
    old = [Contact(NOW - 180 * DAY, "li", "n")] * 9
    assert contact_type(old, NOW, RULES).missing == ("contacts",)
    assert contact_type([*old, *met("li@n")], NOW, RULES).value == "encounter"
    assert contact_type(old, NOW - 1, RULES).value == "relationship"


def test_an_encounter_says_how_many_agents_and_branches_there_were() -> None:
    assert contact_type(met("li@n", "wu@s", "-@-"), NOW, RULES).reason == (
        "3 contacts within 180 days, 1 at most with one agent; agents: 2, branches: 2."
    )


names = st.sampled_from((None, "li", "wu", "he"))
contacts = st.builds(Contact, st.integers(NOW - 200 * DAY, NOW), names, names)


@given(st.lists(contacts, max_size=8), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_contacts_does_not_matter(
    given_contacts: list[Contact], order: Random
) -> None:
    found = contact_type(given_contacts, NOW, RULES)
    order.shuffle(given_contacts)
    assert contact_type(given_contacts, NOW, RULES) == found
    assert (found.value is None) == bool(found.missing)
