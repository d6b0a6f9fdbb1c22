"""Telling in the reader's language."""

from __future__ import annotations

import doctest
import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alerts.priority import priority
from domain.policy.relationship import RelationshipRules
from streams.serve.telling import LANGUAGES, Telling, language_of, words
from streams.serve.telling.form import fill, sentence

MODULES = ("catalogues", "figures", "form", "language", "segments", "telling")


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"streams.serve.telling.{name}"))
    assert found.attempted and not found.failed


@given(st.text(max_size=200), st.text(max_size=5))
def test_no_header_breaks_the_choice(accept: str, chosen: str) -> None:
    assert language_of(accept, chosen) in LANGUAGES


def test_what_is_not_given_is_told_all_the_same() -> None:
    assert fill("{a} {b:money} {c:,.0f} {d:time} {e:said}", {}, "zh") == "… … … … …"
    args = {"a": "x", "b": "dear", "c": "many", "d": "soon", "e": ""}
    assert fill("{a} {b:money} {c:,.0f} {d:time} {e:said}", args, "en") == "x dear many soon "


def test_a_sentence_with_an_unknown_one_within_it_is_told_in_english() -> None:
    args = {"tier": "vip", "why": "rule.of_later"}
    assert sentence("outrage.outraged", args, "zh") is None
    told = Telling("zh").told("outrage.outraged", args, "A vip customer is outraged. So.")
    assert told == "A vip customer is outraged. So."


def test_arguments_are_no_templates() -> None:
    assert fill("{a}", {"a": "{b} {a.__class__}", "b": "secret"}, "en") == "{b} {a.__class__}"
    with pytest.raises(ValueError):
        fill("{a.__class__!r}", {"a": 1}, "en")


def test_an_unknown_sentence_is_told_in_english() -> None:
    told = Telling("zh")
    assert told.reason({"reason": "As it was."}) == "As it was."
    record = {"reason": "As it was.", "reason_key": "rule.of_later", "reason_args": {}}
    assert told.reason(record) == "As it was."


def test_priorities_are_told_in_chinese() -> None:
    told, rules = Telling("zh"), RelationshipRules()
    said = told.priority(priority(4, rules, severe=True, outrage=True, churn_high=True).reason)
    assert not [letter for letter in said if letter.isalpha() and letter.isascii()], said
    risk = told.priority(priority(2, rules, churn_risk=0.72).reason)
    assert words("zh")["tier.key"] in risk and "0.72" in risk


def test_the_policys_own_words_stand() -> None:
    told = Telling("zh")
    assert (
        told.action("vip_new", words("en")["suggested.vip_new"]) == words("zh")["suggested.vip_new"]
    )
    assert told.action("vip_new", "Send flowers.") == "Send flowers."
