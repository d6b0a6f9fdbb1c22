"""Logs: one form for ours, by structlog, and for the libraries', on stderr."""

from __future__ import annotations

import atexit
import logging
import sys
from typing import Any

import structlog

from streams.settings import Settings
from streams.worker.libraries import FAUST_APP, HEARD_FROM_WARNINGS, ToOurs
from streams.worker.plain_errors import plainly
from streams.worker.repeats import Repeats


def configure_logs(settings: Settings) -> None:
    """Set level and form. What is held back as a repetition is told at the latest at the end."""
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=level, handlers=[ToOurs()], force=True)
    logging.captureWarnings(True)
    for name in HEARD_FROM_WARNINGS:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger(FAUST_APP).setLevel(level)
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    written = structlog.PrintLogger(sys.stderr)
    repeats = Repeats(lambda line: written.msg(renderer(written, line["level"], line)))
    atexit.register(repeats.flush)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            plainly,
            structlog.processors.format_exc_info,
            repeats,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
