"""A summary goes to bytes and back; torn bytes and newer formats are told apart."""

from __future__ import annotations

import struct

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from xxhash import xxh3_64_digest

from domain.policy.segments import GenericRules, SegmentRules
from domain.segmentation.features import FeatureSet
from domain.segmentation.micro import MicroClusters
from domain.segmentation.summary import Summary, SummaryFormatError, dump_summary, load_summary
from tests.domain.segmentation.data import bank_counts, put

FIELDS = Summary.__struct_fields__


def summary_of(customers: int) -> Summary:
    micro = MicroClusters(FeatureSet.of(SegmentRules()))
    put(micro, np.arange(customers), bank_counts(max(customers, 2))[:customers])
    return micro.summary(number=5, clock=1_700_000_000_000, sample=100)


def sealed(content: object) -> bytes:
    """Any content with a digest that fits it."""
    packed = msgspec.msgpack.encode(content)
    return packed + xxh3_64_digest(packed)


@pytest.mark.parametrize("customers", [0, 1, 400])
def test_what_is_written_is_read(customers: int) -> None:
    summary = summary_of(customers)
    read = load_summary(dump_summary(summary))
    for name in FIELDS:
        given_, found = getattr(summary, name), getattr(read, name)
        assert np.array_equal(found, given_), name
        if isinstance(given_, np.ndarray):
            assert (found.dtype, found.shape) == (given_.dtype, given_.shape), name


def test_a_full_summary_stays_far_below_a_megabyte() -> None:
    micro = MicroClusters(FeatureSet.of(SegmentRules()))
    put(micro, np.arange(3_000), bank_counts(3_000))
    assert len(dump_summary(micro.summary(0, 0, 1_000))) < 90_000


WHOLE = dump_summary(summary_of(40))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_torn_summary_is_refused(data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(WHOLE) - 1))
    with pytest.raises(SummaryFormatError, match="torn"):
        load_summary(WHOLE[:end])
    changed = bytearray(WHOLE)
    changed[end] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SummaryFormatError, match="torn"):
        load_summary(bytes(changed))


@pytest.mark.parametrize("content", [[2, "anything", {"of": "a newer"}], [99], {"format": 1}, 7])
def test_another_format_is_refused_by_its_number(content: object) -> None:
    with pytest.raises(SummaryFormatError, match="this version reads 1"):
        load_summary(sealed(content))


def test_columns_that_do_not_fit_together_are_refused() -> None:
    summary = summary_of(40)
    for wrong in (
        replace(summary, customers=41),
        replace(summary, features=summary.features[:7]),
        replace(summary, mean=summary.mean[:3]),
        replace(summary, hashes=summary.hashes[:-1]),
        replace(summary, raw_sums=summary.raw_sums[1:]),
    ):
        with pytest.raises(SummaryFormatError):
            load_summary(dump_summary(wrong))
    with pytest.raises(SummaryFormatError):
        load_summary(sealed([1, 0, 0, ["x"], 0, []]))
    with pytest.raises(SummaryFormatError):
        load_summary(sealed([1, "zero"]))


def test_where_each_figure_of_a_summary_is_stored_never_changes() -> None:
    """Two customers of two features; what is written by place is worked out by hand."""
    micro = MicroClusters(FeatureSet.of(GenericRules(features=("x", "y"))))
    micro.put([0, 1], [[1.0, 10.0], [3.0, 20.0]], [7, 5])
    packed = dump_summary(micro.summary(number=3, clock=9, sample=10))[:-8]
    little = struct.pack
    assert msgspec.msgpack.decode(packed) == [
        1, 3, 9, ["x", "y"], 2,
        [
            little("<2q", 1, 1),  # 0 counts
            little("<4d", 1, 10, 3, 20),  # 1 sums
            little("<4f", 1, 10, 3, 20),  # 2 raw_sums
            little("<4f", 1, 100, 9, 400),  # 3 raw_squares
            little("<2d", 2, 15),  # 4 mean
            little("<2d", 2, 50),  # 5 m2
            little("<2Q", 5, 7),  # 6 hashes
            little("<4f", 3, 20, 1, 10),  # 7 vectors
        ],
    ]  # fmt: skip
