"""The table of rooms in docs/ARCHITECTURE.md is what import-linter checks, row by row."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def layered(container: str | None) -> list[tuple[str, ...]]:
    """The layers that import-linter holds of a container (``None``: of all), the top first."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [contract] = [
        each
        for each in config["tool"]["importlinter"]["contracts"]
        if each["type"] == "layers" and each.get("containers") == (container and [container])
    ]
    assert container is None or contract["exhaustive"]
    prefix = "" if container is None else container.replace(".", "/") + "/"
    return [
        tuple(prefix + name.strip() for name in layer.split("|")) for layer in contract["layers"]
    ]


def rooms() -> list[tuple[str, ...]]:
    """The rooms that each row of the tables names, without the slash at the end."""
    text = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    section = text.split("## The rooms\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", section, flags=re.MULTILINE)
    return [
        tuple(name.removesuffix("/").removesuffix(".py") for name in re.findall(r"`(.+?)`", row))
        for row in rows
    ]


@pytest.mark.parametrize("container", [None, "streams", "streams.reports", "domain"])
def test_rows_are_the_layers_that_are_held(container: str | None) -> None:
    depth = 0 if container is None else container.count(".") + 1
    prefix = "" if container is None else container.replace(".", "/") + "/"
    told = [
        row
        for row in rooms()
        if all(name.startswith(prefix) and name.count("/") == depth for name in row)
    ]
    assert told == layered(container)


def test_every_row_is_a_room_of_the_tree() -> None:
    for row in rooms():
        for name in row:
            path = ROOT / name
            assert path.is_dir() or path.with_suffix(".py").is_file(), name
