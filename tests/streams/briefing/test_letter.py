"""The text for e-mail: headers that a mailer reads, lines that it takes."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from domain.policy import Policy
from domain.policy.briefing import Recipient
from streams.briefing.letter import letter
from streams.briefing.telling import told
from streams.serve.telling import Language
from tests.streams.briefing.town import POLICY, briefed

RECIPIENTS = (
    Recipient(role="Head of service, retail", email="service@bank.example"),
    Recipient(role="客户体验主管", email="cx@bank.example"),
)


def read(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def test_it_goes_to_the_recipients_of_the_policy(folder: Path, tmp_path: Path) -> None:
    content = letter(told(briefed(folder, tmp_path), "zh"), RECIPIENTS)
    message = read(content)
    assert [(each.display_name, each.addr_spec) for each in message["To"].addresses] == [
        ("Head of service, retail", "service@bank.example"), ("客户体验主管", "cx@bank.example"),
    ]  # fmt: skip
    assert message["Subject"] == "客户简报 2026-W10"
    head, _, body = content.partition(b"\n\n")
    assert head.isascii()
    assert message.get_content() == body.decode()
    assert b"\r" not in content
    assert not message.defects


@pytest.mark.parametrize("language", ["en", "zh"])
def test_its_lines_are_short_and_say_the_figures(
    folder: Path, tmp_path: Path, language: Language
) -> None:
    message = read(letter(told(briefed(folder, tmp_path), language), POLICY.briefing.recipients))
    text = message.get_content()
    assert max(map(len, text.splitlines())) <= 76
    said = {
        "en": "- alerts: 6; last period 1, change +5 (+500%) (worse)",
        "zh": "- 告警：6；上期 1，变化 +5 (+500%)（变差）",
    }
    assert said[language] in text
    assert "a-vip" in text


def test_without_recipients_it_has_no_to(folder: Path, tmp_path: Path) -> None:
    message = read(letter(told(briefed(folder, tmp_path), "en"), ()))
    assert message["To"] is None
    assert message["Subject"] == "Customer briefing 2026-W10"


@pytest.mark.parametrize(
    "wrong",
    [
        ".a@b.example",
        "a.@b.example",
        "nobody",
        "a@b@c",
        "a b@c.example",
        "a@b.example\nBcc: x@y.example",
        "a..b@c.example",
        "@c.d",
    ],
)
def test_an_address_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="e-mail address"):
        Policy.model_validate({"briefing": {"recipients": [{"role": "r", "email": wrong}]}})


def test_a_role_is_one_line() -> None:
    with pytest.raises(ValueError, match="pattern"):
        Recipient(role="head\nBcc: x@y.example", email="a@b.example")
