"""The segment model: what every worker assigns its customers by, and what marketing reads.

One compacted record under one key. Centroids come twice: in real units for people (on the
cards), and in standardised units for the assignment. A vector is standardised feature by
feature: a share in `drawn` first becomes what the clustering sees of it; then `log1p` where
`logged`, less `mean`, divided by `scale`, times the root of `weight`.
"""

from typing import Annotated, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas import topics
from schemas.common import CommonRecord
from schemas.fields import Label, OutputId
from schemas.published import Count, Figure, Sentence

QUARANTINE: Final = "quarantine"
"""Stands where a segment id stands, for a customer whose behaviour is an outlier's."""
MODEL_KEY: Final = b"model"
MAX_SEGMENTS: Final = 10
MAX_OUTLIERS: Final = 16
MAX_FEATURES: Final = 64

Vector = Annotated[tuple[Figure, ...], Field(min_length=1, max_length=MAX_FEATURES)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Real = Annotated[dict[Label, Figure], Field(max_length=MAX_FEATURES)]


class Telling(BaseModel):
    """A feature in which a segment differs from all customers, by so many standard deviations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: Label
    deviations: Figure


class SegmentCard(BaseModel):
    """A segment as people see it.

    `centroid` and `spread` are mean and standard deviation of its customers in real units, by
    feature; `size` counts its customers when the model was made, `share` is of all that have a
    vector. `telling` has the features that tell it from the rest, the most telling first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment_id: Label
    name: Label
    strategy: Sentence
    size: Count
    share: Annotated[float, Field(ge=0, le=1)]
    centroid: Real
    spread: Real
    telling: Annotated[tuple[Telling, ...], Field(max_length=MAX_FEATURES)] = ()
    since_version: Annotated[int, Field(ge=1)]


class DrawnShare(BaseModel):
    """A share that is drawn towards the mean by how few it is a share of.

    With n the customer's value of the feature `of`, and s that of `feature`, the clustering sees
    (n x s + `prior` x `mean`) / (n + `prior`). `mean` is the mean of all customers' shares, each
    by n / (n + `prior`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: Label
    of: Label
    prior: Positive
    mean: Annotated[float, Field(ge=0, le=1)]


class SegmentModel(CommonRecord):
    """The segments in force: centroids, scaler, how K was chosen, and a card for each.

    `centroids` has a row for each of `segments`, in the same order; `outliers` are the centres
    that quarantined customers are nearest to. A customer changes segment only when the other
    centroid is nearer by more than `margin` (a share of the distance to its own), and only once
    that has been so for `hold_hours`, unless it is nearer by more than `clear_margin`.
    `silhouettes` are those of the last choice of K, by K. `sse_ratio` compares the model with
    a batch fit on the sample (1 is as good). `next_id` numbers the next new segment: an id is
    never used again.
    """

    topic = topics.SEGMENT_MODEL
    id_field = "model_id"
    kind: ClassVar[str] = "segments"

    model_id: OutputId
    version: Annotated[int, Field(ge=1)]
    features: Annotated[tuple[Label, ...], Field(min_length=1, max_length=MAX_FEATURES)]
    logged: tuple[bool, ...]
    # A model from before shares were drawn is written as it was read.
    drawn: Annotated[
        tuple[DrawnShare, ...], Field(max_length=MAX_FEATURES, exclude_if=lambda drawn: not drawn)
    ] = ()
    weights: Vector
    mean: Vector
    scale: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=MAX_FEATURES)]
    centroids: Annotated[tuple[Vector, ...], Field(min_length=1, max_length=MAX_SEGMENTS)]
    outliers: Annotated[tuple[Vector, ...], Field(max_length=MAX_OUTLIERS)] = ()
    margin: Annotated[float, Field(ge=0, lt=1)]
    clear_margin: Annotated[float, Field(ge=0, le=1)] = 1.0
    hold_hours: NotNegative = 0.0
    customers: Count
    quarantined: Count
    silhouette: Figure | None = None
    silhouettes: dict[int, Figure] = Field(default={}, max_length=32)
    sse_ratio: NotNegative | None = None
    drift: bool = False
    scanned_at: Annotated[int, Field(ge=0)] = 0
    scanned_customers: Count = 0
    next_id: Annotated[int, Field(ge=1)]
    segments: Annotated[tuple[SegmentCard, ...], Field(min_length=1, max_length=MAX_SEGMENTS)]

    @property
    def key(self) -> bytes | None:
        """Always the same: only the newest model is kept."""
        return MODEL_KEY

    @property
    def segment_ids(self) -> tuple[str, ...]:
        """The ids of the segments, in the order of `centroids`."""
        return tuple(card.segment_id for card in self.segments)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        width = len(self.features)
        rows = (self.logged, self.weights, self.mean, self.scale, *self.centroids, *self.outliers)
        if any(len(row) != width for row in rows):
            raise ValueError(f"every row must have one value for each of {width} features")
        named = {name for each in self.drawn for name in (each.feature, each.of)}
        if not named <= set(self.features):
            raise ValueError("what is drawn must be among the features")
        if len(self.centroids) != len(self.segments):
            raise ValueError("there must be one centroid for each segment")
        if len(set(self.segment_ids)) != len(self.segments):
            raise ValueError("segment ids must differ")
        return self
