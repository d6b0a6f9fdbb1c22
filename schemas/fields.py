"""The building blocks of every record: identifiers, labels, amounts and times, each bounded."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final, Literal, NewType

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from schemas.units import MS_PER_DAY, MS_PER_SECOND

ID_CHARACTERS: Final = 64
OUTPUT_ID_CHARACTERS: Final = 200
LABEL_CHARACTERS: Final = 64
TEXT_CHARACTERS: Final = 2_000
NOTE_CHARACTERS: Final = 1_000
ATTRIBUTES: Final = 16
ATTRIBUTE_CHARACTERS: Final = 256
LARGEST_AMOUNT: Final = 1e15
"""Sums of amounts up to this size keep their cents in a double for thousands of events."""
LEAST_AMOUNT: Final = 5e-7
"""Of what is less, the sixth decimal in base currency is 0: it is nothing."""
LARGEST_SECONDS: Final = 1e8
LARGEST_SEQUENCE: Final = 2**63 - 1

NO_CONTROL: Final = r"^[^\x00-\x1f\x7f-\x9f]+$"
_BLANK: Final = (
    r" \u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    r"\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
"""Of a class in a pattern: white space, and what is as good as invisible."""
_CONTROL: Final = r"\x00-\x1f\x7f-\x9f"
_ID: Final = rf"[^{_CONTROL}{_BLANK}]([^{_CONTROL}]*[^{_CONTROL}{_BLANK}])?"
ID: Final = rf"^{_ID}$"
"""Text without control characters that neither begins nor ends with white space."""
REFUSED_IDS: Final = ("undefined", "null", "none", "nan", "[object Object]")
"""What programs write where they have no id; the default of the policy's `ids.refused`."""
CURRENCY: Final = r"^[A-Z]{3}$"
RFC3339: Final = (
    r"^(19(7[1-9]|[89][0-9])|2[01][0-9]{2}|2200)-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
"""RFC 3339 section 5.6 without leap seconds, from 1971 to 2200.

From 1971, so that no offset makes the milliseconds since 1970 negative.
"""
OUTPUT_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
ISO_DATE: Final = r"^(19[0-9]{2}|2[01][0-9]{2}|2200)-[0-9]{2}-[0-9]{2}$"
LOCAL_TIME: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
TIME_ZONE: Final = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$"

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

Id = Annotated[str, StringConstraints(min_length=1, max_length=ID_CHARACTERS, pattern=NO_CONTROL)]
SourceId = Annotated[str, StringConstraints(min_length=1, max_length=ID_CHARACTERS, pattern=ID)]
"""An id as a source gives it. It is compared as it stands, by code points: nothing is normalised,
for its bytes in UTF-8 choose the partition."""
Label = Annotated[
    str, StringConstraints(min_length=1, max_length=LABEL_CHARACTERS, pattern=NO_CONTROL)
]
OutputId = Annotated[
    str, StringConstraints(min_length=1, max_length=OUTPUT_ID_CHARACTERS, pattern=NO_CONTROL)
]
"""The id of one of our own outputs, which come back in `desk` and `care` events."""
Text = Annotated[str, StringConstraints(max_length=TEXT_CHARACTERS)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=NOTE_CHARACTERS)]
"""What a person at the desk wrote about an alert."""
Assignee = Annotated[str, StringConstraints(max_length=ID_CHARACTERS, pattern=rf"^({_ID})?$")]
"""Who is to see to an alert, as a source names people; empty: nobody."""
Currency = Annotated[str, StringConstraints(min_length=3, max_length=3, pattern=CURRENCY)]
Attributes = Annotated[
    dict[Label, Annotated[str, StringConstraints(max_length=ATTRIBUTE_CHARACTERS)]],
    Field(max_length=ATTRIBUTES, json_schema_extra={"additionalProperties": False}),
]


def _nothing_or_more(value: float) -> float:
    if 0 < value < LEAST_AMOUNT:
        raise PydanticCustomError(
            "least_amount", "Input should be 0, or at least {least}", {"least": LEAST_AMOUNT}
        )
    return value


Amount = Annotated[float, Field(gt=0, le=LARGEST_AMOUNT, allow_inf_nan=False)]
Money = Annotated[float, Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT, allow_inf_nan=False)]
Cost = Annotated[float, Field(ge=0, le=LARGEST_AMOUNT, allow_inf_nan=False)]
PaidCost = Annotated[
    Cost,
    AfterValidator(_nothing_or_more),
    Field(json_schema_extra={"anyOf": [{"const": 0}, {"minimum": LEAST_AMOUNT}]}),
]
"""An amount in base currency, of an event: nothing, or at least what does not round to nothing."""
Seconds = Annotated[float, Field(ge=0, le=LARGEST_SECONDS, allow_inf_nan=False)]
Sequence = Annotated[int, Field(ge=0, le=LARGEST_SEQUENCE)]
"""Where a source numbers its events: their order within one instant."""
LocalTime = Annotated[str, StringConstraints(pattern=LOCAL_TIME)]


@cache
def _zones() -> dict[str, str]:
    """Every name of the IANA database as the ``tzdata`` package has it, by its lower case.

    Of the package, not of the system: what one machine takes no other may refuse.
    """
    names = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return {name.lower(): name for name in names}


def zone_name(name: str) -> str | None:
    """The IANA name of a time zone that was written in any case; ``None`` where there is none.

    >>> zone_name("america/new_york"), zone_name("utc"), zone_name("Mars/Olympus_Mons")
    ('America/New_York', 'UTC', None)
    """
    return _zones().get(name.lower())


def _known_zone(name: str) -> str:
    known = zone_name(name)
    if known is None:
        raise PydanticCustomError("time_zone", f"Input should {PATTERN_MEANS[TIME_ZONE]}")
    return known


TimeZone = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LABEL_CHARACTERS, pattern=TIME_ZONE),
    AfterValidator(_known_zone),
]
"""A name of the IANA database, in any case; as the database writes it from then on."""

# State and snapshots hold these by number: a new name goes to the end, and none is taken out. The
# sums of a customer's moments have the first 10 of them before those of stages, the others behind.
Channel = Literal[
    "app",  # 0
    "web",  # 1
    "branch",  # 2
    "call_centre",  # 3
    "sms",  # 4
    "email",  # 5
    "wechat",  # 6
    "atm",  # 7
    "mail",  # 8
    "other",  # 9
    "sales",  # 10: somebody who sells, in person
    "dealer",  # 11
    "advertisement",  # 12
    "event",  # 13: a fair, a talk, a festivity
    "reception",  # 14
    "delivery",  # 15: goods handed over
    "social",  # 16: social media other than WeChat
]
# from 1 on, for 0 is none
Factor = Literal[
    "product",  # 1
    "service",  # 2
    "relationship",  # 3
    "convenience",  # 4
    "brand",  # 5
    "price",  # 6
]
# from 1 on, for 0 is none
Emotion = Literal[
    "joy",
    "anger",
    "disgust",
    "contempt",
    "pain",
    "fear",
    "shame",
    "guilt",
]
Stage = Literal[
    "before",  # 1
    "purchase",  # 2
    "after",  # 3
]
Origin = Literal["referral", "event", "list", "lost", "competitor", "partner"]
"""Where a customer came from: named by another one, met at an event, found on a list, lost before,
won from a competitor, brought by a partner."""
Tier = Literal[
    "standard",  # 0
    "prospect",  # 1
    "key",  # 2
    "vip",  # 3
    "private",  # 4
]


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds from 1970-01-01T00:00Z to an aware `moment`, rounded down, exact.

    >>> milliseconds(datetime(1970, 1, 2, 0, 0, 0, 1_999, tzinfo=UTC))
    86400001
    """
    since = moment - EPOCH
    return since.days * MS_PER_DAY + since.seconds * MS_PER_SECOND + since.microseconds // 1_000


def moment(at: int) -> datetime:
    """The aware UTC datetime `at` milliseconds after 1970-01-01T00:00Z.

    >>> moment(86400001).isoformat()
    '1970-01-02T00:00:00.001000+00:00'
    """
    return EPOCH + at * _MILLISECOND


TimeText = NewType("TimeText", str)
"""A time as outputs bear it, which `rfc3339` makes."""


def rfc3339(moment: datetime) -> TimeText:
    """`moment` in UTC with milliseconds and `Z`: the one form in which outputs bear times.

    >>> rfc3339(datetime(2026, 1, 31, 9, 30, 0, 5_999, tzinfo=UTC))
    '2026-01-31T09:30:00.005Z'
    """
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return TimeText(f"{utc.isoformat(timespec='milliseconds')[:23]}Z")


def _exact(moment: datetime) -> str:
    """`moment` as it came: offset kept, microseconds kept, `Z` for UTC."""
    text = moment.isoformat(timespec="auto" if moment.microsecond % 1_000 else "milliseconds")
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _aware(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise ValueError("the time must have an offset")
    return value


class _FromText:
    """A date or time that in JSON is text of exactly one form, and in Python may be the object.

    Pydantic alone also takes `"1700000000"` and `2026-01-01T00:00Z` for times; this does not.
    """

    def __init__(self, pattern: str, form: str, example: str, write: Callable[[Any], str]) -> None:
        self.pattern, self.form, self.example, self.write = pattern, form, example, write

    def _text(self, parse: Any) -> CoreSchema:
        upper = self.form == "date-time"
        text = core_schema.str_schema(pattern=self.pattern, to_upper=upper)
        return core_schema.chain_schema([text, core_schema.no_info_plain_validator_function(parse)])

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        if self.form == "date":
            text = self._text(date.fromisoformat)
            native: CoreSchema = core_schema.date_schema(strict=True)
        else:
            text = self._text(datetime.fromisoformat)
            native = core_schema.no_info_after_validator_function(
                _aware, core_schema.datetime_schema(strict=True)
            )
        return core_schema.json_or_python_schema(
            json_schema=text,
            python_schema=core_schema.union_schema([native, text], mode="left_to_right"),
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.write, when_used="json-unless-none"
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "string",
            "format": self.form,
            "pattern": self.pattern,
            "examples": [self.example],
        }


OccurredAt = Annotated[
    datetime, _FromText(RFC3339, "date-time", "2026-01-31T09:30:00.000+08:00", _exact)
]
"""An event time. In JSON: RFC 3339 text with an offset, never a number."""
Day = Annotated[date, _FromText(ISO_DATE, "date", "1980-05-17", date.isoformat)]
"""A calendar day, `YYYY-MM-DD`."""


def _from_milliseconds(value: Any) -> Any:
    return moment(value) if type(value) is int else value


Instant = Annotated[
    datetime,
    _FromText(OUTPUT_TIME, "date-time", "2026-01-31T01:30:00.000Z", rfc3339),
    BeforeValidator(_from_milliseconds),
]
"""A time of an output: given as milliseconds, an aware datetime or text; written as text."""

PATTERN_MEANS: Final = {
    NO_CONTROL: "be text without control characters",
    ID: "be an id without control characters, nor white space at either end",
    CURRENCY: "be three capital letters (ISO 4217), such as CNY",
    RFC3339: (
        "be RFC 3339 with seconds and an offset, from 1971 to 2200,"
        " such as 2026-01-31T09:30:00.000+08:00"
    ),
    ISO_DATE: "be a day such as 1980-05-17, from 1900 to 2200",
    LOCAL_TIME: "be a local time such as 22:00",
    OUTPUT_TIME: "be RFC 3339 in UTC with milliseconds, such as 2026-01-31T01:30:00.000Z",
    TIME_ZONE: "be an IANA time zone such as Asia/Shanghai",
}
"""What each pattern asks for, in words; the codec says this instead of the pattern."""


def python_pattern(pattern: str) -> re.Pattern[str]:
    """`pattern` for Python, where `$` would else also match before a final line break."""
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)
