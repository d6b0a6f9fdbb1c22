"""What is written of who did what: records of the topic `<app_id>-audit`.

They hold ids and names of people and programs, and nothing of what was looked at or done.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from schemas.fields import Id, Label, OutputId
from schemas.published import Published

MAX_SUBJECTS: Final = 500
"""Most ids that one record names: as many as one request may act on."""

Act = Literal[
    "looked",
    "listed",
    "acted",
    "sent",
    "exported",
    "erased",
    "logged_in",
    "logged_out",
    "refused",
    "access_changed",
]
ACTS: Final = frozenset(Act.__args__)  # type: ignore[attr-defined]


class AuditRecord(Published):
    """Somebody looked, acted, exported, erased, logged in or out, or was refused."""

    topic: ClassVar[str] = "{app_id}-audit"
    id_field: ClassVar[str] = "audit_id"

    audit_id: OutputId
    act: Annotated[Act, Field(description="What was done.")]
    who: Annotated[
        Label | None,
        Field(description="The client or the account; nothing where nobody knows who it was."),
    ] = None
    kind: Annotated[
        Literal["program", "person", "operator", "unknown"],
        Field(description="An operator works with the command line, by rights in Kafka."),
    ]
    credential: Annotated[
        Label | None, Field(description="The id of the key or of the session; never a secret.")
    ] = None
    customer_id: Annotated[Id | None, Field(description="Whose file it was.")] = None
    subjects: Annotated[
        tuple[OutputId, ...],
        Field(max_length=MAX_SUBJECTS, description="Ids of alerts, of a segment, of a key."),
    ] = ()
    route: Annotated[
        OutputId | None, Field(description="Method and route, with no value of its parameters.")
    ] = None
    status: Annotated[
        int | None, Field(ge=400, le=599, description="The answer's status where it was refused.")
    ] = None

    @property
    def key(self) -> bytes | None:
        """Who it was, so that what somebody did stays in order."""
        return None if self.who is None else self.who.encode()


AUDIT_EXAMPLES: Final[list[dict[str, Any]]] = [
    {
        "audit_id": "5f0c9d3e8b7a4c21a6e4d2f10b9c8a77",
        "occurred_at": "2026-01-31T01:05:11.204Z",
        "reason": "chen looked at customer c-000042 by GET /v1/customers/{customer_id}",
        "act": "looked",
        "who": "chen",
        "kind": "person",
        "credential": "9b1d5e7f3a2c4d6e8f0a1b2c3d4e5f60",
        "customer_id": "c-000042",
        "route": "GET /v1/customers/{customer_id}",
    },
    {
        "audit_id": "a2b4c6d8e0f1432587a9bcde10f2a3b4",
        "occurred_at": "2026-01-31T01:06:40.017Z",
        "reason": "crm was refused with 403 by DELETE /v1/customers/{customer_id}",
        "act": "refused",
        "who": "crm",
        "kind": "program",
        "credential": "3f9a0c1b2d",
        "route": "DELETE /v1/customers/{customer_id}",
        "status": 403,
    },
]
