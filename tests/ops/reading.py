"""What stands in `ops/`: rules, their unit tests, and the expressions of the dashboards."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

OPS = Path(__file__).resolve().parents[2] / "ops"
RULES = sorted((OPS / "prometheus/rules").glob("*.yml"))
UNIT_TESTS = sorted((OPS / "prometheus/tests").glob("*.yml"))
DASHBOARDS = sorted((OPS / "grafana/dashboards").glob("*.json"))

_THRESHOLD = re.compile(r"\s*(?:==|!=|>=|<=|>|<)\s*-?\d[\d.]*")


class Rule(NamedTuple):
    """A rule; `name` is what it records or how the alert is called."""

    name: str
    expr: str
    alert: dict[str, Any] | None


def load(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules() -> list[Rule]:
    """Every rule of every file."""
    found = [rule for path in RULES for group in load(path)["groups"] for rule in group["rules"]]
    return [
        Rule(rule["alert"], rule["expr"], rule)
        if "alert" in rule
        else Rule(rule["record"], rule["expr"], None)
        for rule in found
    ]


def alerts() -> list[dict[str, Any]]:
    """Every alerting rule."""
    return [rule.alert for rule in rules() if rule.alert is not None]


def panels(path: Path) -> list[dict[str, Any]]:
    """The panels of a dashboard, its row headings left out."""
    held = json.loads(path.read_text(encoding="utf-8"))["panels"]
    return [panel for panel in held if panel["type"] != "row"]


def without_threshold(expr: str) -> str:
    """What an alert looks at, whatever its value: comparisons with numbers are left out.

    >>> without_threshold('sum(a{b=~"c"}) < -0.5 and d offset 1d >= 20')
    'sum(a{b=~"c"}) and d offset 1d'
    """
    return _THRESHOLD.sub("", expr)


def metrics(expr: str) -> set[str]:
    """The names of the metrics of ours in an expression, recorded ones left out.

    >>> sorted(metrics('job:touchline_a:sum + rate(touchline_b_total{c="touchline"}[1m])'))
    ['touchline_b_total']
    """
    bare = re.sub(r'"[^"]*"', "", expr)
    return set(re.findall(r"(?<![\w:])touchline_\w+(?![\w:])", bare))
