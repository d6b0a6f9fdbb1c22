"""The dashboard of the VIP desk: how the best customers fare, and what is to be done for them.

Numbers of all of them; who it is about stands in the topic of alerts, never in a metric.
"""

from __future__ import annotations

from ops.grafana.panels import GREEN, RED, YELLOW, Board, Panel, Query, Row, stat
from ops.grafana.satisfaction import SCORE

VIPS = 'tier=~"vip|private"'
ALERTS_SENT = 'touchline_outputs_total{topic="alerts"}'
ESCALATED = 'touchline_outputs_total{topic="alerts", kind="complaint_escalated"}'

NOW = Row(
    "Now",
    (
        stat(
            "VIP and private customers", "By the balance of their deposits, or pinned.", "short",
            f"sum(job_tier:touchline_customers:sum{{{VIPS}}})",
        ),
        stat(
            "Their satisfaction", "Mean score of VIP and private customers, 0 to 10.", "none",
            f"sum(touchline_satisfaction_score{{{VIPS}}} * touchline_satisfaction_weight)"
            f" / sum(touchline_satisfaction_weight{{{VIPS}}})",
            first=RED, steps=SCORE, decimals=1,
        ),
        stat(
            "Their complaints open", "To be acknowledged within 1 hour, resolved within 24, unless "
            "the policy says otherwise.", "short",
            f"sum(job_tier:touchline_complaints_open:sum{{{VIPS}}})",
            first=GREEN, steps=((1, YELLOW),),
        ),
        stat(
            "Their complaints overdue", "Past a promise: each was escalated to a person.", "short",
            f"sum(job_tier:touchline_complaints_overdue:sum{{{VIPS}}})",
            first=GREEN, steps=((1, RED),),
        ),
        stat(
            "Alerts in the last hour", "Of all kinds, for all tiers.", "short",
            f"sum(increase({ALERTS_SENT}[1h]))", decimals=0,
        ),
        stat(
            "Alert delay, 99th percentile",
            "From a touchpoint in Kafka to its alert committed.", "s",
            "job:touchline_alert_latency_seconds:p99_rate5m",
            first=GREEN, steps=((0.5, YELLOW), (1, RED)),
        ),
    ),
)  # fmt: skip

WORK = Row(
    "Work for the desk",
    (
        Panel(
            "Alerts by kind, in an hour", "Raised in the hour before each moment.", "short",
            (Query(f"sum by (kind) (increase({ALERTS_SENT}[1h]))", "{{kind}}"),),
            low=0, stacked=True, decimals=0,
        ),
        Panel(
            "Alerts by kind, of late", "Raised in the last 24 hours.", "short",
            (Query(f"sort_desc(sum by (kind) (increase({ALERTS_SENT}[24h])))", "{{kind}}"),),
            kind="bargauge", low=0, decimals=0,
        ),
        Panel(
            "Complaints open", "Of key, VIP and private customers.", "short",
            (
                Query(
                    'job_tier:touchline_complaints_open:sum{tier=~"key|vip|private"}', "{{tier}}"
                ),
            ),
            low=0, width=8,
        ),
        Panel(
            "Complaints overdue", "Of key, VIP and private customers.", "short",
            (
                Query(
                    'job_tier:touchline_complaints_overdue:sum{tier=~"key|vip|private"}', "{{tier}}"
                ),
            ),
            low=0, width=8,
        ),
        Panel(
            "Escalations in an hour", "Levels 1 to 3, of all tiers.", "short",
            (Query(f"sum(increase({ESCALATED}[1h])) or vector(0)", "escalations"),),
            low=0, width=8, decimals=0,
        ),
    ),
)  # fmt: skip

EXPERIENCE = Row(
    "Experience of VIP and private customers",
    (
        Panel(
            "By factor and tier", "Mean score over time, 0 to 10.", "none",
            (
                Query(
                    f"job_factor_tier:touchline_satisfaction_score:mean{{{VIPS}}}",
                    "{{factor}}, {{tier}}",
                ),
            ),
            low=0, high=10, decimals=1,
        ),
        Panel(
            "By channel and tier, now", "Mean score, 0 to 10: where the next call should begin.",
            "none",
            (
                Query(
                    f"sort(job_channel_tier:touchline_satisfaction_score:mean{{{VIPS}}})",
                    "{{channel}}, {{tier}}",
                ),
            ),
            kind="bargauge", low=0, high=10, decimals=1, first=RED, steps=SCORE,
        ),
        Panel(
            "Change within a day", "By factor and tier, against the mean of an hour one day ago. A "
            "fall of 1 is an alert for this desk.", "none",
            (
                Query(
                    f"job_factor_tier:touchline_satisfaction_score:delta1d{{{VIPS}}}",
                    "{{factor}}, {{tier}}",
                ),
            ),
            decimals=1,
        ),
        Panel(
            "Customers", "Of key, VIP and private tier. A rise acts at once, a fall after 30 days.",
            "short",
            (Query('job_tier:touchline_customers:sum{tier=~"key|vip|private"}', "{{tier}}"),),
            low=0,
        ),
    ),
)  # fmt: skip

VIP_DESK = Board(
    "touchline-vip-desk",
    "Touchline VIP desk",
    "How VIP and private customers fare, and what is to be done for them.",
    (NOW, WORK, EXPERIENCE),
    span="now-24h",
    refresh="30s",
)
