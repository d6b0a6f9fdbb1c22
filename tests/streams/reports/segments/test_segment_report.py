"""The report of a fit: all files there, well-formed, the same twice; and the command itself."""

from __future__ import annotations

import csv
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from domain.policy.segments import SegmentRules
from schemas.errors import OperatingError
from schemas.segments import SegmentModel
from streams.cli import app
from streams.reports.segments import plots, report
from streams.reports.segments.offline import OfflineFit, fit
from streams.reports.segments.page import html as page_of
from streams.reports.segments.reading import read_vectors
from streams.sources.bank_case import BankCase

pytestmark = pytest.mark.long

FILES = [
    "report.html", "segments.json", "customers.csv", "silhouettes.svg", "profiles.svg",
    "projection.svg",
]  # fmt: skip
VOID = {"meta", "br"}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> OfflineFit:
    path = tmp_path_factory.mktemp("case") / "case.jsonl"
    path.write_bytes(b"".join(BankCase(1).lines()))
    return fit(read_vectors(path), SegmentRules(), 0)


class Balanced(HTMLParser):
    """Every element is closed in turn; `ids` and `tags` are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.ids.update(value or "" for name, value in attrs if name == "id")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.ids.update(value or "" for name, value in attrs if name == "id")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Balanced:
    parser = Balanced()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def test_all_files_are_written_and_the_same_twice(case: OfflineFit, tmp_path: Path) -> None:
    first, second = (report.write(case, tmp_path / name, "case.jsonl") for name in ("a", "b"))
    assert [path.name for path in first] == FILES
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_report_is_one_whole_document_with_its_pictures(case: OfflineFit) -> None:
    html = page_of(case, "case.jsonl", report.pictures(case))
    page = parsed(html)
    assert page.tags["svg"] == 3
    assert max(page.ids.values()) == 1
    assert not re.search(r'(src|href)="(?!#)', html)
    assert 'name="viewport"' in html
    for said in ("lurkers", "notification-only", "promotional pushes", "63.8%", "chosen"):
        assert said in page.text


def test_references_within_a_picture_are_to_its_own_ids(case: OfflineFit) -> None:
    for name, svg in report.pictures(case).items():
        ids = set(re.findall(r'\sid="([^"]+)"', svg))
        used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg))
        assert {one or other for one, other in used} <= ids
        assert all(each.startswith(f"{name}-") for each in ids)


def test_pictures_are_well_formed_and_say_what_they_show(case: OfflineFit) -> None:
    for name, svg in report.pictures(case).items():
        root = ElementTree.fromstring(svg)
        assert root.tag == f"{SVG}svg"
        words = " ".join("".join(each.itertext()) for each in root.iter(f"{SVG}text"))
        if name == "silhouettes":
            assert "number of segments, K" in words
        else:
            assert "3 notification-only" in words or "3  notification-only" in words


def test_the_model_can_be_read_back(case: OfflineFit, tmp_path: Path) -> None:
    report.write(case, tmp_path, "case.jsonl")
    model = SegmentModel.model_validate_json((tmp_path / "segments.json").read_bytes())
    assert model == case.model


def test_every_customer_is_in_the_list_with_segment_and_silhouette(case: OfflineFit) -> None:
    rows = list(csv.DictReader(report.customers_csv(case).splitlines()))
    assert [row["customer_id"] for row in rows] == sorted(BankCase(1).group_of)
    assert Counter(row["name"] for row in rows) == {
        "lurkers": 82, "quality": 13, "notification-only": 5,
    }  # fmt: skip
    assert all(row["segment"] != row["second_segment"] for row in rows)
    mean = np.mean([float(row["silhouette"]) for row in rows])
    assert mean == pytest.approx(case.model.silhouette, abs=1e-3)


def test_names_from_the_file_cannot_become_markup(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["customer_id,<b>x,$y"]
    lines += [f"<i>{n},{rng.normal(9 * (n % 2)):.3f},{rng.normal():.3f}" for n in range(60)]
    lines.append("<script>,nan,1")
    path = tmp_path / "<u>.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = fit(read_vectors(path), SegmentRules(), 0)
    html = page_of(found, path.name, report.pictures(found))
    page = parsed(html)
    assert not page.tags.keys() & {"b", "i", "u", "script"}
    assert "<script>" in page.text
    assert "<b>x" in page.text


def test_a_pinned_number_of_segments_has_no_picture_of_silhouettes(tmp_path: Path) -> None:
    path = tmp_path / "case.jsonl"
    path.write_bytes(b"".join(BankCase(1).lines()))
    found = fit(read_vectors(path), SegmentRules(), 0, k=4)
    assert set(report.pictures(found)) == {"profiles", "projection"}
    assert "pinned to 4" in parsed(page_of(found, "case.jsonl", report.pictures(found))).text


def test_labels_of_ten_segments_at_one_place_are_drawn_apart() -> None:
    radii = np.array([0.5, 0.25])
    places = plots._apart(np.zeros((10, 2)), radii) / radii
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + 9 * np.eye(10)
    assert gaps.min() > 1.9


def test_a_name_in_another_script_raises_no_warning() -> None:
    svg = plots.profiles(["潜水客户", "$x$"], ["a", "b"], np.array([[1.0, -1.0], [0.0, 2.0]]))
    assert "潜水客户" in svg
    ElementTree.fromstring(svg)


def test_the_command_prints_the_segments_and_writes_the_report(tmp_path: Path) -> None:
    path = tmp_path / "case.jsonl"
    path.write_bytes(b"".join(BankCase(1).lines()) + b"{\n")
    done = CliRunner().invoke(app, ["segments", "fit", str(path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert "lurkers (s1)" in done.stdout
    assert "1 events refused: not_json" in done.stderr
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == sorted(FILES)


def test_the_command_names_a_fault_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("customer_id,a\nc-1,x\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["segments", "fit", str(path)])
    assert done.exit_code == 1
    assert isinstance(done.exception, OperatingError)
    assert str(done.exception) == f"{path}, line 2, column a: x; must be a number"
    assert done.stdout == ""
