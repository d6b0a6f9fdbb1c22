"""From a short description of a dashboard to the JSON that Grafana reads.

A board is rows of panels; panels flow from left to right over Grafana's 24 columns. Every panel
has a title, a unit and a description, so that nobody has to guess what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "touchline-prometheus"}
SCHEMA_VERSION = 41
PLAIN = "text"
GREEN, YELLOW, RED = "green", "yellow", "red"

Kind = Literal["timeseries", "stat", "bargauge", "table", "matrix"]
Json = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """A PromQL expression and how its series are called; ``{{label}}`` stands for a label."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel. ``steps`` are colours from a value on, the first holding below them all.

    ``matrix`` names the two labels that become rows and columns; it belongs to that kind alone.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 12
    height: int = 8
    first: str = PLAIN
    steps: tuple[tuple[float, str], ...] = ()
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    stacked: bool = False
    matrix: tuple[str, str] | None = None


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Board:
    """A dashboard; ``uid`` is its place in links, ``span`` how far back it looks at first."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    span: str = "now-1h"
    refresh: str = "10s"


def stat(title: str, description: str, unit: str, expr: str, **more: Any) -> Panel:
    """A number of its own, small beside the others of its kind."""
    given = {"width": 4, "height": 4} | more
    legend = given.pop("legend", "")
    return Panel(title, description, unit, (Query(expr, legend),), kind="stat", **given)


def dashboard(board: Board) -> Json:
    """What Grafana reads. Raises ValueError where a panel is wider than the page."""
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": ["touchline"],
        "editable": False,
        "graphTooltip": 1,
        "schemaVersion": SCHEMA_VERSION,
        "refresh": board.refresh,
        "time": {"from": board.span, "to": "now"},
        "timezone": "browser",
        "links": [
            {
                "type": "dashboards", "title": "Touchline", "tags": ["touchline"],
                "icon": "external link", "tooltip": "The other dashboards of Touchline",
                "asDropdown": False, "includeVars": False, "keepTime": True, "targetBlank": False,
            }
        ],
        "annotations": {"list": [_firing()]},
        "templating": {"list": []},
        "panels": _laid_out(board.rows),
    }  # fmt: skip


def _firing() -> Json:
    """Alerts that fire are drawn into every panel over time."""
    return {
        "name": "Alerts",
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": RED,
        "target": {"refId": "Anno", "expr": 'ALERTS{alertstate="firing"}', "interval": "30s"},
        "titleFormat": "{{alertname}}",
        "textFormat": "{{severity}} {{instance}} {{factor}} {{tier}}",
    }


def _laid_out(rows: Sequence[Row]) -> list[Json]:
    made: list[Json] = []
    top = 0
    for row in rows:
        place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        made.append(
            {"id": len(made) + 1, "type": "row", "title": row.title, "collapsed": False,
             "gridPos": place, "panels": []}
        )  # fmt: skip
        top += 1
        left = tallest = 0
        for panel in row.panels:
            if panel.width > COLUMNS:
                raise ValueError(f"{panel.title}: width {panel.width}; a page has {COLUMNS}")
            if left + panel.width > COLUMNS:
                top, left, tallest = top + tallest, 0, 0
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            made.append({"id": len(made) + 1, "gridPos": place} | _panel(panel))
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest
    return made


def _panel(panel: Panel) -> Json:
    table = panel.kind in ("table", "matrix")
    made: Json = {
        "type": "table" if table else panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [
            _target(query, chr(ord("A") + number), panel.kind)
            for number, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
    }
    if panel.matrix is not None:
        rows, columns = panel.matrix
        option = {"rowField": rows, "columnField": columns, "valueField": "Value"}
        made["transformations"] = [{"id": "groupingToMatrix", "options": option}]
    elif panel.kind == "table":
        hidden = {"Time": True, "Value": True, "__name__": True, "job": True}
        made["transformations"] = [{"id": "organize", "options": {"excludeByName": hidden}}]
    return made


def _target(query: Query, ref: str, kind: Kind) -> Json:
    over_time = kind == "timeseries"
    return {
        "refId": ref,
        "datasource": DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "range": over_time,
        "instant": not over_time,
        "format": "table" if kind in ("table", "matrix") else "time_series",
    }


def _defaults(panel: Panel) -> Json:
    steps: list[Json] = [{"color": panel.first, "value": None}]
    steps += [{"color": colour, "value": value} for value, colour in panel.steps]
    made: Json = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    made["color"] = {"mode": "thresholds" if panel.kind != "timeseries" else "palette-classic"}
    for key, value in (("min", panel.low), ("max", panel.high), ("decimals", panel.decimals)):
        if value is not None:
            made[key] = value
    if panel.kind == "timeseries":
        made["custom"] = {
            "fillOpacity": 20 if panel.stacked else 0,
            "lineWidth": 1,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none"},
            "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
        }
    if panel.kind == "matrix":
        made["custom"] = {"cellOptions": {"type": "color-background", "mode": "basic"}}
    return made


_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: dict[Kind, Json] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": _LAST, "colorMode": "value", "graphMode": "none", "textMode": "auto",
    },
    "bargauge": {"reduceOptions": _LAST, "displayMode": "basic", "orientation": "horizontal"},
    "table": {"showHeader": True, "cellHeight": "sm"},
    "matrix": {"showHeader": True, "cellHeight": "sm"},
}  # fmt: skip
