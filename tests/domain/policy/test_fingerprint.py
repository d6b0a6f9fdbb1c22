"""One fingerprint for one policy, however it is written; another for any other number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field
from xxhash import xxh3_64_hexdigest

from domain.policy import Policy, load_policy
from domain.policy.changes import fields
from domain.policy.fingerprint import fingerprint
from domain.policy.sections import Section

BY_DEFAULT = fingerprint(Policy())


class Known(Section):
    """A section whose fingerprint is known."""

    lines: dict[str, float] = Field(default={"b": 2.0, "a": -0.0})
    on: bool = True
    names: tuple[str, ...] = ("ä", "y")
    none: int | None = None


class Whole(Section):
    """Any policy, as plain values."""

    policy: dict[str, Any]


def test_the_canonical_form_never_moves() -> None:
    text = '{"lines":{"a":0.0,"b":2.0},"names":["\\u00e4","y"],"none":null,"on":true}'
    assert json.loads(text) == Known().model_dump(mode="json")
    assert fingerprint(Known()) == xxh3_64_hexdigest(text.encode()) == "e63c2ac0f6e343a2"


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=st.data())
def test_order_defaults_and_ways_to_write_a_number_do_not_count(
    drawn: st.DataObject, tmp_path: Path
) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            names = drawn.draw(st.permutations(sorted(value)))
            return {name: turned(value[name]) for name in names}
        if type(value) is float and value.is_integer() and drawn.draw(st.booleans()):
            return int(value)
        return value

    whole = Policy().model_dump(mode="json")
    kept = drawn.draw(st.sets(st.sampled_from(sorted(whole)), min_size=1))
    path = tmp_path / "policy.yaml"
    path.write_text(
        "# again\n" + yaml.safe_dump(turned({n: whole[n] for n in kept}), sort_keys=False)
    )
    assert fingerprint(load_policy(path)) == BY_DEFAULT


@settings(max_examples=60, deadline=None)
@given(drawn=st.data())
def test_any_other_number_counts(drawn: st.DataObject) -> None:
    numbers = {name: value for name, value in fields(Policy()).items() if type(value) is float}
    name = drawn.draw(st.sampled_from(sorted(numbers)))
    whole = Policy().model_dump(mode="json")
    before = fingerprint(Whole(policy=whole))
    *way, last = name.split(".")
    section: Any = whole
    for step in way:
        section = section[int(step) if isinstance(section, list) else step]
    section[last] = numbers[name] * (1 + 2**-40) + 2**-40
    assert fingerprint(Whole(policy=whole)) != before


def test_who_gets_the_briefing_is_no_other_policy() -> None:
    other = {"recipients": [{"role": "head", "email": "a@b.example"}], "tiers": ["key"]}
    assert fingerprint(Policy.model_validate({"briefing": other})) == BY_DEFAULT
    assert "briefing" in Policy.judges_nobody
