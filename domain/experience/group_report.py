"""What is reported of a group of customers, as plain values that JSON and tables are made of."""

from __future__ import annotations

from collections import Counter

import msgspec

from domain.experience.accumulated import Accumulated
from domain.experience.consistency import Channel, Consistency, consistency
from domain.experience.emotions import EMOTIONS, EmotionRow, emotion_rows
from domain.experience.gaps import Ratings, gap_table
from domain.experience.indices import AcsiAnswers, acsi, ces, csat, nps
from domain.experience.kept import kept_share
from domain.experience.path_figures import PathReport, path_reports
from domain.experience.ratio import BANDS
from domain.experience.recovery_portfolio import FirstImpressions, first_impressions
from domain.experience.remark_portfolio import RemarkReport, remark_report
from domain.experience.repurchase import Cohort, rate, times_as_often
from domain.experience.servqual import DIMENSIONS
from domain.experience.word_of_mouth import Told, word_of_mouth
from domain.kernel.finding import Finding
from domain.kernel.scales import FACTORS
from domain.kernel.words import listed
from domain.policy import Policy
from domain.policy.experience import ExperienceRules
from schemas import told


class Measure(msgspec.Struct, frozen=True):
    """A figure, of how many customers (or answers) it is known, and why it is so."""

    value: float | None
    known: int
    reason: str


class GapRow(msgspec.Struct, frozen=True):
    """One factor: mean ratings and the gaps between them."""

    experience: float | None
    expectation: float | None
    gap: float | None
    importance: float | None
    weighted_gap: float | None
    ideal: float | None
    gap_to_ideal: float | None
    ideal_given: bool


class Gaps(msgspec.Struct, frozen=True):
    """The factors that were rated, and the key experience."""

    factors: dict[str, GapRow]
    key: str | None
    reason: str


class Servqual(msgspec.Struct, frozen=True):
    """Mean gap by dimension, and the mean of the five where all are known."""

    dimensions: dict[str, float]
    mean: float | None
    reason: str


class Bands(msgspec.Struct, frozen=True):
    """Share of the customers in each ratio band, of ``known`` whose band is known."""

    shares: dict[str, float]
    known: int


class Mouth(msgspec.Struct, frozen=True):
    """Word of mouth; the customers, complaints and moments it comes from."""

    exposure: float
    unheard: float
    balance: float
    satisfied: int
    dissatisfied: int
    complaints: int
    good_moments: int
    bad_moments: int
    reason: str


class Spread(msgspec.Struct, frozen=True):
    """Mean satisfaction by channel, the spread between them, and whether that is a signal."""

    channels: dict[str, float]
    spread: float | None
    highest: str | None
    lowest: str | None
    inconsistent: bool
    reason: str

    def finding(self) -> Consistency:
        """The rule's own finding."""
        reason = told.Told(self.reason, "", {})
        return Consistency(self.spread, self.highest, self.lowest, self.inconsistent, reason)


class Repurchase(msgspec.Struct, frozen=True):
    """Who bought again in time after csat 5 and csat 4, beside the published ratio."""

    very_satisfied: Measure
    satisfied: Measure
    times_as_often: float | None
    published: float
    reason: str


class VisitReason(msgspec.Struct, frozen=True):
    """Why customers come: those who named a factor, and their share of those who named any."""

    factor: str
    customers: int
    share: float


class GroupReport(msgspec.Struct, frozen=True):
    """Experience of one group of customers. Shares 0-1; NPS -100 to 100; CSAT and ACSI 0-100."""

    name: str
    customers: int
    satisfaction: Measure
    peak_end: Measure
    nps: Measure
    csat: Measure
    ces: Measure
    acsi: Measure
    servqual: Servqual
    gaps: Gaps
    ratio_bands: Bands
    delivered_value: Measure
    word_of_mouth: Mouth
    promises_kept: Measure
    outrage: Measure
    consistency: Spread
    repurchase: Repurchase
    remarks: RemarkReport
    emotions: list[EmotionRow]
    journeys: list[PathReport]
    visit_reasons: list[VisitReason]
    first_impressions: FirstImpressions


def group_report(name: str, sums: Accumulated, policy: Policy) -> GroupReport:
    """All figures of a group."""
    counts, rules = sums.counts, policy.experience
    items = AcsiAnswers(*(sums.mean(f"acsi.{item}") for item in AcsiAnswers._fields))
    kept, broken = counts["kept"], counts["broken"]
    total = (sums.mean("ces") or 0.0) * sums.known("ces")
    asked = max((sums.known(f"acsi.{item}") for item in AcsiAnswers._fields), default=0)
    return GroupReport(
        name=name,
        customers=sums.customers,
        satisfaction=_mean(sums, "satisfaction", "moments"),
        peak_end=_mean(sums, "peak_end", "moments"),
        nps=_measure(nps(counts["promoter"], counts["detractor"], counts["nps"]), counts["nps"]),
        csat=_measure(csat(counts["csat_good"], counts["csat"]), counts["csat"]),
        ces=_measure(ces(total, sums.known("ces")), sums.known("ces")),
        acsi=_measure(acsi(items, rules), asked),
        servqual=_servqual(sums),
        gaps=_gaps(sums, rules),
        ratio_bands=_bands(counts),
        delivered_value=_mean(sums, "delivered_value", "ratings"),
        word_of_mouth=_mouth(counts, rules),
        promises_kept=_measure(kept_share(kept, broken), kept + broken),
        outrage=_outrage(sums),
        consistency=_spread(sums, rules),
        repurchase=_repurchase(counts, rules),
        remarks=remark_report(counts),
        emotions=_emotions(sums),
        journeys=path_reports(counts, rules),
        visit_reasons=_visits(counts),
        first_impressions=first_impressions(counts, policy),
    )


def _measure(found: Finding[float], known: int) -> Measure:
    return Measure(found.value, known, str(found.reason))


def _mean(sums: Accumulated, name: str, of: str) -> Measure:
    mean, known = sums.mean(name), sums.known(name)
    if mean is None:
        return Measure(None, 0, f"Unknown: no customer has {of}.")
    return Measure(mean, known, f"The mean of {known:,} of {sums.customers:,} customers.")


def _servqual(sums: Accumulated) -> Servqual:
    means = {name: sums.mean(f"servqual.{name}") for name in DIMENSIONS}
    gaps = {name: mean for name, mean in means.items() if mean is not None}
    missing = tuple(name for name in DIMENSIONS if name not in gaps)
    if missing:
        return Servqual(gaps, None, f"The mean is unknown without {listed(missing)}.")
    mean = sum(gaps.values()) / len(gaps)
    lowest = min(gaps, key=lambda name: gaps[name])
    reason = f"The mean gap is {mean:+.2f}; the lowest is that of {lowest}, {gaps[lowest]:+.2f}."
    return Servqual(gaps, mean, reason)


def _gaps(sums: Accumulated, rules: ExperienceRules) -> Gaps:
    ratings = {
        factor: Ratings(*(sums.mean(f"{name}.{factor}") for name in Ratings._fields))
        for factor in FACTORS
    }
    table = gap_table(ratings, rules)
    rows: dict[str, GapRow] = {name: GapRow(**row._asdict()) for name, row in table.factors.items()}
    return Gaps(rows, table.key, str(table.reason))


def _bands(counts: Counter[str]) -> Bands:
    known = sum(counts[f"band.{band}"] for band in BANDS)
    shares: dict[str, float] = {}
    if known:
        shares = {band: counts[f"band.{band}"] / known for band in BANDS}
    return Bands(shares, known)


def _mouth(counts: Counter[str], rules: ExperienceRules) -> Mouth:
    told = Told(
        counts["satisfied"],
        counts["dissatisfied"],
        counts["complaints"],
        counts["good"],
        counts["bad"],
    )
    found = word_of_mouth(told, rules)
    return Mouth(
        exposure=found.exposure,
        unheard=found.unheard,
        balance=found.balance,
        satisfied=told.satisfied,
        dissatisfied=told.dissatisfied,
        complaints=told.complaints,
        good_moments=counts["good"],
        bad_moments=counts["bad"],
        reason=found.reason,
    )


def _outrage(sums: Accumulated) -> Measure:
    raged, customers = sums.counts["outraged"], sums.customers
    if not customers:
        return Measure(None, 0, "Unknown without customers.")
    return Measure(raged / customers, customers, f"{raged:,} of {customers:,} customers.")


def _spread(sums: Accumulated, rules: ExperienceRules) -> Spread:
    names = [name for name in sorted(sums.sums) if name.startswith("channel.")]
    channels = {
        name.removeprefix("channel."): Channel(sums.mean(name) or 0.0, sums.known(name))
        for name in names
    }
    found = consistency(channels, rules)
    return Spread(
        channels={name: channel.score for name, channel in channels.items()},
        spread=found.spread,
        highest=found.highest,
        lowest=found.lowest,
        inconsistent=found.inconsistent,
        reason=str(found.reason),
    )


def _repurchase(counts: Counter[str], rules: ExperienceRules) -> Repurchase:
    very, fairly = (
        Cohort(counts[f"csat_{grade}.answers"], counts[f"csat_{grade}.bought"]) for grade in (5, 4)
    )
    ratio = times_as_often(very, fairly)
    return Repurchase(
        very_satisfied=_measure(rate(very), very.answers),
        satisfied=_measure(rate(fairly), fairly.answers),
        times_as_often=ratio.value,
        published=rules.repurchase.published_ratio,
        reason=str(ratio.reason),
    )


def _emotions(sums: Accumulated) -> list[EmotionRow]:
    means = {
        name: (sums.known(f"emotion.{name}"), sums.mean(f"emotion.{name}")) for name in EMOTIONS
    }
    counted = {name: sums.counts[f"prevails.{name}"] for name in EMOTIONS}
    return emotion_rows(means, Counter(counted))


def _visits(counts: Counter[str]) -> list[VisitReason]:
    """Most named first."""
    named = [(counts[f"visit.{factor}"], factor) for factor in FACTORS]
    ordered = sorted((each for each in named if each[0]), key=lambda each: -each[0])
    return [VisitReason(factor, count, count / counts["visits"]) for count, factor in ordered]
