"""Who will answer a mailing by the model in use, and why: the largest contributions in words.

Log-odds = intercept + sum of weight x (value - mean) / standard deviation; each term is how much an
input moves it from that of the mean mailing. Terms of one subject (the hours, the channels) are
taken together.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import Final, NamedTuple

from domain.kernel.scales import CHANNELS, TIERS
from domain.kernel.wording import Wording
from domain.policy.propensity import PropensityRules
from domain.propensity.features import Known, group_of, inputs
from domain.value.row import HUNDREDTHS
from schemas.propensity import PropensityModel
from schemas.told import Told

SAID: Final = 3
"""So many contributions are said."""

NOBODY: Final = Wording("propensity.no_mailing", "No mailing was ever sent to the customer.")
NOT_YET: Final = Wording("propensity.no_model", "No answer to a mailing has been learnt from yet.")
TOO_LITTLE: Final = Wording(
    "propensity.too_little",
    "The model knows too little: {examples:,} examples, {answered:,} of them answered"
    " (at least {least:,}, and {each:,} of either kind, are needed).",
)
TOO_WEAK: Final = Wording(
    "propensity.too_weak",
    "The model knows too little: its AUC is {auc:.2f}, and must be at least {least:.2f}.",
)
ANSWERS: Final = Wording(
    "propensity.answers",
    "Of 100 such mailings by {channel} {share:.1f} are answered; what counts most: {why:said;}.",
)
SEGMENT: Final = Wording("propensity.because.segment", "segment {segment} ({odds:+.2f})")
NO_SEGMENT: Final = Wording("propensity.because.no_segment", "in no segment ({odds:+.2f})")
TIER: Final = Wording("propensity.because.tier", "tier {tier} ({odds:+.2f})")
RECENCY: Final = Wording(
    "propensity.because.recency", "{days:count day} since a purchase ({odds:+.2f})"
)
FREQUENCY: Final = Wording(
    "propensity.because.frequency", "{purchases:count purchase} in the window ({odds:+.2f})"
)
MONETARY: Final = Wording(
    "propensity.because.monetary", "bought for {amount:,.0f} in the window ({odds:+.2f})"
)
SATISFACTION: Final = Wording(
    "propensity.because.satisfaction", "satisfaction {level:.1f} ({odds:+.2f})"
)
SENT: Final = Wording(
    "propensity.because.sent", "{mailings:count mailing} sent before ({odds:+.2f})"
)
ANSWERED: Final = Wording(
    "propensity.because.answered", "{answered:,} of {sent:,} mailings answered ({odds:+.2f})"
)
CHANNEL: Final = Wording("propensity.because.channel", "sent by {channel} ({odds:+.2f})")
HOUR: Final = Wording("propensity.because.hour", "sent at {hour:02d}:00 ({odds:+.2f})")


class Answering(NamedTuple):
    """The probability of an answer, why, and the contributions that count most, in log-odds."""

    probability: float | None
    reason: Told
    terms: dict[str, float]


def answering(
    known: Known | None, model: PropensityModel | None, rules: PropensityRules
) -> Answering:
    """Who will answer; no probability while the model knows too little."""
    if known is None:
        return Answering(None, NOBODY(), {})
    if model is None:
        return Answering(None, NOT_YET(), {})
    if not model.believed:
        return Answering(None, _doubt(model, rules), {})
    odds, terms = log_odds(known, model, rules)
    probability = 1.0 / (1.0 + exp(-min(max(odds, -500.0), 500.0)))
    largest = sorted(terms.items(), key=lambda term: (-abs(term[1]), term[0]))[:SAID]
    why = [_SAYS[name](known, term) for name, term in largest]
    channel = CHANNELS[known.channel]
    return Answering(
        probability, ANSWERS(channel=channel, share=100 * probability, why=why), dict(largest)
    )


def log_odds(
    known: Known, model: PropensityModel, rules: PropensityRules
) -> tuple[float, dict[str, float]]:
    """The log-odds of an answer, and what each subject adds to them."""
    given, terms, odds = inputs(known, model.segments), dict[str, float](), model.intercept
    for each in model.weights:
        deviation = each.variance**0.5
        if each.name not in given:  # of a newer version, which knows more channels
            continue
        standard = (given[each.name] - each.mean) / deviation if deviation else 0.0
        term = each.weight * max(-rules.widest, min(rules.widest, standard))
        odds += term
        group = group_of(each.name)
        terms[group] = terms.get(group, 0.0) + term
    return odds, terms


def _doubt(model: PropensityModel, rules: PropensityRules) -> Told:
    fewest = min(model.answered, model.examples - model.answered)
    if model.auc is None or model.examples < rules.least_examples or fewest < rules.least_each:
        return TOO_LITTLE(
            examples=model.examples, answered=model.answered, least=rules.least_examples,
            each=rules.least_each,
        )  # fmt: skip
    return TOO_WEAK(auc=model.auc, least=rules.least_auc)


def _segment(known: Known, odds: float) -> Told:
    return SEGMENT(segment=known.segment, odds=odds) if known.segment else NO_SEGMENT(odds=odds)


_SAYS: Final[dict[str, Callable[[Known, float], Told]]] = {
    "segment": _segment,
    "tier": lambda known, odds: TIER(tier=TIERS[known.tier], odds=odds),
    "recency": lambda known, odds: RECENCY(days=known.recency, odds=odds),
    "frequency": lambda known, odds: FREQUENCY(purchases=known.frequency, odds=odds),
    "monetary": lambda known, odds: MONETARY(amount=known.monetary / HUNDREDTHS, odds=odds),
    "satisfaction": lambda known, odds: SATISFACTION(level=known.satisfaction, odds=odds),
    "sent": lambda known, odds: SENT(mailings=known.sent, odds=odds),
    "answered": lambda known, odds: ANSWERED(answered=known.answered, sent=known.sent, odds=odds),
    "channel": lambda known, odds: CHANNEL(channel=CHANNELS[known.channel], odds=odds),
    "hour": lambda known, odds: HOUR(hour=known.hour, odds=odds),
}
"""How a contribution is said, by the subject of its inputs."""
