"""What each type of event does: which rules it meets, in this order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.alerts import desk, offer_window, settled
from domain.campaigns import mailings
from domain.care import book as care
from domain.complaints import steps as complaints
from domain.customer import answers
from domain.customer.cause import Cause
from domain.customer.profile import take_profile
from domain.customer.recent import (
    ACCOUNT_MESSAGE,
    CODE_OF_TYPE,
    ERROR,
    FUNCTION_VISIT,
    LAUNCH_ICON,
    LAUNCH_PUSH,
    NEWS_MESSAGE,
    NEWS_VIEW,
    TAB_SWITCH,
)
from domain.customer.state import CASES, Customer
from domain.experience import dissatisfaction, moments, outrage_alert, promises, recovery
from domain.experience import known_satisfaction as satisfaction
from domain.identification import habits
from domain.kernel.scales import CHANNEL_INDEX
from domain.money import transactions
from domain.money.anomaly import watch_amount
from domain.money.balances import take_balance
from domain.proactive import inspections, notices
from domain.propensity import awaited
from domain.relationship import contacts, handover
from domain.relationship.returns import forget_times
from domain.tiers.changes import take_pin
from domain.value import ledger, purchases, referrals
from schemas.codec import Event
from schemas.quick import Quick, QuickClick, QuickTransaction
from schemas.touchpoints import (
    MODEL_OF_TYPE,
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

CODE_OF_ACTION = {
    "tab_switch": TAB_SWITCH,
    "function_visit": FUNCTION_VISIT,
    "account_message": ACCOUNT_MESSAGE,
    "news_message": NEWS_MESSAGE,
    "news_view": NEWS_VIEW,
    "error": ERROR,
}


def click_code(event: Any) -> int:
    """What an app click is remembered as: one of the codes of ``domain.customer.recent``."""
    if event.action == "launch":
        return LAUNCH_PUSH if event.source == "push" else LAUNCH_ICON
    return CODE_OF_ACTION[event.action]


def follow_tiers(customer: Customer, cause: Cause) -> None:
    """The tiers known of the customer are others: so may be its owner's tasks and its promises."""
    if cause.tiers_moved:
        handover.look(customer, cause)
        inspections.look(customer, cause)
        if customer.has(CASES):
            complaints.refresh(customer, cause)
        customer.reschedule()


Take = Callable[[Customer, Any, Cause], None]


def _watched(take: Take) -> Take:
    """``take``, and the alert where satisfaction gives way by it."""

    def taken(customer: Customer, event: Any, cause: Cause) -> None:
        before = satisfaction.level(customer, cause.policy)
        take(customer, event, cause)
        dissatisfaction.watch(customer, before, cause)

    return taken


def _take_click(customer: Customer, event: AppClick, cause: Cause) -> None:
    if event.action == "error":
        _take_moment_of_error(customer, event, cause)
        notices.take_error(customer, cause)


def _take_transaction(customer: Customer, event: Transaction, cause: Cause) -> None:
    amount, first = transactions.count(customer, event, cause), customer.core.first_purchase
    purchases.take(customer, event, amount, cause)
    if customer.core.first_purchase != first:
        recovery.take_first_purchase(customer, cause)
    if amount is None:
        return
    if cause.bought:
        forget_times(customer.ledger, cause.policy)
        mailings.take_purchase(customer, amount.amount, cause)
    if event.balance_after is not None:
        balance = event.balance_after * amount.rate
        take_balance(customer, event.account_id, event.currency, balance, cause)
        follow_tiers(customer, cause)
    watch_amount(customer, amount.amount, event.direction, cause)
    transactions.watch_large(customer, event, amount.amount, cause)


def _take_survey(customer: Customer, event: Survey, cause: Cause) -> None:
    answers.take_answer(customer, event, cause.at, cause.mark)
    cause.value_moved = event.instrument == "wallet_share"
    moments.take_survey(customer, event, cause)
    mailings.take_survey(event, cause)
    recovery.take_survey(customer, event, cause)


def _take_contact(customer: Customer, event: ServiceContact, cause: Cause) -> None:
    ledger.take_contact(customer, CHANNEL_INDEX[event.channel])
    cause.value_moved = True
    if event.outcome != "resolved":
        answers.note_failure(customer, cause.mark, cause.at)
    contacts.take_contact(customer, event, cause)
    habits.take_contact(customer, event, cause)
    moments.take_contact(customer, event, cause)
    notices.take_contact(customer, event, cause)
    recovery.take_contact(customer, event, cause)


def _take_feedback(customer: Customer, event: Feedback, cause: Cause) -> None:
    habits.take_feedback(customer, event, cause)
    moments.take_feedback(customer, event, cause)
    settled.take_callback(customer, event, cause)


def _take_profile(customer: Customer, event: Profile, cause: Cause) -> None:
    given = event.model_fields_set
    if "organisation_id" in given:
        inspections.note_organisation(customer, event.organisation_id, cause)
    take_profile(customer, event, cause)
    if "tier_pin" in given:
        take_pin(customer, event.tier_pin, cause)
        follow_tiers(customer, cause)
    if "referred_by" in given:
        referrals.name_referrer(customer, cause)
    if "owner_id" in given:
        handover.note_owner(customer, event.owner_id, cause)
        handover.look(customer, cause)
    if "organisation_id" in given:
        inspections.look(customer, cause)


def _take_campaign(customer: Customer, event: Campaign, cause: Cause) -> None:
    core = customer.core
    mailings.take(customer, event, cause)
    if event.action == "sent":
        core.first_campaign = min(core.first_campaign or cause.at, cause.at)
        awaited.take_sent(customer, event, cause)
    elif event.action == "opened":
        answers.note_offer(customer, cause.mark, cause.at)
    else:
        habits.take_campaign(customer, event, cause)
        if event.action in awaited.ANSWERS:
            awaited.take_answer(customer, event, cause)
        offer_window.take_campaign(customer, event, cause)


def _take_complaint(customer: Customer, event: Complaint, cause: Cause) -> None:
    complaints.take_step(customer, event, cause)
    recovery.take_complaint(customer, event, cause)


def _take_care(customer: Customer, event: Care, cause: Cause) -> None:
    habits.take_care(customer, event, cause)
    moments.take_care(customer, event, cause)
    inspections.take_care(customer, event, cause)
    care.take(customer, event, cause)
    recovery.take_care(customer, event, cause)


def _take_app_error(customer: Customer, event: AppClick, cause: Cause) -> None:
    moments.take_error(customer, event, cause)
    recovery.take_error(customer, event, cause)


def _judge_promises(customer: Customer, due: int, cause: Cause) -> None:
    for promise in promises.judge_due(customer, due, cause):
        recovery.take_broken(customer, promise, cause)


CODE_OF: dict[type, int] = {
    model: CODE_OF_TYPE[kind] for kind, model in MODEL_OF_TYPE.items() if kind in CODE_OF_TYPE
} | {QuickTransaction: CODE_OF_TYPE["transaction"]}
judge_promises = _watched(outrage_alert.watched(_judge_promises))
_take_moment_of_error = _watched(_take_app_error)
TAKE: dict[type[Event | Quick], Take] = {
    AppClick: _take_click,
    QuickClick: _take_click,
    Transaction: _take_transaction,
    QuickTransaction: _take_transaction,
    Complaint: _watched(outrage_alert.watched(_take_complaint)),
    Survey: _watched(_take_survey),
    ServiceContact: _watched(_take_contact),
    Feedback: _watched(_take_feedback),
    Profile: _take_profile,
    Campaign: _take_campaign,
    Care: _watched(_take_care),
    Desk: desk.take,
}
