"""Reading the settings, and saying what is wrong with them without showing a secret."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableSettings

from streams.settings.errors import SettingError
from streams.settings.files import setting_files
from streams.settings.model import Settings
from streams.settings.names import (
    SECRETS_DIR,
    nearest_name,
    unknown_names,
    variable_name,
    variables,
)


def load_settings(**changes: Any) -> Settings:
    """The settings from environment and secret files, with ``changes`` on top.

    Raises :class:`SettingError` where a value does not fit, and where a variable or a secret file
    has a name that is like ours and means nothing.
    """
    refuse_unknown()
    return read_settings(**changes)


def read_settings(**changes: Any) -> Settings:
    """The same, whatever else is set; raises :class:`SettingError` where a value does not fit."""
    given: dict[str, Any] = {"_secrets_dir": secrets_dir()}
    try:
        return Settings(**given, **changes)
    except ValidationError as error:
        told = "\n".join(dict.fromkeys(_told(each) for each in error.errors()))
    except UnreadableSettings:  # its text and its cause may have the value in them
        told = _no_json()
    raise SettingError(told)


def secrets_dir() -> Path | None:
    """The directory of secret files, where one is named."""
    given = os.environ.get(SECRETS_DIR)
    return Path(given).expanduser() if given else None


def refuse_unknown() -> None:
    """Raises :class:`SettingError` naming each unknown name and the known one nearest to it."""
    told = [_unknown(f"setting {name}", name) for name in unknown_names(Settings, os.environ)]
    directory = secrets_dir()
    if directory is not None and directory.is_dir():
        files = {file.name: file for file in setting_files(directory)}
        names = unknown_names(Settings, dict.fromkeys(files, ""))
        told += [_unknown(f"secret file {files[name]}", name) for name in names]
    if told:
        raise SettingError("\n".join(told))


def _unknown(what: str, name: str) -> str:
    return (
        f"{what} is not known, the nearest is {nearest_name(Settings, name)}: "
        f"correct it or take it away (`touchline config` lists all)"
    )


def _told(error: Mapping[str, Any]) -> str:
    """One line for one of pydantic's errors."""
    place = tuple(str(part) for part in error["loc"])
    text = str(error["msg"]).removeprefix("Value error, ").replace("\n", " ")
    name = variable_name(place)
    if error["type"] == "extra_forbidden":
        return _unknown(f"setting {name}", name)
    found = next((each for each in variables(Settings) if each.path == place), None)
    if found is None:  # a whole section, or what is no setting: it may hold anything
        return text if error["type"] == "value_error" else f"setting {name}: {text}"
    got = f" (got {error['input']!r})" if found.echoed else ""
    return f"setting {found.name}: {text}{got}"


def _no_json() -> str:
    """Which section was given as a whole and is no JSON."""
    given = {name.upper(): name for name in os.environ}
    sections = {variable_name(each.path[:-1]) for each in variables(Settings) if each.path[1:]}
    wrong = ", ".join(given[name] for name in sorted(sections & given.keys())) or SECRETS_DIR
    return f"setting {wrong}: a whole section is given as a JSON object"
