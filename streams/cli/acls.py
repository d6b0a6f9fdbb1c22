"""``touchline topics --acls``: the rights that a worker and each command need."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec
import typer

from streams.engine.rights import acl_lines, principal
from streams.settings import load_settings
from streams.topics.acls import WHO, needs


def show(users: Sequence[str], who: Sequence[str], *, as_json: bool) -> None:
    """Print what each of ``who`` (all: of none) needs, as lines of `kafka-acls` or of JSON."""
    settings = load_settings()
    for one in who:
        if one not in WHO:
            raise typer.BadParameter(f"--for must be one of {', '.join(WHO)}")
    principals = [f"User:{user.removeprefix('User:')}" for user in users] or [principal(settings)]
    where = settings.kafka.bootstrap or "HOST:9092"
    for name in who or WHO:
        rights = needs(settings, name)
        if as_json:
            told = {
                "who": name,
                "principals": principals,
                "rights": [right._asdict() for right in rights],
            }
            sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
            continue
        print(f"# {name}")
        for line in acl_lines(rights, principals, where):
            print(line)
