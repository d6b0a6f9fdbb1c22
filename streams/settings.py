"""Settings: everything an operator sets from outside, by environment variables.

Every variable begins with ``TOUCHLINE_``; a nested one has two underscores, as in
``TOUCHLINE_KAFKA__BOOTSTRAP``. A secret may also be a file of the same name in the
directory that ``TOUCHLINE_SECRETS_DIR`` names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.errors import OperatingError
from schemas.topics import changelog_topic


class SettingError(OperatingError):
    """A setting that does not fit; the message says which, what must hold and what was found."""


class KafkaSettings(BaseModel):
    """How to reach Kafka. ``bootstrap`` is one or more ``host:port``, with commas between.

    A fetch is answered when there is anything, after ``fetch_wait_ms`` at the latest; the next one
    is sent ``fetch_pause_ms`` after it was, at the soonest.
    """

    model_config = ConfigDict(extra="forbid")

    bootstrap: str | None = None
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = None
    replication: int = Field(default=1, ge=1, le=7)
    min_insync_replicas: int = Field(default=1, ge=1, le=7)
    session_timeout_seconds: float = Field(default=10.0, ge=2.0, le=300.0)
    heartbeat_seconds: float = Field(default=1.0, gt=0.0, le=60.0)
    fetch_wait_ms: int = Field(default=100, ge=1, le=500)
    fetch_pause_ms: int = Field(default=5, ge=0, le=500)
    retry_backoff_ms: int = Field(default=5, ge=1, le=1000)
    compression: Literal["gzip", "lz4", "zstd", "snappy"] | None = None

    @model_validator(mode="after")
    def _coherent(self) -> KafkaSettings:
        if self.min_insync_replicas > self.replication:
            raise ValueError("min_insync_replicas must not exceed replication")
        if self.security_protocol.startswith("SASL") and not (
            self.sasl_username and self.sasl_password
        ):
            raise ValueError(f"{self.security_protocol} needs sasl_username and sasl_password")
        return self


class CommitSettings(BaseModel):
    """When a partition's work is committed. Times in seconds.

    Under load a commit is made every ``interval_seconds``; while at most
    ``quiet_records`` records wait, alerts and care tasks are committed at once, everything
    else after ``linger_seconds``. ``deadline_seconds`` bounds every step of a commit and must stay
    below ``transaction_timeout_seconds``, after which the broker aborts by itself.
    """

    model_config = ConfigDict(extra="forbid")

    interval_seconds: float = Field(default=0.5, gt=0.0, le=10.0)
    linger_seconds: float = Field(default=0.25, ge=0.0, le=5.0)
    quiet_records: int = Field(default=1000, ge=0)
    deadline_seconds: float = Field(default=20.0, gt=0.0)
    transaction_timeout_seconds: float = Field(default=60.0, gt=0.0, le=900.0)

    @model_validator(mode="after")
    def _ordered(self) -> CommitSettings:
        if self.deadline_seconds >= self.transaction_timeout_seconds:
            raise ValueError("deadline_seconds must be below transaction_timeout_seconds")
        return self


class SegmentSettings(BaseModel):
    """How often snapshots of the customers go out, and models are made of them, at most.

    Without a new snapshot a model is looked at again after `refit_seconds`.
    """

    model_config = ConfigDict(extra="forbid")

    summary_seconds: float = Field(default=2.0, gt=0.0, le=3600.0)
    fit_seconds: float = Field(default=1.0, gt=0.0, le=3600.0)
    refit_seconds: float = Field(default=30.0, gt=0.0, le=3600.0)


class HttpSettings(BaseModel):
    """The worker's own pages (``/metrics``, ``/livez``, ``/readyz``). Loopback unless told."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=9464, ge=0, le=65535)


class Settings(BaseSettings):
    """All settings of a worker and of the commands."""

    model_config = SettingsConfigDict(
        env_prefix="TOUCHLINE_",
        env_nested_delimiter="__",
        extra="ignore",
    )

    app_id: str = Field(default="touchline", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    partitions: int = Field(default=12, ge=1, le=1000)
    clock: Literal["wall", "event"] = "wall"
    policy: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    cached_customers: int = Field(default=20_000, ge=100)
    restores_at_once: int = Field(default=3, ge=1, le=64)
    cache_dir: Path | None = None
    record: Path | None = None
    record_megabytes: int = Field(default=1024, ge=1)
    kafka: KafkaSettings = KafkaSettings()
    commit: CommitSettings = CommitSettings()
    http: HttpSettings = HttpSettings()
    segments: SegmentSettings = SegmentSettings()

    @property
    def changelog(self) -> str:
        """The changelog topic of the customers' state."""
        return changelog_topic(self.app_id)


def load_settings(**changes: Any) -> Settings:
    """The settings from environment and secret files, with ``changes`` on top.

    Raises :class:`SettingError` where a value does not fit.
    """
    secrets: dict[str, Any] = {"_secrets_dir": os.environ.get("TOUCHLINE_SECRETS_DIR")}
    try:
        return Settings(**secrets, **changes)
    except ValidationError as error:
        first = error.errors()[0]
        place = "__".join(str(part) for part in first["loc"]).upper()
        raise SettingError(
            f"setting TOUCHLINE_{place}: {first['msg']} (got {first['input']!r})"
        ) from error
