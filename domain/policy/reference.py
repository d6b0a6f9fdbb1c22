"""Every field of the policy with its default and what may stand there, from the models themselves.

Of it `docs/POLICY.md` is made (`touchline policy fields`), and a test holds that there is no number
without both bounds, no list without a longest length, no text without one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from domain.policy import Policy
from domain.policy.alerts import AlertRules

EACH: Final = "*"
"""Stands in a path for each item of a list, and for each name of a mapping."""
ENDS: Final = ("Minimum", "Maximum")
LONGEST_CELL: Final = 60
TITLE: Final = """# The policy, field by field

`touchline policy fields` prints this page. A policy file (YAML, at most 1 MiB) gives those of these
fields that are to differ; `touchline policy check FILE` says whether it makes sense, and a worker
refuses to start with one that does not. Times are in the unit their name ends with, amounts in base
currency.

A number within these bounds can be counted with whatever comes; one outside is refused, as is one
that contradicts another field: tiers and lines ascend, a higher tier is never promised less, shares
leave a rest. The sentence of the refusal names both fields. A moment's weight is 0 or at least
0.001. `*` stands for each item of a list, or each name of a mapping.

YAML is read as it looks: only `true` and `false` are truth values, only decimal numbers are numbers
(`12:30`, `010` and `no` are text), a name stands once, tags are refused, and a file may stand for
50,000 values at most, anchors unfolded.
"""


class Field(NamedTuple):
    """A field, or what stands in its list or mapping (``*`` in the path), as JSON Schema has it.

    ``schemas`` are the alternatives, `null` left out; ``optional`` says that null may stand there.
    """

    path: tuple[str, ...]
    schemas: tuple[Mapping[str, Any], ...]
    optional: bool
    default: Any


def all_fields() -> list[Field]:
    """Every field that is no section, in the order of the policy; items after their list."""
    schema = Policy.model_json_schema()
    defaults = Policy().model_dump(mode="json")
    return list(_fields((), schema, schema["$defs"], defaults))


def unbounded(field: Field) -> list[str]:
    """What a field lacks so that all that it allows is bounded.

    >>> unbounded(Field(("a",), ({"type": "number", "minimum": 0},), False, 1.0))
    ['maximum']
    """
    missing: list[str] = []
    for schema in field.schemas:
        kind = schema.get("type")
        if "enum" in schema or "const" in schema or kind == "boolean":
            continue
        if kind in {"number", "integer"}:
            missing += [end.lower() for end in ENDS if _end(schema, end) is None]
        elif kind == "array":
            missing += [] if "maxItems" in schema else ["maxItems"]
        elif kind == "string":
            fixed = {"maxLength", "format"} & set(schema) or _fixed(schema.get("pattern", "*"))
            missing += [] if fixed else ["maxLength"]
        elif kind == "object":
            missing += [] if "maxProperties" in schema else ["maxProperties"]
            names = schema.get("propertyNames", {})
            closed = {"enum", "maxLength"} & set(names) or all(
                map(_fixed, schema.get("patternProperties", {"*": None}))
            )
            missing += [] if closed else ["propertyNames"]
        else:
            missing.append("type")
    return missing


def ends(schema: Mapping[str, Any]) -> tuple[float, float]:
    """The lowest and highest number that a bounded schema allows."""
    kind: type[float] = int if schema["type"] == "integer" else float
    low, high = kind(_bound(schema, "Minimum")), kind(_bound(schema, "Maximum"))
    step = 1 if kind is int else 1e-3
    return (
        low if "minimum" in schema else low + step,
        high if "maximum" in schema else high - step,
    )


def _bound(schema: Mapping[str, Any], end: str) -> float:
    found = _end(schema, end)
    assert found is not None, f"a number without a {end.lower()}: a test refuses it"
    return found


def _end(schema: Mapping[str, Any], end: str) -> float | None:
    """The bound of a number at one of its `ENDS`, itself allowed or not."""
    bound: float | None = schema.get(end.lower(), schema.get(f"exclusive{end}"))
    return bound


def _fixed(pattern: str) -> bool:
    """Whether a pattern holds of texts of a few lengths alone."""
    return pattern.startswith("^") and pattern.endswith("$") and not set(pattern) & set("*+.")


def document() -> str:
    """The page in Markdown."""
    lines: list[str | None] = [TITLE]
    section = ""
    for field in all_fields():
        if field.path[-2:] == (EACH, EACH) or _told_before(field.path):
            continue
        if field.path[0] != section:
            section = field.path[0]
            kind = Policy.model_fields[section].annotation
            told = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
            lines += ["" if lines[1:] else None, f"## {section}", "", told, ""]
            lines += ["| field | default | what may stand there |", "|---|---|---|"]
        allowed = " or ".join(map(_words, field.schemas)) + " or null" * field.optional
        default = "" if EACH in field.path else _code(_short(json.dumps(field.default)))
        lines.append(f"| `{'.'.join(field.path[1:])}` | {default} | {allowed} |")
    return "\n".join(line for line in lines if line is not None) + "\n"


def _told_before(path: tuple[str, ...]) -> bool:
    """Conditions are alike for every kind of alert: those of the first stand for all."""
    first = next(iter(AlertRules.model_fields))
    return path[:2] == ("alerts", "rules") and path[2] != first and "condition" in path[3:-1]


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _short(text: str) -> str:
    text = text.replace("|", "\\|")
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}..."


def _words(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema["type"]
    if kind in {"number", "integer"}:
        what = "whole number" if kind == "integer" else "number"
        low, high = (f"{_bound(schema, end):,.15g}" for end in ENDS)
        return f"{what} {_over(schema)} {low} {_under(schema)} {high}"
    if kind == "array":
        least, most = schema.get("minItems", 0), schema["maxItems"]
        return f"list of {most}" if least == most else f"list of {least} to {most:,}"
    if kind == "object":
        return f"mapping of up to {schema['maxProperties']:,}"
    if kind == "boolean":
        return "true or false"
    if schema.get("format") == "date":
        return "day, such as 2026-05-01"
    if "maxLength" in schema:
        return f"text of {schema.get('minLength', 0)} to {schema['maxLength']:,} characters"
    return f"text of the form {_code(schema['pattern'].replace('|', chr(92) + '|'))}"


def _over(schema: Mapping[str, Any]) -> str:
    return "from" if "minimum" in schema else "above"


def _under(schema: Mapping[str, Any]) -> str:
    return "to" if "maximum" in schema else "to below"


def _fields(
    path: tuple[str, ...], schema: Mapping[str, Any], defs: Mapping[str, Any], default: Any
) -> Iterator[Field]:
    """The fields at and below a path."""
    alternatives = [_resolved(each, defs) for each in schema.get("anyOf", [schema])]
    kinds = tuple(each for each in alternatives if each.get("type") != "null")
    optional = len(kinds) < len(alternatives)
    sections = [each for each in kinds if "properties" in each]
    if not sections or optional:
        yield Field(path, tuple(map(_of_section, kinds)), optional, default)
    for each in kinds:
        if "properties" in each:
            for name, inner in each["properties"].items():
                inner_default = default.get(name) if isinstance(default, dict) else None
                yield from _fields((*path, name), inner, defs, inner_default)
        elif each.get("type") == "array":
            items = each.get("items") or each["prefixItems"][0]
            yield from _fields((*path, EACH), items, defs, None)
        elif each.get("type") == "object":
            patterns = each.get("patternProperties", {}).values()
            for values in (*patterns, *filter(None, [each.get("additionalProperties")])):
                yield from _fields((*path, EACH), values, defs, None)


def _of_section(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A section that may be null, as a mapping of as many names as it has."""
    if "properties" not in schema:
        return schema
    names = list(schema["properties"])
    return {"type": "object", "maxProperties": len(names), "propertyNames": {"enum": names}}


def _resolved(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    return defs[reference.rsplit("/", 1)[1]] if reference else schema
