"""What a referred customer is worth, told to the customer who referred it.

The topic is keyed by the referrer and read back by the customers agent itself, in the referrer's
partition: nobody else has to send it.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from schemas import topics
from schemas.codec import MAX_RECORD_BYTES, Bad
from schemas.fields import Day, Id, OutputId
from schemas.outputs import Cause, Count, Figure, Output

_SHOWN_CHARACTERS: Final = 200


class Purchases(BaseModel):
    """What the models of purchases know of the referred customer; purchases of a day are one.

    `mean_spend` (base currency) is that of the `repeats` purchases after the first day, null
    without one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    repeats: Count
    first_day: Day
    last_day: Day
    mean_spend: Figure | None = None


class Referral(Output):
    """What a customer is worth whom another one referred, told to the one who did.

    `referred` counts for `referrer` until a record `withdrawn` says that it does no more: another
    referrer was named, or the customer was erased. `clv` is in base currency as of `occurred_at`,
    0 before the first purchase; `purchases` is what it follows from. Records of one referred
    customer count up in `version`.
    """

    topic = topics.REFERRALS
    id_field = "referral_id"
    by_key = True

    referral_id: OutputId
    referrer: Id
    referred: Id
    state: Literal["referred", "withdrawn"] = "referred"
    clv: Figure
    purchases: Purchases | None = None
    version: Annotated[int, Field(ge=1)]
    cause: Cause = ()

    @property
    def key(self) -> bytes | None:
        """The referrer, so that the record comes to the partition with that customer's state."""
        return self.referrer.encode()


_validate: Final = TypeAdapter(Referral).validator.validate_json


def decode_referrals(values: Sequence[bytes | None]) -> list[Referral | Bad]:
    """The referral in each value, or why it is none. Never raises."""
    return [_decoded(value) for value in values]


def _decoded(value: bytes | None) -> Referral | Bad:
    if not value:
        return Bad("empty", "the record has no value; it must hold one referral")
    if len(value) > MAX_RECORD_BYTES:
        return Bad(
            "too_large",
            f"the value has {len(value)} bytes; it must have at most {MAX_RECORD_BYTES}",
        )
    try:
        found: Referral = _validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "the record"
        return Bad("invalid", f"not a referral: {field}: {first['msg'][:_SHOWN_CHARACTERS]}")
    return found
