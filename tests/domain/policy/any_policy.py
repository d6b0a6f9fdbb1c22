"""Any policy within bounds: some fields of the default one changed, most often to an extreme."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from domain.policy import Policy
from domain.policy.reference import EACH, Field, all_fields, ends

MOST_CHANGED = 40
MOST_ITEMS = 6
FORMS = {
    "^[A-Z]{3}$": ("CNY", "USD", "XXX"),
    "^[A-Z]{2}$": ("CN", "GB", "US"),
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": ("00:00", "09:30", "23:59"),
    r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$": ("00:01", "17:00", "24:00"),
}
ZONES = ("UTC", "Asia/Shanghai", "Pacific/Kiritimati", "America/St_Johns", "Australia/Lord_Howe")
FIELDS = {field.path: field for field in all_fields()}
OPEN = tuple(path for path in FIELDS if EACH not in path)

Place = tuple[Any, ...]


def policies() -> st.SearchStrategy[Policy]:
    """Policies that hold; what contradicts another field is taken back until they do."""
    changed = st.lists(st.sampled_from(OPEN), min_size=1, max_size=MOST_CHANGED, unique=True)
    return changed.flatmap(
        lambda paths: st.tuples(*(values(FIELDS[path]) for path in paths)).map(
            lambda given: holding(dict(zip(paths, given, strict=True)))
        )
    )


def everywhere(end: int) -> Policy:
    """The policy whose numbers are all at their lower (0) or upper (1) ends, where that holds."""
    given = {}
    for path in OPEN:
        for schema in FIELDS[path].schemas:
            if schema.get("type") in {"number", "integer"}:
                given[path] = ends(schema)[end]
    return holding(given)


def values(field: Field) -> st.SearchStrategy[Any]:
    """What may stand in a field."""
    kinds = [_of(field.path, schema) for schema in field.schemas]
    return st.one_of(*kinds, *([st.none()] if field.optional else []))


def _of(path: tuple[str, ...], schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    kind = schema.get("type")
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if kind in {"number", "integer"}:
        low, high = ends(schema)
        extremes = st.sampled_from((low, high))
        if kind == "integer":
            return st.one_of(extremes, st.integers(int(low), int(high)))
        return st.one_of(extremes, st.floats(low, high, allow_subnormal=False))
    if kind == "boolean":
        return st.booleans()
    if kind == "array":
        size = min(schema["maxItems"], max(schema.get("minItems", 0), MOST_ITEMS))
        return st.lists(_inside(path), min_size=schema.get("minItems", 0), max_size=size)
    if kind == "object":
        names = schema.get("propertyNames", {})
        if names.get("enum") and (*path, EACH) not in FIELDS:  # a section that may be null
            return st.none()
        keys = st.sampled_from(names["enum"]) if "enum" in names else _names(path)
        size = min(schema["maxProperties"], MOST_ITEMS)
        return st.dictionaries(keys, _inside(path), max_size=size)
    if schema.get("format") == "date":
        return st.dates().map(str)
    return _text(path, schema)


def _inside(path: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """An item of a list or mapping: a value, or a section of values."""
    inner = (*path, EACH)
    if inner in FIELDS:
        return values(FIELDS[inner])
    parts = {each[len(inner)]: FIELDS[each] for each in FIELDS if each[:-1] == inner}
    return st.fixed_dictionaries({name: values(field) for name, field in parts.items()})


def _names(path: tuple[str, ...]) -> st.SearchStrategy[str]:
    if path[-1] == "rates":
        return st.sampled_from(("USD", "EUR", "JPY", "XXX"))
    if path[:1] == ("segments",):
        return st.sampled_from(("s1", "s2", "app_launches", "push_share", "behaviours"))
    return st.sampled_from(("fraud", "fees", "amount", "satisfaction", "x" * 64))


def _text(path: tuple[str, ...], schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if path[-1] == "time_zone":
        return st.sampled_from(ZONES)
    if path[-1] == "feature" or path[-2:] == ("features", EACH):
        known = FIELDS["segments", "features"].default
        return st.sampled_from((*known, "complaints", "complaints_open", "transactions"))
    if schema.get("pattern") in FORMS:
        return st.sampled_from(FORMS[schema["pattern"]])
    long = schema.get("maxLength", 64)
    return st.sampled_from(("a", "service", "lurkers", "é" * long, "x" * long))


def holding(given: dict[tuple[str, ...], Any]) -> Policy:
    """The policy with these fields, less those that contradict others."""
    while True:
        policy = Policy().model_dump(mode="json")
        # Shorter paths first: a section before what is in it.
        for path in sorted(given, key=len):
            _set(policy, path, given[path])
        if not given:
            return Policy()
        try:
            return Policy.model_validate_json(json.dumps(policy), strict=True)
        except ValidationError as error:
            wrong = [tuple(map(str, each["loc"])) for each in error.errors()]
            left = {
                path: value
                for path, value in given.items()
                if not any(path == loc[: len(path)] or loc == path[: len(loc)] for loc in wrong)
            }
            # Where the other field of a pair is blamed, what stands beside it goes.
            beside = {
                path: value
                for path, value in given.items()
                if not any(path[: len(loc) - 1] == loc[:-1] for loc in wrong)
            }
            given = left if len(left) < len(given) else beside if len(beside) < len(given) else {}


def _set(policy: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        if policy.get(name) is None:  # a section that is null
            policy[name] = {}
        policy = policy[name]
    policy[path[-1]] = value
