"""Whether the installed aiokafka and Faust have what the engine uses of them and they keep private.

A newer version may rename such a name without a word, and the worker would fail in the middle of
its work, or fetch nothing. So every one of them is written down here as it is used, and a worker
does not start without them, nor on a version that nobody has tried. A test holds this list to the
code. Nothing of theirs is imported before it is asked for: where it is missing, that is the answer.
"""

from __future__ import annotations

import dis
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, NamedTuple

from streams.errors import MisfitClient


class Known(NamedTuple):
    """Versions known to fit: from one on, below another."""

    first: str
    below: str

    def __str__(self) -> str:
        return f">={self.first},<{self.below}"

    def has(self, installed: str) -> bool:
        """Whether a version is one of them."""
        return _numbers(self.first) <= _numbers(installed) < _numbers(self.below)


Method = tuple[str, ...]
"""The parameters of a method that we call or replace, but for ``self``."""
ATTRIBUTE: Final = None
"""Of the class, or set by its ``__init__``."""
Names = Mapping[str, Mapping[str, Method | None]]
"""By class (``module:Class``), its names."""

AIOKAFKA: Final[Names] = {
    "aiokafka.consumer.consumer:AIOKafkaConsumer": {
        "_client": ATTRIBUTE,
        "_coordinator": ATTRIBUTE,
        "_fetcher": ATTRIBUTE,
        "_subscription": ATTRIBUTE,
    },
    "aiokafka.consumer.group_coordinator:GroupCoordinator": {
        "_commit_refresh_task": ATTRIBUTE,
        "_coordination_task": ATTRIBUTE,
        "_heartbeat_task": ATTRIBUTE,
        "_rejoin_needed_fut": ATTRIBUTE,
        "fetch_committed_offsets": ("partitions",),
        "check_errors": (),
        "request_rejoin": (),
    },
    "aiokafka.consumer.group_coordinator:NoGroupCoordinator": {
        "_reset_committed_task": ATTRIBUTE,
    },
    "aiokafka.consumer.subscription_state:SubscriptionState": {"subscription": ATTRIBUTE},
    "aiokafka.consumer.subscription_state:Subscription": {"assignment": ATTRIBUTE},
    "aiokafka.consumer.subscription_state:Assignment": {
        "active": ATTRIBUTE,
        "state_value": ("tp",),
    },
    "aiokafka.consumer.subscription_state:TopicPartitionState": {
        "has_valid_position": ATTRIBUTE,
        "position": ATTRIBUTE,
        "timestamp": ATTRIBUTE,
    },
    "aiokafka.consumer.fetcher:Fetcher": {
        "_client": ATTRIBUTE,
        "_create_fetch_waiter": (),
        "_fetch_requests_routine": (),
        "_fetch_task": ATTRIBUTE,
        "_in_flight": ATTRIBUTE,
        "_notify": ("future",),
        "_pending_tasks": ATTRIBUTE,
        "_proc_fetch_request": ("assignment", "node_id", "request"),
        "_records": ATTRIBUTE,
        "_select_read_replica": ("tp",),
        "_wait_consume_future": ATTRIBUTE,
    },
    "aiokafka.consumer.fetcher:FetchResult": {
        "_partition_records": ATTRIBUTE,
        "_update_position": (),
        "check_assignment": ("tp",),
    },
    "aiokafka.consumer.fetcher:FetchError": {"check_raise": ()},
    "aiokafka.consumer.fetcher:PartitionRecords": {
        "_aborted_producers": ATTRIBUTE,
        "_consume_aborted_up_to": ("batch_offset",),
        "_consumer_record": ("tp", "record"),
        "_contains_abort_marker": ("next_batch",),
        "_records": ATTRIBUTE,
        "next_fetch_offset": ATTRIBUTE,
    },
    "aiokafka.record.memory_records:MemoryRecords": {"has_next": (), "next_batch": ()},
    "aiokafka.record.default_records:DefaultRecordBatch": {
        "base_offset": ATTRIBUTE,
        "is_control_batch": ATTRIBUTE,
        "is_transactional": ATTRIBUTE,
        "next_offset": ATTRIBUTE,
        "producer_id": ATTRIBUTE,
        "validate_crc": (),
    },
    "aiokafka.protocol.fetch:FetchRequest": {
        "_isolation_level": ATTRIBUTE,
        "_max_bytes": ATTRIBUTE,
        "_max_wait_ms": ATTRIBUTE,
        "_min_bytes": ATTRIBUTE,
        "_rack_id": ATTRIBUTE,
        "build": ("request_struct_class",),
        "prepare": ("versions",),
        "topics": ATTRIBUTE,
    },
    "aiokafka.conn:AIOKafkaConnection": {
        "_read_task": ATTRIBUTE,
        "_send_sasl_token": ("payload", "expect_response"),
        "close": ("reason", "exc"),
        "connected": (),
        "send": ("request", "expect_response"),
    },
    "aiokafka.client:AIOKafkaClient": {
        "_conns": ATTRIBUTE,
        "_get_conn": ("node_id", "group", "no_hint"),
        "_wait_on_metadata": ("topic",),
        "bootstrap": (),
        "close": (),
        "coordinator_lookup": ("coordinator_type", "coordinator_key"),
        "force_metadata_update": (),
        "get_random_node": (),
        "_md_synchronizer": (),
        "_sync_task": ATTRIBUTE,
        "ready": ("node_id", "group"),
        "send": ("node_id", "request", "group"),
    },
    "aiokafka.producer.producer:AIOKafkaProducer": {
        "_closed": ATTRIBUTE,
        "_message_accumulator": ATTRIBUTE,
        "_sender": ATTRIBUTE,
        "_txn_manager": ATTRIBUTE,
        "client": ATTRIBUTE,
    },
    "aiokafka.producer.message_accumulator:MessageAccumulator": {
        "_batches": ATTRIBUTE,
        "fail_all": ("exception",),
    },
    "aiokafka.producer.message_accumulator:MessageBatch": {"_drain_waiter": ATTRIBUTE},
    "aiokafka.producer.transaction_manager:TransactionManager": {"wait_for_transaction_end": ()},
    "aiokafka.cluster:ClusterMetadata": {"_brokers": ATTRIBUTE},
    "aiokafka.conn:ScramAuthenticator": {
        "_hashname": ATTRIBUTE,
        "_salted_password": ATTRIBUTE,
        "_sasl_plain_password": ATTRIBUTE,
        "create_salted_password": ("salt", "iterations"),
    },
    "aiokafka.producer.sender:Sender": {"_fail_all": ("task",), "sender_task": ATTRIBUTE},
}

FAUST: Final[Names] = {
    "faust.transport.consumer:Consumer": {
        "_add_gap": ("tp", "offset_from", "offset_to"),
        "_commit": ("offsets",),
        "_commit_handler": ATTRIBUTE,
        "_commit_livelock_detector": ATTRIBUTE,
        "_getmany": ("active_partitions", "timeout"),
        "_new_topicpartition": ("topic", "partition"),
        "_read_offset": ATTRIBUTE,
        "_seek": ("partition", "offset"),
        "_to_message": ("tp", "record"),
        "_unacked_messages": ATTRIBUTE,
        "_waiting_for_ack": ATTRIBUTE,
    },
}

PACKAGES: Final[Mapping[str, tuple[Known, Names]]] = {
    "aiokafka": (Known("0.14", "0.15"), AIOKAFKA),
    "faust-streaming": (Known("0.15.3", "0.16"), FAUST),
}


def check_fit() -> None:
    """Raise :class:`MisfitClient` where an installed package is not as the engine uses it."""
    for package, (known, names) in PACKAGES.items():
        try:
            installed = version(package)
        except PackageNotFoundError:
            installed = "(not installed)"
        wrong = sorted(misfits(names))
        if wrong or not known.has(installed):
            raise MisfitClient(_told(package, installed, known, wrong))


def misfits(names: Names) -> Iterator[str]:
    """What is missing of ``names``, or has other parameters, each in a few words."""
    for place, needed in names.items():
        module, _, name = place.partition(":")
        try:
            owner = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            yield f"{module}.{name} is missing"
            continue
        found = _attributes(owner)
        for attribute, takes in needed.items():
            if attribute not in found:
                yield f"{name}.{attribute} is missing"
            elif takes is not ATTRIBUTE and (given := _parameters(owner, attribute)) != takes:
                has = "is no method" if given is None else f"takes ({', '.join(given)})"
                yield f"{name}.{attribute} {has} instead of taking ({', '.join(takes)})"


def _told(package: str, installed: str, known: Known, wrong: list[str]) -> str:
    why = f": {'; '.join(wrong)}" if wrong else ""
    return (
        f"{package} {installed} does not fit{why}; known to fit are {known}: "
        f"install one of them with `pip install '{package}{known}'`"
    )


def _attributes(owner: type) -> set[str]:
    """Names of a class, and those that the ``__init__`` of it and its bases set."""
    found = set(dir(owner))
    for base in inspect.getmro(owner):
        code = getattr(vars(base).get("__init__"), "__code__", None)
        if code is not None:
            instructions = dis.get_instructions(code)
            found |= {str(each.argval) for each in instructions if each.opname == "STORE_ATTR"}
    return found


def _parameters(owner: type, name: str) -> Method | None:
    """The parameters of a method but ``self``; ``None`` where it is none."""
    method: Any = getattr(owner, name, None)
    if not callable(method):
        return None
    try:
        parameters = tuple(inspect.signature(method).parameters)
    except ValueError:
        return None
    return parameters[1:] if parameters[:1] == ("self",) else parameters


def _numbers(text: str) -> tuple[int, ...]:
    """A version's leading numbers; none where there is no version."""
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
