"""Private names of aiokafka are used in one room, and the check at start knows every one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from faust.transport import consumer as faust_consumer

from streams.engine.client.fits import AIOKAFKA, FAUST

ROOT = Path(__file__).parents[4]
ROOM = ROOT / "streams/engine/client"
PUBLIC = {"aiokafka", "aiokafka.abc", "aiokafka.errors", "aiokafka.helpers", "aiokafka.structs"}
DOCUMENTED = {"_asdict", "_exit", "_fields", "_make", "_replace"}
"""Of Python's own named tuples and ``os``: public, although they begin with an underscore."""
EXEMPT = {ROOT / "bench/profile_path.py"}
"""It does a broker's and a producer's work by itself, and is run by hand."""


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED


def owned(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


def internal(module: str | None) -> bool:
    return (module or "").split(".")[0] == "aiokafka" and module not in PUBLIC


def trespasses(source: str) -> Iterator[str]:
    """What of a file outside the room touches aiokafka's privacy, or anybody else's."""
    clients = set[str]()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=value, attr=name) if private(name) and not owned(value):
                yield f"{node.lineno}: {ast.unparse(node)}"
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr" | "hasattr" | "delattr"),
                args=[value, ast.Constant(value=str(name)), *_],
            ) if private(name) and not owned(value):
                yield f"{node.lineno}: {ast.unparse(node)}"
            case ast.Import(names=names):
                for each in names:
                    if internal(each.name):
                        yield f"{node.lineno}: import {each.name}"
            case ast.ImportFrom(module=module, names=names):
                modules = [f"{module}.{each.name}" for each in names if each.name.islower()]
                if internal(module) or any(internal(each) for each in modules):
                    yield f"{node.lineno}: from {module} import"
                if module == "aiokafka":
                    clients |= {each.asname or each.name for each in names}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base) for base in node.bases]
            if clients.intersection(bases) or any(base.startswith("aiokafka.") for base in bases):
                yield f"{node.lineno}: class {node.name} is a client of aiokafka's"


def outside() -> list[Path]:
    files = [
        path for room in ("agents", "bench", "streams") for path in (ROOT / room).rglob("*.py")
    ]
    assert len(files) > 100
    return [path for path in files if ROOM not in path.parents and path not in EXEMPT]


def test_nothing_outside_the_room_touches_a_private_name() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{what}"
        for path in outside()
        if "aiokafka" in (source := path.read_text()) or path.is_relative_to(ROOT / "streams")
        for what in trespasses(source)
    }
    assert not found


@pytest.mark.parametrize(
    "bad",
    [
        "consumer._fetcher",
        "self.kafka._coordinator.generation",
        "def f(consumer):\n    consumer._subscription = None",
        "getattr(consumer, '_fetcher')",
        "self.producer._sender.sender_task",
        "import aiokafka.consumer.fetcher",
        "import aiokafka.client as client",
        "from aiokafka.consumer.fetcher import FetchResult",
        "from aiokafka.partitioner import murmur2",
        "from aiokafka import client",
        "from aiokafka import AIOKafkaConsumer\nclass Ours(AIOKafkaConsumer):\n    pass",
        "import aiokafka\nclass Ours(aiokafka.AIOKafkaProducer):\n    pass",
    ],
)
def test_a_trespass_is_seen(bad: str) -> None:
    assert len(list(trespasses(bad))) >= 1


@pytest.mark.parametrize(
    "good",
    [
        "self._fetcher",
        "cls._known",
        "row._asdict()",
        "case._replace(a=1)",
        "one.__dict__",
        "import aiokafka\naiokafka.AIOKafkaConsumer().position(tp)",
        "from aiokafka import AIOKafkaConsumer, TopicPartition",
        "from aiokafka.abc import ConsumerRebalanceListener\n"
        "class Ours(ConsumerRebalanceListener):\n    pass",
        "from aiokafka.errors import KafkaError",
        "from kafka.partitioner import murmur2",
    ],
)
def test_what_is_public_is_no_trespass(good: str) -> None:
    assert list(trespasses(good)) == []


def test_the_check_at_start_knows_every_private_name_that_is_used_and_no_other() -> None:
    used, ours = set[str](), set[str]()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and private(node.attr):
                used.add(node.attr)
                if owned(node.value) and isinstance(node.ctx, ast.Store):
                    ours.add(node.attr)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                ours.add(node.name)
    known = {name for names in AIOKAFKA.values() for name in names if private(name)}
    assert used - ours - known == set()
    assert known - used - {"_max_wait_ms"} == set()
    assert '"_max_wait_ms"' in (ROOM / "fetch_sessions.py").read_text()


def test_the_check_at_start_knows_every_private_name_of_fausts_consumer_that_is_used() -> None:
    base = faust_consumer.Consumer
    theirs = {
        *dir(base),
        *(n for each in base.__mro__ for n in vars(each).get("__annotations__", ())),
    }
    tree = ast.parse((ROOT / "streams/engine/transport.py").read_text())
    [ours] = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Consumer"]
    used = {
        node.attr if isinstance(node, ast.Attribute) else node.name
        for node in ast.walk(ours)
        if isinstance(node, ast.Attribute | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    [known] = FAUST.values()
    assert {name for name in used & theirs if private(name)} == set(known)
