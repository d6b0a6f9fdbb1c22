"""What a fit found, as one document of plain values, and as the part of a policy it stands for."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import yaml

from domain.kernel.days import day_of
from domain.value.history import Histories
from streams.reports.value.clv_fit import Fits, HoldOut, spend_correlation
from streams.reports.value.history import Purchases, ValueFileError

TITLES: Final = {"bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD", "gamma_gamma": "Gamma-Gamma"}
# Of a fitted parameter; further digits are noise of the search.
DIGITS: Final = 6


class Found(NamedTuple):
    """A fit and what it was fitted to; `last_day` ends the calibration (days since 1970)."""

    purchases: Purchases
    histories: Histories
    last_day: int
    fits: Fits
    hold_out: HoldOut | None


def document(found: Found) -> dict[str, Any]:
    """The figures by name; shares as such, times as UTC days."""
    histories = found.histories
    correlation = spend_correlation(histories)
    return {
        "from": text_of_day(found.purchases.first_day),
        "until": text_of_day(found.last_day),
        "customers": len(histories.repeats),
        "repeat_customers": int(np.count_nonzero(histories.repeats)),
        "repeat_purchases": int(histories.repeats.sum()),
        "left_out": dict(sorted(found.purchases.left_out.items())),
        "models": {
            name: {
                **fit.model.model_dump(),
                "log_likelihood": fit.log_likelihood,
                "customers": fit.customers,
                "at_a_limit": fit.bounded,
            }
            for name, fit in found.fits._asdict().items()
        },
        "spend_correlation": None if math.isnan(correlation) else correlation,
        "hold_out": None if found.hold_out is None else _hold_out(found.hold_out),
        "policy": policy_part(found.fits),
    }


def policy_part(fits: Fits) -> dict[str, Any]:
    """The parameters where a policy has them."""
    rounded = {
        name: {key: float(f"{value:.{DIGITS}g}") for key, value in fit.model.model_dump().items()}
        for name, fit in fits._asdict().items()
    }
    return {"value": {"clv": rounded}}


def as_yaml(fits: Fits) -> str:
    """The same as text to be pasted into a policy file."""
    text: str = yaml.safe_dump(policy_part(fits), sort_keys=False)
    return text


def refuse_old(path: Path) -> None:
    """Raises `ValueFileError` where something is at the path: a policy is not overwritten."""
    if path.exists():
        raise ValueFileError(
            f"{path} is there already and may hold a policy: give another --out, or none and"
            " paste the part that is printed then"
        )


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises `ValueFileError`."""
    refuse_old(path)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        why = f"{path} cannot be written: {error.strerror}; give another --out"
        raise ValueFileError(why) from error


def text_of_day(day: int) -> str:
    """A day since 1970 as a date."""
    return day_of(day).isoformat()


def _hold_out(found: HoldOut) -> dict[str, Any]:
    weeks = [
        {"week": place + 1, "from": text_of_day(found.first_day + 7 * place), "actual": int(came)}
        | {name: float(check.by_week[place]) for name, check in found.checks.items()}
        for place, came in enumerate(found.actual)
    ]
    return {
        "weeks": weeks,
        "total": {"actual": int(found.actual.sum())}
        | {name: float(check.by_week.sum()) for name, check in found.checks.items()},
        "error": {name: found.error(name) for name in found.checks},
        "since_first": {"actual": found.actual_since_first}
        | {name: check.since_first for name, check in found.checks.items()},
        "error_since_first": {name: found.error_since_first(name) for name in found.checks},
    }
