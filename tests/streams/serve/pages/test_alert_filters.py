"""Which alerts the desk shows is what its address says, and never more than somebody may see."""

from typing import Any

import pytest
from starlette.datastructures import QueryParams

from streams.readmodel.rows import AlertFilter
from streams.serve.access.who import SCOPES_OF, Who
from streams.serve.pages import alert_filters
from streams.serve.pages.alert_filters import Filters, asked, fits, read

ALL = Who("chen", SCOPES_OF["manager"], is_person=True)
OWN = Who("li", SCOPES_OF["desk"], is_person=True, owner_id="rm-07")
RECORD: dict[str, Any] = {
    "status": "open",
    "kind": "vip_new",
    "tier": "vip",
    "priority": 2,
    "customer_id": "c-1",
    "owner_id": "rm-07",
}


def test_without_a_word_the_open_ones_are_shown() -> None:
    assert read(QueryParams("")) == Filters()
    assert asked(Filters(), ALL) == AlertFilter(status=("open",))
    assert Filters().address() == "/desk"


def test_an_address_is_read_as_it_was_written() -> None:
    filters = Filters("all", ("vip_new", "promise_broken"), ("private", "vip"), ("1",), "c/1 &ä")
    query = filters.address().partition("?")[2]
    again = read(QueryParams(query))
    assert again._replace(kind=()) == filters._replace(kind=())
    assert set(again.kind) == set(filters.kind)


def test_what_nobody_knows_is_left_out() -> None:
    query = QueryParams("status=closed&kind=%3Cscript%3E&tier=gold&priority=9&priority=2&x=1")
    assert read(query) == Filters(priority=("2",))


def test_an_owner_sees_their_own_whatever_is_asked() -> None:
    for filters in (Filters(), Filters(owner="rm-12"), Filters(status="all")):
        assert asked(filters, OWN).owner_id == "rm-07"
        assert not fits(asked(filters, OWN), RECORD | {"owner_id": "rm-12"})
        assert fits(asked(filters, OWN), RECORD)


@pytest.mark.parametrize(
    ("filters", "fit"),
    [
        (Filters(), True),
        (Filters(status="resolved"), False),
        (Filters(status="all"), True),
        (Filters(tier=("private", "vip")), True),
        (Filters(tier=("private",)), False),
        (Filters(priority=("1", "2")), True),
        (Filters(customer="c-1"), True),
        (Filters(customer="c-2"), False),
        (Filters(assignee="li"), False),
        (Filters(segment="savers"), False),
    ],
)
def test_one_alert_is_held_to_the_filters_as_a_list_is(filters: Filters, fit: bool) -> None:
    assert fits(asked(filters, ALL), RECORD) is fit


def test_every_field_of_the_read_model_can_be_asked_for() -> None:
    assert {*alert_filters.CHOICES, "status", "customer_id", "owner_id", "assignee", "segment"} == {
        *AlertFilter.__struct_fields__
    }
