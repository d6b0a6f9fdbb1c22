"""An alert that is another's now: its customer was merged, or has another owner."""

from __future__ import annotations

import itertools

import pytest

from schemas.codec import encode
from schemas.deadletter import Original
from schemas.examples import OUTPUT_EXAMPLES
from schemas.published import AlertState
from schemas.topics import ALERT_STATES
from streams.readmodel import alerts, changing, lines, tables
from streams.readmodel.marks import Marks
from streams.readmodel.whose import Held, Whose

STATE = AlertState.model_validate(OUTPUT_EXAMPLES["AlertState"][0])
OLD, NEW = 3, 8
EVERYBODY = Whose(Marks(0), Held(0, frozenset()))
Step = tuple[int, str | None]
"""The partition, and the customer that its record names; ``None`` deletes."""


def ways() -> list[list[Step]]:
    """Every order in which two partitions may be read."""
    old: list[Step] = [(OLD, "c-old"), (OLD, None)]
    steps: list[Step] = [*old, (NEW, "c-new")]
    return [
        list(way) for way in itertools.permutations(steps) if way.index(old[0]) < way.index(old[1])
    ]


def _is_late(way: list[Step], customer: str | None) -> bool:
    """Whether it deletes what stands already in its new place."""
    return customer is None and way.index((NEW, "c-new")) < way.index((OLD, None))


@pytest.mark.parametrize("way", ways(), ids=str)
def test_it_is_there_once_in_whatever_order_the_partitions_are_read(way: list[Step]) -> None:
    connection = tables.nothing()
    for offset, (number, customer) in enumerate(way):
        state = STATE.model_copy(update={"customer_id": customer or ""})
        value = encode(state) if customer else None
        record = Original(ALERT_STATES, number, offset, 0, STATE.key, value)
        lines.take_outputs(connection, ALERT_STATES, number, [record], EVERYBODY)
    rows = connection.execute("SELECT type FROM outputs ORDER BY row")
    told = [name == "deleted" for (name,) in rows]
    # who reads on has it: nothing says that it is gone once its new place was read
    assert told == [customer is None for _, customer in way if not _is_late(way, customer)]
    for alert_id in (STATE.alert_id, STATE.newest_id):
        row = alerts.one(connection, alert_id)
        assert row is not None
        assert row.customer_id == "c-new"
    assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM levels").fetchone() == (1,)


OWNERS = ["m-1", "m-2", "m-2", None, "m-3", "deleted", "m-4", "m-1"]
BEFORE = [None, "m-1", None, "m-2", None, None, None, "m-4"]


@pytest.mark.parametrize("at_once", [1, 3, len(OWNERS)])
def test_whose_it_was_is_kept_where_it_is_anothers_now(at_once: int) -> None:
    connection = tables.nothing()
    records = []
    for offset, owner in enumerate(OWNERS):
        state = STATE.model_copy(update={"owner_id": owner})
        value = None if owner == "deleted" else encode(state)
        records.append(Original(ALERT_STATES, OLD, offset, 0, STATE.key, value))
    for first in range(0, len(records), at_once):
        some = records[first : first + at_once]
        lines.take_outputs(connection, ALERT_STATES, OLD, some, EVERYBODY)
    connection.execute("INSERT INTO partitions (number) VALUES (?)", (OLD,))
    told = changing.since(connection, {}, [ALERT_STATES], 100)
    assert [change.owner_before for change in told] == BEFORE


def test_one_of_a_merged_customer_leaves_the_former_owner() -> None:
    connection = tables.nothing()
    steps = [(OLD, "m-1"), (NEW, "m-2"), (OLD, None), (NEW, "m-2")]
    for offset, (number, owner) in enumerate(steps):
        state = STATE.model_copy(update={"owner_id": owner})
        value = encode(state) if owner else None
        record = Original(ALERT_STATES, number, offset, 0, STATE.key, value)
        lines.take_outputs(connection, ALERT_STATES, number, [record], EVERYBODY)
        connection.execute("INSERT OR IGNORE INTO partitions (number) VALUES (?)", (number,))
    told = changing.since(connection, {}, [ALERT_STATES], 100)
    assert [(change.offset, change.owner_before) for change in told] == [
        (0, None), (1, "m-1"), (3, None),
    ]  # fmt: skip
