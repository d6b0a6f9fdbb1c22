"""Which alerts the desk shows, as its address says: ``/desk?status=open&tier=vip&tier=private``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol, get_args
from urllib.parse import urlencode

from domain.policy.alerts import ALERT_KINDS
from schemas.fields import Tier
from schemas.published import AlertStatus
from streams.readmodel.rows import AlertFilter
from streams.serve.access.who import Who
from streams.serve.api.answering import owner_seen

STATUSES: Final = get_args(AlertStatus)
ALL: Final = "all"
"""As a status: whatever it is."""
TIERS: Final = tuple(reversed(get_args(Tier)))
PRIORITIES: Final = ("1", "2", "3", "4", "5")
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": ALERT_KINDS,
    "tier": TIERS,
    "priority": PRIORITIES,
}
TEXTS: Final = ("customer", "owner", "assignee", "segment")
MOST: Final = 256
"""A text that is asked for is cut here: no id is longer."""


class Query(Protocol):
    """The parameters of an address."""

    def getlist(self, key: Any) -> list[Any]:
        """All values of a name, in order."""


class Filters(NamedTuple):
    """What an address asks for; what is empty asks nothing."""

    status: str = "open"
    kind: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    customer: str = ""
    owner: str = ""
    assignee: str = ""
    segment: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but the status is asked."""
        return self[1:] != Filters()[1:]

    def address(self, **other: object) -> str:
        """The page with these filters, some of them others."""
        asked = self._replace(**other).query  # type: ignore[arg-type]
        return f"/desk?{asked}" if asked else "/desk"

    @property
    def query(self) -> str:
        """What stands behind the ``?`` of the address."""
        return urlencode(list(self._pairs()))

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for name, value in self._asdict().items():
            if name == "status" and value == "open":
                continue
            for each in (value,) if isinstance(value, str) else value:
                if each:
                    yield name, each


def read(query: Query) -> Filters:
    """The filters of an address; what nobody knows is left out."""
    status = next((each for each in query.getlist("status") if each in (*STATUSES, ALL)), "open")
    chosen = {
        name: tuple(each for each in known if each in query.getlist(name))
        for name, known in CHOICES.items()
    }
    texts = {name: next(iter(query.getlist(name)), "").strip()[:MOST] for name in TEXTS}
    return Filters(status, **chosen, **texts)  # type: ignore[arg-type]


def asked(filters: Filters, who: Who, *, any_status: bool = False) -> AlertFilter:
    """As the read model is asked: nobody sees more than the customers of their own."""
    every = any_status or filters.status == ALL
    return AlertFilter(
        status=() if every else (filters.status,),
        kind=filters.kind,
        tier=filters.tier,
        priority=tuple(map(int, filters.priority)),
        customer_id=filters.customer or None,
        owner_id=owner_seen(who, filters.owner or None),
        assignee=filters.assignee or None,
        segment=(filters.segment,) if filters.segment else (),
    )


def fits(which: AlertFilter, record: Mapping[str, Any]) -> bool:
    """Whether an alert's state is among those that are asked for, as the read model says it."""
    several = ("status", "kind", "tier", "priority", "segment")
    one = ("owner_id", "assignee", "customer_id")
    return all(
        not getattr(which, name) or record.get(name) in getattr(which, name) for name in several
    ) and all(
        getattr(which, name) is None or record.get(name) == getattr(which, name) for name in one
    )
