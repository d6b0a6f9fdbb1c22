"""The service standards by tier, as a page that a bank may publish: what each customer may expect.

They are numbers of the policy that the rules go by, so what is published is what is watched.
"""

from __future__ import annotations

from domain.kernel.scales import KEY, TIERS, VIP
from domain.policy import Policy
from domain.policy.calendar import BusinessCalendar
from domain.policy.proactive import Lines
from streams.reports.form.document import Column, Document, Section, table

SECONDS_PER_HOUR = 3_600
BY_TIER = (
    Column("tier", "Tier"),
    Column("acknowledge", "Complaint acknowledged within", "hours"),
    Column("resolve", "Complaint resolved within", "hours"),
    Column("complex_resolve", "Where it is complex", "hours"),
    Column("callback", "Called back within", "hours"),
    Column("wait", "Wait at most", "hours"),
    Column("inspection_days", "Service inspected every", "days"),
)
NOTICES = (
    Column("lines", "When"),
    Column("errors_per_day", "App errors in a day", "count"),
    Column("unresolved_contacts", "Unresolved contacts", "count"),
    Column("contact_days", "Within", "days"),
    Column("notice", "Told within", "hours"),
)


def standards(policy: Policy, source: str) -> Document:
    """The standards of a policy; ``source`` says whose it is.

    >>> told = standards(Policy(), "the built-in policy")
    >>> told.sections[0].parts[0].rows[3]
    ('vip', 1.0, 24.0, 24.0, 1.0, 0.16666666666666666, 30.0)
    """
    promises, service = policy.complaints, policy.satisfaction
    rows = [
        (
            tier,
            getattr(promises.acknowledge_hours, tier),
            getattr(promises.resolve_hours, tier),
            getattr(promises.complex_resolve_hours, tier),
            service.callback_hours,
            service.long_wait_seconds / SECONDS_PER_HOUR,
            _inspected(policy, place),
        )
        for place, tier in enumerate(TIERS)
    ]
    organisations = policy.proactive.inspections.organisation_days
    said = (
        f"Hours are {_hours(promises.calendar)}.",
        f"The service of who belongs to an organisation is inspected every {organisations:g} days,"
        " whatever the tier.",
    )
    return Document(
        kind="standards",
        title="Service standards",
        source=source,
        as_of=None,
        customers=0,
        sentences=(f"What customers of each tier may expect, by {source}.",),
        sections=(
            Section("standards", "By tier", said, (table("standards", BY_TIER, rows),)),
            _notices(policy),
        ),
    )


def _notices(policy: Policy) -> Section:
    """When a customer is told before there is a complaint."""
    rules = policy.proactive

    def row(name: str, lines: Lines) -> tuple[object, ...]:
        return (
            name, lines.errors_per_day, lines.unresolved_contacts, rules.contact_days,
            rules.notice_hours,
        )  # fmt: skip

    rows = [row("usually", rules.lines)]
    rows += [
        row(f"{peak.name} ({peak.begins} to {peak.ends})", rules.peak_lines) for peak in rules.peaks
    ]
    said = ("Customers who consent to it are told before they have to ask, from so many on.",)
    return Section("notices", "Told before a complaint", said, (table("notices", NOTICES, rows),))


def _inspected(policy: Policy, tier: int) -> float | None:
    rules = policy.proactive.inspections
    if tier < KEY:
        return None
    return min(rules.vip_days, rules.key_days) if tier >= VIP else rules.key_days


def _hours(calendar: BusinessCalendar) -> str:
    if not calendar.enabled:
        return "those of the clock, day and night"
    return f"those of working days from {calendar.opens} to {calendar.closes}"
