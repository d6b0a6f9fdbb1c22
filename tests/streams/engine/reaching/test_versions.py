"""A broker that is too old or too new for the client is told by the request and its versions."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import pytest
from aiokafka.protocol import commit, coordination, fetch, group, metadata, offset, produce
from aiokafka.protocol import transaction as transactions
from kafka.protocol.metadata import ApiVersionsResponse

from streams.engine.reaching.faults import Kind
from streams.engine.reaching.look import look
from streams.engine.reaching.versions import SPOKEN, misfit

ALL = {key: (0, last) for key, (_, _, last) in SPOKEN.items()}


def test_what_is_said_to_be_spoken_is_what_aiokafka_has() -> None:
    requests = [
        produce.ProduceRequest, fetch.FetchRequest, offset.OffsetRequest, metadata.MetadataRequest,
        commit.OffsetFetchRequest, coordination.FindCoordinatorRequest, group.JoinGroupRequest,
        group.HeartbeatRequest, group.LeaveGroupRequest, group.SyncGroupRequest,
        transactions.InitProducerIdRequest, transactions.AddPartitionsToTxnRequest,
        transactions.AddOffsetsToTxnRequest, transactions.EndTxnRequest,
        transactions.TxnOffsetCommitRequest,
    ]  # fmt: skip
    spoken = {one.API_KEY: [each.API_VERSION for each in one._CLASSES] for one in requests}
    assert spoken.keys() == SPOKEN.keys()
    for key, (name, first, last) in SPOKEN.items():
        assert first in spoken[key], name
        assert max(spoken[key]) == last, name


def test_a_broker_that_speaks_all_of_it_fits() -> None:
    assert misfit(ALL) is None
    assert misfit({**ALL, 1: (4, 17), 999: (0, 1)}) is None


@contextmanager
def speaking(versions: Mapping[int, tuple[int, int]]) -> Iterator[str]:
    """A server that answers the first request with these versions, as a broker does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    one, _ = server.accept()
                    with one:
                        asked = one.recv(4096)
                        one.sendall(_answer(asked[8:12], versions))

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def _answer(correlation: bytes, versions: Mapping[int, tuple[int, int]]) -> bytes:
    api = ApiVersionsResponse.ApiVersion
    keys = [
        api(api_key=key, min_version=oldest, max_version=newest)
        for key, (oldest, newest) in versions.items()
    ]
    answer = ApiVersionsResponse(version=3, error_code=0, api_keys=keys, throttle_time_ms=0)
    body: bytes = answer.encode()
    return (len(body) + 4).to_bytes(4) + correlation + body


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({1: (0, 6)}, "is too old: it speaks Fetch up to version 6, 7 is needed: upgrade the brok"),
        ({0: (9, 12)}, "is too new: it speaks Produce from version 9 on, this client up to 7: ins"),
        ({22: None}, "does not speak InitProducerId, which is needed: upgrade the brokers"),
    ],
)
def test_another_is_told_by_its_versions(
    changed: Mapping[int, tuple[int, int] | None], words: str
) -> None:
    versions = {key: has for key, has in {**ALL, **changed}.items() if has is not None}
    with speaking(versions) as address:
        options = {"bootstrap_servers": [address], "security_protocol": "PLAINTEXT"}
        why = look(options, 4.0).why()
    assert why is not None
    assert why.kind is Kind.VERSION
    assert str(why).startswith(f"Kafka at {address} {words}")
