"""The decision for steps 5 to 7 of the seven, and the measurement it is judged against."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from domain.experience.decision import Decision, DecisionError, Measurement, load_decision
from domain.policy import Policy
from streams.errors import ReportSourceError
from streams.reports.experience.report import ExperienceReport
from streams.reports.folder import read_folder


def decided(path: Path, before: Path | None, policy: Policy) -> Decision:
    """The decision of a file; its last measurement is that of ``before`` where that is given.

    ``before`` is a folder that a replay wrote, or an experience report as JSON. Raises
    ReportSourceError.
    """
    try:
        decision = load_decision(path.read_text(encoding="utf-8"))
    except DecisionError as error:
        faults = "\n".join(f"{path}: {fault}" for fault in error.faults)
        raise ReportSourceError(faults) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ReportSourceError(f"{path}: cannot be read ({error}); give a file") from error
    if before is None:
        return decision
    return decision.model_copy(update={"last": measured(before, decision.factor, policy)})


def measured(before: Path, factor: str, policy: Policy) -> Measurement:
    """How a factor was rated before, and when. Raises ReportSourceError."""
    rows, as_of = _of_folder(before, policy) if before.is_dir() else _of_report(before)
    row = rows.get(factor)
    if row is None or not row.get("experience") or as_of is None:
        raise ReportSourceError(
            f"{before}: tells no experience of {factor}, the factor of the decision; give a folder"
            " or report with answers to factor_rating"
        )
    return Measurement(
        measured_on=date.fromisoformat(as_of[:10]),
        experience=row["experience"],
        expectation=row.get("expectation"),
        importance=row.get("importance"),
    )


def _of_folder(folder: Path, policy: Policy) -> tuple[dict[str, dict[str, Any]], str | None]:
    report = ExperienceReport(policy)
    about = read_folder(folder, report, lambda size: None)
    factors = report.whole.gaps.factors
    return {name: msgspec.to_builtins(row) for name, row in factors.items()}, about.as_of


def _of_report(path: Path) -> tuple[dict[str, dict[str, Any]], str | None]:
    try:
        told: Any = msgspec.json.decode(path.read_bytes())
        if told["report"] != ExperienceReport.kind:
            raise KeyError(f"report: {told['report']}")
        section = told["sections"].get("gaps", {"tables": {"gaps": []}})
        return {row["factor"]: row for row in section["tables"]["gaps"]}, told["as_of"]
    except (OSError, msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise ReportSourceError(
            f"{path}: is no experience report as JSON ({type(error).__name__}: {error}); make one"
            " with `touchline report experience --format json`"
        ) from error
