"""Vectors out of files: clicks counted over the window, numbers as they stand, faults named."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.kernel.scales import FEATURES
from streams.reports.segments.reading import SegmentFileError, Vectors, read_vectors

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)


def click(number: int, at: datetime = NOON, customer: str = "c-1", **more: str) -> str:
    event = {
        "event_id": f"e-{number}",
        "customer_id": customer,
        "occurred_at": at.isoformat(),
        "channel": "app",
        "type": "app_click",
        "action": "tab_switch",
    }
    return json.dumps(event | more)


def written(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, *lines: str) -> Vectors:
    return read_vectors(written(folder, "\n".join(lines) + "\n"))


def refused(folder: Path, *lines: str) -> str:
    with pytest.raises(SegmentFileError) as error:
        read(folder, *lines)
    return str(error.value)


def row(vectors: Vectors, customer: str) -> dict[str, float]:
    values = vectors.raw[vectors.customers.index(customer)]
    return dict(zip(vectors.names, values.tolist(), strict=True))


def test_clicks_of_each_kind_are_counted_errors_left_aside(tmp_path: Path) -> None:
    vectors = read(
        tmp_path,
        click(1, action="launch", source="push"),
        click(2, action="launch", source="icon"),
        click(3, action="launch", source="push"),
        click(4, action="function_visit", function="cards"),
        click(5, action="account_message"),
        click(6, action="news_message"),
        click(7, action="news_view"),
        click(8, action="error", function="cards"),
        click(9, customer="c-2"),
    )
    assert vectors.names == FEATURES
    assert vectors.customers == ("c-1", "c-2")
    assert row(vectors, "c-1") == {
        "behaviours": 7, "app_launches": 3, "account_messages": 1, "push_share": 2 / 3,
        "tab_switches": 0, "functions_visited": 1, "news_messages": 1, "news_views": 1,
    }  # fmt: skip
    assert row(vectors, "c-2")["push_share"] == 0
    assert not vectors.left_out


def test_the_window_is_the_seven_days_up_to_the_newest_event_of_any_type(tmp_path: Path) -> None:
    week = timedelta(days=7)
    feedback = click(0).replace("app_click", "feedback").replace("action", "kind")
    feedback = feedback.replace("tab_switch", "praise")
    vectors = read(
        tmp_path,
        click(1, NOON - week),
        click(2, NOON - week + timedelta(milliseconds=1)),
        click(3, NOON - week - timedelta(hours=1), "c-2"),
        feedback,
    )
    assert vectors.as_of == int(NOON.timestamp() * 1000)
    assert vectors.customers == ("c-1",)
    assert row(vectors, "c-1")["behaviours"] == 1
    assert vectors.left_out == {
        "clicks older than 7 days": 2,
        "customers without a click in the 7 days": 1,
        "events that are no clicks": 1,
    }


def test_a_repeat_counts_once_for_its_customer(tmp_path: Path) -> None:
    vectors = read(tmp_path, click(1), click(1), click(1, customer="c-2"))
    assert [row(vectors, who)["behaviours"] for who in ("c-1", "c-2")] == [1, 1]
    assert vectors.left_out == {"repeated events": 1}


def test_an_event_that_is_refused_is_counted_and_named(tmp_path: Path) -> None:
    vectors = read(tmp_path, click(1), click(2, action="jump"), "{", "")
    assert vectors.left_out == {"events refused: invalid": 1, "events refused: not_json": 1}
    assert [each.line for each in vectors.rejected] == [2, 3]
    assert "action" in vectors.rejected[0].why


def test_columns_of_csv_are_features_and_the_last_row_of_a_customer_counts(tmp_path: Path) -> None:
    vectors = read(tmp_path, "\ufeffa, customer_id ,b", "1,c-2,2.5", "", "3,c-1,-1e3", "4,c-2,5")
    assert vectors.names == ("a", "b")
    assert vectors.customers == ("c-1", "c-2")
    assert vectors.raw.tolist() == [[3.0, -1000.0], [4.0, 5.0]]
    assert vectors.rows.tolist() == [4, 5]
    assert vectors.left_out == {"rows replaced by a later row of the same customer": 1}


def test_json_lines_may_be_flat_or_have_features(tmp_path: Path) -> None:
    flat = read(tmp_path, '{"customer_id":"c-1","a":1,"b":2}', '{"b":4,"customer_id":"c-2","a":3}')
    assert flat.raw.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    kept = read(
        tmp_path,
        '{"customer_id":"c-1","tier":"vip","features":{"a":1,"b":2}}',
        '{"customer_id":"c-2","tier":"vip","features":null}',
    )
    assert (kept.customers, kept.names, kept.raw.tolist()) == (("c-1",), ("a", "b"), [[1.0, 2.0]])
    assert kept.left_out == {"customers without a vector": 1}


def test_a_missing_number_rejects_its_row_only(tmp_path: Path) -> None:
    vectors = read(tmp_path, "customer_id,a,b", "c-1,1,", "c-2,1,2")
    assert vectors.customers == ("c-2",)
    assert vectors.left_out == {"rows with a missing number": 1}
    assert tuple(vectors.rejected[0]) == (2, "c-1", "b is missing")


def test_text_in_a_column_of_numbers_is_named_with_line_and_column(tmp_path: Path) -> None:
    said = refused(tmp_path, "customer_id,a,launches", "c-1,1,2", "c-2,1,many")
    assert said == f"{tmp_path / 'file.csv'}, line 3, column launches: many; must be a number"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("customer_id,a", "c-1,1,2"), "line 2: 3 cells; there must be 2"),
        (("customer,a", "c-1,1"), "line 1: there must be one column customer_id, not customer, a"),
        (("customer_id;a", "c-1;1"), "separated by commas"),
        (("customer_id,a,a", "c-1,1,2"), "line 1: the column a is there twice"),
        (("customer_id", "c-1"), "line 1: 0 columns of numbers; there must be 1 to 64"),
        (("customer_id,a", ",1"), "line 2, column customer_id: ; must be text of 1 to 64"),
        (("customer_id,a", 'c-1,"1'), "line 2: is not CSV"),
        (('{"customer_id":"c","a":1}', '{"customer_id":"d","b":1}'), "column a: is missing"),
        (('{"customer_id":"c","a":true}',), "line 1, column a: True; must be a number"),
        (('{"customer_id":"c","a":[1]}',), "line 1, column a: [1]; must be a number"),
        (('{"customer_id":7,"a":1}',), "line 1, column customer_id: 7; must be text"),
        (('{"customer_id":"c","a":1}', "{"), "line 2: is not JSON"),
        (('{"customer_id":"c","features":[1]}',), "column features: [1]; must be an object"),
        (("",), "is empty; it must hold events or vectors"),
    ],
)  # fmt: skip
def test_every_other_fault_is_named(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    assert said in refused(tmp_path, *lines)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"customer_id,a\nc-\xff,1\n")
    with pytest.raises(SegmentFileError, match="line 2: is not UTF-8"):
        read_vectors(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SegmentFileError, match="cannot be read: No such file"):
        read_vectors(tmp_path / "gone")
