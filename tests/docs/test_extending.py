"""What docs/EXTENDING.md says is touched to add something is what the code has of it today."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from domain.policy.alerts import ALERT_KINDS
from schemas.examples import EXAMPLES
from schemas.touchpoints import MODEL_OF_TYPE

ROOT = Path(__file__).resolve().parents[2]
MOST = {
    "An event type": 5,
    "An alert kind": 2,
    "A figure of a customer": 3,
    "A report section": 3,
}
ROLES = "streams/serve/access/who.py"
"""Of which one is called as a type of event is."""
DEMONSTRATES = ("streams/demo", "streams/sources", "schemas/examples.py")


def steps(title: str) -> list[str]:
    """The first cells of the table under a heading."""
    text = (ROOT / "docs/EXTENDING.md").read_text(encoding="utf-8")
    section = text.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \|", section, flags=re.MULTILINE)
    return rows[1:]


def named(step: str) -> list[str]:
    """The paths that a step names whole."""
    return [name for name in re.findall(r"`([^`]+)`", step) if "/" in name]


@cache
def sources() -> dict[str, str]:
    """The code of the product by path."""
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for room in ("agents", "domain", "schemas", "streams")
        for path in sorted((ROOT / room).rglob("*.py"))
    }


def places(word: str) -> set[str]:
    """The files that hold a word in quotes, but for what only demonstrates."""
    return {
        path
        for path, code in sources().items()
        if f'"{word}"' in code and not path.startswith(DEMONSTRATES)
    }


@pytest.mark.parametrize("title", MOST)
def test_so_few_files_are_touched_and_each_of_them_is_there(title: str) -> None:
    listed = steps(title)
    assert 0 < len(listed) <= MOST[title]
    for step in listed:
        for path in named(step):
            assert (ROOT / path).exists(), f"{title}: {path}"


@pytest.mark.parametrize("kind", ALERT_KINDS)
def test_an_alert_kind_is_known_to_the_policy_and_to_one_rule(kind: str) -> None:
    # doctests and examples
    told = ("schemas/", "streams/serve/pages/story.py", "streams/replay/results.py")
    found = {path for path in places(kind) if not path.startswith(told)}
    assert "domain/policy/alerts.py" in found
    [rule] = found - {"domain/policy/alerts.py"}
    assert rule.startswith("domain/")


@pytest.mark.parametrize("kind", MODEL_OF_TYPE)
def test_an_event_type_is_known_to_the_files_listed_alone(kind: str) -> None:
    listed = {path for step in steps("An event type") for path in named(step)}
    model = MODEL_OF_TYPE[kind].__name__
    assert f'type: Literal["{kind}"]' in sources()["schemas/touchpoints.py"]
    assert kind in EXAMPLES
    assert re.search(rf"^    {model}: ", sources()["domain/assembly/takes.py"], re.MULTILINE)
    registers = {
        path
        for path, code in sources().items()
        if (path != ROLES and re.search(rf'^ +"{kind}": (?!"|\(|\{{)', code, re.MULTILINE))
        or re.search(rf"^    {model}: _?\w", code, re.MULTILINE)
    }
    assert registers <= listed, "a register of event types that nobody is told of"
