"""The examples in the docstrings of the rules hold."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import domain

MODULES = sorted(name for _, name, _ in pkgutil.walk_packages(domain.__path__, "domain."))


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name))]
    assert sum(bool(test.examples) for test in found) >= 8
