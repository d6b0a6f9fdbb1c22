"""The sentences of the rules in English, as the rules themselves have them.

``python -m streams.serve.telling.english`` writes them into ``reasons.en.json``, beside which
translators write those of other languages. A test holds that file to the rules.
"""

from __future__ import annotations

import json
import pkgutil
from importlib import import_module
from pathlib import Path

import agents
import domain
from domain.kernel.wording import WORDINGS
from streams.serve.telling.catalogues import DEFAULT, REASONS

EXAMPLE = "example."
"""How keys begin that are of documentation only."""


def english() -> dict[str, str]:
    """Every sentence of every rule by its key, with its placeholders; sorted."""
    for room in (agents, domain):
        for _, name, _ in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            import_module(name)
    return {key: WORDINGS[key].text for key in sorted(WORDINGS) if not key.startswith(EXAMPLE)}


def main() -> None:
    """Write the file."""
    file = Path(__file__).with_name(f"{REASONS}.{DEFAULT}.json")
    file.write_text(json.dumps(english(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
