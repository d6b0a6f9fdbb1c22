"""What the judge of the kill test found: how much was judged, and every difference by its kind."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Verdict:
    """Every difference between what should be and what is, by its kind."""

    customers: int = 0
    events: int = 0
    repeats: int = 0
    alerts: int = 0
    letters: int = 0
    undecided: int = 0
    merged: int = 0
    erased: int = 0
    dropped: int = 0
    counted_erased: int = 0
    refunds: int = 0
    offers: int = 0
    wrong_customers: list[str] = field(default_factory=list)
    wrong_money: list[str] = field(default_factory=list)
    lost_merges: list[str] = field(default_factory=list)
    lost_erasures: list[str] = field(default_factory=list)
    unexpected_ends: list[str] = field(default_factory=list)
    doubled_ends: list[str] = field(default_factory=list)
    lost_alerts: list[str] = field(default_factory=list)
    doubled_alerts: list[str] = field(default_factory=list)
    unexpected_alerts: list[str] = field(default_factory=list)
    lost_letters: list[str] = field(default_factory=list)
    doubled_letters: list[str] = field(default_factory=list)
    unexpected_letters: list[str] = field(default_factory=list)
    wrong_letters: list[str] = field(default_factory=list)
    updates: int = 0
    moves: int = 0
    doubled_updates: list[str] = field(default_factory=list)
    broken_chains: list[str] = field(default_factory=list)
    wrong_segments: list[str] = field(default_factory=list)
    doubled_models: list[str] = field(default_factory=list)
    transitions: int = 0
    doubled_transitions: list[str] = field(default_factory=list)
    broken_transitions: list[str] = field(default_factory=list)
    wrong_states: list[str] = field(default_factory=list)
    signals: int = 0
    lost_signals: list[str] = field(default_factory=list)
    doubled_signals: list[str] = field(default_factory=list)
    unexpected_signals: list[str] = field(default_factory=list)
    alert_states: int = 0
    acted: int = 0
    settled: int = 0
    lost_alert_states: list[str] = field(default_factory=list)
    doubled_alert_states: list[str] = field(default_factory=list)
    unexpected_alert_states: list[str] = field(default_factory=list)
    wrong_alert_states: list[str] = field(default_factory=list)
    referrals: int = 0
    doubled_referrals: list[str] = field(default_factory=list)
    wrong_referral_values: list[str] = field(default_factory=list)
    offsets_behind: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """One line a kind of fault, with its number and its first examples."""
        lines = []
        for name, found in vars(self).items():
            if isinstance(found, list) and found:
                lines.append(f"{name.replace('_', ' ')}: {len(found)}: {'; '.join(found[:4])}")
        return lines

    def summary(self) -> str:
        """What was judged, in one line."""
        return (
            f"{self.customers} customers, {self.events} events, {self.repeats} repeats, "
            f"{self.alerts} alerts, {self.alert_states} states of alerts ({self.acted} acted on, "
            f"{self.settled} settled), {self.letters} dead letters, {self.updates} segment updates "
            f"({self.moves} of them from one segment to another), {self.transitions} transitions, "
            f"{self.signals} signals, {self.referrals} referrals, {self.merged} ids merged, "
            f"{self.erased} erased ({self.undecided} persons not judged), {self.dropped} events "
            f"dropped ({self.counted_erased} of them counted by those who work now), "
            f"{self.refunds} refunds, {self.offers} offers: "
            f"{'no fault' if not self.faults else f'{len(self.faults)} kinds of fault'}"
        )
