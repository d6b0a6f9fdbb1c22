"""The settings by name: which variables there are, which of them are secret, which is meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, get_args

from pydantic import BaseModel, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

PREFIX: Final = "TOUCHLINE_"
DELIMITER: Final = "__"
SECRETS_DIR: Final = "TOUCHLINE_SECRETS_DIR"
OTHERS: Final = (SECRETS_DIR, "TOUCHLINE_BENCH_BOOTSTRAP")
"""Variables of ours that are no settings: where secret files are, Kafka for the benchmarks."""

_SECRETS: Final = (SecretStr, SecretBytes, Secret)
# What Kubernetes puts into every pod beside a service whose name begins with `touchline`.
_SERVICE: Final = re.compile(
    r"_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$"
)
_SERVICE_ADDRESS: Final = re.compile(r"(tcp|udp|sctp)://")


class Variable(NamedTuple):
    """One setting: the name of its variable, where it lies in the model, and its field."""

    name: str
    path: tuple[str, ...]
    field: FieldInfo

    @property
    def secret(self) -> bool:
        """Whether its value is never shown."""
        return _holds_secret(self.field.annotation)

    @property
    def echoed(self) -> bool:
        """Whether an error may show what was given: not where it may hold a secret by mistake."""
        return self.field.repr and not self.secret

    def given(self, values: Mapping[str, Any]) -> bool:
        """Whether these values, nested as the settings are, have one for it."""
        here: Any = values
        for part in self.path:
            if not isinstance(here, Mapping) or part not in here:
                return False
            here = here[part]
        return True

    def value(self, settings: BaseModel) -> Any:
        """Its value in these settings."""
        here: Any = settings
        for part in self.path:
            here = getattr(here, part)
        return here


def variables(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Variable]:
    """Every setting of a model, in order; what is nested in the place of its section."""
    for name, field in model.model_fields.items():
        kind, here = field.annotation, (*path, name)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from variables(kind, here)
        else:
            yield Variable(variable_name(here), here, field)


def variable_name(path: Iterable[object]) -> str:
    """The variable of the setting, or of the section, at this place of the model."""
    return PREFIX + DELIMITER.join(str(part) for part in path).upper()


def known_names(model: type[BaseModel]) -> set[str]:
    """Every name that means something: settings, whole sections as JSON, and the others."""
    paths = [each.path for each in variables(model)]
    return {variable_name(path[:n]) for path in paths for n in range(1, len(path) + 1)} | {*OTHERS}


def unknown_names(model: type[BaseModel], given: Mapping[str, str]) -> list[str]:
    """Of these variables, those that begin as ours do and mean nothing; as they are written."""
    known = known_names(model)
    return sorted(
        name
        for name, value in given.items()
        if name.upper().startswith(PREFIX)
        and name.upper() not in known
        and not _of_kubernetes(name, value)
    )


def nearest_name(model: type[BaseModel], name: str) -> str:
    """The setting whose name is most like this one."""
    names = [SECRETS_DIR, *(each.name for each in variables(model))]
    rest = {each.removeprefix(PREFIX): each for each in names}
    [found] = difflib.get_close_matches(name.upper().removeprefix(PREFIX), rest, n=1, cutoff=0.0)
    return rest[found]


def _of_kubernetes(name: str, value: str) -> bool:
    if _SERVICE.search(name):
        return True
    return name.endswith("_PORT") and _SERVICE_ADDRESS.match(value) is not None


def _holds_secret(kind: Any) -> bool:
    if isinstance(kind, type):
        return issubclass(kind, _SECRETS)
    return any(_holds_secret(each) for each in get_args(kind))
