"""The sections of the report on experience."""

from __future__ import annotations

from domain.experience.group_report import GroupReport
from domain.experience.servqual import DIMENSIONS
from streams.reports.form import plots
from streams.reports.form.document import Column, Picture, Section, Table, table
from streams.reports.form.words import UNKNOWN, plural

FACTOR = Column("factor", "Factor")
GAPS = (
    FACTOR,
    Column("experience", "Experience", "score"),
    Column("expectation", "Expectation", "score"),
    Column("gap", "Gap", "signed"),
    Column("importance", "Importance", "score"),
    Column("weighted_gap", "Weighted gap", "signed"),
    Column("ideal", "Ideal", "score"),
    Column("gap_to_ideal", "Gap to ideal", "signed"),
)


def measures(found: GroupReport) -> Section:
    """Every index with of how many it is known, and why it is what it is."""
    rows = [
        ("satisfaction, 0 to 10", found.satisfaction),
        ("peak and end of journeys, 0 to 10", found.peak_end),
        ("NPS, -100 to 100", found.nps),
        ("CSAT, percent satisfied", found.csat),
        ("CES, 1 to 7", found.ces),
        ("ACSI-style index, 0 to 100", found.acsi),
        ("delivered value, benefits less costs", found.delivered_value),
        ("callback promises kept, share", found.promises_kept),
        ("customers outraged, share", found.outrage),
    ]
    columns = (
        Column("measure", "Measure"),
        Column("value", "Value", "number"),
        Column("known", "Known of", "count"),
        Column("reason", "Why"),
    )
    told = [(name, one.value, one.known, one.reason) for name, one in rows]
    return Section("measures", "Measures", (), (table("measures", columns, told),))


def gaps(found: GroupReport) -> Section:
    """Expectation gaps by factor, and the gap to the ideal."""
    rows = [
        (
            factor, row.experience, row.expectation, row.gap, row.importance, row.weighted_gap,
            row.ideal, row.gap_to_ideal,
        )
        for factor, row in found.gaps.factors.items()
    ]  # fmt: skip
    if not rows:
        return Section("gaps", "Experience and expectation")
    marks = [(row[0], row[1], row[2]) for row in rows]
    picture = Picture(
        "gaps", "Mean ratings of each factor, 0 to 10: experienced and expected.",
        lambda: plots.pairs("gaps", marks, ("experience", "expectation")),
    )  # fmt: skip
    note = "The ideal is the experience where no customer gave one, and 10 for the key factor."
    parts = (picture, table("gaps", GAPS, rows, note=note))
    return Section("gaps", "Experience and expectation", (found.gaps.reason,), parts)


def bands(found: GroupReport) -> Section:
    """Perceived over expected, in bands."""
    shares = found.ratio_bands.shares
    if not shares:
        return Section("bands", "Perceived over expected")
    rows = list(shares.items())
    picture = Picture(
        "bands", "Customers by what they perceived over what they expected.",
        lambda: plots.bars("bands", rows, "share"),
    )  # fmt: skip
    columns = (Column("band", "Band"), Column("share", "Share", "share"))
    said = (f"The ratio is known of {plural(found.ratio_bands.known, 'customer')}.",)
    return Section(
        "bands", "Perceived over expected", said, (picture, table("bands", columns, rows))
    )


def quality(found: GroupReport) -> Section:
    """SERVQUAL by dimension."""
    gap = found.servqual.dimensions
    if not gap:
        return Section("servqual", "Service quality (SERVQUAL)")
    rows = [(name, gap.get(name)) for name in DIMENSIONS]
    columns = (Column("dimension", "Dimension"), Column("gap", "Mean gap", "signed"))
    parts: tuple[Table | Picture, ...] = (table("servqual", columns, rows),)
    return Section(
        "servqual", "Service quality (SERVQUAL)", (found.servqual.reason,), parts
    )  # fmt: skip


def mouth(found: GroupReport) -> Section:
    """Word of mouth by published rules of thumb."""
    told = found.word_of_mouth
    columns = (
        Column("measure", "Measure"),
        Column("value", "Value", "number"),
        Column("meaning", "Meaning"),
    )
    rows = [
        ("exposure", told.exposure, "people reached by good word of mouth, less those by bad"),
        ("unheard", told.unheard, "unhappy customers who did not complain, but tell others"),
        ("balance", told.balance, "good moments, less those that bad ones use up"),
    ]
    said = (f"These are rough rules of thumb, to compare groups by: {told.reason}",)
    return Section("word_of_mouth", "Word of mouth", said, (table("mouth", columns, rows),))


def repurchase(found: GroupReport) -> Section:
    """Who bought again after saying how satisfied they were."""
    again = found.repurchase
    if not again.very_satisfied.known and not again.satisfied.known:
        return Section("repurchase", "Buying again")
    columns = (
        Column("answer", "Answer"),
        Column("answers", "Answers", "count"),
        Column("rate", "Bought again", "share"),
    )
    rows = [
        ("csat 5, very satisfied", again.very_satisfied.known, again.very_satisfied.value),
        ("csat 4, satisfied", again.satisfied.known, again.satisfied.value),
    ]
    times = UNKNOWN if again.times_as_often is None else f"{again.times_as_often:.1f}"
    said = (
        f"Very satisfied customers bought again {times} times as often; {again.published:g} times"
        f" is published. {again.reason}",
    )
    return Section("repurchase", "Buying again", said, (table("repurchase", columns, rows),))


def consistency(found: GroupReport) -> Section:
    """Satisfaction by channel, and how far it spreads."""
    channels = sorted(found.consistency.channels.items(), key=lambda pair: -pair[1])
    if not channels:
        return Section("consistency", "Consistency across channels")
    columns = (Column("channel", "Channel"), Column("satisfaction", "Satisfaction", "score"))
    picture = Picture(
        "consistency", "Mean satisfaction by channel, 0 to 10.",
        lambda: plots.bars("consistency", channels, "score"),
    )  # fmt: skip
    parts = (picture, table("consistency", columns, channels))
    return Section("consistency", "Consistency across channels", (found.consistency.reason,), parts)
