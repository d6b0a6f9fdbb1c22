"""The policy of the segments: features, K, hysteresis, naming and what to do with each segment.

The defaults are those of the bank case (domain reference, section 8): eight click features over
seven days, and the three published segments with their strategies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from domain.kernel.scales import FEATURES
from domain.policy.bounds import Figure, PositiveMultiple
from domain.policy.sections import Section

BANK_FEATURES: Final = FEATURES
FURTHER_FEATURES: Final = ("complaints", "complaints_open", "transactions")
FINANCIAL_FEATURES: Final = (
    "balance", "recency_days", "frequency", "monetary", "satisfaction", "wait_score",
)  # fmt: skip
"""Features that are kept in other records than a customer's core: balance in base currency,
recency, frequency and value of the RFM window, satisfaction, and the score of the newest wait."""
KNOWN_FEATURES: Final = BANK_FEATURES + FURTHER_FEATURES + FINANCIAL_FEATURES
SHARES: Final = {"push_share": "app_launches"}
"""Features that lie between 0 and 1, with the count that each is a share of."""
SCORES: Final = ("satisfaction", "wait_score")
"""Features that lie between 0 and 10; every other one is a count or an amount."""
BEST_SCORE: Final = 10.0
RESERVED_NAME: Final = "quarantine"
LARGEST_K: Final = 10
BOUNDS: Final = ("deviations_above", "deviations_below", "above", "below")

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")
]
Advice = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Clusters = Annotated[int, Field(ge=2, le=LARGEST_K)]


class Condition(Section):
    """One bound on a segment's centroid.

    ``above`` and ``below`` compare the centroid's value in real units; ``deviations_above`` and
    ``deviations_below`` compare how many standard deviations it lies above the mean of all
    customers (negative: below the mean).

    >>> Condition(feature="push_share", above=0.5).holds(value=0.64, deviations=0.3)
    True
    >>> Condition(feature="news_views", deviations_below=0.5).holds(value=3.0, deviations=0.5)
    False
    """

    feature: Name
    deviations_above: Figure | None = None
    deviations_below: Figure | None = None
    above: Figure | None = None
    below: Figure | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        given = [bound for bound in BOUNDS if getattr(self, bound) is not None]
        if len(given) != 1:
            raise ValueError(
                f"a condition has exactly one of {', '.join(BOUNDS)};"
                f" there are {', '.join(given) or 'none'}"
            )
        return self

    def holds(self, value: float, deviations: float) -> bool:
        """Whether a centroid of this value (real units) and this deviation is within the bound."""
        if self.deviations_above is not None:
            return deviations > self.deviations_above
        if self.deviations_below is not None:
            return deviations < self.deviations_below
        if self.above is not None:
            return value > self.above
        assert self.below is not None
        return value < self.below


class Strategy(Section):
    """What to do with a segment for which every condition holds, and what it is then called."""

    name: Name
    when: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=16)]
    text: Advice

    def fits(self, values: Mapping[str, float], deviations: Mapping[str, float]) -> bool:
        """Whether every condition holds of a centroid; one on a feature not in use never does."""
        return all(
            each.feature in values and each.holds(values[each.feature], deviations[each.feature])
            for each in self.when
        )


BANK_STRATEGIES: Final = (
    Strategy(
        name="notification-only",
        when=(
            Condition(feature="account_messages", deviations_above=1.0),
            Condition(feature="functions_visited", deviations_below=0.5),
        ),
        text="They read account messages and little else: put marketing content into those.",
    ),
    Strategy(
        name="lurkers",
        when=(
            Condition(feature="push_share", above=0.5),
            Condition(feature="functions_visited", deviations_below=0.5),
        ),
        text="They do little of everything and come when pushed: send promotional pushes;"
        " they are likely to leave.",
    ),
    Strategy(
        name="quality",
        when=(Condition(feature="functions_visited", deviations_above=0.5),),
        text="They are steady across functions and news: keep them with normal updates,"
        " spend less.",
    ),
)
OTHER_STRATEGY: Final = "No strategy is set for this behaviour: look at its card and decide on one."


class SegmentRules(Section):
    """Everything an operator may set about segments; each field has the default of the bank case.

    ``names`` pins the name of a segment by its id, ``k`` the number of segments. Strategies are
    tried in order; the first that fits a segment is its own.

    A customer changes segment when another centroid is nearer by more than ``margin`` (a share of
    the distance to its own) and has been for ``hold_hours``, or at once when it is nearer by more
    than ``clear_margin``.

    A share of few is noise: the clustering sees that of launches from a push as if ``share_prior``
    launches more had been made, of which the mean share came from a push (0: as it is). It does so
    where the launches are a feature as well.

    Features of money, satisfaction and waits may stand beside those of clicks; a customer of whom
    one of those in use is not known is in no segment.
    """

    known: ClassVar[tuple[str, ...] | None] = KNOWN_FEATURES

    enabled: bool = True
    features: Annotated[tuple[Name, ...], Field(min_length=1, max_length=64)] = BANK_FEATURES
    weights: dict[Name, PositiveMultiple] = Field(default={}, max_length=64)
    k_max: Clusters = LARGEST_K
    k: Clusters | None = None
    names: dict[Name, Name] = Field(default={}, max_length=256)
    margin: Annotated[float, Field(ge=0, le=0.999)] = 0.10
    clear_margin: Annotated[float, Field(ge=0, le=1, validate_default=True)] = 0.30
    hold_hours: Annotated[float, Field(ge=0, le=168)] = 24.0
    min_customers: Annotated[int, Field(ge=2, le=1_000_000)] = 30
    sample: Annotated[int, Field(ge=10, le=10_000)] = 1_000
    micro_clusters: Annotated[int, Field(ge=16, le=4_096)] = 256
    restarts: Annotated[int, Field(ge=1, le=1_000)] = 40
    silhouette_gain: Annotated[float, Field(ge=0, le=1)] = 0.02
    share_prior: Annotated[float, Field(ge=0, le=1_000)] = 3.0
    quarantine_share: Annotated[float, Field(ge=0, le=0.499)] = 0.02
    scan_seconds: Annotated[float, Field(ge=0, le=604_800)] = 30.0
    publish_shift: PositiveMultiple = 0.05
    publish_seconds: Annotated[float, Field(ge=0.001, le=604_800)] = 60.0
    strategies: Annotated[tuple[Strategy, ...], Field(max_length=64)] = BANK_STRATEGIES
    other_strategy: Advice = OTHER_STRATEGY

    @field_validator("features")
    @classmethod
    def _known_and_once(cls, features: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := cls._unknown(features):
            raise ValueError(f"{unknown} is no feature: choose from {', '.join(cls.known or ())}")
        if twice := _repeated(features):
            raise ValueError(f"each feature must be there once; {twice} is there twice")
        return features

    @field_validator("weights")
    @classmethod
    def _of_named_features(
        cls, weights: dict[str, float], info: ValidationInfo
    ) -> dict[str, float]:
        features = info.data.get("features")
        strange = [name for name in weights if features is not None and name not in features]
        if strange:
            raise ValueError(f"{strange[0]} is not in segments.features: weigh only those")
        return weights

    @field_validator("k")
    @classmethod
    def _not_above_k_max(cls, k: int | None, info: ValidationInfo) -> int | None:
        limit = info.data.get("k_max")
        if k is not None and limit is not None and k > limit:
            raise ValueError(f"must not be greater than segments.k_max ({limit})")
        return k

    @field_validator("clear_margin")
    @classmethod
    def _not_below_margin(cls, clear: float, info: ValidationInfo) -> float:
        margin = info.data.get("margin")
        if margin is not None and clear < margin:
            raise ValueError(f"must not be less than segments.margin ({margin})")
        return clear

    @field_validator("names")
    @classmethod
    def _names_differ(cls, names: dict[str, str]) -> dict[str, str]:
        if RESERVED_NAME in names or RESERVED_NAME in names.values():
            raise ValueError(f"'{RESERVED_NAME}' is taken: it stands for customers in no segment")
        if twice := _repeated(names.values()):
            raise ValueError(f"names of segments must differ; {twice} is there twice")
        return names

    @field_validator("strategies")
    @classmethod
    def _strategies_hold(cls, strategies: tuple[Strategy, ...]) -> tuple[Strategy, ...]:
        if twice := _repeated(each.name for each in strategies):
            raise ValueError(f"names of strategies must differ; {twice} is there twice")
        if any(each.name == RESERVED_NAME for each in strategies):
            raise ValueError(f"'{RESERVED_NAME}' is taken: it stands for customers in no segment")
        asked = (condition.feature for each in strategies for condition in each.when)
        if unknown := cls._unknown(asked):
            raise ValueError(f"{unknown} is no feature: choose from {', '.join(cls.known or ())}")
        return strategies

    @property
    def logged(self) -> tuple[bool, ...]:
        """For each feature, whether ``log1p`` is taken of it: not of shares and scores."""
        return tuple(name not in SHARES and name not in SCORES for name in self.features)

    @property
    def financial(self) -> bool:
        """Whether a vector needs more than a customer's core record."""
        return not set(FINANCIAL_FEATURES).isdisjoint(self.features)

    @property
    def drawn(self) -> tuple[tuple[str, str, float], ...]:
        """The shares that are drawn towards the mean: name, what it is a share of, the prior."""
        return tuple(
            (share, of, self.share_prior)
            for share, of in SHARES.items()
            if self.share_prior > 0 and {share, of} <= set(self.features)
        )

    @property
    def limits(self) -> tuple[tuple[float, float], ...]:
        """For each feature, the lowest and highest possible value in real units."""
        highest = dict.fromkeys(SHARES, 1.0) | dict.fromkeys(SCORES, BEST_SCORE)
        return tuple((0.0, highest.get(name, float("inf"))) for name in self.features)

    @classmethod
    def _unknown(cls, features: Iterable[str]) -> str | None:
        if cls.known is None:
            return None
        return next((name for name in features if name not in cls.known), None)


class GenericRules(SegmentRules):
    """Rules for any table of numbers: every feature name is allowed, every finite value possible.

    ``log`` names the features of which ``log1p`` is taken; those must not be negative. ``shares``
    says of which features' values others are a share, so that these are drawn towards the mean.
    """

    known: ClassVar[tuple[str, ...] | None] = None

    strategies: Annotated[tuple[Strategy, ...], Field(max_length=64)] = ()
    log: tuple[Name, ...] = ()
    shares: dict[Name, Name] = Field(default={})

    @field_validator("log")
    @classmethod
    def _of_features(cls, log: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        strange = [name for name in log if name not in info.data.get("features", log)]
        if strange:
            raise ValueError(f"{strange[0]} is not in features: take the logarithm of those only")
        return log

    @field_validator("shares")
    @classmethod
    def _both_features(cls, shares: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        both = [name for pair in shares.items() for name in pair]
        strange = [name for name in both if name not in info.data.get("features", both)]
        if strange:
            raise ValueError(f"{strange[0]} is not in features: draw shares of those only")
        if set(shares) & set(shares.values()):
            raise ValueError("what is a share cannot have others that are a share of it")
        return shares

    @property
    def drawn(self) -> tuple[tuple[str, str, float], ...]:
        """The shares that are named."""
        if not self.share_prior:
            return ()
        return tuple((share, of, self.share_prior) for share, of in self.shares.items())

    @property
    def logged(self) -> tuple[bool, ...]:
        """For each feature, whether ``log`` names it."""
        return tuple(name in self.log for name in self.features)

    @property
    def limits(self) -> tuple[tuple[float, float], ...]:
        """Every value from 0 to 1 for a drawn share, from 0 for what it is a share of and for a
        logged feature; every finite value for another."""
        unlimited = float("inf")
        counts = {*self.log, *self.shares.values()}
        return tuple(
            (0.0, 1.0)
            if name in self.shares
            else (0.0 if name in counts else -unlimited, unlimited)
            for name in self.features
        )


def _repeated(names: Iterable[str]) -> str | None:
    """The first name that is there more than once."""
    return next((name for name, times in Counter(names).items() if times > 1), None)
