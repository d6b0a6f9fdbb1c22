"""Every reason that comes out can be told: in English as it stands, in Chinese in full."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.customers import customers
from agents.modellings import modellings
from domain.kernel.wording import WORDINGS
from domain.policy import Policy
from schemas import topics
from schemas.examples import OUTPUT_EXAMPLES
from schemas.figures import CustomerFigures
from schemas.figures.terms import Reasoned
from schemas.told import MAX_ARGUMENTS
from streams.replay.events import Replay
from streams.serve.telling.catalogues import reasons
from streams.serve.telling.english import english
from streams.serve.telling.form import MISSING, Placeholder, pieces, sentence
from streams.sources.bank import Bank

EXAMPLE = Path(__file__).resolve().parents[4] / "docs" / "events.jsonl"
DAY_MS = 86_400_000
TOLD = {
    topics.ALERTS,
    topics.ALERT_STATES,
    topics.CARE_TASKS,
    topics.CUSTOMER_TRANSITIONS,
    topics.SEGMENT_UPDATES,
    topics.SIGNALS,
}


def fault(key: str | None, args: Mapping[str, object] | None, text: str) -> str | None:
    """What is wrong with a reason; English may have been cut where it is kept or sent."""
    if key is None:
        return f"no key: {text}"
    if len(args or {}) > MAX_ARGUMENTS:
        return f"too many arguments: {key}"
    again = sentence(key, args or {}, "en")
    if again != text and not (again or "").startswith(text.removesuffix("…")):
        return f"{key}: {text!r} is told as {again!r}"
    chinese = sentence(key, args or {}, "zh")
    return f"{key} in Chinese: {chinese}" if not chinese or MISSING in chinese else None


def parts(figures: CustomerFigures) -> Iterator[Reasoned]:
    yield from (figures.value, figures.relationship, figures.experience, figures.identification)
    yield from figures.identification.approach
    yield from figures.complaint_cases


def faults(replay: Any, sent: Iterator[tuple[str, bytes]]) -> Iterator[str | None]:
    """Of every output, and then of every figure of every customer."""
    for topic, value in sent:
        output = msgspec.json.decode(value) if topic in TOLD and value else {}
        if "reason" in output:  # one that deletes has none
            yield fault(output.get("reason_key"), output.get("reason_args"), output["reason"])
    for _, figures in replay.exported():
        for part in parts(figures):
            for name in type(part).reason_fields:
                told = part.reasons.get(name)
                text = getattr(part, name)
                yield "no key" if told is None else fault(told.key, told.args, text)


def run(lines: list[bytes], policy: Policy) -> set[str]:
    replay = Replay(customers(policy), 2, modellings(policy))
    sent = itertools.chain(replay.feed(lines), replay.until(replay.now + 20 * DAY_MS))
    return {each for each in faults(replay, sent) if each is not None}


def test_the_catalogue_is_what_the_rules_say() -> None:
    """`python -m streams.serve.telling.english` writes it anew."""
    assert dict(reasons("en")) == english()


SAMPLES = {"said": "churn.open", "said;": "churn.open, churn.overdue", "said,": "sign.offer",
           "said&": "churn.open, churn.overdue, churn.nothing", "inline": "churn.open",
           "list": "nps, csat", "words": "push_share", "capital": "security", "": "a1"}  # fmt: skip
"""A value for each way of writing that is of texts; the others are of numbers."""
NUMBERS = (0, 1, 2, 1_234, 90_061_000)


def given(text: str, number: int) -> dict[str, Any]:
    """Arguments of a sentence as a rule would give them, apart from those within it."""
    found: dict[str, Any] = {}
    for piece in pieces(text):
        if isinstance(piece, Placeholder):
            found[piece.name] = SAMPLES.get(piece.hint, number)
    return found


@pytest.mark.parametrize("key", sorted(english()))
def test_the_catalogue_tells_what_the_rule_says(key: str) -> None:
    """Whatever the arguments are, also of sentences that no replay here comes to."""
    wording = WORDINGS[key]
    for number in NUMBERS:
        args = given(wording.text, number)
        told = wording(**{name: as_a_rule(value) for name, value in args.items()})
        assert fault(told.key, told.args, str(told)) is None


def as_a_rule(value: Any) -> Any:
    """Keys are sentences, and names parted by commas are several."""
    if value == "nps, csat":
        return ("nps", "csat")
    if not isinstance(value, str) or "." not in value:
        return value
    said = [WORDINGS[key]() for key in value.split(", ")]
    return said[0] if len(said) == 1 else said


@pytest.mark.parametrize("name", sorted(OUTPUT_EXAMPLES))
def test_what_the_examples_say_is_told(name: str) -> None:
    for example in OUTPUT_EXAMPLES[name]:
        if "reason_key" in example:
            assert fault(example["reason_key"], example["reason_args"], example["reason"]) is None


def test_whatever_comes_of_a_bank_is_told() -> None:
    bank = Bank(seed=5, customers=60, vip_share=0.5, haste=60.0, late=0.02, bad=0.0)
    lines = [record.value for record in itertools.islice(bank.events(), 2_000)]
    assert run(lines, Policy()) == set()


def test_whatever_comes_of_the_example_is_told() -> None:
    assert run(EXAMPLE.read_bytes().splitlines(), Policy()) == set()
