"""What a referred customer is worth, told to the customer who referred it.

The topic is keyed by the referrer and read back by the customers agent itself, in the referrer's
partition: nobody else has to send it.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter, ValidationError

from schemas.codec import MAX_RECORD_BYTES, Bad
from schemas.published import Referral

_SHOWN_CHARACTERS: Final = 200


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
