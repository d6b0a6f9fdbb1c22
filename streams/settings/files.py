"""Secret files: one file a setting, as Docker and Kubernetes mount them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic_settings import NestedSecretsSettingsSource

from streams.settings.errors import SettingError
from streams.settings.names import PREFIX

MOST_BYTES: Final = 65_536


class SecretFiles(NestedSecretsSettingsSource):
    """The files in one directory that are named as settings are; all others are left alone.

    Links are followed: Kubernetes' files are links. One line break at the end of a file is not
    part of the value, everything else is.
    """

    def validate_secrets_path(self, path: Path) -> None:
        """Raises :class:`SettingError` where there is no such directory."""
        if not path.is_dir():
            raise SettingError(f"setting TOUCHLINE_SECRETS_DIR: there is no directory {path}")

    @classmethod
    def load_secrets(cls, path: Path) -> dict[str, str]:
        """Text by file name. Raises :class:`SettingError` naming a file that cannot be read."""
        return {file.name: _text(file) for file in setting_files(path)}


def setting_files(directory: Path) -> list[Path]:
    """The files of a directory that are meant to be settings, by name."""
    try:
        entries = sorted(directory.iterdir())
    except OSError as error:
        raise SettingError(
            f"setting TOUCHLINE_SECRETS_DIR: {directory} cannot be read ({error.strerror})"
        ) from None
    return [file for file in entries if file.name.upper().startswith(PREFIX)]


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise SettingError(f"secret file {file}: longer than {MOST_BYTES:,} bytes")
        text = content.decode()
    except OSError as error:
        raise SettingError(f"secret file {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingError(f"secret file {file}: must be text in UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")
