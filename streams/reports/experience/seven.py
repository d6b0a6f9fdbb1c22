"""The seven-step cycle as a section: four steps from data, two decided, one measured again."""

from __future__ import annotations

from domain.experience.seven_steps import Feedback, Fit, SevenSteps
from streams.reports.form.document import Column, Section, table
from streams.reports.form.words import UNKNOWN, percent, words

COLUMNS = (Column("step", "Step", "number"), Column("name", "What"), Column("finding", "Finding"))
NAMES = (
    "brand value", "experience and expectation", "key experience", "gap to ideal",
    "requirements", "fit with strategy and ability", "feedback",
)  # fmt: skip


def steps(found: SevenSteps) -> Section:
    """A row for each step; one that has nothing to show says what it needs."""
    missing = dict(entry.split(" ", 1) for entry in found.missing)
    told = (
        _brand(found),
        _experience(found),
        None if found.key_experience is None else found.key_reason,
        _ideal(found),
        "; ".join(found.requirements or ()) or None,
        None if found.fit is None else _fit(found.fit),
        None if found.feedback is None else _feedback(found.feedback),
    )
    rows = [
        (number, name, finding or _needs(missing.get(str(number))))
        for number, (name, finding) in enumerate(zip(NAMES, told, strict=True), 1)
    ]
    said = (
        "The steps go from why customers come to what a decision has brought: steps 1 to 4 come"
        " from answers, 5 and 6 from a decision, 7 sets the next measurement beside the"
        " last, and what the business has grown by beside what was put in.",
    )
    return Section("seven_steps", "Seven steps", said, (table("seven_steps", COLUMNS, rows),))


def _brand(found: SevenSteps) -> str | None:
    named = [
        f"{words(one.factor)} {percent(one.share)} ({one.customers:,})" for one in found.brand_value
    ]
    return f"Customers come for {', '.join(named)}." if named else None


def _experience(found: SevenSteps) -> str | None:
    told = [
        f"{words(name)} {_score(row.experience)} of {_score(row.expectation)} expected"
        for name, row in found.experience.items()
        if row.experience is not None
    ]
    return f"{'; '.join(told)}." if told else None


def _ideal(found: SevenSteps) -> str | None:
    told = [f"{words(name)} {gap:+.1f}" for name, gap in found.gap_to_ideal.items()]
    return f"{', '.join(told)}." if told else None


def _fit(fit: Fit) -> str:
    return (
        f"{words(fit.decision).capitalize()}, decided on {fit.decided_on} by {fit.decided_by}."
        f" Strategy: {fit.strategy}. Ability: {fit.ability}."
    )


def _feedback(found: Feedback) -> str:
    since = "" if found.last_on is None else f" on {found.last_on}"
    effect = UNKNOWN if found.effect is None else f"{found.effect:.2f}"
    reasons = [one.reason for one in found.results] or [found.reason]
    again = "" if found.effect is None else " Step 1 begins again."
    return (
        f"{words(found.factor).capitalize()} {_score(found.now)} after {_score(found.last)}{since};"
        f" effect {effect}. {' '.join(reasons)}{again}"
    )


def _needs(missing: str | None) -> str:
    if missing is None:
        return UNKNOWN
    return f"Not known: it needs {missing.partition(': ')[2]}."


def _score(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f}"
