"""The dashboards are what their descriptions say, and can be read by somebody new."""

import itertools
import json
import re
from pathlib import Path

import pytest

from ops.grafana.build import BOARDS, path_of, written
from ops.grafana.panels import COLUMNS, Board, Panel, Query, Row, dashboard
from tests.ops.reading import DASHBOARDS, OPS, load, panels, rules


def test_the_files_are_what_the_descriptions_make() -> None:
    for board in BOARDS:
        assert path_of(board).read_text(encoding="utf-8") == written(board), (
            "run: python -m ops.grafana.build"
        )
    assert {path_of(board) for board in BOARDS} == set(DASHBOARDS)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_tells_what_it_shows_and_asks_the_provisioned_source(path: Path) -> None:
    [source] = load(OPS / "grafana/provisioning/datasources/touchline.yml")["datasources"]
    titles = [panel["title"] for panel in panels(path)]
    assert len(titles) == len(set(titles)) >= 10
    for panel in panels(path):
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        for asked in (panel, *panel["targets"]):
            assert asked["datasource"] == {"type": source["type"], "uid": source["uid"]}


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_lie_on_the_page_and_beside_each_other(path: Path) -> None:
    held = json.loads(path.read_text())["panels"]
    assert len({panel["id"] for panel in held}) == len(held)
    places = [panel["gridPos"] for panel in held]
    for one, other in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or apart, (one, other)
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_recorded_name_in_a_panel_is_recorded(path: Path) -> None:
    recorded = {rule.name for rule in rules() if rule.alert is None}
    for panel in panels(path):
        for target in panel["targets"]:
            assert set(re.findall(r"job\w*:touchline_\w+:\w+", target["expr"])) <= recorded


def test_a_panel_wider_than_the_page_is_refused() -> None:
    wide = Panel("Wide", "Too wide.", "none", (Query("up"),), width=25)
    with pytest.raises(ValueError, match="Wide: width 25; a page has 24"):
        dashboard(Board("b", "B", "A board.", (Row("R", (wide,)),)))
