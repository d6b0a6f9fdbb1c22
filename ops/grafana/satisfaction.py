"""The dashboard of satisfaction: where customers are content, where not, and what changes."""

from __future__ import annotations

from ops.grafana.panels import GREEN, RED, YELLOW, Board, Panel, Query, Row, stat

SCORE = ((4.0, YELLOW), (7.0, GREEN))
"""Below 4 a customer counts as dissatisfied; an attitude from 7 on is that of a loyal one."""
FADING = "Moments fade with a half-life of 30 days, so a mean is of about the last two months."

NOW = Row(
    "Now",
    (
        stat(
            "Satisfaction", f"Mean over all customers, 0 to 10. {FADING}", "none",
            "sum(touchline_satisfaction_score * touchline_satisfaction_weight)"
            " / sum(touchline_satisfaction_weight)", first=RED, steps=SCORE, decimals=1,
        ),
        stat(
            "Weakest factor", "The factor with the lowest mean score.", "none",
            'bottomk(1, job_factor:touchline_satisfaction_score:mean{factor!="none"})',
            legend="{{factor}}", first=RED, steps=SCORE, decimals=1,
        ),
        stat(
            "Weakest channel", "The channel with the lowest mean score.", "none",
            "bottomk(1, job_channel:touchline_satisfaction_score:mean)",
            legend="{{channel}}", first=RED, steps=SCORE, decimals=1,
        ),
        stat(
            "Complaints open", "Neither resolved nor withdrawn.", "short",
            "sum(touchline_complaints_open)",
        ),
        stat(
            "Complaints overdue", "Complaints overdue to be acknowledged or resolved.", "short",
            "sum(touchline_complaints_overdue)", first=GREEN, steps=((1, RED),),
        ),
        stat(
            "Overdue of those open", "Overdue complaints over all open ones.",
            "percentunit",
            "sum(touchline_complaints_overdue) / (sum(touchline_complaints_open) > 0) or vector(0)",
            first=GREEN, steps=((0.01, YELLOW), (0.1, RED)),
        ),
    ),
)  # fmt: skip

SCORES = Row(
    "Scores",
    (
        Panel(
            "Satisfaction by factor and tier", "Mean score as of now, 0 to 10. The factor none "
            "holds surveys of the whole, as NPS.", "none",
            (Query("sum by (factor, tier) (job_factor_tier:touchline_satisfaction_score:mean)"),),
            kind="matrix", matrix=("factor", "tier"), first=RED, steps=SCORE, decimals=1,
        ),
        Panel(
            "Change within a day, by factor and tier", "Against the mean of an hour one day ago. "
            "A fall of 0.5 is an alert.", "none",
            (
                Query(
                    "sum by (factor, tier) (job_factor_tier:touchline_satisfaction_score:delta1d)"
                ),
            ),
            kind="matrix", matrix=("factor", "tier"), first=RED,
            steps=((-0.5, YELLOW), (-0.1, GREEN)), decimals=2,
        ),
        Panel(
            "By factor", f"Mean score over all tiers and channels. {FADING}", "none",
            (Query("job_factor:touchline_satisfaction_score:mean", "{{factor}}"),),
            low=0, high=10, decimals=1,
        ),
        Panel(
            "By tier", f"Mean score over all factors and channels. {FADING}", "none",
            (Query("job_tier:touchline_satisfaction_score:mean", "{{tier}}"),),
            low=0, high=10, decimals=1,
        ),
        Panel(
            "By channel", f"Mean score over all factors and tiers. {FADING}", "none",
            (Query("job_channel:touchline_satisfaction_score:mean", "{{channel}}"),),
            low=0, high=10, decimals=1,
        ),
        Panel(
            "Between best and worst channel", "For customers of the same tier, channels with "
            "little weight left out. Above 2 they are treated differently.", "none",
            (Query("job_tier:touchline_satisfaction_score:spread", "{{tier}}"),),
            low=0, decimals=1, steps=((2, RED),),
        ),
    ),
)  # fmt: skip

BEHIND = Row(
    "What is behind them",
    (
        Panel(
            "Weight of moments, by factor", "Sum of decayed weights: below 20 a mean says little.",
            "short",
            (
                Query(
                    "sum by (factor) (job_factor_tier:touchline_satisfaction_weight:sum)",
                    "{{factor}}",
                ),
            ),
            low=0,
        ),
        Panel(
            "Touchpoints that tell of satisfaction", "Complaints, surveys, contacts and feedback "
            "taken in, steps of a complaint each counted.", "suffix: /s",
            (
                Query(
                    "sum by (type) (rate(touchline_events_total"
                    '{outcome="accepted", type=~"complaint|survey|service_contact|feedback"}[5m]))',
                    "{{type}}",
                ),
            ),
            low=0,
        ),
        Panel(
            "Complaints open, by tier", "Neither resolved nor withdrawn.", "short",
            (Query("job_tier:touchline_complaints_open:sum", "{{tier}}"),), low=0, stacked=True,
        ),
        Panel(
            "Complaints overdue, by tier", "Complaints overdue to be acknowledged or resolved.",
            "short",
            (Query("job_tier:touchline_complaints_overdue:sum", "{{tier}}"),), low=0, stacked=True,
        ),
        Panel(
            "Customers by segment", "Those with an app click within 7 days; quarantine holds "
            "outliers.", "short",
            (Query("sum by (name) (touchline_segment_customers)", "{{name}}"),),
            low=0, stacked=True,
        ),
        Panel(
            "Changes of segment", "For 100 customers and day, since the worker began.", "none",
            (
                Query(
                    "100 * sum(touchline_segment_changes_total)"
                    " / sum(touchline_segment_customer_days_total)", "changes",
                ),
            ),
            low=0, decimals=1,
        ),
    ),
)  # fmt: skip

SATISFACTION = Board(
    "touchline-satisfaction",
    "Touchline satisfaction",
    "Where customers are content, where not, and what changes.",
    (NOW, SCORES, BEHIND),
    span="now-14d",
    refresh="1m",
)
