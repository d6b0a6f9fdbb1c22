"""Every setting with its value, where that came from, its default and its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import PydanticUndefined
from pydantic_settings import EnvSettingsSource, SecretsSettingsSource

from streams.settings.files import SecretFiles, setting_files
from streams.settings.loading import read_settings, secrets_dir
from streams.settings.model import Settings
from streams.settings.names import Variable, variables

STARS: Final = "********"
"""What stands for a secret, however long it is."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One setting as ``touchline config`` tells it; ``source`` is "default", "environment" or
    the path of a secret file. A secret's value is stars where there is one."""

    name: str
    value: Any
    source: str
    default: Any
    secret: bool
    meaning: str


def listed_settings() -> list[Listed]:
    """All settings as they are in force, in the order of the model.

    Raises :class:`SettingError` where a value does not fit.
    """
    settings = read_settings()
    environment = EnvSettingsSource(Settings)()
    directory = secrets_dir()
    from_files = SecretFiles(SecretsSettingsSource(Settings, directory))()
    paths = {} if directory is None else {f.name.upper(): f for f in setting_files(directory)}

    def source(one: Variable) -> str:
        if one.given(environment):
            return "environment"
        if one.given(from_files):
            return str(paths.get(one.name, directory))
        return "default"

    return [
        Listed(
            one.name,
            _shown(one, one.value(settings)),
            source(one),
            _shown(one, one.field.default),
            one.secret,
            one.field.description or "",
        )
        for one in variables(Settings)
    ]


def _shown(one: Variable, value: Any) -> Any:
    """A value as JSON has it, or stars."""
    if value is None or value is PydanticUndefined:
        return None
    if one.secret:
        return STARS
    return value if isinstance(value, int | float) else str(value)
