"""Settings: everything an operator sets from outside, by environment variables or secret files.

Every variable begins with ``TOUCHLINE_``; a nested one has two underscores, as in
``TOUCHLINE_KAFKA__BOOTSTRAP``. Each may also be a file of the same name, in capitals or not, in the
directory that ``TOUCHLINE_SECRETS_DIR`` names. The variable goes before the file.
"""

from streams.settings.errors import SettingError
from streams.settings.kafka import KafkaSettings, addresses
from streams.settings.loading import load_settings
from streams.settings.model import CommitSettings, HttpSettings, SegmentSettings, Settings
from streams.settings.serve import ServeSettings

__all__ = [
    "CommitSettings",
    "HttpSettings",
    "KafkaSettings",
    "SegmentSettings",
    "ServeSettings",
    "SettingError",
    "Settings",
    "addresses",
    "load_settings",
]
