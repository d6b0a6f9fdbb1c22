"""Who banks at the simulated bank: behaviours, deposits, accounts. Everything follows the seed.

The three behaviours and their sizes are those of the published bank case (100 customers, K = 3,
sizes 5, 82 and 13). Deposits follow the tiers of the default policy, in yuan.
"""

from __future__ import annotations

from datetime import date, timedelta
from math import exp, log
from random import Random
from typing import NamedTuple

from streams.sources.wheel import Wheel

FUNCTIONS = ("transfer", "balance", "cards", "funds", "bills", "loans", "statements", "settings")


class Behaviour(NamedTuple):
    """How a kind of customer uses the app: mean number of each action in a week."""

    name: str
    share: float
    push_share: float
    launch: float
    tab_switch: float
    function_visit: float
    account_message: float
    news_message: float
    news_view: float
    error: float

    @property
    def weekly(self) -> float:
        """Actions of any kind in a week."""
        return sum(self[3:])


BEHAVIOURS = (
    Behaviour("notification_only", 0.05, 0.10, 2.0, 0.3, 0.3, 110.0, 0.5, 0.0, 0.1),
    Behaviour("lurker", 0.82, 0.638, 6.0, 3.0, 3.0, 3.0, 3.0, 0.4, 0.1),
    Behaviour("quality", 0.13, 0.20, 18.0, 16.0, 20.0, 8.0, 9.0, 10.0, 0.5),
)
"""As often as in `bank_case`: from half a week of clicks on, K = 3 has the best silhouette."""

LURKER, QUALITY = 1, 2
"""Places in `BEHAVIOURS`."""

WEALTH = ("standard", "prospect", "key", "vip", "private")
DEPOSITS = ((2e3, 9e4), (1.1e5, 1.9e5), (2.1e5, 2.9e5), (3.2e5, 6e6), (8.5e6, 4e7))
"""Deposits of a customer of each wealth, in yuan: even on a log scale between the two."""

SLOT = 2.5
"""Actions a week that one entry of `Population.app_users` stands for."""

OCCUPATIONS = ("teacher", "engineer", "doctor", "merchant", "farmer", "official", "retired")
POSITIONS = ("staff", "lead", "head", "owner")
REGIONS = ("north", "south", "east", "west", "centre")
CHANNELS = ("sms", "email", "wechat", "app", "mail")


class Population:
    """Customers and their accounts, as parallel lists; money in cents.

    A customer is an index: `ids`, `keys` (UTF-8 ids), `behaviour`, `wealth`, `mood` (0 unhappy to
    1 happy), `owner_id` (relationship manager or ""). An account is an index too: `account_ids`,
    `holder` (customer), `balance`, `usual` (the balance its payments go back to).
    `app_users` names a customer once for every `SLOT` actions a week.
    """

    def __init__(self, random: Random, customers: int, vip_share: float) -> None:
        self.ids = [f"c-{number:06d}" for number in range(customers)]
        self.keys = [name.encode() for name in self.ids]
        kinds = Wheel([kind.share for kind in BEHAVIOURS])
        self.behaviour = [kinds.pick(random.random()) for _ in self.ids]
        ranks = Wheel(_wealth_shares(vip_share))
        self.wealth = [ranks.pick(random.random()) for _ in self.ids]
        self.mood = [random.betavariate(5, 2) for _ in self.ids]
        self.owner_id = [
            f"rm-{random.randrange(40):02d}" if wealth >= 2 else "" for wealth in self.wealth
        ]
        activity = [
            max(1, round(BEHAVIOURS[kind].weekly * exp(random.gauss(0, 0.25)) / SLOT))
            for kind in self.behaviour
        ]
        self.app_users = [user for user, slots in enumerate(activity) for _ in range(slots)]
        self.actions_per_day = len(self.app_users) * SLOT / 7
        self.account_ids: list[str] = []
        self.holder: list[int] = []
        self.balance: list[int] = []
        for customer in range(customers):
            self._open_accounts(random, customer)
        self.usual = list(self.balance)

    def _open_accounts(self, random: Random, customer: int) -> None:
        low, high = DEPOSITS[self.wealth[customer]]
        left = round(100 * exp(random.uniform(log(low), log(high))))
        number = (1, 1, 1, 1, 1, 1, 2, 2, 2, 3)[random.randrange(10)]
        for nth in range(number, 0, -1):
            part = left if nth == 1 else round(left * random.uniform(0.2, 0.7))
            left -= part
            self.account_ids.append(f"a-{customer:06d}-{number - nth}")
            self.holder.append(customer)
            self.balance.append(part)

    def profile(self, random: Random, customer: int, first_day: date) -> dict[str, object]:
        """The fields of the customer's profile event."""
        fields: dict[str, object] = {
            "birth_date": (first_day - timedelta(days=random.randint(7_000, 30_000))).isoformat(),
            "sex": random.choice(("female", "male")),
            "occupation": random.choice(OCCUPATIONS),
            "position": random.choice(POSITIONS),
            "region": random.choice(REGIONS),
            "first_seen": (first_day - timedelta(days=random.randint(1, 5_000))).isoformat(),
            "time_zone": "Asia/Shanghai",
            "consent": {channel: random.random() < 0.7 for channel in CHANNELS},
        }
        if self.owner_id[customer]:
            fields["owner_id"] = self.owner_id[customer]
        return fields


def _wealth_shares(vip_share: float) -> tuple[float, ...]:
    """Shares by wealth: a tenth of the VIPs is private; of the rest 9 % prospects, 5 % key."""
    rest = 1 - vip_share
    return rest * 0.86, rest * 0.09, rest * 0.05, vip_share * 0.9, vip_share * 0.1
