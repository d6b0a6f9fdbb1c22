"""A briefing in the reader's language: what its page and its letter say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.fields import moment, rfc3339
from schemas.told import Told
from streams.briefing.briefing import Briefing
from streams.briefing.exceptions import Case, Named, Owner
from streams.briefing.figures import Figure, Row, Value
from streams.reports.form.page import Grid, Head
from streams.reports.form.words import MINUS, UNKNOWN
from streams.reports.live import LIVE
from streams.serve.telling import Language, Telling

PARTLY: Final = "*"
"""Stands behind a figure that is counted from a part of its period."""
SECONDS_OF_HOUR: Final = 3_600
PERCENT: Final = 100
RELATIVE: Final = ("count", "amount")
"""Kinds of figures whose change is told in percent too."""


@dataclass(frozen=True)
class Section:
    """A heading, sentences, tables and notes; ``lines`` say in a letter what the tables say."""

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Grid, ...] = ()
    notes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToldBriefing:
    """A briefing in one language."""

    language: Language
    title: str
    sentences: tuple[str, ...]
    sections: tuple[Section, ...]


def told(briefing: Briefing, language: Language) -> ToldBriefing:
    """The briefing in a language, its times in its own zone."""
    return _Teller(briefing, language).told()


class _Teller:
    def __init__(self, briefing: Briefing, language: Language) -> None:
        self._briefing = briefing
        self._say = Telling(language, briefing.zone)
        self._word = self._say.word

    def told(self) -> ToldBriefing:
        briefing = self._briefing
        sections = [self._happened(), *self._standing(), *map(self._named, briefing.named)]
        return ToldBriefing(
            language=self._say.language,
            title=self._word("briefing.title", number=briefing.period.name),
            sentences=tuple(self._sentences()),
            sections=tuple(sections),
        )

    # -- sentences ----------------------------------------------------------------------

    def _sentences(self) -> Iterator[str]:
        briefing, period = self._briefing, self._briefing.period
        yield self._word(
            f"briefing.{period.kind}",
            year=str(period.year),
            number=str(period.number),
            first=period.first_day.isoformat(),
            last=period.last_day.isoformat(),
            zone=briefing.zone,
        )
        live = briefing.source == LIVE
        source = self._word("briefing.live") if live else briefing.source
        if briefing.as_of is None:
            yield self._word("briefing.empty", source=source)
        else:
            yield self._word("briefing.made", source=source, at=briefing.as_of)
        if not briefing.over:
            yield self._word("briefing.running")
        if not briefing.standing:
            yield self._word("briefing.later")

    def _compared(self) -> str:
        last, before = self._briefing.compared, self._briefing.period.before.name
        if last is None:
            return self._word("briefing.alone", number=before)
        if last.as_of is None:
            return self._word("briefing.compared_empty", number=before)
        return self._word("briefing.compared", number=before, at=last.as_of)

    # -- figures ------------------------------------------------------------------------

    def _happened(self) -> Section:
        rows = self._briefing.happened
        title = self._word("briefing.happened")
        return self._figures("happened", title, (), rows, tuple(self._notes(rows)))

    def _standing(self) -> Iterator[Section]:
        if rows := self._briefing.standing:
            title = self._word("briefing.standing")
            yield self._figures("standing", title, (self._compared(),), rows, ())

    def _figures(
        self,
        key: str,
        title: str,
        sentences: tuple[str, ...],
        rows: Sequence[Row],
        notes: tuple[str, ...],
    ) -> Section:
        heads = [
            Head(self._word("briefing.figure")),
            Head(self._word("briefing.now"), number=True),
            Head(self._word("briefing.before"), number=True),
            Head(self._word("briefing.change"), number=True),
            Head(self._word("briefing.means")),
        ]
        cells: list[tuple[str, ...]] = [self._row(row) for row in rows]
        lines = [
            self._word(
                "briefing.line" if change != UNKNOWN else "briefing.line_alone",
                figure=name, now=now, before=before, change=change,
            ) + (self._word("briefing.line_means", means=means) if means else "")
            for name, now, before, change, means in cells
        ]  # fmt: skip
        if all(row.before is None for row in rows):
            heads, cells = heads[:2], [cell[:2] for cell in cells]
        grid = Grid(heads, cells, as_cards=True)
        return Section(key, title, sentences, (grid,), notes, tuple(lines))

    def _row(self, row: Row) -> tuple[str, str, str, str, str]:
        figure, better = row.figure, row.better
        means = "" if better is None else self._word(f"briefing.{'better' if better else 'worse'}")
        return (
            self._say.name("briefing_figure", figure.key),
            self._value(figure, row.now),
            UNKNOWN if row.before is None else self._value(figure, row.before),
            self._change(row),
            means,
        )

    def _value(self, figure: Figure, value: Value) -> str:
        if value.value is None:
            return UNKNOWN
        text = self._amount(figure, value.value).replace("-", MINUS)
        return text if value.since is None else text + PARTLY

    def _amount(self, figure: Figure, value: float) -> str:
        say = self._say
        match figure.kind:
            case "share":
                return say.percent(value)
            case "score":
                return f"{value:.2f}"
            case "index":
                return f"{value:,.1f}"
            case "amount":
                return say.money(value, self._briefing.currency)
            case "hours":
                return say.seconds(value * SECONDS_OF_HOUR)
            case "count":
                return say.number(value)

    def _change(self, row: Row) -> str:
        change, figure = row.change, row.figure
        if change is None:
            return UNKNOWN
        sign = "+" if change > 0 else MINUS if change < 0 else ""
        if figure.kind == "share":
            points = f"{PERCENT * abs(change):.1f}"
            return self._word("briefing.points", points=sign + points)
        text = sign + self._amount(figure, abs(change))
        before = row.before.value if row.before is not None else None
        if figure.kind in RELATIVE and before and change:
            text += f" ({sign}{PERCENT * abs(change) / abs(before):,.0f}%)"
        return text

    def _notes(self, rows: Sequence[Row]) -> Iterator[str]:
        """What is kept of a part of a period alone, and what has nothing to compare with."""
        values = [value for row in rows for value in (row.now, row.before) if value is not None]
        for since in sorted({value.since for value in values if value.since is not None}):
            at = rfc3339(moment(since))
            yield self._word("briefing.partly", at=at)
        if any(row.now.lost for row in rows):
            yield self._word("briefing.not_kept")
        alone = [row for row in rows if row.before is None]
        before = self._briefing.period.before.name
        if alone and len(alone) == len(rows):
            yield self._word("briefing.nothing_before", number=before)
        elif alone:
            names = [self._say.name("briefing_figure", row.figure.key) for row in alone]
            told = ", ".join(names)
            yield self._word("briefing.nothing_of", number=before, figures=told)

    # -- who is named -------------------------------------------------------------------

    def _named(self, named: Named) -> Section:
        kind = named.kind
        told = self._say.name("briefing_kind", kind)
        title = self._word("briefing.counted", kind=told, count=named.total)
        line = self._briefing.lines.get(kind)
        sentences = [self._word(f"briefing_why.{kind}", line=line if line is not None else 0)]
        if not named.total:
            nobody = (
                self._word("briefing.gone", count=named.gone)
                if named.gone
                else self._word("briefing.nobody")
            )
            return Section(kind, title, (*sentences, nobody))
        if len(named.cases) < named.total:
            sentences.append(self._word("briefing.first", count=len(named.cases)))
        if named.gone:
            sentences.append(self._word("briefing.gone", count=named.gone))
        tables = [self._cases(named)]
        lines = [self._line(named.kind, case) for case in named.cases]
        if named.owners:
            tables.insert(0, self._owners(named.owners))
            lines = [*map(self._owner_line, named.owners), "", *lines]
        return Section(kind, title, tuple(sentences), tuple(tables), (), tuple(lines))

    def _cases(self, named: Named) -> Grid:
        optional = {
            "complaint_id": any(case.complaint_id for case in named.cases),
            "figure": any(case.figure is not None for case in named.cases),
            "at": any(case.at for case in named.cases),
            "why": any(map(self._reason, named.cases)),
        }
        columns = ["customer", "tier", "owner", *(name for name, has in optional.items() if has)]
        keys = {"figure": f"figure.{named.kind}", "at": f"at.{named.kind}"}
        heads = [
            Head(self._word(f"briefing_case.{keys.get(name, name)}"), name == "figure")
            for name in columns
        ]
        told = [self._cells(case) for case in named.cases]
        return Grid(heads, [[cells[name] for name in columns] for cells in told], as_cards=True)

    def _cells(self, case: Case) -> dict[str, str]:
        return {
            "customer": case.customer_id,
            "tier": self._say.name("tier", case.tier),
            "owner": case.owner_id or self._word("briefing.no_owner"),
            "complaint_id": case.complaint_id or "",
            "figure": "" if case.figure is None else f"{case.figure:.2f}",
            "at": self._say.time(case.at),
            "why": self._reason(case),
        }

    def _reason(self, case: Case) -> str:
        reason = case.reason
        if case.factor is not None:
            return self._word("briefing.lowest", factor=case.factor)
        if isinstance(reason, Told):
            return self._say.told(reason.key, reason.args, str(reason))
        return reason

    def _line(self, kind: str, case: Case) -> str:
        cells = self._cells(case)
        beside = (cells["complaint_id"], cells["at"])
        who = ", ".join(each for each in (cells["tier"], cells["owner"], *beside) if each)
        said = [self._word("briefing.case", customer=case.customer_id, who=who)]
        if kind == "dissatisfied":
            said.append(self._word("briefing.satisfaction", score=case.figure))
        return (" " if self._say.language == "en" else "").join([*said, cells["why"]]).strip()

    def _owners(self, owners: Sequence[Owner]) -> Grid:
        heads = [
            Head(self._word("briefing_case.owner")),
            Head(self._word("briefing_case.complaints"), number=True),
            Head(self._word("briefing_case.customers"), number=True),
        ]
        rows = [
            (self._owner(one), self._say.number(one.complaints), self._say.number(one.customers))
            for one in owners
        ]
        return Grid(heads, rows)

    def _owner(self, owner: Owner) -> str:
        return owner.owner_id or self._word("briefing.no_owner")

    def _owner_line(self, owner: Owner) -> str:
        return self._word(
            "briefing.owner",
            owner=self._owner(owner),
            complaints=owner.complaints,
            customers=owner.customers,
        )
