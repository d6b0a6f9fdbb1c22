"""``touchline access``: keys of programs, accounts of people, what they did."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from schemas.fields import milliseconds, moment, rfc3339
from streams.cli.moments import TIMES
from streams.serve.access.who import Role, Scope
from streams.settings import ServeSettings, load_settings

if TYPE_CHECKING:
    from schemas.audit import AuditRecord

access = typer.Typer(
    help="Who may come in to `touchline serve`: keys of programs, accounts of people, the audit.",
    no_args_is_help=True,
)
key = typer.Typer(help="Keys of programs: make, list, revoke.", no_args_is_help=True)
access.add_typer(key, name="key")
person = typer.Typer(help="Accounts of people: add, list, password, remove.", no_args_is_help=True)
access.add_typer(person, name="person")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
FromStdin = Annotated[
    bool, typer.Option("--stdin", help="Read the password from stdin, its first line.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.add_typer(access, name="access")


@key.command("make")
def key_make(
    client: Annotated[str, typer.Argument(metavar="NAME", help="The client that it is for.")],
    *,
    scope: Annotated[
        list[str],
        typer.Option(help=f"What it may do, again for more: {', '.join(get_args(Scope))}."),
    ],
    days: Annotated[
        float | None, typer.Option(help="It ends after so many days; default: never.", min=0.001)
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="It sees and acts on customers of this owner alone.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="What it is for, for people to read.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print its token: this once, for only a hash of it is kept.

    A client may have two keys at once: make the second, let the client change to it, revoke the
    first. Give a key no more scopes than it needs.

    Example: touchline access key make crm --scope read --scope act --days 90
    """
    scopes = [one for one in get_args(Scope) if one in scope]
    strange = sorted(set(scope) - set(scopes))
    if strange:
        raise typer.BadParameter(f"--scope must be one of {', '.join(get_args(Scope))}")
    made = _run(lambda keeping: keeping.make_key(
        client, scopes, days=days, owner_id=owner, label=label
    ))  # fmt: skip
    if as_json:
        return _line({**_told(made.record), "token": made.token.text})
    print(made.token.text)
    ends = "never" if made.record.expires_at is None else _time(made.record.expires_at)
    print(
        f"key {made.record.id} of {client} may {', '.join(made.record.scopes)}; it ends {ends}. "
        "The token is not shown again: keep it where secrets are kept.",
        file=sys.stderr,
    )


@key.command("list")
def key_list(as_json: AsJson = False) -> None:
    """List the keys: whose, what they may do, since when, until when. No secret is shown.

    Example: touchline access key list
    """
    book = _run(lambda keeping: keeping.book())
    found = sorted(book.keys.values(), key=lambda one: (one.client, one.made_at))
    if as_json:
        for one in found:
            _line(_told(one))
        return
    rows = [
        (
            one.id, one.client, " ".join(one.scopes), _owner(one.owner_id), _time(one.made_at),
            f"revoked {_time(one.revoked_at)}" if one.revoked_at is not None
            else _time(one.expires_at), one.label or "",
        )
        for one in found
    ]  # fmt: skip
    _table("keys", ("id", "client", "scopes", "owner", "made", "ends", "label"), rows)


@key.command("revoke")
def key_revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `key list` shows it.")],
) -> None:
    """Let a key in no more: on every running `touchline serve` within two seconds.

    Example: touchline access key revoke 3f9a0c1b2d
    """
    record = _run(lambda keeping: keeping.revoke_key(key_id))
    print(f"key {record.id} of {record.client} is revoked")


@person.command("add")
def person_add(
    name: Name,
    *,
    role: Annotated[str, typer.Option(help=f"What it may do: {', '.join(get_args(Role))}.")],
    owner: Annotated[
        str | None, typer.Option(help="It sees and acts on customers of this owner alone.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="en or zh; default: as the browser asks.")
    ] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="It comes in by one-time links alone.")
    ] = False,
    stdin: FromStdin = False,
) -> None:
    """Add an account; its password is asked for, and only what Argon2 makes of it is kept.

    viewer: reads. desk: acts on alerts too. marketer: reads and exports. manager: reads, acts and
    exports. admin: everything.

    Example: touchline access person add chen --role desk --owner manager-4
    """
    from streams.serve.telling import LANGUAGES

    chosen = _role(role)
    if language not in (None, *LANGUAGES):
        raise typer.BadParameter(f"--language must be one of {', '.join(LANGUAGES)}")
    password = None if no_password else _password(stdin=stdin)
    _run(lambda keeping: keeping.add_person(
        name, chosen, password, owner_id=owner, language=language
    ))  # fmt: skip
    print(f"{name} may come in as {role}")


@person.command("list")
def person_list(as_json: AsJson = False) -> None:
    """List the accounts: role, owner, since when.

    Example: touchline access person list
    """
    found = sorted(_run(lambda keeping: keeping.book()).people.values(), key=lambda one: one.name)
    if as_json:
        for one in found:
            _line({**_told(one), "has_password": one.password is not None})
        return
    rows = [
        (
            one.name, one.role, _owner(one.owner_id), one.language or "",
            "yes" if one.password else "links alone", _time(one.changed_at),
        )
        for one in found
    ]  # fmt: skip
    _table("people", ("name", "role", "owner", "language", "password", "changed"), rows)


@person.command("password")
def person_password(name: Name, *, stdin: FromStdin = False) -> None:
    """Change a password. All sessions and links of the account end.

    Example: touchline access person password chen
    """
    password = _password(stdin=stdin)
    _run(lambda keeping: keeping.change_password(name, password))
    print(f"{name} has another password; its sessions have ended")


@person.command("remove")
def person_remove(name: Name) -> None:
    """Remove an account. All its sessions end, on every running `touchline serve` within 2 s.

    Example: touchline access person remove chen
    """
    _run(lambda keeping: keeping.remove_person(name))
    print(f"{name} is removed")


@person.command("end")
def person_end(name: Name) -> None:
    """End all sessions of somebody, of an account here or of your issuer (OpenID Connect).

    Example: touchline access person end chen@bank.example
    """
    _run(lambda keeping: keeping.end_sessions(name))
    print(f"sessions of {name} have ended")


@access.command("login-link")
def login_link(
    name: Name,
    *,
    address: Annotated[
        str | None, typer.Option(help="Where serve is; default: its public_url, host and port.")
    ] = None,
) -> None:
    """Print a link that logs somebody in: once, within ten minutes, without a password.

    It is signed with the secret of `touchline serve`: run this on its machine as its user, or set
    TOUCHLINE_SERVE__SECRET.

    Example: touchline access login-link chen
    """
    from streams.serve.access.links import one_time

    settings = load_settings()
    path = _run(lambda keeping: one_time(settings, keeping, name))
    base = address or settings.serve.public_url or _listens(settings.serve)
    print(base.rstrip("/") + path)


@access.command("audit")
def audit(
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(help="From this time on (with an offset, or UTC).", formats=TIMES),
    ] = None,
    who: Annotated[str | None, typer.Option(help="Of this client or account alone.")] = None,
    customer: Annotated[str | None, typer.Option(help="About this customer alone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell who looked at which file, acted, exported, erased, logged in, was refused.

    Example: touchline access audit --customer c-000042
    """
    from streams.serve.access.auditing import audit_records

    def wanted(record: AuditRecord) -> bool:
        return who in (None, record.who) and customer in (None, record.customer_id)

    def told(record: AuditRecord) -> None:
        if as_json:
            return _line(record.model_dump(mode="json", exclude_none=True))
        print(f"{rfc3339(record.occurred_at)[:19]}Z  {record.reason}", flush=follow)

    at = None if since is None else since if since.tzinfo else since.replace(tzinfo=UTC)
    start = None if at is None else milliseconds(at)
    try:
        _run(
            lambda keeping: audit_records(
                keeping.settings, told, start, follow=follow, wanted=wanted
            )
        )
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _role(given: str) -> Role:
    for role in get_args(Role):
        if role == given:
            return cast(Role, role)
    raise typer.BadParameter(f"--role must be one of {', '.join(get_args(Role))}")


def _password(*, stdin: bool) -> str:
    """As it is typed twice, or the first line of stdin; checked before Kafka is asked anything."""
    from streams.serve.access.keeping import checked_password

    if stdin or not sys.stdin.isatty():
        return checked_password(sys.stdin.readline().rstrip("\r\n"))
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return checked_password(typed)


def _listens(serve: ServeSettings) -> str:
    scheme = "https" if serve.tls_certificate else "http"
    return f"{scheme}://{serve.host}:{serve.port}"


def _run(work: Any) -> Any:
    """Do something with what is kept; the topics are made where they are missing."""
    from streams.queries import connect
    from streams.serve.access.keeping import Keeping
    from streams.topics.ensure import ensure_topics_of

    settings = load_settings()
    ensure_topics_of(settings, only=(settings.access_topic, settings.audit_topic))
    return connect.run(work(Keeping(settings)))


def _told(record: Any) -> dict[str, Any]:
    """A record as it is told: without what is secret, with times as text."""
    told = {
        name: value
        for name, value in msgspec.to_builtins(record).items()
        if name not in ("hash", "password", "stamp", "type")
    }
    for name in told.keys() & {"made_at", "expires_at", "revoked_at", "changed_at"}:
        told[name] = None if told[name] is None else _time(told[name])
    return told


def _owner(owner_id: str | None) -> str:
    """Whose customers are seen; a record of before may name nobody, which is not everybody."""
    return "all" if owner_id is None else owner_id or "nobody"


def _time(ms: int | None) -> str:
    return "never" if ms is None else rfc3339(moment(ms))[:19] + "Z"


def _line(told: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)
