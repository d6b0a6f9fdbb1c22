"""The sections of the report on campaigns."""

from __future__ import annotations

from collections.abc import Sequence

from domain.campaigns.portfolio import CampaignPortfolio
from domain.campaigns.response import Row
from domain.customer.grouping import UNKNOWN
from domain.policy import Policy
from domain.relationship.funnel import Step
from streams.reports.form.document import Column, Section, Table, table
from streams.reports.form.words import percent, plural, words
from streams.reports.report import About

MOST_CAMPAIGNS = 50
MOST_CUT = 10
"""Campaigns that are cut by group and whose funnel is told: the newest."""
MOST_GROUPS = 20
CUSTOMERS = (
    Column("campaign", "Campaign"),
    Column("sent", "Sent", "count"),
    Column("reminders", "Again", "count"),
    Column("opened", "Opened", "count"),
    Column("clicked", "Clicked", "count"),
    Column("converted", "Bought", "count"),
    Column("opted_out", "Opted out", "count"),
    Column("response", "Response", "share"),
    Column("grade", "Grade"),
    Column("rating", "Rating", "score"),
    Column("ratings", "Ratings", "count"),
)
MONEY = (
    Column("campaign", "Campaign"),
    Column("cost", "Cost of events", "amount"),
    Column("expenses", "Expense documents", "amount"),
    Column("spent", "Spent", "amount"),
    Column("revenue", "Receipts", "amount"),
    Column("roi", "ROI", "share"),
    Column("receipts", "Bought after a click", "amount"),
)
FUNNEL = (
    Column("campaign", "Campaign"),
    Column("step", "Step"),
    Column("reached", "Reached", "count"),
    Column("conversion", "Of the step before", "share"),
    Column("days", "Median time", "days"),
    Column("timed", "Timed", "count"),
    Column("now", "Stand there now", "count"),
)


def campaigns(rows: Sequence[Row], total: Row, dropped: int, policy: Policy) -> Section:
    """Each campaign: customers by step, and its money."""
    if not rows:
        return Section("campaigns", "Campaigns")
    rules = policy.campaigns
    said = (
        f"Response is the share of those it was sent to who clicked or bought: below"
        f" {percent(rules.weak_below)} is weak, above {percent(rules.good_above)} good. A customer"
        " counts once for a campaign; a rating is the mean of its surveys, 0 to 10.",
        "ROI is (receipts - spent) / spent. What was bought after a click is told apart: any"
        f" purchases within {rules.click_days:g} days; one may count for several campaigns.",
    )
    shown = rows[:MOST_CAMPAIGNS]
    notes = []
    if len(rows) > len(shown):
        notes.append(f"{len(rows) - len(shown):,} older campaigns are in the last line alone.")
    if dropped:
        notes.append(f"{dropped:,} are kept in the last line alone.")
    told = [*shown, total]
    parts = (
        table("campaigns", CUSTOMERS, [_of(one, CUSTOMERS) for one in told], note=" ".join(notes)),
        table(
            "campaign_money", MONEY, [_of(one, MONEY) for one in told],
            title=f"Money, in {policy.currency.base}",
        ),
    )  # fmt: skip
    return Section("campaigns", "Campaigns", said, parts)


def by_group(
    kind: str, campaigns: Sequence[str], portfolio: CampaignPortfolio, about: About
) -> Section:
    """The newest campaigns by the groups of their customers, and who bought beside who got it."""
    name = "ABC class" if kind == "abc" else words(kind)
    columns = (
        Column("campaign", "Campaign"),
        Column(kind, name if kind == "abc" else name.capitalize()),
        *CUSTOMERS[1:2],
        *CUSTOMERS[3:9],
        Column("cost", "Cost", "amount"),
        Column("revenue", "Receipts", "amount"),
        Column("of_sent", "Of sent", "share"),
        Column("of_converted", "Of bought", "share"),
        Column("lift", "Lift", "number"),
    )
    rows = []
    for campaign in campaigns:
        for one in portfolio.rows(campaign, kind)[:MOST_GROUPS]:
            group = one.group if one.group == UNKNOWN else about.named(kind, one.group)
            rows.append((campaign, group, *one[1:]))
    if not rows:
        return Section(f"by_{kind}", f"By {name}")
    said = [
        "Customers are in the groups that they are in now. The lift is a group's share of who"
        " bought over its share of whom it was sent to.",
    ]
    if portfolio.forgotten:
        said.append(
            f"{plural(portfolio.forgotten, 'older campaign')} of single customers are not known any"
            " more and left out here."
        )
    told: Table = table(f"by_{kind}", columns, rows)
    return Section(f"by_{kind}", f"By {name}: who answers", tuple(said), (told,))


def funnels(found: Sequence[tuple[str, Sequence[Step], int]]) -> Section:
    """How far the customers of the newest campaigns have come, and who of them is lost."""
    rows: list[tuple[object, ...]] = []
    for campaign, steps, lost in found:
        if not steps[0].reached:
            continue
        for s in steps:
            rows.append((campaign, s.name, s.reached, s.conversion, s.days, s.timed, s.now))
        rows.append((campaign, "lost", None, None, None, 0, lost))
    if not rows:
        return Section("campaign_funnel", "Funnel by campaign")
    said = (
        "Of those that a campaign was sent to: how many have come so far or farther, since they are"
        " known, and where they stand now.",
    )
    note = "Times are of customers whose transitions are at hand."
    told = table("campaign_funnel", FUNNEL, rows, note=note)
    return Section("campaign_funnel", "Funnel by campaign", said, (told,))


def _of(one: Row, columns: Sequence[Column]) -> tuple[object, ...]:
    return tuple(getattr(one, column.key) for column in columns)
