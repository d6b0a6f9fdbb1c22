"""No event that the schemas take may end a worker: a fuzz over the extremes of every field.

Events are made from the JSON Schemas of the models: whatever a field may hold, at its bounds above
all; many of few customers, through the partition that the worker runs, on both clocks, by the
default policy and by an odd one, with timers that fall due. No rule raises, every dead letter says
why, no figure is infinite, and what was written is read back as it is.

    FUZZ_SECONDS=600 python -m pytest tests/streams/test_fuzz.py
"""

from __future__ import annotations

import json
import math
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agents.customers import customers
from agents.modelling import snapshot_kind
from agents.modellings import modellings
from domain.customer.state import Customer
from domain.policy import Policy, load_policy
from schemas.cases import TouchpointWithCases
from schemas.codec import REASONS, Bad, decode
from schemas.deadletter import Original
from schemas.topics import DEAD_LETTERS, PARTITION_SUMMARIES
from schemas.touchpoints import MODEL_OF_TYPE
from streams.engine.cache import Budget
from streams.engine.partition import Clock, Partition
from streams.engine.store import MemoryStore
from tests.streams.running import CustomersPartition
from tests.streams.test_written_before import everything

pytestmark = [pytest.mark.long, pytest.mark.timeout(7_200)]

SECONDS = float(os.environ.get("FUZZ_SECONDS", "50"))
DAY_MS = 86_400_000
ODD = """
currency: {base: USD, rates: {USD: 1.0, JPY: 1.0e-9, CNY: 1.0e+9}}
tiers: {grace_days: 0}
purchases: {directions: [credit, debit]}
complaints: {calendar: {enabled: true}}
segments: {features: [behaviours, push_share, transactions, complaints_open], min_customers: 2}
value: {clv: {yearly_discount: 0.0, horizon_weeks: 520}}
"""


# -- events from schemas ------------------------------------------------------------------

LONGEST = "客" * 64
CUSTOMERS = ("c", LONGEST, "0")
POOL = ("a", "b-9", "b-10", LONGEST, "0" * 64, "é😀", "a\u200bb")
ZONES = ("Asia/Shanghai", "UTC", "Pacific/Kiritimati", "Africa/Monrovia", "Europe/London")
YEARS = ("1900", "1971", "1999", "2026", "2149", "2200")
NUMBERS = (0, 5e-324, 1e-300, 1e-9, 4e-7, 6e-7, 1e-6, 0.1, 1, 3, 100, 1e5, 3e5, 8e6, 1e12, 1e15)
OFFSETS = (0, 480, -720, 1_439, -1_439)
"""Of a local time, in minutes."""
ALONE = ("erase", "merged_into")
"""Fields of a profile that stand alone, or concern two customers."""
STEPS_MS = (0, 0, 0, 1, 1_000, 59_999, 3_600_000, DAY_MS, 8 * DAY_MS, 40 * DAY_MS, 400 * DAY_MS)
BEGINNINGS = ("1971-01-01T00:00", "2024-02-29T23:59", "2149-06-05T12:00", "2199-11-20T00:00")
ENDS = datetime(2200, 12, 31, 23, 59, 59, 999_999, UTC)


def values(schema: dict[str, Any], definitions: dict[str, Any]) -> list[Any]:
    """Values of a schema, extremes above all; only those of ``anyOf`` that are not null."""
    if "$ref" in schema:
        return values(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    if "anyOf" in schema and "type" not in schema:
        given = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return [value for one in given for value in values(one, definitions)]
    return OF_TYPE[schema.get("type", "string")](schema, definitions)


def numbers(schema: dict[str, Any], _: dict[str, Any]) -> list[Any]:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1e15))
    high = schema.get("maximum", 1e15)
    found = {n * sign for n in (*NUMBERS, low, high) for sign in (1, -1)}
    if schema["type"] == "integer":
        found = {int(n) for n in found}
    return sorted(n for n in found if low <= n <= high and (n or "minimum" in schema))


def texts(schema: dict[str, Any], _: dict[str, Any]) -> list[str]:
    if schema.get("format") == "date":
        return [f"{year}-{day}" for year in YEARS for day in ("01-01", "12-31")]
    if schema.get("format") == "date-time":
        tails = ("01-01T00:00:00Z", "12-31T23:59:59.999999999+23:59", "02-28T12:00:00.5-23:59")
        return [f"{year}-{tail}" for year in YEARS[1:] for tail in tails]
    most, pattern = schema.get("maxLength", 8), schema.get("pattern", "")
    if "[A-Z]{3}" in pattern:
        return ["CNY", "USD", "JPY", "EUR", "XXX"]
    if "[01][0-9]|2[0-3]" in pattern:
        return ["00:00", "23:59", "08:00"]
    if "/[A-Za-z0-9_+-]+" in pattern:
        return list(ZONES)
    return [one[:most] for one in (*POOL, "x" * most, "refund")]


def objects(schema: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    if "properties" in schema:
        fields = {name: values(one, definitions) for name, one in schema["properties"].items()}
        return [dict(zip(fields, each, strict=True)) for each in product(*fields.values())]
    names = values(schema.get("propertyNames", {"type": "string"}), definitions)
    told = schema.get("additionalProperties")
    held = values(told if isinstance(told, dict) else {"maxLength": 256}, definitions)
    every = [dict.fromkeys(names, value) for value in held]
    return [{}, *every, *({name: value} for name in names for value in held)]


OF_TYPE: dict[str, Callable[[dict[str, Any], dict[str, Any]], list[Any]]] = {
    "number": numbers,
    "integer": numbers,
    "string": texts,
    "object": objects,
    "boolean": lambda *_: [True, False],
}


def fields_of(kind: str) -> dict[str, list[Any]]:
    """Values of each field but those that all events have."""
    schema = MODEL_OF_TYPE[kind].model_json_schema()
    common = {"event_id", "customer_id", "occurred_at", "type"}
    return {
        name: values(one, schema.get("$defs", {}))
        for name, one in schema["properties"].items()
        if name not in common
    }


FIELDS = {kind: fields_of(kind) for kind in MODEL_OF_TYPE}
Pick = Callable[[Sequence[Any]], Any]
"""Chooses one of several."""


def event(pick: Pick, kind: str) -> dict[str, Any]:
    """The fields of an event that its schema takes, nearly always; some missing, some null."""
    model, fields = MODEL_OF_TYPE[kind], FIELDS[kind]
    made: dict[str, Any] = {}
    needed = {name for name, field in model.model_fields.items() if field.is_required()}
    meaningless: tuple[str, ...] = ()
    if issubclass(model, TouchpointWithCases):
        value = made[model.DECIDES] = pick(fields[model.DECIDES])
        case, meaningless = model.CASES[value], model.OTHERS[value]
        needed |= set(case.needs)
        for name, choices in case.choices.items():
            made[name] = pick(choices)
        if case.score is not None:
            low, high = case.score
            made["score"] = pick((low, high, (low + high) / 2))
    for name, several in fields.items():
        if name in made or name in meaningless or name in ALONE:
            continue
        if name in needed or pick((True, True, False)):
            made[name] = pick(several)
        elif name != "schema_version" and pick((True, False)):
            made[name] = None
    if kind == "profile" and pick(range(16)) == 0:
        return {"channel": made["channel"], "erase": True}
    return made


def history(pick: Pick) -> list[dict[str, Any]]:
    """Events of few customers, their times mostly going on."""
    at = datetime.fromisoformat(f"{pick(BEGINNINGS)}:00+00:00")
    made = []
    for number in range(pick(range(1, 60))):
        kind = pick([*MODEL_OF_TYPE, "transaction", "complaint"])
        told = event(pick, kind)
        at = min(ENDS, at + timedelta(milliseconds=pick(STEPS_MS)))
        back = pick((0, 0, 0, 1, DAY_MS, 6 * DAY_MS))
        when = max(datetime(1971, 1, 2, tzinfo=UTC), at - timedelta(milliseconds=back))
        if pick((True, False)):
            when = when.replace(microsecond=when.microsecond // 1_000 * 1_000)
            zone = timezone(timedelta(minutes=pick(OFFSETS)))
            text = when.astimezone(zone).isoformat(timespec="milliseconds")
        else:
            text = when.isoformat(timespec="microseconds")
        told |= {
            "event_id": pick((f"e-{number}", f"e-{number}", "e-1", LONGEST)),
            "customer_id": pick(CUSTOMERS),
            "occurred_at": text,
            "type": kind,
        }
        made.append(told)
    return made


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A history of which every choice is Hypothesis's, to be made smaller where it fails."""
    return history(lambda several: draw(st.sampled_from(several)))


seeded = st.integers(0, 2**63).map(lambda seed: history(random.Random(seed).choice))
"""Histories that are made many times as fast."""


# -- what must hold -----------------------------------------------------------------------


def run(events: list[dict[str, Any]], clock: Clock, policy: Policy, ahead: int, fit: bool) -> None:
    """Give a partition the events in batches, let its timers fall due, and hold it to all this."""
    topology = customers(policy)
    partition: CustomersPartition = Partition(
        topology, 0, MemoryStore(), None, clock=clock, budget=Budget(0)
    )
    offsets: dict[str, int] = {}
    for begin in range(0, len(events), 7):
        wall = 0
        for told in events[begin : begin + 7]:
            topic = MODEL_OF_TYPE[told["type"]].topic
            value = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
            offset = offsets[topic] = offsets.get(topic, 0) + 1
            record = Original(topic, 0, offset, 0, told["customer_id"].encode(), value)
            partition.receive(topic, [record], offset + 1)
            at = datetime.fromisoformat(told["occurred_at"])
            wall = max(wall, int(at.timestamp() * 1_000) + ahead)
        partition.step(wall)
        partition.advance(partition.now + ahead)
        partition.settle(at_rest=True)
        while partition.busy:
            partition.work()
        partition.summarise(1)
        held(partition, policy, fit)
    partition.advance(partition.now + 400 * DAY_MS)
    held(partition, policy, fit)


def held(partition: CustomersPartition, policy: Policy, fit: bool) -> None:
    """Write what was done: letters have reasons, and customers are read back as they are."""
    lived = {key: figures(partition, key) for key in list(partition._live)}
    sent = partition.drain().outputs
    for one in sent:
        if one.topic == DEAD_LETTERS:
            letter = json.loads(one.value or b"")
            assert letter["reason"] in REASONS
            assert letter["detail"]
    for key, before in lived.items():
        state = Customer.load(key, partition.store.get)
        if state is None:
            continue  # erased, or refused
        made = partition.topology.export(state, partition.now, partition.context)
        assert made is None or msgspec.to_builtins(made) == before, key
        for record, value in everything(state):
            assert partition.store.get(record) == value, record
    if fit:
        makings = {making.kind: making for making in modellings(policy)}
        for one in sent:
            if one.topic == PARTITION_SUMMARIES and one.key is not None:
                making = makings[snapshot_kind(one.key)]
                made_record = making.fitter(None).fit([making.load_summary(one.value or b"")], 0)
                if made_record is not None:
                    partition.adopt(made_record.record)


def figures(partition: CustomersPartition, key: str) -> Any:
    """The figures of a customer, all of them finite; ``None`` of one who is not known."""
    state = partition.state(key)
    assert state is not None
    made = partition.topology.export(state, partition.now, partition.context)
    if made is None:
        return None
    told = msgspec.to_builtins(made)
    assert all(map(math.isfinite, floats(told)))
    return told


def floats(told: Any) -> Iterator[float]:
    if isinstance(told, dict):
        told = list(told.values())
    if isinstance(told, list | tuple):
        for one in told:
            yield from floats(one)
    elif isinstance(told, float):
        yield told


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Policy]:
    path = tmp_path_factory.mktemp("policy") / "odd.yaml"
    path.write_text(ODD)
    return {"default": Policy(), "odd": load_policy(path)}


def test_no_event_ends_a_worker(policies: dict[str, Policy]) -> None:
    until = time.monotonic() + SECONDS
    count = 0

    @settings(
        max_examples=15,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        seeded | seeded | seeded | histories(),
        st.sampled_from(("event", "wall")),
        st.sampled_from(("default", "odd")),
        st.sampled_from((0, 0, 60_000, DAY_MS)),
        st.integers(0, 4),
    )
    def fuzz(events: list[dict[str, Any]], clock: Clock, policy: str, ahead: int, fit: int) -> None:
        nonlocal count
        count += len(events)
        run(events, clock, policies[policy], ahead, fit=not fit)

    while time.monotonic() < until:
        fuzz()
    print(f"{count:,} events")


@pytest.mark.parametrize("kind", MODEL_OF_TYPE)
def test_nearly_all_of_what_is_made_is_accepted_by_its_schema(kind: str) -> None:
    common = {"event_id": "e", "customer_id": "c", "occurred_at": "2026-01-01T00:00:00Z"}
    pick = random.Random(kind).choice
    refused = 0
    for _ in range(300):
        told = event(pick, kind) | common | {"type": kind}
        refused += isinstance(decode(json.dumps(told).encode()), Bad)
    assert refused < 100
