"""Debian's Prometheus on a free port, with our rules, over one worker and one serve; for tests."""

import json
import math
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from streams.cluster.child import Child
from tests.ops.reading import OPS, RULES, load
from tests.streams.running import got, until

THEN = "offset 5s"
"""What stands for yesterday and last week: a test has neither."""


class Prometheus:
    """A running server, asked over HTTP as Grafana asks it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def series(self, expr: str) -> list[dict[str, Any]]:
        """The series of an expression as of now. Raises HTTPError where it is refused."""
        found: list[dict[str, Any]] = self._get("query", query=expr)["result"]
        return found

    def has_data(self, expr: str) -> bool:
        """Whether some series of the expression is a number."""
        return any(math.isfinite(float(one["value"][1])) for one in self.series(expr))

    def rules(self) -> list[dict[str, Any]]:
        """Every rule with its health, as loaded."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what: str, **parameters: str) -> dict[str, Any]:
        url = f"{self.address}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            data: dict[str, Any] = json.load(answer)["data"]
        return data


def derived(directory: Path, targets: Mapping[str, str]) -> Path:
    """Our configuration, each second over the address of each job, with then close to now.

    Nothing else is changed: rules keep their expressions, ranges and thresholds.
    """
    rules = directory / "rules"
    rules.mkdir()
    for path in RULES:
        text = re.sub(r"offset (1d|7d)", THEN, path.read_text(encoding="utf-8"))
        (rules / path.name).write_text(text, encoding="utf-8")
    config = load(OPS / "prometheus/prometheus.yml")
    del config["alerting"]
    config["global"] = {
        "scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s",
    }  # fmt: skip
    jobs = {one["job_name"]: one for one in config["scrape_configs"]}
    for name, page in targets.items():
        jobs[name]["static_configs"] = [{"targets": [page.removeprefix("http://")]}]
    config["scrape_configs"] = [jobs[name] for name in targets]
    path = directory / "prometheus.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


@contextmanager
def running(program: Path, directory: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """A server that ends with this block, and with this process at the latest."""
    log = directory / "prometheus.log"
    config = derived(directory, targets)
    line = [str(program), f"--config.file={config}", "--web.listen-address=127.0.0.1:0"]
    line += [f"--storage.tsdb.path={directory / 'data'}", "--log.format=json"]
    child = Child(line, log)

    def address() -> str | None:
        assert child.pid is not None, log.read_text()
        found = re.search(
            r'"address":"(127\.0\.0\.1:\d*[1-9]\d*)".*"Listening on"', log.read_text()
        )
        return f"http://{found[1]}" if found else None

    try:
        page = until(address, "Prometheus")
        until(lambda: got(f"{page}/-/ready")[0] == 200 or None, "Prometheus to be ready")
        yield Prometheus(page)
    finally:
        ended = child.stop(30.0)
    assert ended, log.read_text()
