"""The standings: by which lines every worker tells what a customer is worth among all customers.

One compacted record under one key, made of all partitions' snapshots. A line is always to be
passed: whoever is above it is in the upper class. Lines are whole days, purchases or hundredths
of the base currency; they lie within `relative_error` of the exact ones (or a single unit), but
what is above them is told exactly: scores, classes and their totals always agree.
"""

from typing import Annotated, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas import topics
from schemas.common import CommonRecord
from schemas.fields import Day, Label, OutputId
from schemas.published import Count, Figure

STANDINGS_KEY: Final = b"standings"

Share = Annotated[float, Field(ge=0, le=1)]
Lines = tuple[
    Figure,  # 0: between scores 1 and 2 (of recency, where fewer days are better: 5 and 4)
    Figure,  # 1: 2 and 3 (4 and 3)
    Figure,  # 2: 3 and 4 (3 and 2)
    Figure,  # 3: 4 and 5 (2 and 1)
]


class Total(BaseModel):
    """How many customers a class has, and their value: in the window, or CLV in `clv_totals`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    customers: Count
    value: Figure


class Held(BaseModel):
    """What share of the value that share of the customers hold who have the most."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    customers: Share
    value: Figure


Totals = Annotated[dict[Label, Total], Field(max_length=16)]


class Standings(CommonRecord):
    """Cut points of value over all customers with purchases, and what their classes hold.

    `recency_days`, `frequency` and `monetary` are the four lines between the RFM scores, over
    `window_days` UTC days up to `as_of_day`; `median_frequency` is of the same window. Classes A
    and B of the ABC analysis are above `a_above` and `b_above`; a relational customer is in the
    top or upper class, which make up the first shares of sales, above `relational_top_above` and
    `relational_upper_above`; a customer is
    most valuable above `clv_above` and most growable above `growable_above`. A line is null where
    there is nobody to draw it by: no value, no relational customer, no known wallet share.
    `pareto_customers` is the share of customers that makes `pareto_value` of the value. `totals`
    are by class, where bins can tell: `not_above` holds both most growable customers and
    migrators. `rules_id` names the policy that the customers were measured by.
    """

    topic = topics.PORTFOLIO
    id_field = "standings_id"
    kind: ClassVar[str] = "standings"

    standings_id: OutputId
    version: Annotated[int, Field(ge=1)]
    rules_id: Label
    as_of_day: Day
    window_days: Annotated[int, Field(ge=1)]
    relative_error: Annotated[float, Field(gt=0, lt=1)]
    customers: Annotated[int, Field(ge=1)]
    total_value: Figure
    recency_days: Lines
    frequency: Lines
    monetary: Lines
    median_frequency: Figure
    a_above: Figure | None = None
    b_above: Figure | None = None
    relational_customers: Count
    relational_top_above: Figure | None = None
    relational_upper_above: Figure | None = None
    clv_above: Figure
    growable_customers: Count
    growable_above: Figure | None = None
    pareto_value: Share
    pareto_customers: Share | None = None
    concentration: Annotated[tuple[Held, ...], Field(max_length=10)] = ()
    abc_totals: Totals
    relation_totals: Totals
    clv_totals: Totals

    @property
    def key(self) -> bytes | None:
        """Always the same: only the newest standings are kept."""
        return STANDINGS_KEY

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        for lines in (self.recency_days, self.frequency, self.monetary):
            if sorted(lines) != list(lines):
                raise ValueError("the lines between scores must ascend")
        return self
