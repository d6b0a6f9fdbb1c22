"""How the rules of complaints say something."""

from __future__ import annotations

from typing import Final

from domain.kernel.wording import Wording

SEVERITY: Final = Wording("complaint.severity", "severity {severity}")
NO_SEVERITY: Final = Wording("complaint.no_severity", "unknown severity")
ABOUT: Final = Wording("complaint.about", " about {category}")
COMPLAINED: Final = Wording(
    "complaint.of_vip",
    "A {tier} customer {status} a complaint of {grade:said}{about:said}; it is to be acknowledged"
    " within {promised:said}.",
)
_MISSED: Final = (
    "Complaint {{complaint}} ({{grade:said}}, {{status}}) of a {{tier}} customer missed {promise}"
    " {{after:duration}} after it was {{begun}}; overdue by {{overdue:duration}}."
)
MISSED: Final = (
    Wording("complaint.not_acknowledged", _MISSED.format(promise="acknowledgement")),
    Wording("complaint.not_resolved", _MISSED.format(promise="resolution")),
    Wording(
        "complaint.past_the_limit",
        _MISSED.format(promise="the regulator's limit for a resolution"),
    ),
)
"""By level of escalation, from 1 on."""
LESS: Final = Wording("compensation.less", ", less {paid:,.2f} already given")
LATE: Final = Wording(
    "compensation.late",
    "Complaint {complaint} of a {tier} customer was resolved {late:duration} past its promise:"
    " {base:,.2f} + {days} x {per_day:,.2f} a day begun, at most {most:,.2f}{less:said}, makes"
    " {rest:,.2f} {currency}.",
)
TOO_MANY: Final = Wording(
    "complaint.too_many",
    "customer {customer} has more than {most} open complaints: the oldest, {complaint}, is no"
    " longer watched",
)
NO_SUCH_COMPLAINT: Final = Wording(
    "complaint.step_of_none",
    "customer {customer}: step {step} of complaint {complaint} was ticked off, and in 48 hours no"
    " such complaint of this customer became known",
)
NO_SUCH_STEP: Final = Wording(
    "complaint.step_unknown",
    "step {step} was ticked off for complaint {complaint}; a complaint about {category} has the"
    " steps {steps:list}",
)
NO_BEGINNING: Final = Wording(
    "complaint.no_beginning", "Its beginning is not known: there are steps, but no opening."
)
OPENED: Final = Wording("complaint.opened", "Opened {ago:duration} ago by a {tier} customer")
REOPENED: Final = Wording("complaint.reopened", "Reopened {ago:duration} ago by a {tier} customer")
NOT_ACKNOWLEDGED: Final = Wording("complaint.unacknowledged", "not acknowledged, {when:said}")
NOT_RESOLVED: Final = Wording("complaint.unresolved", "not resolved, {when:said}")
ENDED: Final = Wording("complaint.ended", "{status} after {took:duration}")
ENDED_LATE: Final = Wording(
    "complaint.ended_late", "{status} after {took:duration}, {late:duration} past the promise"
)
OVERDUE_BY: Final = Wording("complaint.overdue_by", "overdue by {overdue:duration}")
DUE_IN: Final = Wording("complaint.due_in", "due in {left:duration}")
STANDS: Final = Wording("complaint.stands", "{parts:said;}.")
"""Where a complaint stands."""
