"""Telling somebody: a language and a time zone, and all that can be said in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from schemas.told import Told
from streams.serve.telling import figures, form
from streams.serve.telling.catalogues import DEFAULT, Language, words

_NOTHING: Final[Mapping[str, object]] = {}
_STEP: Final = re.compile(
    r"\((?:tier (?P<tier>[^)]+)|churn risk (?P<risk>[0-9.]+)|(?P<why>[a-z ]+))\)"
)
_UNDER: Final = re.compile(r"under (\d+)")
_OVER: Final = re.compile(r"(\d+) and over")
_AT_LEAST: Final = re.compile(r", at least (\d+)")


def tell(
    key: str | None, args: Mapping[str, object] | None, language: str, zone: str = form.UTC
) -> str | None:
    """A rule's sentence in a language; ``None`` where there is none: then its English is told.

    >>> tell("no_such_rule", {}, "zh") is None
    True
    """
    return None if not key else form.sentence(key, args or _NOTHING, language, zone)


class Telling(NamedTuple):
    """What pages are given to say things with: one for each request.

    >>> told = Telling("zh", "Asia/Shanghai")
    >>> told.name("channel", "wechat"), told.time("2026-01-31T20:00:00.000Z")
    ('微信', '2026年2月1日 04:00')
    """

    language: Language = DEFAULT
    zone: str = form.UTC

    def word(self, key: str, **args: object) -> str:
        """A text of the catalogues, filled."""
        return form.word(key, self.language, args, self.zone)

    def name(self, kind: str, value: object) -> str:
        """The name of a value of a fixed set, such as ``("tier", "vip")``; "" for ``None``."""
        return "" if value is None else form.name(kind, value, self.language)

    def state(self, dimension: str, value: object) -> str:
        """The name of a state of a transition's dimension.

        >>> Telling("zh").state("customer", "erased")
        '已删除'
        """
        return self.name("customer_record" if dimension == "customer" else dimension, value)

    def reason(self, record: Mapping[str, object]) -> str:
        """The reason of an output, given as its JSON object."""
        args = record.get("reason_args")
        return self.told(record.get("reason_key"), args, str(record.get("reason") or ""))

    def told(self, key: object, args: object, english: str) -> str:
        """A rule's sentence by key and arguments, else as it stands in English."""
        if self.language == DEFAULT or not isinstance(key, str) or not key:
            return english
        given = args if isinstance(args, Mapping) else _NOTHING
        return form.sentence(key, given, self.language, self.zone) or english

    def figure(self, reason: str) -> str | None:
        """A reason as a figure gives it (`schemas.figures`); ``None`` where it is in English alone.

        >>> from domain.relationship.churn import OPEN
        >>> Telling("zh").figure(OPEN()), Telling("zh").figure("As it was.")
        ('有一宗投诉尚未解决。', None)
        """
        if self.language == DEFAULT:
            return str(reason)
        if not isinstance(reason, Told):
            return None
        return tell(reason.key, reason.args, self.language, self.zone)

    def action(self, kind: str, english: str) -> str:
        """What is suggested for an alert of a kind: told where it is what the product suggests.

        The policy's own words stand as they are.
        """
        key = f"suggested.{kind}"
        ours = words(DEFAULT).get(key) == english
        return form.word(key, self.language) if ours else english

    def age_band(self, english: str | None) -> str:
        """An age band, which the rules name in English.

        >>> [Telling("zh").age_band(band) for band in ("under 18", "18-24", "65 and over", None)]
        ['18岁以下', '18-24', '65岁及以上', '']
        """
        for key, shape in (("age_band.under", _UNDER), ("age_band.over", _OVER)):
            if found := shape.fullmatch(english or ""):
                return self.word(key, age=found[1])
        return english or ""

    def priority(self, english: str | None) -> str:
        """Why an alert has its priority: the sum, with its steps named."""
        if self.language == DEFAULT or not english:
            return english or ""
        told = _STEP.sub(self._step, english)
        return _AT_LEAST.sub(lambda found: self.word("priority.at_least", least=found[1]), told)

    def _step(self, found: re.Match[str]) -> str:
        if found["tier"]:
            said = self.word("priority.step_tier", tier=found["tier"])
        elif found["risk"]:
            said = self.word("priority.step_churn_risk", risk=found["risk"])
        else:
            said = self.word(f"priority.step_{found['why'].replace(' ', '_')}")
        return f"({said})"

    def number(self, value: float | None) -> str:
        """A number; "" for ``None``, as with all below."""
        return "" if value is None else figures.number(value, self.language)

    def money(self, value: float | None, currency: str | None = None) -> str:
        """An amount, without cents from 1,000 on."""
        return "" if value is None else figures.money(value, self.language, currency)

    def percent(self, value: float | None) -> str:
        """A share of 1."""
        return "" if value is None else figures.percent(value, self.language)

    def seconds(self, value: float | None) -> str:
        """A length of time, given in seconds."""
        return "" if value is None else figures.seconds(value, self.language)

    def date(self, value: str | int | datetime | None) -> str:
        """The day of a moment in the reader's zone."""
        return "" if value is None else figures.date_of(value, self.language, self.zone)

    def time(self, value: str | int | datetime | None) -> str:
        """A moment to the minute in the reader's zone."""
        return "" if value is None else figures.time_of(value, self.language, self.zone)
