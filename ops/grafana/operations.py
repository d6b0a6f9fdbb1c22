"""The dashboard of whoever runs Touchline: does the data flow, how fast, and what is in the way."""

from __future__ import annotations

from ops.grafana.panels import GREEN, RED, YELLOW, Board, Panel, Query, Row, stat

NOW = Row(
    "Now",
    (
        stat(
            "Workers that answer", "Workers whose page /metrics could be read.", "none",
            'sum(up{job="touchline"})', first=RED, steps=((1, GREEN),), width=3,
        ),
        stat(
            "Partitions at work", "Partitions that some worker holds, stopped ones included.",
            "none", "job:touchline_partitions_held:sum", width=3,
        ),
        stat(
            "Partitions stopped", "They wait for an operator: touchline doctor says why.",
            "none", "sum(touchline_partitions_stopped)", first=GREEN, steps=((1, RED),), width=3,
        ),
        stat(
            "Records waiting", "In Kafka and in no committed transaction.", "short",
            "job:touchline_lag_records:sum", first=GREEN, steps=((10_000, YELLOW),), width=3,
        ),
        stat(
            "Time to catch up", "Records waiting over records committed a second.", "s",
            "job:touchline_lag_records_per_commit_records:ratio_rate5m",
            first=GREEN, steps=((60, YELLOW), (600, RED)), width=3, decimals=1,
        ),
        stat(
            "Alert delay, 99th percentile",
            "From a touchpoint in Kafka to its alert committed.", "s",
            "job:touchline_alert_latency_seconds:p99_rate5m",
            first=GREEN, steps=((0.5, YELLOW), (1, RED)), width=3,
        ),
        stat(
            "Records refused", "Dead letters over all records, in 5 minutes.", "percentunit",
            "job:touchline_dead_letters_per_commit_records:ratio_rate5m",
            first=GREEN, steps=((0.01, YELLOW), (0.1, RED)), width=3, decimals=2,
        ),
        stat(
            "Alerts firing", "Of the rules in ops/prometheus/rules.", "none",
            'count(ALERTS{alertstate="firing"}) or vector(0)',
            first=GREEN, steps=((1, RED),), width=3,
        ),
        Panel(
            "What the rules say", "Alerts that fire, and pending ones that may soon.", "none",
            (Query("ALERTS"),), kind="table", width=24, height=6,
        ),
    ),
)  # fmt: skip

FLOW = Row(
    "Flow",
    (
        Panel(
            "Records committed", "Input records that transactions cover, by worker.",
            "suffix: /s",
            (Query("sum by (instance) (rate(touchline_commit_records_sum[1m]))", "{{instance}}"),),
            low=0, stacked=True,
        ),
        Panel(
            "Records waiting by topic", "Over all workers.", "short",
            (Query("job_topic:touchline_lag_records:sum", "{{topic}}"),), low=0, stacked=True,
        ),
        Panel(
            "Touchpoints received", "Fetched from Kafka, by topic.", "suffix: /s",
            (Query("sum by (topic) (rate(touchline_records_received_total[1m]))", "{{topic}}"),),
            low=0, stacked=True,
        ),
        Panel(
            "What the rules said of events", "Repeated events change nothing; rejected ones are "
            "dead letters too.", "suffix: /s",
            (Query("sum by (outcome) (rate(touchline_events_total[1m]))", "{{outcome}}"),), low=0,
        ),
        Panel(
            "Dead letters by reason", "Records refused; touchline dead-letters list shows them.",
            "suffix: /s", (Query("job_reason:touchline_dead_letters:rate5m", "{{reason}}"),),
            low=0, stacked=True,
        ),
        Panel(
            "Records sent", "Outputs committed, by topic.", "suffix: /s",
            (Query("sum by (topic) (rate(touchline_outputs_total[1m]))", "{{topic}}"),), low=0,
        ),
    ),
)  # fmt: skip

COMMITS = Row(
    "Commits and alerts",
    (
        Panel(
            "Alert delay", "From a touchpoint in Kafka to its alert committed.", "s",
            (
                Query("job:touchline_alert_latency_seconds:p50_rate5m", "median"),
                Query("job:touchline_alert_latency_seconds:p99_rate5m", "99th percentile"),
            ),
            low=0, steps=((1, RED),),
        ),
        Panel(
            "Time of a commit", "From draining a partition to its transaction committed; given up "
            "at the deadline, 20 s unless set otherwise.", "s",
            (
                Query("job:touchline_commit_seconds:p99_rate5m", "99th percentile"),
                Query(
                    "sum(rate(touchline_commit_seconds_sum[5m]))"
                    " / sum(rate(touchline_commit_seconds_count[5m]))", "mean",
                ),
            ),
            low=0, steps=((5, RED),),
        ),
        Panel(
            "Records in a commit", "More under load, so that a record costs less.", "short",
            (
                Query(
                    "sum(rate(touchline_commit_records_sum[5m]))"
                    " / sum(rate(touchline_commit_records_count[5m]))", "mean",
                ),
            ),
            low=0, width=8,
        ),
        Panel(
            "Transactions given up", "In 10 minutes, by worker. A rebalance brings one or two.",
            "short",
            (
                Query(
                    "sum by (instance) (increase(touchline_commit_failures_total[10m]))",
                    "{{instance}}",
                ),
            ),
            low=0, width=8,
        ),
        Panel(
            "State written", "Keys and values to the changelog.", "Bps",
            (Query("sum(rate(touchline_changelog_bytes_total[1m]))", "changelog"),),
            low=0, width=8,
        ),
    ),
)  # fmt: skip

WORKERS = Row(
    "Workers",
    (
        Panel(
            "CPU", "1 is a whole core; a worker uses one, and a little for segments.", "none",
            (
                Query('rate(process_cpu_seconds_total{job="touchline"}[1m])', "{{instance}}"),
            ),
            low=0, width=8, decimals=2,
        ),
        Panel(
            "Memory", "Resident.", "bytes",
            (Query('process_resident_memory_bytes{job="touchline"}', "{{instance}}"),),
            low=0, width=8,
        ),
        Panel(
            "Open files", "Of those the worker may open.", "percentunit",
            (
                Query(
                    'process_open_fds{job="touchline"} / process_max_fds{job="touchline"}',
                    "{{instance}}",
                ),
            ),
            low=0, high=1, width=8, steps=((0.8, RED),),
        ),
        Panel(
            "Clock ahead of the brokers'", "Below 0 behind. Workers go by the brokers' time where "
            "theirs is off by more than 2 s; from 60 s on they are not ready.", "s",
            (Query("touchline_clock_offset_seconds", "{{instance}}"),), width=8, decimals=1,
        ),
        Panel(
            "Oldest answers of the brokers", "Since the newest answered fetch, and since they told "
            "where the topics end: from 6 and 10 s on the worker is not ready.", "s",
            (
                Query("touchline_fetch_age_seconds", "fetch {{instance}}"),
                Query("touchline_ends_age_seconds", "ends {{instance}}"),
            ),
            low=0, width=8, decimals=1,
        ),
        Panel(
            "Ready", "By /readyz.", "short", (Query("touchline_ready", "{{instance}}"),),
            low=0, high=1, width=8,
        ),
        Panel(
            "Begun anew", "Parts of the Kafka clients that ended or hung, in 30 minutes.", "short",
            (
                Query(
                    "sum by (job, instance) (increase(touchline_client_healed_total[30m]))",
                    "{{instance}}",
                ),
            ),
            low=0, width=8,
        ),
        Panel(
            "Mean time to restore a partition", "Reading its state back, since the worker began.",
            "s",
            (
                Query(
                    "touchline_restore_seconds_sum / touchline_restore_seconds_count",
                    "{{instance}}",
                ),
            ),
            low=0, width=8,
        ),
        Panel(
            "Age of the segment model in use", "A new one is made when snapshots come, at most "
            "once a second.", "s", (Query("touchline_segment_model_age_seconds", "{{instance}}"),),
            low=0, width=8,
        ),
        Panel(
            "Segment models", "Made in 10 minutes, and models or snapshots left aside.", "short",
            (
                Query("sum(increase(touchline_segment_models_total[10m]))", "made"),
                Query(
                    "sum(increase(touchline_segment_models_refused_total[10m])) or vector(0)",
                    "left aside",
                ),
            ),
            low=0, width=8,
        ),
    ),
)  # fmt: skip

OPERATIONS = Board(
    "touchline-operations",
    "Touchline operations",
    "Does the data flow, how fast, and what is in the way.",
    (NOW, FLOW, COMMITS, WORKERS),
)
