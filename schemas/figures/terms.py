"""What the figures of several subjects are made of: how a field is described, times, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import get_annotations
from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from schemas.fields import OUTPUT_TIME
from schemas.told import Told


def says(description: str) -> Meta:
    """What a figure is, with its unit: the field's description in the published schema."""
    return Meta(description=description)


def among(names: Iterable[str]) -> Meta:
    """Names that the keys of an object are among, in the published schema."""
    return Meta(extra_json_schema={"propertyNames": {"enum": list(names)}})


Time = Annotated[str, Meta(extra_json_schema={"format": "date-time", "pattern": OUTPUT_TIME})]
"""RFC 3339 in UTC with milliseconds, such as 2026-03-02T10:00:00.000Z."""

Count = Annotated[int, Meta(ge=0)]
"""How many; never below 0."""

Reason = Annotated[str, says("Why the figure is what it is, or which input it lacks; a sentence.")]

_NOTHING: Final[Mapping[str, Told]] = {}


class Reasoned(Struct, frozen=True, kw_only=True, dict=True):
    """Figures with reasons, each in a field whose name ends so, or that is a ``measure`` to take.

    A reason that other languages can tell too is given as it is. Its field then holds the English
    alone, and ``reasons`` the whole, by the field's name; what was read back has nothing there.
    """

    reason_fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Note which fields are reasons."""
        super().__init_subclass__(**kwargs)
        names = get_annotations(cls)
        cls.reason_fields = tuple(name for name in names if name.endswith(("reason", "measure")))

    def __post_init__(self) -> None:
        """Take apart the reasons that can be told."""
        told = {}
        for name in self.reason_fields:
            reason = getattr(self, name)
            if type(reason) is Told:
                told[name] = reason
                force_setattr(self, name, str(reason))
        if told:
            self.__dict__["told"] = told

    @property
    def reasons(self) -> Mapping[str, Told]:
        """The reasons that other languages can tell, by the names of their fields."""
        told: Mapping[str, Told] = self.__dict__.get("told", _NOTHING)
        return told
