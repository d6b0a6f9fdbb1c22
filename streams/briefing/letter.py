"""A briefing as an e-mail of plain text with its headers, as ``sendmail -t`` takes it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from functools import partial
from typing import Final
from unicodedata import east_asian_width

from domain.policy.briefing import Recipient
from streams.briefing.telling import Section, ToldBriefing
from streams.serve.telling import Language

WIDTHS: Final[Mapping[Language, int]] = {"en": 76, "zh": 38}
"""Characters of a line, of which those of Chinese are twice as wide. With four bytes each it is
well below the 998 that a line of mail may have (RFC 5322, 2.1.1)."""


def letter(told: ToldBriefing, recipients: Sequence[Recipient]) -> bytes:
    """The e-mail: To and Subject, then the text in UTF-8; without recipients it has no To.

    Whoever sends it gives it its sender, date and id.
    """
    message = EmailMessage(policy=default.clone(cte_type="8bit"))
    if recipients:
        message["To"] = [Address(each.role, addr_spec=each.email) for each in recipients]
    message["Subject"] = told.title
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(_lines(told)) + "\n", charset="utf-8", cte="8bit")
    message["Content-Language"] = told.language
    return message.as_bytes()


def _lines(told: ToldBriefing) -> Iterator[str]:
    wrapped = partial(_wrapped, WIDTHS[told.language])
    yield from wrapped(told.title)
    yield ""
    for sentence in told.sentences:
        yield from wrapped(sentence)
    for section in told.sections:
        yield ""
        yield from _section(section, wrapped)


def _section(section: Section, wrapped: Callable[[str], list[str]]) -> Iterator[str]:
    title = wrapped(section.title)
    yield from title
    yield "=" * max(map(_columns, title))
    for sentence in section.sentences:
        yield from wrapped(sentence)
    for line in section.lines:
        yield from wrapped(f"- {line}" if line else "")
    for note in section.notes:
        yield from wrapped(note)


def _columns(text: str) -> int:
    """How wide a text is where each letter has the same width, and those of Chinese two."""
    return sum(1 + (east_asian_width(each) in "WF") for each in text)


def _wrapped(width: int, text: str) -> list[str]:
    """The lines of a text; those of an item in a list stand below its beginning."""
    indent = "  " if text.startswith("- ") else ""
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False) or [""]
