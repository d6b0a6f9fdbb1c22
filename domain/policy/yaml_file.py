"""YAML as it looks: names stand once, and a value is what a reader takes it for.

YAML 1.1 reads ``no`` as false, ``12:30`` as 750 and ``010`` as 8. Here, as in YAML 1.2, only
``true`` and ``false`` are truth values and only what looks like a decimal number is one; all else
is text, which a field for a number refuses. Tags, and files that unfold to more than anybody
writes, are refused.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

LARGEST_BYTES: Final = 1 << 20
MOST_VALUES: Final = 50_000
"""Values that a file may stand for, those of its anchors counted wherever they are used."""
MERGE: Final = "tag:yaml.org,2002:merge"
WHOLE: Final = r"[-+]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)"
LONGEST_DIGITS: Final = 400
"""Of a whole number; a longer one is no figure, and Python refuses to read it."""


class Repeated(yaml.YAMLError):
    """A name is there twice in one mapping; the text says which, and in which lines."""


class _Loader(yaml.SafeLoader):
    """Safe YAML 1.2 scalars, with names that repeat refused."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == MERGE:
            continue
        line = key.start_mark.line + 1
        if key.value in seen:
            raise Repeated(
                f"{key.value}: given in line {seen[key.value]} and in line {line};"
                " must be there once: put both together"
            )
        seen[key.value] = line
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


def _int(loader: _Loader, node: yaml.ScalarNode) -> int | float:
    text: str = loader.construct_scalar(node).replace("_", "")
    return int(text) if len(text) <= LONGEST_DIGITS else float(text)


def _float(loader: _Loader, node: yaml.ScalarNode) -> float:
    text: str = loader.construct_scalar(node).lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


def _bool(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node).lower() == "true"


_SCALARS: Final = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF", _bool),
    ("int", WHOLE, "-+0123456789", _int),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
        _float,
    ),
    ("null", r"~|null|Null|NULL|", "~nN\0", None),
    ("merge", "<<", "<", None),
)
for _name, _pattern, _first, _construct in _SCALARS:
    _tag = f"tag:yaml.org,2002:{_name}"
    _Loader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), [*_first.strip("\0"), ""])
    if _construct is not None:
        _Loader.add_constructor(_tag, _construct)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(text: str) -> Any:
    r"""The value that YAML text stands for.

    Raises yaml.YAMLError, and of its kind Repeated.

    >>> read_yaml("tiers: {vip: 5}")
    {'tiers': {'vip': 5}}
    >>> read_yaml("{enabled: no, country: NO, opens: 12:30, days: 010, rate: 1e3}")
    {'enabled': 'no', 'country': 'NO', 'opens': '12:30', 'days': '010', 'rate': 1000.0}
    >>> read_yaml("vip: 5\nvip: 4")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    domain.policy.yaml_file.Repeated: vip: given in line 1 and in line 2; must be there once: ...
    """
    _refuse_tags(text)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_too_many(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_tags(text: str) -> None:
    for event in yaml.parse(text, Loader=_Loader):
        tag = getattr(event, "tag", None)
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if tag is not None:
            raise yaml.YAMLError(f"there is a tag in line {line}, {tag}; leave it out")
        if isinstance(event, yaml.ScalarEvent) and not _is_text(event.value):
            raise yaml.YAMLError(f"half of a surrogate pair in line {line}; write the character")


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _refuse_too_many(root: yaml.Node) -> None:
    """An anchor in an anchor in an anchor is a small file that stands for a huge one."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        known = sizes.get(id(node))
        if known is not None:
            return known
        sizes[id(node)] = 0  # a part that is in itself is refused where it is made
        inner: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            inner = node.value
        elif isinstance(node, yaml.MappingNode):
            inner = [each for pair in node.value for each in pair]
        found = sizes[id(node)] = 1 + sum(size(each) for each in inner)
        return found

    found = size(root)
    if found > MOST_VALUES:
        raise yaml.YAMLError(
            f"it stands for {found:,} values, {MOST_VALUES:,} at most: use fewer anchors"
        )
