"""Logs: structlog for ours, the standard library's through the same lines, all on stderr."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from streams.settings import Settings

QUIET = ("aiokafka", "kafka", "faust", "mode", "asyncio", "streams.engine.transport")
# Their warnings are ordinary life here: rebalances, and a broker that verifies a transaction.
VERY_QUIET = ("aiokafka.producer.sender", "aiokafka.consumer.group_coordinator", "faust.app.base")


def configure_logs(settings: Settings) -> None:
    """Set level and form; libraries are heard from warnings on."""
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=level, stream=sys.stderr, format="%(message)s", force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in VERY_QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        stamp,
    ]
    renderer = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
