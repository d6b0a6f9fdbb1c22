"""Who asks, and what they may do."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Scope = Literal["ingest", "read", "act", "export", "erase", "ops"]
Role = Literal["viewer", "desk", "marketer", "manager", "admin"]

SCOPES_OF: Final[dict[Role, frozenset[Scope]]] = {
    "viewer": frozenset(("read",)),
    "desk": frozenset(("read", "act")),
    "marketer": frozenset(("read", "export")),
    "manager": frozenset(("read", "act", "export")),
    "admin": frozenset(("ingest", "read", "act", "export", "erase", "ops")),
}


class Who(NamedTuple):
    """Somebody who is let in: a program by its key, or a person by a session.

    ``owner_id``: sees and acts on customers of this owner alone; ``None``: on all.
    """

    name: str
    scopes: frozenset[Scope]
    is_person: bool
    owner_id: str | None = None
    language: str | None = None
    credential: str | None = None
    """The id of the key or of the session, for the audit."""

    def may(self, scope: Scope) -> bool:
        """Whether this scope was given."""
        return scope in self.scopes
