"""The kinds of numbers, texts and lists that a policy is made of; each has its bounds.

No rule has to guard itself against a number that is finite and yet too large to be counted with:
what a policy may say lies within bounds in which every sum of the rules stays exact enough and
every time within the calendar. A field without both bounds is refused by a test.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

MOST_AMOUNT: Final = 1e12
"""Base currency. An event's own amounts may be larger; what a rule asks for need not be."""
LONGEST_DAYS: Final = 3_650.0
LONGEST_HOURS: Final = 24 * LONGEST_DAYS
LONGEST_SECONDS: Final = 3_600 * LONGEST_HOURS
LEAST_WEIGHT: Final = 0.001


def _none_or_some(weight: float) -> float:
    if 0 < weight < LEAST_WEIGHT:
        raise ValueError(f"must be 0, or at least {LEAST_WEIGHT:g}")
    return weight


Amount = Annotated[float, Field(ge=0, le=MOST_AMOUNT)]
"""Base currency, 0 included."""
PositiveAmount = Annotated[float, Field(ge=0.01, le=MOST_AMOUNT)]
Rate = Annotated[float, Field(ge=1e-9, le=1e9)]
"""Base currency for one unit of another."""
Seconds = Annotated[float, Field(ge=0, le=LONGEST_SECONDS)]
PromiseHours = Annotated[float, Field(ge=0.0001, le=8_760)]
"""From a third of a second to a year: of a year of working time the end is within the calendar."""
PromiseDays = Annotated[float, Field(ge=0.001, le=365)]
Hours = Annotated[float, Field(ge=0.0001, le=LONGEST_HOURS)]
"""From a third of a second, which tests have a use for, to ten years."""
Days = Annotated[float, Field(ge=0.001, le=LONGEST_DAYS)]
"""From a minute and a half to ten years."""
DaysOrNone = Annotated[float, Field(ge=0, le=LONGEST_DAYS)]
"""Days, of which 0 means: not at all."""
HalfLife = Annotated[float, Field(ge=0.01, le=LONGEST_DAYS)]
"""Days in which a weight halves: from a quarter of an hour to ten years."""
Share = Annotated[float, Field(ge=1e-6, le=1)]
InnerShare = Annotated[float, Field(ge=1e-6, le=0.999999)]
"""A share of everything that leaves a rest."""
Weight = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=0, le=10)]
MomentWeight = Annotated[float, Field(ge=0, le=1_000), AfterValidator(_none_or_some)]
"""How much a moment weighs beside others; 0 leaves it out."""
Multiple = Annotated[float, Field(ge=0, le=1_000)]
"""How many times as much, or how many for each."""
PositiveMultiple = Annotated[float, Field(ge=0.001, le=1_000)]
Parameter = Annotated[float, Field(ge=1e-4, le=10_000)]
"""Of a model of purchases or spend."""
Measured = Annotated[float, Field(ge=1e-6, le=MOST_AMOUNT)]
"""What an operator counted, in any one unit."""
Figure = Annotated[float, Field(ge=-1e15, le=1e15)]
"""What a figure of an alert, or of a segment in real units, is compared with."""
