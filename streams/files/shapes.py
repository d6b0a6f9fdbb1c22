"""What a file is that holds no lines of events: by how it begins, and what to do with it."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, Final, NamedTuple

from schemas.foreign import FORMATS
from streams.errors import InputUnusable

UNPACK: Final = {
    "gzip": "gzip -dc",
    "bzip2": "bzip2 -dc",
    "xz": "xz -dc",
    "zstd": "zstd -dc",
    "lz4": "lz4 -dc",
}
UNREAD: Final = ("zstd", "lz4")
"""Compressions that no library here reads."""
SHOWN_CELLS: Final = 4
CELL_CHARACTERS: Final = 64
"""The name of a column is no longer: else it is a line of something else."""
_WRAPPED: Final = re.compile(r'\{\s*"([A-Za-z_][A-Za-z0-9_]*)"\s*:\s*\[\s*\{')
_CELLS: Final = re.compile(r"[,;\t|]")
_CARRIAGE_RETURN: Final = re.compile(r"\}\r\s*\{")


class Looks(NamedTuple):
    """How a file begins: its first bytes once decompressed, and the text they are."""

    name: str
    head: bytes
    text: str
    packed: str | None = None
    encoding: str | None = None


def refuse(looks: Looks, wanted: str, *, csv: bool) -> None:
    """Raise InputUnusable where a file can be told not to be what is `wanted`, a sentence.

    `csv` says that the command takes CSV too.
    """
    name, text = looks.name, looks.text.lstrip()
    if looks.packed in UNREAD:
        raise InputUnusable(
            f"{name} is compressed by {looks.packed}, which is not read here; {_command(looks, '')}"
        )
    for mark, kind in FORMATS.items():
        if looks.head.startswith(mark):
            raise InputUnusable(f"{name} is {kind}; {wanted}")
    if text.startswith("<"):
        raise InputUnusable(f"{name} is XML or HTML; {wanted}")
    if _CARRIAGE_RETURN.search(text) and "\n" not in text:
        raise InputUnusable(
            f"{name} has lines that end in CR alone; {wanted}, and LF ends a line:"
            f" {_command(looks, _TRANSLATE)}"
        )
    if text.startswith("[") and not _bad_line(text):
        raise InputUnusable(f"{name} is a JSON array; {wanted}: {_jq(looks, '.[]')}")
    if text.startswith("{"):
        _refuse_spread(looks, text, wanted)
    elif not csv and (cells := _cells(text)):
        shown = ", ".join(cells[:SHOWN_CELLS]) + (", ..." if len(cells) > SHOWN_CELLS else "")
        raise InputUnusable(
            f"{name} is CSV ({shown}); {wanted}. As CSV, `touchline clv fit` takes purchases"
            " (customer,date,amount) and `touchline segments fit` numbers of each customer"
        )


def _refuse_spread(looks: Looks, text: str, wanted: str) -> None:
    """Raise where an object goes over several lines, or holds all events itself."""
    first, _, rest = text.partition("\n")
    found = _parsed(first)
    wrapped = _WRAPPED.match(text)
    if isinstance(found, dict) and ("type" in found or wrapped is None):
        return
    if wrapped is not None and (found is not None or not _parses_later(rest)):
        raise InputUnusable(
            f"{looks.name} is one JSON object with a list in it; {wanted}:"
            f" {_jq(looks, f'.{wrapped[1]}[]')}"
        )
    if found is None and rest and (first.strip() == "{" or _goes_on(text, len(first))):
        raise InputUnusable(
            f"{looks.name} is JSON spread over several lines; {wanted}: {_jq(looks, '.')}"
        )


def _goes_on(text: str, behind: int) -> bool:
    """Whether the first value ends on a later line."""
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return end > behind


def _parses_later(rest: str) -> bool:
    """Whether a later line is an object by itself, so that the first one is only broken."""
    return isinstance(_parsed(next(iter(rest.split("\n")), "")), dict)


def _bad_line(text: str) -> bool:
    """Whether an array is one bad line among lines of objects."""
    first, _, rest = text.partition("\n")
    return _parsed(first) is not None and rest.lstrip().startswith("{")


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _cells(text: str) -> list[str]:
    """The header of CSV; nothing where the first lines are no CSV."""
    lines = [line.strip() for line in text.split("\n", 3)[:3] if line.strip()]
    if not lines or any(line.startswith(("{", "[")) for line in lines):
        return []
    found = _CELLS.search(lines[0])
    if found is None:
        return []
    whole = lines[:-1] if len(lines) > 1 else lines  # the last may be cut off
    counts = {line.count(found[0]) for line in whole}
    cells = [cell.strip(' "') for cell in lines[0].split(found[0])]
    plain = all(cell.isprintable() and len(cell) <= CELL_CHARACTERS for cell in cells)
    return cells if plain and len(counts) == 1 else []


_TRANSLATE: Final = r"tr '\r' '\n'"


def _jq(looks: Looks, what: str) -> str:
    return _command(looks, f"jq -c {shlex.quote(what)}")


def _command(looks: Looks, last: str) -> str:
    """A pipe that makes lines of events of the file."""
    file = "" if looks.name == "stdin" else shlex.quote(looks.name)
    parts = [UNPACK[looks.packed]] if looks.packed is not None else []
    if looks.encoding is not None:
        parts.append(f"iconv -f {looks.encoding.upper()} -t UTF-8")
    parts += [last] if last else []
    if file and parts[0] == _TRANSLATE:
        parts[0] += f" < {file}"
    elif file:
        parts[0] += f" {file}"
    return f"{' | '.join(parts)} > events.jsonl"
