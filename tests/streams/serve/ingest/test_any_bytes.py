"""Whatever bytes are posted, the answer is the codec's verdict and never an error of ours."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from domain.assembly.admission import refusal
from domain.kernel.units import FUTURE_MS
from domain.policy import Policy
from schemas.codec import Bad, at_ms, decode
from schemas.examples import EXAMPLES
from streams.cluster.broker import LocalBroker
from streams.serve.bodies import JSON, LINES
from streams.topics.ensure import ensure_topics
from tests.streams.serve.ingest.house import House, house, settings

VALID = [json.dumps(example).encode() for examples in EXAMPLES.values() for example in examples]
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


class Asking:
    """The application on a loop of its own, asked from tests that do not wait."""

    def __init__(self, bootstrap: str) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        entering = self._stack.enter_async_context(house(settings(bootstrap)))
        self._house: House = self._runner.run(entering)

    def post(self, body: bytes, media: str) -> Any:
        return self._runner.run(self._house.post(body, content_type=media))

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def asking(module_broker: LocalBroker) -> Iterator[Asking]:
    ensure_topics(module_broker.bootstrap, "posting", 4).raise_if_wrong()
    made = Asking(module_broker.bootstrap)
    yield made
    made.close()


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A valid event with something in it cut out, put in or changed."""
    value = draw(st.sampled_from(VALID))
    at = draw(st.integers(0, len(value)))
    to = draw(st.integers(at, min(len(value), at + 9)))
    return value[:at] + draw(st.binary(max_size=3)) + value[to:]


@st.composite
def refilled(draw: st.DrawFn) -> bytes:
    """A valid event with other values in some fields."""
    event = json.loads(draw(st.sampled_from(VALID)))
    for name in draw(st.lists(st.sampled_from([*event, "more"]), max_size=2)):
        event[name] = draw(anything)
    return json.dumps(event).encode()


items = st.sampled_from(VALID) | spoilt() | refilled() | anything.map(json.dumps).map(str.encode)
many = tries(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@many
@given(body=st.binary(max_size=200) | items, media=st.sampled_from(["", JSON, *LINES]))
def test_any_body_is_answered(asking: Asking, body: bytes, media: str) -> None:
    answer = asking.post(body, media)
    assert answer.status_code in {202, 207, 400, 413, 422}
    told = answer.json()
    if answer.status_code in {202, 207}:
        assert told["accepted"] + told["refused"] == len(told["items"])
    else:
        assert (told["status"], answer.headers["content-type"]) == (
            answer.status_code, "application/problem+json",
        )  # fmt: skip


@many
@given(
    values=st.lists(items.filter(lambda value: b"\n" not in value and value.strip()), min_size=2)
)
def test_every_line_gets_the_verdict_of_the_codec(asking: Asking, values: list[bytes]) -> None:
    answer = asking.post(b"\n".join(values), LINES[0])
    assert answer.status_code in {202, 207, 422}
    told = answer.json()["items"]
    for item, value in zip(told, values, strict=True):
        reason, detail = expected(value.strip(b" \t\r\n"))
        assert item.get("reason") == reason
        assert item.get("detail") == detail or reason == "in_future"


@many
@given(values=st.lists(items, min_size=2, max_size=9))
def test_every_item_of_an_array_gets_it_too(asking: Asking, values: list[bytes]) -> None:
    answer = asking.post(b"[" + b",".join(values) + b"]", JSON)
    if answer.status_code == 400:
        return  # a spoilt one spoils the array
    told = answer.json()["items"]
    if len(told) != len(values):
        return  # a spoilt one had a comma
    assert [item.get("reason") for item in told] == [expected(value)[0] for value in values]


def expected(value: bytes) -> tuple[str | None, str | None]:
    """Reason and detail by the codec, then by what else hangs on no state."""
    event = decode(value)
    if isinstance(event, Bad):
        return event.reason, event.detail
    if at_ms(event) > time.time() * 1_000 + FUTURE_MS:
        return "in_future", None
    why = refusal(event, Policy())
    return (None, None) if why is None else ("invalid", why)
