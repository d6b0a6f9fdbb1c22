"""The settings themselves, by section: types, bounds, defaults and meanings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from schemas.topics import access_topic, audit_topic, changelog_topic, clock_probes_topic
from streams.settings.files import SecretFiles
from streams.settings.kafka import KafkaSettings
from streams.settings.names import DELIMITER, PREFIX
from streams.settings.sections import SECTION
from streams.settings.serve import ServeSettings


class CommitSettings(BaseModel):
    """When a partition's work is committed. Times in seconds.

    Under load a commit is made every ``interval_seconds``; while at most
    ``quiet_records`` records wait, alerts and care tasks are committed at once, everything
    else after ``linger_seconds``. ``deadline_seconds`` bounds every step of a commit and must stay
    below ``transaction_timeout_seconds``, after which the broker aborts by itself.
    """

    model_config = SECTION

    interval_seconds: float = Field(
        default=0.5, gt=0.0, le=10.0, description="a commit is made so often under load"
    )
    linger_seconds: float = Field(
        default=0.25,
        ge=0.0,
        le=5.0,
        description="how long work waits for a commit when there is little",
    )
    quiet_records: int = Field(
        default=1000,
        ge=0,
        description="while at most so many records wait, an alert is committed at once",
    )
    deadline_seconds: float = Field(
        default=20.0, gt=0.0, description="longest time of each step of a commit"
    )
    transaction_timeout_seconds: float = Field(
        default=60.0,
        gt=0.0,
        le=900.0,
        description="after so long the broker aborts a transaction by itself",
    )

    @model_validator(mode="after")
    def _ordered(self) -> CommitSettings:
        if self.deadline_seconds >= self.transaction_timeout_seconds:
            raise ValueError(
                "TOUCHLINE_COMMIT__DEADLINE_SECONDS must be below "
                "TOUCHLINE_COMMIT__TRANSACTION_TIMEOUT_SECONDS"
            )
        return self


class SegmentSettings(BaseModel):
    """How often snapshots of the customers go out, and models are made of them, at most.

    Without a new snapshot a model is looked at again after `refit_seconds`.
    """

    model_config = SECTION

    summary_seconds: float = Field(
        default=2.0,
        gt=0.0,
        le=3600.0,
        description="snapshots of the customers go out so often at most",
    )
    fit_seconds: float = Field(
        default=1.0, gt=0.0, le=3600.0, description="models are made so often at most"
    )
    refit_seconds: float = Field(
        default=30.0,
        gt=0.0,
        le=3600.0,
        description="without a new snapshot a model is looked at again after so long",
    )


class HttpSettings(BaseModel):
    """The worker's own pages (``/metrics``, ``/livez``, ``/readyz``). Loopback unless told."""

    model_config = SECTION

    host: str = Field(
        default="127.0.0.1", description="address of the pages; 0.0.0.0 for all networks"
    )
    port: int = Field(
        default=9464, ge=0, le=65535, description="port of the pages; 0 takes a free one"
    )


class Settings(BaseSettings):
    """All settings of a worker and of the commands."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    app_id: str = Field(
        default="touchline",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="name of the deployment: its group, transactions and changelog",
    )
    partitions: int = Field(
        default=12,
        ge=1,
        le=1000,
        description="partitions of every topic; never changed once there is data",
    )
    clock: Literal["wall", "event"] = Field(
        default="wall", description="wall: now; event: the times of the events, for old data"
    )
    policy: Path | None = Field(
        default=None, description="policy file (YAML); default: the built-in one"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="from which level on lines are logged"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="form of the log lines")
    cache_megabytes: int = Field(
        default=256, ge=1, description="memory of a worker for decoded customers, in MiB"
    )
    restores_at_once: int = Field(
        default=3, ge=1, le=64, description="partitions that a worker restores side by side"
    )
    cache_dir: Path | None = Field(
        default=None, description="directory of Kafka's jars; default: in the user's cache"
    )
    record: Path | None = Field(
        default=None,
        description="directory that a worker keeps its record in; default: none is kept",
    )
    record_megabytes: int = Field(default=1024, ge=1, description="where a record ends, in MiB")
    kafka: KafkaSettings = KafkaSettings()
    commit: CommitSettings = CommitSettings()
    http: HttpSettings = HttpSettings()
    segments: SegmentSettings = SegmentSettings()
    serve: ServeSettings = ServeSettings()

    @property
    def changelog(self) -> str:
        """The changelog topic of the customers' state."""
        return changelog_topic(self.app_id)

    @property
    def access_topic(self) -> str:
        """The topic of keys and accounts."""
        return access_topic(self.app_id)

    @property
    def audit_topic(self) -> str:
        """The topic of who did what."""
        return audit_topic(self.app_id)

    @property
    def clock_probes(self) -> str:
        """The topic that clocks are compared by."""
        return clock_probes_topic(self.app_id)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code goes first, then variables, then secret files."""
        return init_settings, env_settings, SecretFiles(file_secret_settings)
