"""Settings of ``touchline serve``: where it listens, what it keeps, who may come in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, Field, SecretStr

from streams.settings.sections import SECTION

MOST_SESSION_HOURS: Final = 720.0


class ServeSettings(BaseModel):
    """The HTTP API and the pages. Loopback only, unless TLS or a proxy in front is declared."""

    model_config = SECTION

    host: str = Field(default="127.0.0.1", description="address to listen at")
    port: int = Field(default=8080, ge=0, le=65535, description="port; 0 takes a free one")
    directory: Path | None = Field(
        default=None,
        description="directory of the read model; default: in the user's cache, by application",
    )
    partitions: str = Field(
        default="", description="which partitions this one holds, as in 0-5 or 0,3,7; empty: all"
    )
    siblings: str = Field(
        default="",
        description="who holds the others: partitions=address, as in 6-11=http://b:8080, by comma",
    )
    public_url: str = Field(
        default="", description="the address that people open, where it is not this one"
    )
    hosts: str = Field(
        default="",
        description="further names that it is called by, by comma; others are not answered to",
    )
    tls_certificate: Path | None = Field(default=None, description="certificate chain (PEM)")
    tls_key: Path | None = Field(default=None, description="its private key (PEM)")
    proxies: str = Field(
        default="",
        description="addresses of reverse proxies whose X-Forwarded headers are believed, by comma",
    )
    secret: SecretStr | None = Field(
        default=None,
        description="what session cookies are signed with, 32 characters or more, one for all "
        "replicas; default: made at the first start",
    )
    session_hours: float = Field(
        default=12.0,
        gt=0.0,
        le=MOST_SESSION_HOURS,
        description="a person has to log in anew after so long",
    )
    oidc_issuer: str = Field(default="", description="issuer of OpenID Connect; empty: none")
    oidc_client_id: str = Field(default="", description="our id with that issuer")
    oidc_client_secret: SecretStr | None = Field(default=None, description="our secret with it")
    oidc_roles_claim: str = Field(
        default="roles", description="the claim that names a person's roles"
    )
    oidc_name_claim: str = Field(
        default="preferred_username",
        description="the claim that names a person, to colleagues and in the audit",
    )
    oidc_owner_claim: str = Field(
        default="owner_id",
        description="the claim that bounds a person to customers of one owner, where it is there",
    )
    in_flight_megabytes: int = Field(
        default=16, ge=1, description="events that Kafka has not acknowledged yet, in MiB, at most"
    )
    requests_per_second: float = Field(
        default=200.0, gt=0.0, description="requests of one client that are taken, on average"
    )
    niceness: int = Field(
        default=0,
        ge=0,
        le=19,
        description="how far it gives way to a worker on the same machine, as `nice` has it",
    )
    timeline_days: int = Field(
        default=30, ge=1, le=3650, description="events stay in timelines for so many days"
    )
