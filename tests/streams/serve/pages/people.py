"""A VIP with something of everything, and a town of others whose clicks make segments."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
VIP, QUIET, NEW = "c-vip", "c-quiet", "c-new"
SCRIPT = "<script>window.stolen=1</script><img src=x onerror=window.stolen=1>"
OTHERS = 60


class Town:
    """Events by ``ago`` (hours before NOW), each with an id of its own."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now, self._count = now, 0

    def event(self, who: str, type_: str, ago: float, /, **fields: Any) -> dict[str, Any]:
        self._count += 1
        at = self._now - timedelta(hours=ago)
        return {
            "event_id": f"e-{self._count:06d}",
            "customer_id": who,
            "occurred_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "channel": fields.pop("channel", "app"),
            "type": type_,
            **fields,
        }

    def vip(self, who: str = VIP) -> Iterator[dict[str, Any]]:
        day = 24.0
        yield self.event(
            who,
            "profile",
            400 * day,
            channel="branch",
            birth_date="1975-04-02",
            sex="female",
            occupation="engineer",
            position="director",
            region="Zhejiang",
            owner_id="manager-4",
            organisation_id="org-17",
            key_person=True,
            first_seen="2019-05-01",
            consent={"email": True, "sms": False},
        )
        for month in range(14):
            yield self.event(
                who,
                "transaction",
                (420 - 30 * month) * day,
                channel="web",
                amount=2_400 + 300 * (month % 3),
                currency="CNY",
                direction="debit",
                account_id="a-1",
                balance_after=900_000 - 5_000 * month,
                product="fund",
                category="investment",
            )
        yield self.event(
            who,
            "transaction",
            30.0,
            channel="web",
            amount=610_000,
            currency="CNY",
            direction="debit",
            account_id="a-1",
            balance_after=215_000,
            category="transfer",
        )
        for ago, score in ((36, 5), (29, 5), (24, 5), (17, 4), (9, 3), (2, 2)):
            yield self.event(
                who,
                "survey",
                ago * day,
                channel="email",
                instrument="csat",
                score=score,
                factor="service",
            )
        yield self.event(who, "survey", 20 * day, channel="email", instrument="nps", score=9)
        yield self.event(who, "survey", 3 * day, channel="email", instrument="nps", score=4)
        yield self.event(
            who,
            "service_contact",
            6 * day,
            channel="call_centre",
            contact_id="s-1",
            wait_seconds=40,
            handle_seconds=300,
            outcome="resolved",
            agent_id="ag-2",
        )
        yield self.event(
            who,
            "service_contact",
            26.0,
            channel="call_centre",
            contact_id="s-2",
            wait_seconds=930,
            handle_seconds=200,
            outcome="unresolved",
            agent_id="ag-7",
        )
        yield self.event(
            who,
            "complaint",
            12 * day,
            channel="branch",
            complaint_id="k-1",
            status="opened",
            severity=2,
            factor="convenience",
            category="queue",
        )
        yield self.event(
            who,
            "complaint",
            12 * day - 0.5,
            channel="branch",
            complaint_id="k-1",
            status="acknowledged",
        )
        yield self.event(
            who, "complaint", 11.5 * day, channel="branch", complaint_id="k-1", status="resolved"
        )
        yield self.event(
            who,
            "complaint",
            25.5,
            channel="call_centre",
            complaint_id="k-2",
            status="opened",
            severity=4,
            factor="service",
            category="fees",
            product="card",
        )
        yield self.event(
            who,
            "complaint",
            0.8,
            channel="app",
            complaint_id="k-3",
            status="opened",
            severity=3,
            factor="price",
            category=SCRIPT[:60],
        )
        yield self.event(
            who,
            "feedback",
            40 * 1.0,
            channel="app",
            kind="comment_card",
            text=f"Nobody called back. {SCRIPT}",
        )
        yield self.event(
            who, "feedback", 22 * day, channel="branch", kind="praise", factor="relationship"
        )
        yield self.event(
            who, "campaign", 15 * day, channel="email", campaign_id="spring", action="sent"
        )
        yield self.event(
            who, "campaign", 14.9 * day, channel="email", campaign_id="spring", action="opened"
        )
        for hour in range(0, 150, 25):
            yield self.event(who, "app_click", hour + 0.3, action="launch", source="icon")
            yield self.event(
                who, "app_click", hour + 0.2, action="function_visit", function="funds"
            )
            yield self.event(who, "app_click", hour + 0.1, action="news_view")
        yield self.event(who, "app_click", 27.0, action="error", function="transfer")

    def others(self, seed: int = 3) -> Iterator[dict[str, Any]]:
        dice = random.Random(seed)
        for number in range(OTHERS):
            who, kind = f"c-{number:04d}", number % 3
            yield self.event(
                who,
                "transaction",
                24 * dice.uniform(1, 60),
                channel="web",
                amount=dice.randint(50, 5_000),
                currency="CNY",
                direction="debit",
                account_id=f"a-{who}",
                category="shop",
                balance_after=dice.choice((20_000, 150_000, 250_000, 9_000_000)),
            )
            for _ in range(dice.randint(4, 7)):
                ago = dice.uniform(1, 150)
                if kind == 0:
                    for _ in range(3):
                        yield self.event(who, "app_click", ago, action="account_message")
                elif kind == 1:
                    yield self.event(who, "app_click", ago, action="launch", source="push")
                else:
                    yield self.event(who, "app_click", ago, action="launch", source="icon")
                    yield self.event(who, "app_click", ago, action="function_visit", function="pay")
                    yield self.event(who, "app_click", ago, action="news_view")
            if number % 7 == 0:
                yield self.event(
                    who,
                    "complaint",
                    dice.uniform(1, 300),
                    channel="app",
                    complaint_id=f"k-{who}",
                    status="opened",
                    severity=dice.randint(1, 4),
                    factor="service",
                    category="fees",
                )


def lines(now: datetime = NOW) -> list[bytes]:
    """Everybody's events in order of time."""
    town = Town(now)
    events = [*town.vip(), *town.others(), town.event(QUIET, "profile", 90, region="Anhui")]
    events.append(town.event(NEW, "app_click", 1, action="launch", source="icon"))
    events.sort(key=lambda event: str(event["occurred_at"]))
    return [json.dumps(event).encode() for event in events]
