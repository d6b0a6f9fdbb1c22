"""Campaigns over all partitions: what each keeps by campaign, as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from domain.campaigns.sums import CampaignBook, Sums


def campaigns_of(contexts: Iterable[object]) -> CampaignBook:
    """The campaigns that partitions keep, merged; none of a topology that keeps none."""
    found = (getattr(context, "campaigns", None) for context in contexts)
    return CampaignBook().merge(book for book in found if book is not None)


def lines_of(book: CampaignBook) -> Iterator[dict[str, Any]]:
    """A line for each campaign, ``""`` for those that are kept together."""
    for name, sums in sorted(book.sums.items()):
        yield {"campaign_id": name, **msgspec.structs.asdict(sums)}


def of_lines(lines: Iterable[Mapping[str, Any]]) -> CampaignBook:
    """What ``lines_of`` gave."""
    book = CampaignBook()
    for line in lines:
        given = {name: line[name] for name in Sums.__struct_fields__ if name in line}
        book.sums[line["campaign_id"]] = Sums(**given)
    return book
