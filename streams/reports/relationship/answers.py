"""Who answers mailings: how good the model is, what it goes by, who is likely to, as a section."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from domain.policy.propensity import PropensityRules
from domain.propensity.features import SEGMENT
from domain.propensity.portfolio import MailingReport
from domain.propensity.quality import table as calibration
from schemas.propensity import BINS, PropensityModel
from streams.reports.form.document import Column, Section, Table, table
from streams.reports.form.words import percent, plural, words

TITLE: Final = "Answers to mailings"
CALIBRATION: Final = (
    Column("probability", "Probability told"),
    Column("examples", "Mailings", "count"),
    Column("predicted", "Told on average", "share"),
    Column("answered", "Answered", "share"),
    Column("customers", "Customers now", "count"),
)
WEIGHTS: Final = (Column("input", "Input"), Column("weight", "Log-odds a deviation", "score"))
LIKELY: Final = (
    Column("customer", "Customer"),
    Column("probability", "Probability", "share"),
    Column("reason", "Why"),
)
MOST_WEIGHTS: Final = 12


def answers(
    found: MailingReport,
    model: PropensityModel | None,
    rules: PropensityRules,
    named: Callable[[str], str],
) -> Section:
    """The answers so far, and the model with its quality where anything was learnt."""
    if not found.sent:
        return Section("answers", TITLE)
    said = [
        f"{plural(found.sent, 'mailing')} to {plural(found.customers, 'customer')};"
        f" {percent(found.answered / found.sent, 1)} of them answered, of {found.waiting:,} it is"
        " not known for good yet."
    ]
    if model is None:
        return Section("answers", TITLE, (*said, "No answer has been learnt from yet."))
    said.append(_quality(model, rules))
    if found.known:
        said.append(
            f"Of {plural(found.known, 'customer')} {found.expected:,.0f} would answer one more now."
        )
    parts = [_calibration(found, model), _weights(model, named)]
    if found.likely:
        rows = [(one.customer_id, one.probability, one.reason) for one in found.likely]
        parts.append(table("likely_answers", LIKELY, rows, title="Most likely to answer"))
    return Section("answers", TITLE, tuple(said), tuple(parts))


def _quality(model: PropensityModel, rules: PropensityRules) -> str:
    of = f"{plural(model.learnt, 'example')} learnt, {model.dropped:,} dropped unlearnt"
    if model.auc is None or model.log_loss is None or model.calibration_error is None:
        return f"The model knows too little: {of}, {model.answered:,} of them answered."
    good = (
        f"AUC {model.auc:.3f}, log loss {model.log_loss:.3f} and calibration error"
        f" {model.calibration_error:.3f} over the last {model.examples:,}, each predicted before it"
        f" was learnt; {of}."
    )
    if model.believed:
        return good
    return (
        f"The model knows too little to tell a probability (it takes {rules.least_examples:,}"
        f" examples, {rules.least_each:,} of either kind, and an AUC of {rules.least_auc:g}):"
        f" {good}"
    )


def _calibration(found: MailingReport, model: PropensityModel) -> Table:
    rows = []
    for place, each in enumerate(calibration((model.before, model.judged))):
        told = each.predicted / each.examples if each.examples else None
        true = each.answered / each.examples if each.examples else None
        name = f"{100 * place // BINS}-{100 * (place + 1) // BINS}%"
        rows.append((name, each.examples, told, true, found.by_tenth[place]))
    return table("calibration", CALIBRATION, rows, title="Told and true")


def _weights(model: PropensityModel, named: Callable[[str], str]) -> Table:
    largest = sorted(model.weights, key=lambda each: (-abs(each.weight), each.name))
    rows = [(_input(each.name, named), each.weight) for each in largest[:MOST_WEIGHTS]]
    return table("answer_weights", WEIGHTS, rows, title="What the model goes by")


def _input(name: str, named: Callable[[str], str]) -> str:
    group, _, value = name.partition(":")
    if not value:
        return words(group)
    return f"{words(group)} {named(value) if group == SEGMENT else words(value)}"
