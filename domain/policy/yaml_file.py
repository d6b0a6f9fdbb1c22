"""YAML in which a name stands once: of two sections of one name the first would be lost."""

from __future__ import annotations

from typing import Any

import yaml


class Repeated(yaml.YAMLError):
    """A name is there twice in one mapping; the text says which, and in which lines."""


class _Loader(yaml.SafeLoader):
    """Safe YAML, with names that repeat refused."""


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


MERGE = "tag:yaml.org,2002:merge"
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(text: str) -> Any:
    """The value that YAML text stands for.

    Raises yaml.YAMLError, and of its kind Repeated.

    >>> read_yaml("tiers: {vip: 5}")
    {'tiers': {'vip': 5}}
    >>> read_yaml("vip: 5\\nvip: 4")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    domain.policy.yaml_file.Repeated: vip: given in line 1 and in line 2; must be there once: ...
    """
    return yaml.load(text, _Loader)
