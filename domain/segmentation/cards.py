"""The cards of a model: what a segment is like, in words and real units, and what to do with it.

A name is the operator's pin, else that of the first strategy that fits, else made of the two
most telling features. A name stays while it is still true, with some slack, so that a segment
at the edge of a condition is not renamed to and fro. No two cards have the same name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.kernel.words import feature_words
from domain.policy.segments import SegmentRules, Strategy
from domain.segmentation.features import FeatureSet
from domain.segmentation.population import Population, Scaler
from schemas.fields import LABEL_CHARACTERS
from schemas.segments import SegmentCard, Telling

Floats = NDArray[np.float64]

TELLING: Final = 0.25
"""Standard deviations from the mean of all customers from which a feature is telling."""
STILL_TELLING: Final = 0.15
STILL_AVERAGE: Final = 0.35
AVERAGE: Final = "average"
"""The name of a segment that no feature tells from the rest."""
SLACK_DEVIATIONS: Final = 0.2
SLACK_SHARE: Final = 0.1
NAMED_FEATURES: Final = 2
_ID_SUFFIX: Final = re.compile(r" \(([^()]+)\)$")


@dataclass(frozen=True)
class Profile:
    """What a segment's customers are like; dictionaries are by feature.

    `values` and `spread` are mean and standard deviation in real units; `deviations` says by
    how many standard deviations the transformed mean lies above that of all customers.
    """

    segment_id: str
    size: int
    values: Mapping[str, float]
    spread: Mapping[str, float]
    deviations: Mapping[str, float]

    @cached_property
    def telling(self) -> list[tuple[str, float]]:
        """The features that tell it from the rest, the most telling first."""
        ranked = sorted(self.deviations.items(), key=lambda item: -abs(item[1]))
        return [item for item in ranked if abs(item[1]) >= TELLING]


def profiles(
    population: Population,
    labels: NDArray[np.intp],
    centres: Floats,
    ids: Sequence[str],
    *,
    features: FeatureSet,
    scaler: Scaler,
) -> list[Profile]:
    """The profile of each segment.

    `labels` (m,) say which segment a micro-cluster belongs to; `centres` (k, d) are transformed,
    and all there is of a segment that has no customers at the moment.
    """
    members = (labels == np.arange(len(ids))[:, None]).astype(np.float64)
    sizes = members @ population.counts
    each = np.maximum(sizes, 1.0)[:, None]
    values = members @ population.raw_sums / each
    squares = members @ population.raw_squares / each
    spread = np.sqrt(np.maximum(squares - values**2, 0.0))
    values = np.where(sizes[:, None] > 0, values, features.restore(centres))
    deviations = (centres - scaler.mean) / scaler.scale
    return [
        Profile(
            identity,
            round(float(sizes[row])),
            _by_feature(features.names, values[row]),
            _by_feature(features.names, spread[row]),
            _by_feature(features.names, deviations[row]),
        )
        for row, identity in enumerate(ids)
    ]


def make_cards(
    found: Sequence[Profile],
    customers: int,
    version: int,
    rules: SegmentRules,
    previous: Sequence[SegmentCard],
) -> tuple[SegmentCard, ...]:
    """A card for each profile, in the same order; `customers` are all that have a vector."""
    old = {card.segment_id: card for card in previous}
    names = give_names(found, {name: card.name for name, card in old.items()}, rules)
    return tuple(
        SegmentCard(
            segment_id=profile.segment_id,
            name=names[profile.segment_id],
            strategy=_advice(profile, names[profile.segment_id], rules),
            size=profile.size,
            share=min(profile.size / customers, 1.0),
            centroid=dict(profile.values),
            spread=dict(profile.spread),
            telling=tuple(
                Telling(feature=feature, deviations=deviations)
                for feature, deviations in profile.telling
            ),
            since_version=(
                old[profile.segment_id].since_version if profile.segment_id in old else version
            ),
        )
        for profile in found
    )


def give_names(
    found: Sequence[Profile], previous: Mapping[str, str], rules: SegmentRules
) -> dict[str, str]:
    """A name for each segment, by id: pins first, then names still true, then the largest."""
    names = {each.segment_id: rules.names[each.segment_id] for each in found if _pin(each, rules)}
    taken = set(names.values())
    for each in found:
        old = previous.get(each.segment_id)
        if each.segment_id not in names and old not in taken and _still_true(old, each, rules):
            assert old is not None
            names[each.segment_id] = old
            taken.add(old)
    for each in sorted(found, key=lambda profile: -profile.size):
        if each.segment_id not in names:
            name = next(name for name in _candidates(each, rules) if name not in taken)
            names[each.segment_id] = name
            taken.add(name)
    return names


def _by_feature(features: Sequence[str], row: Floats) -> dict[str, float]:
    return dict(zip(features, row.tolist(), strict=True))


def _pin(profile: Profile, rules: SegmentRules) -> bool:
    return profile.segment_id in rules.names


def _first_fit(profile: Profile, rules: SegmentRules) -> Strategy | None:
    fits = (each for each in rules.strategies if each.fits(profile.values, profile.deviations))
    return next(fits, None)


def _advice(profile: Profile, name: str, rules: SegmentRules) -> str:
    """The text of the strategy that the name is from, else of the one that fits."""
    strategy = None if _pin(profile, rules) else _named_after(name, rules)
    strategy = strategy or _first_fit(profile, rules)
    return strategy.text if strategy else rules.other_strategy


def _named_after(name: str, rules: SegmentRules) -> Strategy | None:
    """The strategy whose name this is, alone or with something added."""
    for strategy in rules.strategies:
        if name == strategy.name or name.startswith((f"{strategy.name}, ", f"{strategy.name} (")):
            return strategy
    return None


def _phrase(feature: str, deviations: float) -> str:
    return f"{'high' if deviations > 0 else 'low'} {feature_words(feature)}"


def _candidates(profile: Profile, rules: SegmentRules) -> Iterator[str]:
    """Names from the shortest to one that nobody else can have, each within a label's length."""
    phrases = [_phrase(*item) for item in profile.telling]
    strategy = _first_fit(profile, rules)
    used = 0 if strategy else NAMED_FEATURES
    base = strategy.name if strategy else ", ".join(phrases[:NAMED_FEATURES]) or AVERAGE
    suffix = f" ({profile.segment_id})"
    last = base[: LABEL_CHARACTERS - len(suffix)] + suffix
    if len(base) <= LABEL_CHARACTERS:
        yield base
    for phrase in phrases[used:]:
        if len(f"{base}, {phrase}") <= LABEL_CHARACTERS:
            yield f"{base}, {phrase}"
    yield last
    # Only a pin can have taken the name with this segment's own id in it.
    for number in range(2, LABEL_CHARACTERS):
        yield f"{profile.segment_id} #{number}"


def _still_true(name: str | None, profile: Profile, rules: SegmentRules) -> bool:
    """Whether a name given before may stay: each of its parts holds, with some slack."""
    if name is None:
        return False
    marked = _ID_SUFFIX.search(name)
    if marked and marked.group(1) == profile.segment_id:
        name = name[: marked.start()]
    strategy = _named_after(name, rules)
    if strategy:
        if not _fits_with_slack(strategy, profile):
            return False
        rest = name[len(strategy.name) :].removeprefix(", ")
    elif _first_fit(profile, rules):
        return False
    else:
        rest = name
    true = {
        _phrase(feature, deviations)
        for feature, deviations in profile.deviations.items()
        if abs(deviations) >= STILL_TELLING
    }
    if all(abs(deviations) < STILL_AVERAGE for deviations in profile.deviations.values()):
        true.add(AVERAGE)
    return all(part in true for part in rest.split(", ") if part)


def _fits_with_slack(strategy: Strategy, profile: Profile) -> bool:
    """Whether every condition holds, or would if the centroid lay a little to either side."""
    for condition in strategy.when:
        if condition.feature not in profile.values:
            return False
        value, deviations = profile.values[condition.feature], profile.deviations[condition.feature]
        if not any(
            condition.holds(
                value + side * SLACK_SHARE * abs(value), deviations + side * SLACK_DEVIATIONS
            )
            for side in (-1, 0, 1)
        ):
            return False
    return True
