"""The policy of customer value: models of purchases and spend, scores, classes and unit costs.

The defaults are those of the domain reference, section 3. Model parameters are in weeks and in
the currency of the history they were fitted to; `touchline clv fit` prints them for another.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final, get_args

from pydantic import Field, ValidationInfo, field_validator
from xxhash import xxh3_64_hexdigest

from domain.policy.bounds import Amount, DaysOrNone, InnerShare, Parameter, Share
from domain.policy.sections import Section
from schemas.fields import Channel

SCORES = 5
WEEKS_PER_YEAR = 52
Lines = tuple[InnerShare, InnerShare, InnerShare, InnerShare]
Spend = Annotated[float, Field(ge=1e-6, le=1e12)]
"""In the currency of the history that a model was fitted to."""
Range = tuple[Share, Share]


class BgNbd(Section):
    """BG/NBD: Gamma(r, alpha) purchases a week, and Beta(a, b) of leaving after a repeat one."""

    r: Parameter = 0.2426
    alpha: Parameter = 4.4135
    a: Parameter = 0.7929
    b: Parameter = 2.4258


class MbgNbd(Section):
    """MBG/NBD: as BG/NBD, but one may leave after the very first purchase too."""

    r: Parameter = 0.5248
    alpha: Parameter = 6.1830
    a: Parameter = 0.8914
    b: Parameter = 1.6140


class GammaGamma(Section):
    """Gamma-Gamma: a purchase spends Gamma(p, v) with v Gamma(q, v) over the customers.

    With q at 1 or below the mean spend over all customers would be infinite.
    """

    p: Parameter = 6.249
    q: Parameter = 3.745
    v: Spend = 15.448

    @field_validator("q")
    @classmethod
    def _mean_exists(cls, value: float) -> float:
        if value <= 1.0:
            raise ValueError("must be greater than 1: else customers' mean spend is infinite")
        return value


class Clv(Section):
    """Customer lifetime value: the models, how far it looks ahead and how it discounts."""

    bg_nbd: BgNbd = BgNbd()
    mbg_nbd: MbgNbd = MbgNbd()
    gamma_gamma: GammaGamma = GammaGamma()
    yearly_discount: Annotated[float, Field(ge=0, le=10)] = 0.10
    horizon_weeks: Annotated[int, Field(ge=1, le=520)] = 39


class Rfm(Section):
    """Scores 1-5: the window, and the shares of customers at which the next score begins."""

    window_days: Annotated[int, Field(ge=1, le=410)] = 365
    shares: Lines = (0.2, 0.4, 0.6, 0.8)
    # Of the value of a cut point; the share of customers below it is exact all the same.
    relative_error: Annotated[float, Field(ge=0.001, le=0.1)] = 0.01

    @field_validator("shares")
    @classmethod
    def _ascending(cls, value: Lines) -> Lines:
        if sorted(set(value)) != list(value):
            raise ValueError("must ascend: each share greater than the one before")
        return value


class Abc(Section):
    """Shares of all value at which classes A and B end, and what the report looks at."""

    a_until: InnerShare = 0.80
    b_until: InnerShare = 0.95
    pareto: InnerShare = 0.80
    concentration: tuple[InnerShare, ...] = Field(default=(0.00016, 0.01, 0.10), max_length=10)

    @field_validator("b_until")
    @classmethod
    def _b_after_a(cls, value: float, info: ValidationInfo) -> float:
        line = info.data.get("a_until")
        if line is not None and value <= line:
            raise ValueError(f"must be greater than abc.a_until ({line:g}): B ends after A")
        return value


class RelationClasses(Section):
    """Who is relational, and what shares of their sales the first two classes make.

    Relational customers stand in falling order of value; sales are their purchases of the RFM
    window.
    """

    purchases: Annotated[int, Field(ge=2, le=1_000)] = 3
    days: DaysOrNone = 180.0
    top: InnerShare = 0.10
    upper: InnerShare = 0.40

    @field_validator("upper")
    @classmethod
    def _leaves_a_rest(cls, value: float, info: ValidationInfo) -> float:
        top = info.data.get("top")
        if top is not None and top + value >= 1.0:
            raise ValueError(f"must leave a lower part: relation.top ({top:g}) and it are below 1")
        return value


class ClvClasses(Section):
    """The shares of customers that are most valuable and most growable."""

    most_valuable: InnerShare = 0.20
    most_growable: InnerShare = 0.20


LATER_COSTS: Final[dict[Channel, float]] = {
    "sales": 50.0,
    "dealer": 20.0,
    "advertisement": 0.0,
    "event": 100.0,
    "reception": 10.0,
    "delivery": 15.0,
    "social": 0.5,
}
"""What a contact costs by the channels that were not among the first ten."""


class ServeCosts(Section):
    """Cost of one contact, by channel, in base currency: our defaults; set your own accounts'."""

    by_channel: dict[Channel, Amount] = Field(
        default={
            "app": 0.0,
            "web": 0.0,
            "branch": 30.0,
            "call_centre": 15.0,
            "sms": 0.05,
            "email": 0.01,
            "wechat": 0.5,
            "atm": 1.0,
            "mail": 3.0,
            "other": 1.0,
        }
        | LATER_COSTS,
        validate_default=True,
        max_length=32,
    )

    @cached_property
    def units(self) -> tuple[tuple[Channel, float], ...]:
        """Every channel in the order of the records, and the cost of a contact by it."""
        return tuple((each, self.by_channel.get(each, 0.0)) for each in get_args(Channel))


class ValueBenchmarks(Section):
    """What is published of the classes and of the service pyramid; reports show it beside ours.

    Each is a range of shares: of relational customers' revenue that the first class makes, of their
    sales and profit that the second does, of
    customers who bring no profit, and of all support that the heaviest users take who make less
    than ``profit_below`` of the profit.
    """

    top_value: Range = (0.30, 0.50)
    upper_value: Range = (0.40, 0.50)
    unprofitable: Range = (0.50, 0.60)
    support: Range = (0.60, 0.80)
    profit_below: Share = 0.20
    # so small a share of a bank's customers hold so large a one of its assets
    top_balances: Range = (0.00016, 0.17)

    @field_validator("top_value", "upper_value", "unprofitable", "support")
    @classmethod
    def _low_first(cls, value: Range) -> Range:
        if value[0] > value[1]:
            raise ValueError("must ascend: the lower end of the range comes first")
        return value


class ValueRules(Section):
    """All numbers of customer value.

    >>> ValueRules().rules_id == ValueRules(refresh_seconds=5).rules_id
    True
    >>> ValueRules().rules_id == ValueRules(rfm=Rfm(window_days=180)).rules_id
    False
    """

    clv: Clv = Clv()
    rfm: Rfm = Rfm()
    abc: Abc = Abc()
    relation: RelationClasses = RelationClasses()
    clv_classes: ClvClasses = ClvClasses()
    serve_costs: ServeCosts = ServeCosts()
    referral_share: Share = 0.25
    # Value is lost where that of so many newest days is below that of as many before.
    trend_days: Annotated[int, Field(ge=1, le=205)] = 90
    # Customers who bought or answered are ranked anew at most this often.
    refresh_seconds: Annotated[float, Field(ge=0.001, le=86_400)] = 30.0
    benchmarks: ValueBenchmarks = ValueBenchmarks()

    @cached_property
    def rules_id(self) -> str:
        """The same for all policies by which customers are ranked alike (16 hex digits).

        A later channel at its own default changes nothing: policies of before keep their id.
        """
        ranking = {"clv", "rfm", "abc", "relation", "clv_classes", "serve_costs"}
        costs = {
            channel: cost
            for channel, cost in self.serve_costs.by_channel.items()
            if cost != LATER_COSTS.get(channel)
        }
        told = self.model_copy(update={"serve_costs": ServeCosts.model_construct(by_channel=costs)})
        return xxh3_64_hexdigest(told.model_dump_json(include=ranking).encode())
