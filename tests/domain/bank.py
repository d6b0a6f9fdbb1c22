"""A bank for tests: short ways to make events, and a clock that runs the rules as a task does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain import dispatch as rules
from domain.assembly.aggregates import Aggregates
from domain.assembly.context import Context
from domain.campaigns.sums import CampaignBook
from domain.customer.state import Customer
from domain.policy import Policy
from domain.satisfaction.scorecards import Scorecards
from schemas.cases import TouchpointBase
from schemas.fields import TimeText, milliseconds, moment
from schemas.figures import CustomerFigures
from schemas.outputs import (
    Alert,
    AlertState,
    AlertStateDeleted,
    CareTask,
    CustomerTransition,
    Output,
    Signal,
)
from schemas.touchpoints import (
    AppClick,
    Campaign,
    Care,
    Complaint,
    Desk,
    Feedback,
    Profile,
    ServiceContact,
    Survey,
    Transaction,
)
from tests.domain.figured import line_of
from tests.schemas.checked import checked

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# 2026-03-02T00:00:00Z, a Monday
START = 1_772_409_600_000
CUSTOMER = "alice"
DEFAULTS = Policy()


class Events:
    """Makes events with running ids; times are ms after START."""

    def __init__(self) -> None:
        self.made = 0

    def _common(
        self, at: int, event_id: str | None, channel: str, microseconds: int = 0
    ) -> dict[str, Any]:
        self.made += 1
        return {
            "event_id": event_id or f"e-{self.made:05d}",
            "customer_id": CUSTOMER,
            "occurred_at": moment(START + at) + timedelta(microseconds=microseconds),
            "channel": channel,
        }

    def click(
        self, at: int, action: str = "tab_switch", source: str | None = None, *,
        event_id: str | None = None,
    ) -> AppClick:  # fmt: skip
        """An app click; what the action asks for is filled in."""
        return AppClick(
            **self._common(at, event_id, "app"),
            action=action,  # type: ignore[arg-type]
            source=(source or "icon") if action == "launch" else None,  # type: ignore[arg-type]
            function="loans" if action in {"function_visit", "error"} else None,
        )

    def transaction(
        self, at: int, balance: float | None = None, *, amount: float = 10.0,
        account: str = "a-1", currency: str = "CNY", direction: str = "debit",
        event_id: str | None = None, channel: str = "branch", microseconds: int = 0, **details: Any,
    ) -> Transaction:  # fmt: skip
        """A transaction that leaves ``balance`` on the account."""
        return Transaction(
            **self._common(at, event_id, channel, microseconds),
            **details,
            amount=amount,
            currency=currency,
            direction=direction,  # type: ignore[arg-type]
            account_id=account,
            balance_after=balance,
        )

    def complaint(
        self, at: int, status: str, *, complaint_id: str = "k-1", severity: int | None = None,
        factor: str = "service", is_complex: bool | None = None, event_id: str | None = None,
        channel: str = "call_centre", category: str = "fees", microseconds: int = 0, **details: Any,
    ) -> Complaint:  # fmt: skip
        """A step of a complaint; one that opens it has severity 3 where none is given."""
        if status == "opened":
            details |= {"factor": factor, "category": category}
            severity = 3 if severity is None else severity
        return Complaint(
            **self._common(at, event_id, channel, microseconds),
            complaint_id=complaint_id,
            status=status,  # type: ignore[arg-type]
            severity=severity,
            complex=is_complex,
            **details,
        )

    def survey(
        self, at: int, instrument: str, score: float, *, channel: str = "email",
        factor: str | None = None, event_id: str | None = None, **details: Any,
    ) -> Survey:  # fmt: skip
        """An answer; ``details`` are further fields."""
        return Survey(
            **self._common(at, event_id, channel),
            instrument=instrument,  # type: ignore[arg-type]
            score=score,
            factor=factor,  # type: ignore[arg-type]
            **details,
        )

    def contact(
        self, at: int, wait_seconds: float = 0.0, outcome: str = "resolved", *,
        contact_id: str = "s-1", callback_by: int | None = None, event_id: str | None = None,
        channel: str = "call_centre", **details: Any,
    ) -> ServiceContact:  # fmt: skip
        """A service contact; ``callback_by`` in ms after START, ``details`` are further fields."""
        return ServiceContact(
            **self._common(at, event_id, channel),
            contact_id=contact_id,
            wait_seconds=wait_seconds,
            handle_seconds=60.0,
            outcome=outcome,  # type: ignore[arg-type]
            callback_by=None if callback_by is None else moment(START + callback_by),
            **details,
        )

    def feedback(
        self, at: int, kind: str, *, contact_id: str | None = None, event_id: str | None = None,
        **details: Any,
    ) -> Feedback:  # fmt: skip
        """Praise, or a callback that was made."""
        return Feedback(
            **self._common(at, event_id, "call_centre"),
            kind=kind,  # type: ignore[arg-type]
            contact_id=contact_id if kind == "callback_done" else None,
            **details,
        )

    def campaign(
        self, at: int, action: str, *, campaign_id: str = "m-1", channel: str = "sms",
        event_id: str | None = None, cost: float | None = None, revenue: float = 10.0,
    ) -> Campaign:  # fmt: skip
        """A step of a campaign."""
        return Campaign(
            **self._common(at, event_id, channel),
            campaign_id=campaign_id,
            action=action,  # type: ignore[arg-type]
            revenue=revenue if action == "converted" else None,
            cost=cost,
        )

    def desk(
        self, at: int, alert_id: str, action: str, *, until: int | None = None,
        event_id: str | None = None, by: str = "m-1", microseconds: int = 0, **details: Any,
    ) -> Desk:  # fmt: skip
        """What a person did about an alert; ``until`` in ms after START."""
        return Desk(
            **self._common(at, event_id, "other", microseconds),
            **details,
            alert_id=alert_id,
            action=action,  # type: ignore[arg-type]
            until=None if until is None else moment(START + until),
            by=by,
        )

    def care(
        self, at: int, task_id: str, action: str, *, score: float | None = None,
        cost: float | None = None, event_id: str | None = None, channel: str = "branch",
        microseconds: int = 0, **details: Any,
    ) -> Care:  # fmt: skip
        """What became of a care task."""
        return Care(
            **self._common(at, event_id, channel, microseconds),
            **details,
            task_id=task_id,
            action=action,  # type: ignore[arg-type]
            score=score,
            cost=cost,
        )

    def tick(
        self, at: int, step: str, complaint_id: str = "k-1", *, event_id: str | None = None,
        by: str = "m-1", microseconds: int = 0, **details: Any,
    ) -> Desk:  # fmt: skip
        """A step of the playbook of a complaint that a person ticked off."""
        return Desk(
            **self._common(at, event_id, "other", microseconds),
            **details,
            action="ticked",
            complaint_id=complaint_id,
            step=step,
            by=by,
        )

    def profile(self, at: int, *, event_id: str | None = None, **fields: Any) -> Profile:
        """Profile fields."""
        return Profile(**self._common(at, event_id, "other"), **fields)


class Task:
    """One customer under the rules, on the event clock, with a store as a partition has it."""

    def __init__(self, policy: Policy = DEFAULTS, *, reload_always: bool = False) -> None:
        self.ctx = Context(policy, Aggregates())
        self.customer = Customer.new(CUSTOMER)
        self.records: dict[bytes, bytes] = {}
        self.shared: dict[bytes, Any] = {}
        self.outputs: list[Output] = []
        self.statuses: list[str] = []
        self.written_bytes = 0
        self._reload_always = reload_always

    def take(self, *events: TouchpointBase) -> Task:
        """Advance the clock to each event, fire what is due, apply it."""
        for event in events:
            at = milliseconds(event.occurred_at)
            self.until(at - START)
            outcome = rules.apply(self.customer, event, at, self.ctx)  # type: ignore[arg-type]
            self.statuses.append(outcome.status)
            self.outputs += checked(outcome.outputs)
            if self._reload_always:
                self.reload()
        return self

    def until(self, at: int) -> Task:
        """Let the clock run to ``at`` (ms after START) and fire what is due."""
        self.ctx.now = max(self.ctx.now, START + at)
        self.outputs += checked(rules.fire(self.customer, self.ctx))
        due = self.customer.next_due
        assert due is None or due > self.ctx.now
        return self

    def save(self) -> list[tuple[bytes, bytes | None]]:
        """Write what was touched into the store."""
        written = self.customer.dump()
        for key, value in written:
            self.written_bytes += len(key) + len(value or b"")
            if value is None:
                self.records.pop(key, None)
            else:
                self.records[key] = value
        return written

    def reload(self) -> None:
        """Write what was touched, and go on with what the store gives."""
        self.save()
        loaded = Customer.load(CUSTOMER, self.records.get)
        assert loaded is not None
        self.customer = loaded
        self.ctx.aggregates = Aggregates.from_bytes(self.ctx.aggregates.to_bytes())
        self.shared.update(self.ctx.scorecards.changed_records())
        self.ctx.scorecards = Scorecards.from_records(self.shared)
        for key, value in self.ctx.campaigns.changed_records():
            if value is None:
                del self.shared[key]
            else:
                self.shared[key] = value
        self.ctx.campaigns = CampaignBook.from_records(self.shared)

    def figures(self, at: int | None = None) -> dict[str, Any]:
        """The line of :meth:`exported`, as JSON is read."""
        return line_of(self.exported(at))

    def exported(self, at: int | None = None) -> CustomerFigures:
        """The export as of ``at`` (ms after START), else as of the clock."""
        now = self.ctx.now if at is None else START + at
        return rules.export(self.customer, now, self.ctx.policy)

    def alerts(self, kind: str | None = None) -> list[Alert]:
        """The alerts so far, each as it was first raised."""
        found = [each for each in self.outputs if isinstance(each, Alert) and not each.raises_again]
        return [each for each in found if kind is None or each.kind == kind]

    def again(self) -> list[Alert]:
        """The alerts that were raised again since nobody acknowledged them."""
        return [each for each in self.outputs if isinstance(each, Alert) and each.raises_again]

    def states(self) -> dict[str, AlertState]:
        """What a compacted topic has of the alerts' states, by the first id."""
        newest: dict[str, AlertState] = {}
        for each in self.outputs:
            if isinstance(each, AlertState):
                newest[each.alert_id] = each
            elif isinstance(each, AlertStateDeleted):
                del newest[each.alert_id]  # what is not there is not deleted either
        return newest

    def transitions(self, dimension: str = "tier") -> list[CustomerTransition]:
        """The transitions of a dimension so far."""
        found = [each for each in self.outputs if isinstance(each, CustomerTransition)]
        return [each for each in found if each.dimension == dimension]

    def proposed(self, *occasions: str) -> list[CareTask]:
        """The care tasks proposed so far on these occasions, or on any."""
        found = [each for each in self.outputs if isinstance(each, CareTask)]
        return [
            each
            for each in found
            if each.state == "proposed" and (not occasions or each.occasion in occasions)
        ]

    def care_states(self) -> list[tuple[str, str]]:
        """What was told of care tasks so far: occasion and state."""
        found = [each for each in self.outputs if isinstance(each, CareTask)]
        return [(each.occasion, each.state) for each in found]

    def signals(self) -> list[Signal]:
        """The signals so far."""
        return [each for each in self.outputs if isinstance(each, Signal)]


def after_start(output: Output) -> int:
    """When an output's cause happened, in ms after START."""
    return ms_of(output.occurred_at) - START


def ms_of(time: TimeText) -> int:
    """A time of an output in ms since 1970."""
    return milliseconds(datetime.fromisoformat(time))
