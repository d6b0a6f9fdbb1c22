"""The figures of a briefing as they are kept beside it, for the next one to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from schemas.errors import OperatingError
from streams.briefing.periods import Period

FORM: Final = 1


class BriefingUnreadable(OperatingError):
    """The figures that an earlier briefing left cannot be used; says which file and what to do."""


class Saved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a briefing told: figures of its period, and those that stood at ``as_of``.

    ``over`` is whether the period was, so that its figures are whole.
    A figure that was counted from a part of the period alone is not kept here. Amounts are in
    ``currency``; what is not known is null.
    """

    form: int = FORM
    briefing: str
    over: bool
    as_of: str | None
    source: str
    currency: str
    period: dict[str, float | None]
    standing: dict[str, float | None]


def stem(period: Period) -> str:
    """How the files of a briefing begin."""
    return f"briefing-{period.name}"


def path_in(folder: Path, period: Period) -> Path:
    """Where the figures of a period's briefing are kept."""
    return folder / f"{stem(period)}.json"


def encode(saved: Saved) -> bytes:
    """The file's content."""
    return msgspec.json.format(msgspec.json.encode(saved), indent=2) + b"\n"


def read(folder: Path, period: Period) -> Saved | None:
    """The figures of a period's briefing; ``None`` where none was made in this folder.

    Raises BriefingUnreadable.
    """
    path = path_in(folder, period)
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=Saved)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BriefingUnreadable(f"{path}: cannot be read ({error.strerror})") from error
    except msgspec.DecodeError as error:
        raise BriefingUnreadable(_no_briefing(path, str(error))) from error
    if saved.form != FORM:
        raise BriefingUnreadable(_no_briefing(path, f"it has form {saved.form}, not {FORM}"))
    if saved.briefing != period.name:
        raise BriefingUnreadable(_no_briefing(path, f"it is of {saved.briefing}"))
    return saved


def is_before(saved: Saved | None, as_of: str | None) -> bool:
    """Whether a briefing told how things stood at an earlier time than ``as_of``."""
    if saved is None or not saved.standing:
        return False
    return as_of is None or saved.as_of is None or saved.as_of < as_of


def comparable(saved: Saved | None, currency: str) -> Mapping[str, float | None]:
    """The figures as they stood that may be compared: amounts in one currency alone."""
    if saved is None:
        return {}
    amounts = () if saved.currency == currency else AMOUNTS
    return {key: value for key, value in saved.standing.items() if key not in amounts}


AMOUNTS: Final = ("compensation_due", "value_of_year")


def _no_briefing(path: Path, why: str) -> str:
    return (
        f"{path}: does not hold the figures of a briefing ({why}); make that one again with"
        " --ending, or remove the file: then there is nothing to compare"
    )
