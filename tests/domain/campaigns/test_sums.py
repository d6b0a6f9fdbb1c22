"""Campaigns over a partition: bounded, written as records, merged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.campaigns.sums import OTHERS, CampaignBook, CampaignFormatError, Sums
from domain.customer.effects import Campaigned

TOLD = st.builds(
    Campaigned,
    st.sampled_from(("a", "b", "c")),
    st.integers(1, 100),
    st.dictionaries(st.sampled_from(("sent", "cost", "answered")), st.integers(-3, 9)),
)


def of(told: list[Campaigned], kept: int = 100) -> CampaignBook:
    book = CampaignBook()
    for each in told:
        book.take(each, kept)
    return book


@given(st.lists(TOLD), st.integers(0, 20))
def test_two_partitions_are_one_and_bytes_give_the_same(told: list[Campaigned], cut: int) -> None:
    whole = of(told)
    assert of(told[::-1]).sums == whole.sums
    halves = [of(told[:cut]), of(told[cut:])]
    assert CampaignBook().merge(halves).sums == whole.sums
    records = {key: value for key, value in whole.changed_records() if value is not None}
    assert CampaignBook.from_records(records).sums == whole.sums
    assert list(whole.changed_records()) == []


@given(st.lists(TOLD), st.integers(1, 3))
def test_records_follow_and_totals_stay_whole_however_few_are_kept(
    told: list[Campaigned], kept: int
) -> None:
    book, records = CampaignBook(), dict[bytes, bytes]()
    for each in told:
        book.take(each, kept)
        for key, value in book.changed_records():
            if value is None:
                records.pop(key, None)
            else:
                records[key] = value
        assert CampaignBook.from_records(records).sums == book.sums
        assert len(book.campaigns()) <= kept
    total = book.total()
    total.dropped = 0
    assert total == of(told).total()


def test_what_is_older_than_all_joins_the_others_and_nothing_has_to_leave() -> None:
    book = of([Campaigned("a", 5, {"sent": 1}), Campaigned("b", 4, {"sent": 1})], kept=1)
    assert book.sums == {"a": Sums(5, 5, 1), OTHERS: Sums(4, 4, 1)}
    assert book.dropped == 0
    book.take(Campaigned("c", 6, {"sent": 1}), kept=1)
    assert book.dropped == 1
    assert book.sums == {"c": Sums(6, 6, 1), OTHERS: Sums(4, 5, 2, dropped=1)}


def test_another_format_is_refused() -> None:
    with pytest.raises(CampaignFormatError):
        CampaignBook.from_records({b"campaigns/a": b"\x09"})
