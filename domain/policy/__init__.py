"""Every number of the rules, as one frozen value that an operator may override with a YAML file.

A policy that makes no sense is refused with one line a fault: file, field, what was given and
what must hold.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import ValidationError, ValidationInfo, field_validator

from domain.kernel.units import MS_PER_DAY
from domain.policy.alerts import AlertKind, Alerts
from domain.policy.briefing import BriefingRules
from domain.policy.campaigns import CampaignRules
from domain.policy.care import CareRules
from domain.policy.complaints import ComplaintPromises
from domain.policy.experience import ExperienceRules
from domain.policy.identification import IdentificationRules
from domain.policy.proactive import ProactiveRules
from domain.policy.propensity import PropensityRules
from domain.policy.relationship import RelationshipRules
from domain.policy.retention import Retention
from domain.policy.sections import (
    Currency,
    Erasure,
    Ids,
    Purchases,
    Satisfaction,
    Section,
    TierLines,
)
from domain.policy.segments import SegmentRules
from domain.policy.value import ValueRules
from domain.policy.yaml_file import LARGEST_BYTES, Repeated, read_yaml
from schemas.errors import OperatingError
from schemas.fields import LARGEST_AMOUNT, LEAST_AMOUNT


class Policy(Section):
    """All numbers of the rules. ``Policy()`` is the default policy.

    >>> Policy().tier_of_balance(300_000.0), Policy().tier_of_balance(99_999.99)
    (3, 0)
    """

    currency: Currency = Currency()
    tiers: TierLines = TierLines()
    purchases: Purchases = Purchases()
    complaints: ComplaintPromises = ComplaintPromises()
    satisfaction: Satisfaction = Satisfaction()
    alerts: Alerts = Alerts()
    segments: SegmentRules = SegmentRules()
    relationship: RelationshipRules = RelationshipRules()
    experience: ExperienceRules = ExperienceRules()
    value: ValueRules = ValueRules()
    identification: IdentificationRules = IdentificationRules()
    proactive: ProactiveRules = ProactiveRules()
    propensity: PropensityRules = PropensityRules()
    ids: Ids = Ids()
    retention: Retention = Retention()
    erasure: Erasure = Erasure()
    briefing: BriefingRules = BriefingRules()
    campaigns: CampaignRules = CampaignRules()

    judges_nobody: ClassVar[frozenset[str]] = frozenset({"briefing"})
    care: CareRules = CareRules()

    @field_validator("erasure")
    @classmethod
    def _outlives_inputs(cls, erasure: Erasure, info: ValidationInfo) -> Erasure:
        retention = info.data.get("retention")
        if retention is not None and erasure.keep_days < retention.input_days:
            raise ValueError(
                f"keep_days must not be below retention.input_days ({retention.input_days:g}): what"
                " occurred before an erasure could come again"
            )
        return erasure

    @cached_property
    def rates(self) -> dict[str, float]:
        """Base currency for one unit, by currency code."""
        return dict(self.currency.rates)

    @cached_property
    def refused_ids(self) -> frozenset[str]:
        """Ids that name nobody, case folded."""
        return frozenset(each.casefold() for each in self.ids.refused)

    @cached_property
    def refused_ends(self) -> frozenset[str]:
        """The characters that an id which case folds to one of these can end with."""
        last = {each[-1] for each in self.refused_ids}
        return frozenset(
            character
            for character in map(chr, range(0x1_0000))
            if (folded := character.casefold()) and folded[-1] in last
        )

    @cached_property
    def sure_amounts(self) -> tuple[float, float]:
        """Amounts from the one to the other are neither nothing nor too much in base currency.

        Whatever currency they are in.
        """
        rates = self.rates.values()
        return LEAST_AMOUNT / min(rates) * 1.01, LARGEST_AMOUNT / max(rates) * 0.99

    @cached_property
    def tier_floors(self) -> tuple[float, ...]:
        """Lowest balance of the tiers above standard, ascending."""
        return (self.tiers.prospect, self.tiers.key, self.tiers.vip, self.tiers.private)

    @cached_property
    def grace_ms(self) -> int:
        """How long a tier is kept below its line, in milliseconds."""
        return round(self.tiers.grace_days * MS_PER_DAY)

    @cached_property
    def half_life_ms(self) -> float:
        """Half-life of a moment's weight, in milliseconds."""
        return self.satisfaction.half_life_days * MS_PER_DAY

    @cached_property
    def drop_window_ms(self) -> int:
        """How far back a balance drop looks for its maximum, in milliseconds."""
        return self.alerts.balance_drop_days * MS_PER_DAY

    def tier_of_balance(self, balance: float) -> int:
        """Index in ``TIERS`` of a balance in base currency, grace left aside."""
        return bisect_right(self.tier_floors, balance)


class PolicyError(OperatingError, ValueError):
    """A policy file that cannot be used; ``faults`` holds one sentence for each fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def load_policy(path: Path | None) -> Policy:
    """The default policy, overridden by the fields that the YAML file at ``path`` gives.

    Raises PolicyError: unreadable file, not a mapping, unknown field, value that cannot hold.
    """
    if path is None:
        return Policy()
    try:
        text = _text(path)
        given = read_yaml(text)
    except OSError as error:
        raise PolicyError([f"{path}: cannot be read ({error.strerror}); give a file"]) from error
    except PolicyError:
        raise
    except Repeated as error:
        raise PolicyError([f"{path}: {error}"]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PolicyError([f"{path}: is not YAML ({' '.join(str(error).split())})"]) from error
    if given is None and "#" in text:  # somebody began it, and left every default
        return Policy()
    if given is None:
        raise PolicyError([f"{path}: is empty; give a section, or no file for the default policy"])
    if not isinstance(given, Mapping):
        raise PolicyError([f"{path}: given {_given(given)}; must be a mapping of policy sections"])
    merged = _over(Policy().model_dump(mode="json"), given)
    try:
        # As JSON: strict JSON takes a list for a tuple, yet neither text nor "yes" for a number.
        return Policy.model_validate_json(json.dumps(merged, default=str), strict=True)
    except ValidationError as error:
        raise PolicyError([_fault(path, each) for each in _own(error.errors())]) from error


def _text(path: Path) -> str:
    """The text of a policy file. Raises OSError, and PolicyError: too long, or not UTF-8."""
    with path.open("rb") as source:
        content = source.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise PolicyError([f"{path}: is longer than {LARGEST_BYTES:,} bytes; give a policy file"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PolicyError(
            [
                f"{path}: is not UTF-8 text (byte {content[error.start]:#04x} at place"
                f" {error.start}); save it as UTF-8"
            ]
        ) from error


def default_yaml() -> str:
    """The default policy as YAML, every field written out, to be edited by an operator.

    >>> "grace_days: 30.0" in default_yaml()
    True
    """
    return policy_yaml(Policy())


def policy_yaml(policy: Policy) -> str:
    """A policy as YAML, every field written out; it reads back as the same policy."""
    text: str = yaml.safe_dump(
        policy.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=96
    )
    return text


def _over(defaults: dict[str, Any], given: Mapping[Any, Any]) -> dict[Any, Any]:
    """``defaults`` with what ``given`` says, mapping by mapping."""
    merged: dict[Any, Any] = dict(defaults)
    for key, value in given.items():
        name = str(key)
        base = defaults.get(name)
        if isinstance(base, dict) and isinstance(value, Mapping):
            merged[name] = _over(base, value)
        else:
            merged[name] = value
    return merged


def _own(errors: Sequence[Any]) -> list[Any]:
    """Without lists that are too short only since one of their items is at fault."""
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(
            other["loc"][: len(error["loc"])] == error["loc"]
            for other in errors
            if other is not error
        )
    ]


def _fault(path: Path, error: Any) -> str:
    """One line: file, field, what was given, what must hold."""
    place = [str(part) for part in error["loc"] if part != KEY_OF_MAPPING]
    field = ".".join(place) or "(whole file)"
    if error["type"] == "extra_forbidden":
        return f"{path}: {field}: given {_given(error['input'])}; must not be there: no such field"
    must = _must(error)
    if KEY_OF_MAPPING in error["loc"]:
        must = f"as a name: {must}"
    said = must if must.startswith("must ") else f"must hold: {must}"
    return f"{path}: {field}: given {_given(error['input'])}; {said}"


def _given(value: Any) -> str:
    """What was given, as much of it as a line holds."""
    shown = repr(value)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."


def _must(error: Any) -> str:
    """What must hold: in our words where pydantic's are not plain enough."""
    told: str = error["msg"]
    limits = error.get("ctx", {})
    if error["type"] == "too_short":
        least = limits["min_length"]
        return f"at least {least} {'item' if least == 1 else 'items'}"
    if error["type"] == "too_long":
        return f"at most {limits['max_length']} items"
    if error["type"] == "string_pattern_mismatch":
        return f"text of the form {limits['pattern']}"
    return WORDS.get(error["type"], told.removeprefix("Value error, ").removeprefix(INPUT))


SHOWN = 160
INPUT = "Input should be "
KEY_OF_MAPPING = "[key]"
WORDS = {
    "model_type": "a mapping of fields, as `touchline policy show` prints it",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "bool_type": "true or false",
    "string_type": "text",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
}


__all__ = [
    "AlertKind",
    "Policy",
    "PolicyError",
    "default_yaml",
    "load_policy",
    "policy_yaml",
]
