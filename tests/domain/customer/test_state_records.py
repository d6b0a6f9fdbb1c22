"""Records: what is written when, what it weighs, and that older and foreign forms are told."""

from __future__ import annotations

import msgspec
import pytest

from domain.customer.parts import Cases, Core, File, Journey, Money, Mood
from domain.customer.state import Customer, StateFormatError, customer_key_of
from tests.domain.bank import CUSTOMER, DAY, HOUR, MINUTE, Events, Task


def letters(written: list[tuple[bytes, bytes | None]]) -> str:
    """The parts that were written."""
    return "".join(sorted(key[:1].decode() for key, _ in written))


def test_only_touched_parts_are_written_and_once() -> None:
    make = Events()
    task = Task()
    expected = [
        (make.click(0), "c"),
        (make.transaction(1, 5.0), "cdlmn"),
        (make.survey(2, "nps", 5), "acs"),
        (make.survey(2, "csat", 5), "acjs"),
        (make.profile(3, sex="female"), "cr"),
        # the first failure is noted beside the answers; it spoils the first purchase: an apology
        (make.complaint(4, "opened"), "acjsux"),
        (make.complaint(4, "opened", complaint_id="k-2"), "cjsx"),
        (make.click(5, "error"), "cjsv"),
        (make.click(6), "c"),
    ]
    for event, parts in expected:
        assert letters(task.take(event).save()) == parts
        assert task.save() == []


def test_every_16th_event_seals_a_page_that_is_written_once() -> None:
    make = Events()
    task = Task()
    written = [letters(task.take(make.click(n)).save()) for n in range(33)]
    assert [n for n, parts in enumerate(written, start=1) if parts == "cp"] == [16, 32]
    assert {key for key in task.records if key[:1] == b"p"} == {
        b"p" + number.to_bytes(4, "big") + b"alice" for number in (0, 1)
    }


def test_the_customer_is_told_from_any_record_key() -> None:
    make = Events()
    task = Task().take(*(make.click(n) for n in range(16)), make.transaction(20, 1.0))
    task.save()
    assert {customer_key_of(key) for key in task.records} == {b"alice"}


def test_a_click_costs_few_bytes() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 500_000.0), make.profile(1, owner_id="m-1", sex="f"))
    task.take(make.survey(2, "nps", 9), make.complaint(3, "opened"))
    task.save()
    sizes = []
    for n in range(320):
        before = task.written_bytes
        task.take(make.click(HOUR + n * 20 * MINUTE)).save()
        sizes.append(task.written_bytes - before)
    # of these 14 are her alerts, and 9 each when their states, her inspection and her care are due
    assert sum(sizes) / len(sizes) < 411
    core = [len(value) for key, value in task.records.items() if key[:1] == b"c"]
    assert max(core) <= 450


def test_a_customer_never_written_is_not_loaded() -> None:
    empty: dict[bytes, bytes] = {}
    assert Customer.load("bob", empty.get) is None
    assert Customer.new("bob").dump() == []


def test_a_customer_id_may_be_any_text() -> None:
    customer = Customer.new("客户-1 \U0001f600")
    customer.touched = 1
    customer.core.events = 3
    records = dict(customer.dump())
    loaded = Customer.load("客户-1 \U0001f600", records.get)
    assert loaded is not None
    assert loaded.core.events == 3


def test_what_an_older_version_wrote_with_fewer_fields_is_read() -> None:
    older = b"\x01" + msgspec.msgpack.encode([7, 99, 1_000, 500])
    customer = Customer.load(CUSTOMER, {b"calice": older}.get)
    assert customer is not None
    assert (customer.core.events, customer.core.event_xor) == (7, 99)
    assert customer.core.transactions == 0
    assert customer.core.alerted == {}
    for form in (Core, Money, Mood, Cases, File, Journey):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode([]), type=form) == form()


def test_a_record_with_a_field_more_is_read_too() -> None:
    fields = list(msgspec.structs.astuple(Money()))
    newer = msgspec.msgpack.encode([*fields, "a field of the next version"])
    assert msgspec.msgpack.decode(newer, type=Money) == Money()


def test_a_foreign_format_stops_loudly() -> None:
    with pytest.raises(StateFormatError, match="has format 2; this version reads 1"):
        Customer.load(CUSTOMER, {b"calice": b"\x02\x90"}.get)


def test_a_missing_part_or_page_stops_loudly() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 5.0), *(make.click(n) for n in range(20)))
    task.save()
    for lost in (b"malice", b"p\x00\x00\x00\x00alice"):
        records = {key: value for key, value in task.records.items() if key != lost}
        with pytest.raises(StateFormatError, match="is missing"):
            loaded = Customer.load(CUSTOMER, records.get)
            assert loaded is not None
            assert loaded.money
            assert loaded.recent


def test_parts_are_decoded_on_first_use_only() -> None:
    make = Events()
    task = Task().take(make.transaction(0, 5.0), make.survey(1, "nps", 9))
    task.save()
    asked: list[bytes] = []

    def get(key: bytes) -> bytes | None:
        asked.append(key)
        return task.records.get(key)

    loaded = Customer.load(CUSTOMER, get)
    assert loaded is not None
    task.customer = loaded
    task.take(make.click(DAY))
    assert asked == [b"calice"]
    task.figures()
    assert {key[:1] for key in asked} == {b"a", b"c", b"d", b"l", b"m", b"s"}
