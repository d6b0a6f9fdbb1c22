"""Valid examples of every record: what documents show, AsyncAPI carries and tests check."""

from typing import Any, Final

Example = dict[str, Any]

_CUSTOMER: Final = "c-000042"
_NO_BINS: Final = [{"examples": 0, "predicted": 0.0, "answered": 0}] * 10


def _event(number: int, kind: str, channel: str, /, **fields: Any) -> Example:
    return {
        "event_id": f"e-{number:06d}",
        "customer_id": _CUSTOMER,
        "occurred_at": f"2026-01-31T09:{number % 60:02d}:00.000+08:00",
        "channel": channel,
        "type": kind,
        **fields,
    }


EXAMPLES: Final[dict[str, list[Example]]] = {
    "app_click": [
        _event(1, "app_click", "app", action="launch", source="push"),
        _event(2, "app_click", "app", action="tab_switch"),
        _event(3, "app_click", "app", action="function_visit", function="transfer"),
        _event(4, "app_click", "app", action="account_message"),
        _event(5, "app_click", "app", action="news_message"),
        _event(6, "app_click", "app", action="news_view", attributes={"app_version": "8.1"}),
        _event(7, "app_click", "app", action="error", function="transfer"),
    ],
    "transaction": [
        _event(
            11,
            "transaction",
            "branch",
            amount=350_000,
            currency="CNY",
            direction="credit",
            account_id="a-0007",
            balance_after=412_500.5,
            category="deposit",
        ),
        _event(
            12,
            "transaction",
            "web",
            amount=1_299.9,
            currency="CNY",
            direction="debit",
            account_id="a-0007",
            balance_after=411_200.6,
            product="card",
            category="household",
            margin=12.5,
        ),
    ],
    "complaint": [
        _event(
            21,
            "complaint",
            "call_centre",
            complaint_id="k-0003",
            status="opened",
            severity=4,
            factor="service",
            category="fees",
            product="card",
            complex=False,
        ),
        _event(22, "complaint", "call_centre", complaint_id="k-0003", status="acknowledged"),
        _event(
            23,
            "complaint",
            "branch",
            complaint_id="k-0003",
            status="resolved",
            compensation=50,
        ),
        _event(24, "complaint", "web", complaint_id="k-0003", status="reopened"),
        _event(25, "complaint", "web", complaint_id="k-0003", status="withdrawn"),
    ],
    "survey": [
        _event(31, "survey", "app", instrument="csat", score=4, stage="after"),
        _event(32, "survey", "email", instrument="nps", score=9, campaign_id="m-2026-01"),
        _event(33, "survey", "app", instrument="ces", score=7),
        _event(
            34,
            "survey",
            "web",
            instrument="factor_rating",
            factor="price",
            measure="expectation",
            score=7,
        ),
        _event(
            35,
            "survey",
            "web",
            instrument="servqual",
            dimension="empathy",
            measure="perception",
            score=5.5,
        ),
        _event(36, "survey", "web", instrument="acsi", item="overall", score=8),
        _event(37, "survey", "web", instrument="trust", aspect="integrity", score=8),
        _event(38, "survey", "web", instrument="commitment", score=7),
        _event(39, "survey", "web", instrument="repurchase", score=4),
        _event(40, "survey", "web", instrument="wallet_share", score=0.35),
        _event(41, "survey", "web", instrument="brands_used", score=2),
        _event(42, "survey", "web", instrument="visit_reason", factor="convenience"),
        _event(43, "survey", "web", instrument="emotion", emotion="joy", score=8),
    ],
    "service_contact": [
        _event(
            51,
            "service_contact",
            "call_centre",
            contact_id="s-0009",
            wait_seconds=645,
            handle_seconds=180.5,
            outcome="unresolved",
            agent_id="agent-12",
            callback_by="2026-01-31T11:00:00+08:00",
        ),
        _event(
            52,
            "service_contact",
            "branch",
            contact_id="s-0010",
            wait_seconds=40,
            handle_seconds=600,
            outcome="resolved",
            branch_id="branch-3",
            stage="after",
        ),
    ],
    "feedback": [
        _event(56, "feedback", "branch", kind="praise", factor="service", text="Quick and kind."),
        _event(57, "feedback", "call_centre", kind="callback_done", contact_id="s-0009"),
        _event(58, "feedback", "email", kind="answered", answers="e-0055"),
    ],
    "profile": [
        _event(
            61,
            "profile",
            "branch",
            birth_date="1980-05-17",
            sex="female",
            occupation="engineer",
            position="manager",
            region="Zhejiang",
            first_seen="2016-03-01",
            time_zone="Asia/Shanghai",
            consent={"sms": False, "email": True},
            quiet_hours={"start": "22:00", "end": "08:00"},
            owner_id="manager-4",
            organisation_id="org-17",
            key_person=True,
            source="referral",
        ),
        _event(62, "profile", "branch", tier_pin=None),
        _event(63, "profile", "web", erase=True),
    ],
    "campaign": [
        _event(71, "campaign", "sms", campaign_id="m-2026-01", action="sent", cost=0.05),
        _event(
            72,
            "campaign",
            "web",
            campaign_id="m-2026-01",
            action="converted",
            revenue=199,
            offer_id="offer-8",
        ),
        _event(73, "campaign", "sms", campaign_id="m-2026-01", action="opted_out"),
        _event(74, "campaign", "web", campaign_id="m-2026-02", action="opted_in"),
        {
            **_event(
                75, "campaign", "other", campaign_id="m-2026-01", action="expense", cost=9_000
            ),
            "customer_id": "campaign:m-2026-01",
        },
    ],
    "care": [
        _event(76, "care", "branch", task_id="care-0001", action="done", cost=88),
        _event(77, "care", "sms", task_id="care-0001", action="feedback", score=5),
        _event(
            78,
            "care",
            "branch",
            action="done",
            occasion="inspection",
            found="Two transfers failed; the limit is raised.",
        ),
    ],
    "desk": [
        _event(81, "desk", "other", alert_id="a1b2c3", action="acknowledged", by="manager-4"),
        _event(
            82,
            "desk",
            "other",
            alert_id="a1b2c3",
            action="snoozed",
            until="2026-02-01T09:00:00+08:00",
            by="manager-4",
        ),
        _event(
            83,
            "desk",
            "other",
            alert_id="a1b2c3",
            action="assigned",
            assign_to="manager-7",
            note="Speaks Cantonese; prefers a call after 15:00.",
            by="manager-4",
        ),
        _event(
            84,
            "desk",
            "other",
            alert_id="a1b2c3",
            action="noted",
            note="Called twice; nobody answered.",
            by="manager-7",
        ),
        _event(85, "desk", "other", alert_id="a1b2c3", action="reopened", by="manager-7"),
        _event(
            86,
            "desk",
            "other",
            complaint_id="k-0003",
            step="apologise",
            action="ticked",
            by="manager-7",
        ),
    ],
}
"""By event type: as a producer would send them, one of each kind."""

OUTPUT_EXAMPLES: Final[dict[str, list[Example]]] = {
    "Alert": [
        {
            "alert_id": "5f0c6f0f5d9f5a1d8a4f9a9f2f3b6c11",
            "kind": "complaint_escalated",
            "customer_id": _CUSTOMER,
            "tier": "vip",
            "owner_id": "manager-4",
            "priority": 1,
            "occurred_at": "2026-01-31T02:21:00.000Z",
            "raised_at": "2026-01-31T02:21:00.250Z",
            "late": False,
            "level": 1,
            "cause": ["e-000021"],
            "reason": (
                "Complaint k-0003 (severity 4, opened) of a vip customer missed"
                " acknowledgement 1 h after it was opened; overdue by 0 s."
            ),
            "reason_key": "complaint.not_acknowledged",
            "reason_args": {
                "complaint": "k-0003",
                "grade": "complaint.severity",
                "grade.severity": 4,
                "status": "opened",
                "tier": "vip",
                "after": 3600000,
                "begun": "opened",
                "overdue": 250,
            },
            "suggested_action": "call the customer now and acknowledge the complaint",
            "complaint_id": "k-0003",
            "next_step": "accept",
            "solution": "complaint.solution",
            "overdue_seconds": 0.25,
            "history": [
                {
                    "status": "opened",
                    "occurred_at": "2026-01-31T01:21:00.000Z",
                    "event_id": "e-000021",
                }
            ],
        }
    ],
    "AlertState": [
        {
            "alert_id": "5f0c6f0f5d9f5a1d8a4f9a9f2f3b6c11a1b2c3d4",
            "newest_id": "0e8a7d6c5b4a39281706f5e4d3c2b1a0d4c3b2a1",
            "kind": "vip_complaint",
            "customer_id": _CUSTOMER,
            "tier": "vip",
            "owner_id": "manager-4",
            "segment": "s3",
            "priority": 1,
            "priority_reason": "5 - 3 (tier vip) - 1 (severe) = 1.",
            "status": "acknowledged",
            "level": 2,
            "occurred_at": "2026-01-31T01:21:00.000Z",
            "raised_at": "2026-01-31T01:21:00.250Z",
            "changed_at": "2026-01-31T01:33:10.000Z",
            "by": "manager-7",
            "note": "Called twice; nobody answered.",
            "assignee": "manager-7",
            "complaint_id": "k-0003",
            "next_step": "understand",
            "solution": "complaint.solution",
            "cause": ["e-000021"],
            "suggested_action": "call the customer now and acknowledge the complaint",
            "reason": (
                "A vip customer opened a complaint of severity 4 about fees; it is to"
                " be acknowledged within 1 h."
            ),
            "reason_key": "complaint.of_vip",
            "reason_args": {
                "tier": "vip",
                "status": "opened",
                "grade": "complaint.severity",
                "grade.severity": 4,
                "about": "complaint.about",
                "about.category": "fees",
                "promised": "time.length",
                "promised.length": 3600000,
            },
            "late": False,
        }
    ],
    "CustomerTransition": [
        {
            "transition_id": "0f7b3f55b8cb1d3c9f4e2a6d7c8b9a10",
            "customer_id": _CUSTOMER,
            "occurred_at": "2026-01-31T01:11:00.000Z",
            "dimension": "tier",
            "from_state": "prospect",
            "to_state": "vip",
            "late": False,
            "cause": ["e-000011"],
            "reason": "The balance reached the vip line of 300,000 CNY; the tier was prospect.",
            "reason_key": "tier.risen",
            "reason_args": {
                "tier": "vip",
                "line": 300000,
                "currency": "CNY",
                "before": "prospect",
            },
            "figures": {"balance": 412500.5},
        }
    ],
    "Signal": [
        {
            "signal_id": "9d1e7c6b5a4f3e2d1c0b9a8f7e6d5c4b",
            "kind": "systemic_issue",
            "occurred_at": "2026-01-31T02:00:00.000Z",
            "value": 23,
            "labels": {"category": "fees", "product": "card", "channel": "call_centre"},
            "reason": (
                "23 complaints about fees of card through call_centre between"
                " 2026-01-31 02:00 and 03:00 UTC; the 672 hours before had 3.10 an"
                " hour, sigma 2.70, and the line is 11.20."
            ),
            "reason_key": "surge.stood_out",
            "reason_args": {
                "complaints": 23,
                "what": "surge.about_product",
                "what.category": "fees",
                "what.product": "card",
                "what.channel": "call_centre",
                "begins": "2026-01-31 02:00",
                "ends": "03:00",
                "hours": 672,
                "mean": 3.1,
                "sigma": 2.7,
                "line": 11.2,
            },
            "cause": ["e-000021"],
        }
    ],
    "SegmentUpdate": [
        {
            "update_id": "3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f",
            "customer_id": _CUSTOMER,
            "occurred_at": "2026-01-31T01:07:00.000Z",
            "from_segment": "s2",
            "to_segment": "s3",
            "segment_name": "quality",
            "model_version": 17,
            "reason": "Moved from lurkers to quality: functions visited 2 to 14.",
            "reason_key": "segment.moved",
            "reason_args": {
                "before": "lurkers",
                "segment": "quality",
                "shown.0.feature": "functions_visited",
                "shown.0.before": 2,
                "shown.0.value": 14,
                "shown": "segment.feature_moved",
            },
            "figures": {"functions_visited": 12, "news_views": 6},
        }
    ],
    "SegmentModel": [
        {
            "model_id": "9e8d7c6b5a4f3e2d1c0b9a8f3c2b1a0f",
            "version": 17,
            "occurred_at": "2026-01-31T01:06:58.000Z",
            "reason": "centroid of s3 moved by 0.08 standard deviations",
            "features": ["functions_visited", "news_views"],
            "logged": [True, True],
            "weights": [1.0, 1.0],
            "mean": [1.2, 0.6],
            "scale": [0.9, 0.8],
            "centroids": [[-0.4, -0.5], [1.9, 2.1]],
            "margin": 0.1,
            "clear_margin": 0.3,
            "hold_hours": 24.0,
            "customers": 95,
            "quarantined": 0,
            "silhouette": 0.71,
            "silhouettes": {"2": 0.71, "3": 0.44},
            "sse_ratio": 1.0,
            "next_id": 4,
            "segments": [
                {
                    "segment_id": "s2",
                    "name": "lurkers",
                    "strategy": "Send promotional pushes; they are likely to leave.",
                    "size": 82,
                    "share": 0.863,
                    "centroid": {"functions_visited": 1.3, "news_views": 0.2},
                    "spread": {"functions_visited": 1.1, "news_views": 0.4},
                    "telling": [{"feature": "news_views", "deviations": -0.5}],
                    "since_version": 1,
                },
                {
                    "segment_id": "s3",
                    "name": "quality",
                    "strategy": "Keep them with normal updates, spend less.",
                    "size": 13,
                    "share": 0.137,
                    "centroid": {"functions_visited": 15.8, "news_views": 7.9},
                    "spread": {"functions_visited": 3.9, "news_views": 2.7},
                    "telling": [{"feature": "news_views", "deviations": 2.1}],
                    "since_version": 9,
                },
            ],
        }
    ],
    "Standings": [
        {
            "standings_id": "1b2c3d4e5f60718293a4b5c6d7e8f901",
            "version": 4,
            "occurred_at": "2026-01-31T01:06:58.000Z",
            "reason": "a customer is in class A above 8,251.20, was 8,004.11",
            "rules_id": "0e36b37abb50c865",
            "as_of_day": "2026-01-31",
            "window_days": 365,
            "relative_error": 0.01,
            "customers": 1000,
            "total_value": 4100000.0,
            "recency_days": [3, 9, 24, 71],
            "frequency": [2, 5, 9, 16],
            "monetary": [410.5, 1200.0, 2650.25, 6020.75],
            "median_frequency": 7,
            "a_above": 8251.2,
            "b_above": 3120.4,
            "relational_customers": 640,
            "relational_top_above": 14210.0,
            "relational_upper_above": 4890.9,
            "clv_above": 2280.15,
            "growable_customers": 120,
            "growable_above": 3400.0,
            "pareto_value": 0.8,
            "pareto_customers": 0.214,
            "concentration": [
                {"customers": 0.00016, "value": 0.021},
                {"customers": 0.01, "value": 0.096},
                {"customers": 0.1, "value": 0.57},
            ],
            "abc_totals": {
                "A": {"customers": 214, "value": 3281000.0},
                "B": {"customers": 268, "value": 616000.0},
                "C": {"customers": 518, "value": 203000.0},
            },
            "relation_totals": {
                "relational_top": {"customers": 64, "value": 1650000.0},
                "relational_upper": {"customers": 256, "value": 1810000.0},
                "relational_lower": {"customers": 320, "value": 420000.0},
                "transactional": {"customers": 360, "value": 220000.0},
            },
            "clv_totals": {
                "below_zero": {"customers": 12, "value": 900.0},
                "most_valuable": {"customers": 197, "value": 910000.0},
                "not_above": {"customers": 791, "value": 640000.0},
            },
        }
    ],
    "Referral": [
        {
            "referral_id": "1b2c3d4e5f60718293a4b5c6d7e8f901",
            "referrer": "c-000007",
            "referred": _CUSTOMER,
            "occurred_at": "2026-01-31T01:12:00.000Z",
            "state": "referred",
            "clv": 1843.2,
            "purchases": {
                "repeats": 4,
                "first_day": "2025-11-03",
                "last_day": "2026-01-31",
                "mean_spend": 212.5,
            },
            "version": 6,
            "cause": ["e-000011"],
            "reason": "A purchase: with 4 repeat purchases the lifetime value is 1,843.20 CNY.",
        }
    ],
    "CareTask": [
        {
            "task_id": "care-0001",
            "customer_id": _CUSTOMER,
            "occurred_at": "2026-05-16T16:00:00.000Z",
            "tier": "vip",
            "owner_id": "manager-4",
            "occasion": "birthday",
            "means": "birthday cake",
            "channel": "branch",
            "budget": 500,
            "text_key": "care.birthday",
            "due_at": "2026-05-17T01:00:00.000Z",
            "state": "proposed",
            "reason": "birthday on 17 May; value class A",
        }
    ],
    "Workers": [
        {
            "workers_id": "2c1b0a9f8e7d6c5b4a3c2b1a0f9e8d7c",
            "version": 7,
            "occurred_at": "2026-01-31T01:00:00.000Z",
            "reason": "2 partitions are worked by one policy.",
            "partitions": [
                {
                    "partition": number,
                    "policy": "4a3b3b0a7abcbe16",
                    "forms": "e9a7b3729835b668",
                    "version": "0.1.0",
                    "worker": "worker-1:17",
                    "since": "2026-01-31T01:00:00.000Z",
                }
                for number in (0, 1)
            ],
            "told": [{"policy": "4a3b3b0a7abcbe16", "forms": "e9a7b3729835b668"}],
        }
    ],
    "Surges": [
        {
            "surges_id": "1b0a9f8e7d6c5b4a3c2b1a0f9e8d7c6b",
            "version": 3,
            "occurred_at": "2026-01-31T01:00:00.000Z",
            "reason": "Complaints about fees of card through call_centre stood out.",
            "signalled": [
                {
                    "category": "fees",
                    "product": "card",
                    "channel": "call_centre",
                    "hour": "2026-01-31T01:00:00.000Z",
                    "complaints": 12,
                    "mean": 0.5,
                    "sigma": 0.75,
                    "line": 3.5,
                    "history_hours": 672,
                }
            ],
        }
    ],
    "PropensityModel": [
        {
            "propensity_id": "3d0a9f8e7d6c5b4a3c2b1a0f9e8d7c6b",
            "version": 41,
            "occurred_at": "2026-01-31T01:00:00.000Z",
            "reason": "2,400 examples were learnt, 12 of them new; 0 left before they could be.",
            "reason_key": "propensity.learnt",
            "reason_args": {"learnt": 2400, "news": 12, "dropped": 0},
            "rules_id": "4a3b3b0a7abcbe16",
            "learnt": 2400,
            "dropped": 0,
            "believed": True,
            "examples": 2400,
            "answered": 310,
            "auc": 0.71,
            "log_loss": 0.35,
            "calibration_error": 0.02,
            "intercept": -1.9,
            "weights": [
                {"name": "tier", "seen": 2400, "mean": 1.2, "variance": 1.5, "weight": 0.4},
                {"name": "segment:s-1", "seen": 2400, "mean": 0.3, "variance": 0.2, "weight": -0.1},
            ],
            "segments": ["s-1"],
            "before": {"examples": 0, "answered": 0, "loss": 0.0, "odds": [], "bins": _NO_BINS},
            "judged": {
                "examples": 2400,
                "answered": 310,
                "loss": 840.0,
                "odds": [{"tenths": -19, "answered": 310, "unanswered": 2090}],
                "bins": [
                    _NO_BINS[0],
                    {"examples": 2400, "predicted": 312.5, "answered": 310},
                    *_NO_BINS[2:],
                ],
            },
            "positions": {"0": 1769821920000, "1": 1769821800000},
        }
    ],
    "Inconsistencies": [
        {
            "inconsistencies_id": "2c0a9f8e7d6c5b4a3c2b1a0f9e8d7c6b",
            "version": 2,
            "occurred_at": "2026-01-31T01:00:00.000Z",
            "reason": "Signalled at 2026-01-31T01:00:00.000Z: 1 of 5 tiers.",
            "days": {"vip": 20484},
        }
    ],
    "DeadLetter": [
        {
            "dead_letter_id": "touchpoints.transactions-3-1207",
            "occurred_at": "2026-01-31T01:12:00.000Z",
            "reason": "invalid",
            "detail": "amount: got -5; must be greater than 0",
            "customer_id": _CUSTOMER,
            "source_topic": "touchpoints.transactions",
            "partition": 3,
            "offset": 1207,
            "timestamp": 1769821920000,
            "record_key": "Yy0wMDAwNDI=",
            "value": "eyJhbW91bnQiOi01fQ==",
            "headers": [{"key": "trace", "value": "YWJj"}],
        }
    ],
}
"""By record name: what Touchline sends."""
