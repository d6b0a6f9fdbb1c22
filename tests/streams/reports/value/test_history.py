"""Purchase histories from files: three formats say the same, and faults are one line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from domain.policy import Policy, load_policy
from streams.reports.value.history import Purchases, ValueFileError, read_purchases

DEFAULTS = Policy()

CDNOW = """\
 customer_id  date number_of_cds  dollar_value
 00001 19970101  1   11.77
 00002 19970112  1   12.00
 00001 19970115  2   20.00
 00001 19970115  1    0.50
 00001 19970212  3   30.25
"""
SAMPLE = """\
 00001 0001 19970101  1   11.77
 00002 0002 19970112  1   12.00
 00001 0001 19970115  3   20.50
 00001 0001 19970212  3   30.25
"""
CSV = """\
amount,Customer,shop,date
11.77,00001,north,1997-01-01
12,00002,"south, old",1997-01-12T23:59:00Z
20,00001,north,1997-01-15
0.5,00001,north,1997-01-15T12:00:00

30.25,00001,north,19970212
"""


def event(customer: str, at: str, number: int, **fields: object) -> str:
    common = {"event_id": f"e-{number}", "customer_id": customer, "occurred_at": at}
    kind = {"channel": "branch", "type": "transaction", "currency": "CNY", "direction": "debit"}
    return json.dumps({**common, **kind, "account_id": "a", **fields})


EVENTS = "\n".join(
    [
        event("00001", "1997-01-01T09:00:00Z", 1, amount=11.77),
        event("00002", "1997-01-12T09:00:00Z", 2, amount=12.0),
        event("00002", "1997-01-13T09:00:00Z", 3, amount=99.0, direction="credit"),
        event("00001", "1997-01-15T02:00:00+08:00", 4, amount=7.0, currency="XAU"),
        event("00001", "1997-01-16T00:30:00+08:00", 5, amount=500.0, margin=20.5),
        event("00001", "1997-01-16T00:30:00+08:00", 5, amount=500.0, margin=20.5),
        event("00001", "1997-02-12T09:00:00Z", 6, amount=30.25),
    ]
)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Purchases]:
    """What is read of a text."""

    def read(text: str | bytes, policy: Policy = DEFAULTS) -> Purchases:
        path = tmp_path / "purchases"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_purchases(path, policy)

    return read


@pytest.mark.parametrize("text", [CDNOW, SAMPLE, CSV, EVENTS, "\ufeff" + CSV.replace("\n", "\r\n")])
def test_each_format_says_the_same(read: Callable[..., Purchases], text: str) -> None:
    found = read(text)
    x, recency, age, mean = found.histories()
    assert x.tolist() == [2, 0]
    assert recency.tolist() == [6, 0]
    assert age.tolist() == [6, pytest.approx(31 / 7)]
    assert mean[0] == pytest.approx((20.5 + 30.25) / 2)
    assert math.isnan(mean[1])


def test_a_calibration_leaves_out_what_comes_behind_it(read: Callable[..., Purchases]) -> None:
    found = read(CDNOW)
    x, recency, age, mean = found.histories(found.first_day + 14)
    assert (x.tolist(), recency.tolist()) == ([1, 0], [2, 0])
    assert age.tolist() == [2, pytest.approx(3 / 7)]
    assert mean[0] == 20.5
    assert len(found.histories(found.first_day).repeats) == 1


def test_weeks_count_who_had_bought_before(read: Callable[..., Purchases]) -> None:
    found = read(CDNOW + " 00003 19970213 1 5.00\n 00003 19970214 1 5.00\n")
    assert found.repeats_by_week(found.first_day + 13, 4).tolist() == [1, 0, 0, 0]
    assert found.repeats_by_week(found.first_day + 14, 4).tolist() == [0, 0, 0, 1]
    assert found.repeats_by_week(found.first_day + 43, 1).tolist() == [1]


def test_events_that_do_not_count_are_counted_by_reason(read: Callable[..., Purchases]) -> None:
    assert dict(read(EVENTS).left_out) == {
        "events that are no purchase": 1,
        "purchases in XAU, which has no rate": 1,
        "repeated events": 1,
    }


def test_the_policy_says_what_an_event_is_worth(
    read: Callable[..., Purchases], tmp_path: Path
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("currency: {rates: {XAU: 3000}}\npurchases: {directions: [credit, debit]}\n")
    found = read(EVENTS, load_policy(path))
    assert sum(found.customers["00001"].values()) == pytest.approx(11.77 + 21_000 + 20.5 + 30.25)
    assert sum(found.customers["00002"].values()) == 111.0


def test_the_bytes_read_are_told(tmp_path: Path) -> None:
    path = tmp_path / "purchases"
    path.write_text(CSV)
    told: list[int] = []
    read_purchases(path, DEFAULTS, told.append)
    assert sum(told) == len(CSV)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "is empty; it must hold purchases"),
        ("\n \n", "is empty; it must hold purchases"),
        ("customer,date\nx,19970101\n", "line 1: the header has no amount; it must name customer,"),
        (CSV + "1,2\n", "line 8: 2 columns; there must be 4"),
        (CSV + ",1,n,1997-13-01\n", "line 8: amount ''; it must be a number, 0 or more"),
        (CSV + "1,1,n,1997-13-01\n", "line 8: date '1997-13-01'; it must be a date such as"),
        (CSV + "1,,n,1997-12-01\n", "line 8: the customer is empty"),
        (CSV + "nan,1,n,1997-12-01\n", "line 8: amount 'nan'; it must be a number, 0 or more"),
        (CSV + "-1,1,n,1997-12-01\n", "line 8: amount '-1'; it must be a number, 0 or more"),
        (CSV + '1,"1,n,1997-12-01\n', "line 8: is not CSV"),
        (CDNOW + " 1 19970101\n", "line 7: 2 fields; it must be a CSV with a header of customer,"),
        (EVENTS + "\n{", "line 8: "),
        (EVENTS + '\n{"type": "transaction"}', "line 8: "),
        (event("1", "1997-01-01T09:00:00Z", 1, amount=1.0, direction="credit"),
         "holds no purchase (1 events that are no purchase)"),
        (b"\xff\xfe\x00", "is not text in UTF-16 (truncated data)"),
        (CSV.encode() + b"caf\xe9,1,n,1997-12-01\n", "line 8: is not text in UTF-8; if it is in"),
        (CSV.replace(",", ";"), "has semicolons between its cells; they must be commas"),
        ('[{"customer": "1"}]', "is a JSON array; purchases come as CSV (customer,date,amount) or"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_that_says_where_and_what_must_hold(
    read: Callable[..., Purchases], text: str | bytes, wanted: str
) -> None:
    with pytest.raises(ValueFileError) as refused:
        read(text)
    [line] = str(refused.value).splitlines()
    assert wanted in line


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueFileError, match="none cannot be read: No such file or directory"):
        read_purchases(tmp_path / "none", DEFAULTS)
    with pytest.raises(ValueFileError, match="is a folder; give a file"):
        read_purchases(tmp_path, DEFAULTS)


def test_more_customers_than_can_be_held_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.reports.value.history.MAX_CUSTOMERS", 3)
    path = tmp_path / "purchases"
    path.write_text("customer,date,amount\n" + "".join(f"{n},19970101,1\n" for n in range(4)))
    with pytest.raises(ValueFileError, match="more than 3 customers; give a random sample"):
        read_purchases(path, DEFAULTS)


def test_histories_are_in_the_order_of_names(read: Callable[..., Purchases]) -> None:
    lines = "customer,date,amount\nb,19970101,1\na,19970103,1\na,19970110,2\nb,19970201,3\n"
    assert read(lines).histories().recency.tolist() == pytest.approx([1.0, 31 / 7])
    assert np.isnan(read(lines).histories().mean_spend).sum() == 0
