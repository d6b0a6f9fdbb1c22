"""The catalogues: every part in every language, the same keys, the same placeholders."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest

from agents.workers import AGREE, SIGNAL
from domain.customer.cause import SIGNAL_INDEX
from domain.experience.decision import BusinessMeasure
from domain.kernel.scales import CHANNELS, FACTORS, FEATURES, STAGES, TIERS
from domain.policy.alerts import ALERT_KINDS, AlertRules
from domain.relationship.customer_state import STATES
from domain.relationship.progress import KNOWN_STAGES
from schemas import topics
from schemas.codec import REASONS
from schemas.figures import complaints, experience, relationship, value
from schemas.touchpoints import MODEL_OF_TYPE
from streams.serve.access.who import SCOPES_OF
from streams.serve.pages.templating import SCRIPT_WORDS
from streams.serve.telling import LANGUAGES, words
from streams.serve.telling.catalogues import DEFAULT, parts
from streams.serve.telling.catalogues import REASONS as REASONS_PART
from streams.serve.telling.form import COUNT, HINTS, NUMERIC, Placeholder, pieces

ALL: dict[str, dict[str, Mapping[str, str]]] = {
    language: dict(parts(language)) for language in LANGUAGES
}
OTHERS = [language for language in LANGUAGES if language != DEFAULT]
PARTS = sorted({part for found in ALL.values() for part in found})
HALF_WIDTH = re.compile(r"[一-鿿][,:;?!()]|[,:;?!()][一-鿿]")


def placeholders(text: str) -> Counter[str]:
    return Counter(piece.name for piece in pieces(text) if isinstance(piece, Placeholder))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("language", OTHERS)
def test_each_language_says_the_same(part: str, language: str) -> None:
    ours, theirs = ALL[DEFAULT].get(part, {}), ALL[language].get(part, {})
    assert sorted(ours) == sorted(theirs)
    for key, text in ours.items():
        assert set(placeholders(text)) == set(placeholders(theirs[key])), key
        assert text.strip() and theirs[key].strip(), key


def test_no_two_parts_say_the_same_key() -> None:
    keys = Counter(
        key for part, texts in ALL[DEFAULT].items() if part != REASONS_PART for key in texts
    )
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_hint_is_known(language: str) -> None:
    sets = {key.split(".")[0] for key in words(DEFAULT)}
    for texts in ALL[language].values():
        for key, text in texts.items():
            hints = {piece.hint for piece in pieces(text) if isinstance(piece, Placeholder)}
            unknown = {each for each in hints if each and each not in HINTS and each not in sets}
            unknown = {each for each in unknown if not NUMERIC.match(each)}
            assert language == DEFAULT or not unknown, key
            assert not [each for each in unknown if not each.startswith(COUNT)], key


def test_chinese_has_the_marks_of_chinese() -> None:
    """Beside a Chinese character stand full-width commas, colons, brackets."""
    said = {key: text for texts in ALL["zh"].values() for key, text in texts.items()}
    assert {key: text for key, text in said.items() if HALF_WIDTH.search(text)} == {}


NAMED: dict[str, object] = {
    "tier": TIERS,
    "alert": ALERT_KINDS,
    "suggested": ALERT_KINDS,
    "channel": CHANNELS,
    "factor": FACTORS,
    "feature": FEATURES,
    "stage": STAGES[1:],
    "relationship": STATES,
    "relationship_stage": KNOWN_STAGES,
    "lifecycle_phase": get_args(relationship.LifecyclePhase),
    "loyalty_diamond": get_args(relationship.DiamondClass),
    "loyalty_phase": get_args(relationship.LoyaltyPhase),
    "contact_type": get_args(relationship.ContactType),
    "churn_term": get_args(relationship.TermName),
    "loyalty_matrix": get_args(value.MatrixClass),
    "liquidity": get_args(value.Liquidity),
    "abc": get_args(value.AbcClass),
    "relation_class": get_args(value.RelationClass),
    "clv_class": get_args(value.ClvClass),
    "complaint_status": get_args(complaints.Status),
    "need": get_args(experience.Need),
    "business": get_args(BusinessMeasure),
    "event": MODEL_OF_TYPE,
    "signal": (*SIGNAL_INDEX, "systemic_issue", "channel_inconsistency", SIGNAL, AGREE),
    "dead_letter": REASONS,
    "role": SCOPES_OF,
    "scope": SCOPES_OF["admin"],
    "dimension": ("tier", "relationship", "lifecycle_phase", "relationship_stage", "customer"),
    "customer_record": ("known", "erased", "merged"),
    "alert_status": ("open", "acknowledged", "snoozed", "resolved", "settled"),
    "topic": (
        topics.ALERTS,
        topics.SEGMENT_UPDATES,
        topics.CARE_TASKS,
        topics.CUSTOMER_TRANSITIONS,
        topics.SIGNALS,
        topics.DEAD_LETTERS,
    ),
    "app_click": get_args(MODEL_OF_TYPE["app_click"].model_fields["action"].annotation),
    "campaign": get_args(MODEL_OF_TYPE["campaign"].model_fields["action"].annotation),
    "care": get_args(MODEL_OF_TYPE["care"].model_fields["action"].annotation),
    "desk_action": get_args(MODEL_OF_TYPE["desk"].model_fields["action"].annotation),
    "feedback": get_args(MODEL_OF_TYPE["feedback"].model_fields["kind"].annotation),
    "instrument": get_args(MODEL_OF_TYPE["survey"].model_fields["instrument"].annotation),
    "outcome": get_args(MODEL_OF_TYPE["service_contact"].model_fields["outcome"].annotation),
}
"""By fixed set, what is in it according to the code."""


@pytest.mark.parametrize("kind", NAMED)
def test_whatever_the_code_names_has_a_name(kind: str) -> None:
    named = NAMED[kind]
    assert [each for each in named if f"{kind}.{each}" not in words(DEFAULT)] == []  # type: ignore[attr-defined]


def test_what_is_suggested_is_what_the_policy_suggests() -> None:
    rules = AlertRules()
    for kind in ALERT_KINDS:
        assert words(DEFAULT)[f"suggested.{kind}"] == getattr(rules, kind).action


def said_in_code() -> tuple[set[str], set[str], set[str]]:
    """What pages, scripts and briefings spell out: whole strings, beginnings and ends of keys."""
    whole: set[str] = set()
    begun: set[str] = set()
    ended: set[str] = set()
    rooms = [Path(str(files(room))) for room in ("streams.serve", "streams.briefing")]
    for path in (each for room in rooms for each in room.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                ends = node.values[0], node.values[-1]
                for found, end in zip((begun, ended), ends, strict=True):
                    if isinstance(end, ast.Constant):
                        found.add(str(end.value))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
    for suffix in ("html", "js"):
        for path in (each for room in rooms for each in room.rglob(f"*.{suffix}")):
            text = path.read_text(encoding="utf-8")
            whole |= set(re.findall(r"""["'`]([\w.]+)["'`]""", text))
            begun |= set(re.findall(r""""([\w.]+\.)" ~ """, text))
            begun |= set(re.findall(r"`([\w.]+\.)\$\{", text))
    return whole, begun, ended


def test_every_word_of_a_page_is_said() -> None:
    whole, begun, ended = said_in_code()
    hints = {
        piece.hint
        for language in LANGUAGES
        for texts in ALL[language].values()
        for text in texts.values()
        for piece in pieces(text)
        if isinstance(piece, Placeholder)
    }
    sets = hints | whole | {each.removesuffix(".") for each in begun}
    stems = {each.removesuffix(".") for each in begun if each.endswith(".")}

    def is_said(key: str) -> bool:
        bare = key.removeprefix(SCRIPT_WORDS)
        kind = bare.split(".")[0]
        return (
            bare in whole
            or bare.rpartition(".")[0] in stems
            or any(end and bare.endswith(end) and bare[: -len(end)] in whole for end in ended)
            or (kind not in PARTS and kind in sets)
        )

    unsaid = [key for key in words(DEFAULT) if not is_said(key)]
    assert unsaid == []
