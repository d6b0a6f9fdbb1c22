"""What every section of the settings has in common."""

from typing import Final

from pydantic import ConfigDict

SECTION: Final = ConfigDict(extra="forbid", hide_input_in_errors=True)
"""Nothing unknown is taken, and no error of pydantic's own shows what was given."""
