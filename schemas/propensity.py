"""The model of who will answer a mailing: one compacted record under one key, beside the standings.

It holds all that is learnt, so that whoever makes the next one goes on from it to the same bytes.
"""

from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from schemas import topics
from schemas.common import CommonRecord
from schemas.fields import Label, OutputId
from schemas.published import Count, Figure

PROPENSITY_KEY: Final = b"propensity"
BINS: Final = 10
"""Of equal width, by which predicted probabilities are compared with shares."""

Probability = Annotated[float, Field(ge=0, le=1)]


class Weight(BaseModel):
    """One input of the model: how often, with which mean and variance it was met, what it weighs.

    A weight is in log-odds for each standard deviation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Label
    seen: Count
    mean: Figure
    variance: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    weight: Figure


class Odds(BaseModel):
    """Of the examples whose predicted log-odds were about `tenths` / 10: answered and not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenths: int
    answered: Count
    unanswered: Count


class Bin(BaseModel):
    """Of the examples predicted within a tenth of the probabilities: how many, what was said of
    them in sum, and how many answered.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    examples: Count
    predicted: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    answered: Count


class Judged(BaseModel):
    """Examples that were predicted before they were learnt; `loss` is the sum of log losses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    examples: Count
    answered: Count
    loss: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    odds: Annotated[tuple[Odds, ...], Field(max_length=512)] = ()
    bins: Annotated[tuple[Bin, ...], Field(min_length=BINS, max_length=BINS)]


class PropensityModel(CommonRecord):
    """A logistic regression of standardised inputs, and how good it is.

    `learnt` counts the examples it was made of, `dropped` those that left before they could be
    learnt. `examples` and `answered` are those that `auc`, `log_loss` and `calibration_error`
    (mean distance of predicted and true shares by tenths of the probability) are of; null without
    both kinds. Where not `believed`, it knows too little and no probability is told. `positions`
    say up to when (ms) each partition's examples are learnt. `rules_id` names the policy.
    """

    topic = topics.PORTFOLIO
    id_field = "propensity_id"
    kind: ClassVar[str] = "propensity"

    propensity_id: OutputId
    version: Annotated[int, Field(ge=1)]
    rules_id: Label
    learnt: Count
    dropped: Count
    believed: bool
    examples: Count
    answered: Count
    auc: Probability | None = None
    log_loss: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    calibration_error: Probability | None = None
    intercept: Figure
    weights: Annotated[tuple[Weight, ...], Field(max_length=256)]
    segments: Annotated[tuple[Label, ...], Field(max_length=64)]
    before: Judged
    judged: Judged
    positions: Annotated[dict[Label, int], Field(max_length=10_000)]

    @property
    def key(self) -> bytes | None:
        """Always the same: only the newest model is kept."""
        return PROPENSITY_KEY
