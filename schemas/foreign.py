"""Bytes that are no JSON as they stand: what they are instead, told by how they begin."""

from __future__ import annotations

from typing import Final

BOM: Final = b"\xef\xbb\xbf"
"""What some programs put before UTF-8; JSON has no place for it."""

COMPRESSED: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
"""How compressed bytes begin."""

FORMATS: Final = {
    b"PK\x03\x04": "a zip archive",
    b"PAR1": "Parquet",
    b"Obj\x01": "an Avro file",
    b"ORC": "ORC",
    b"SQLite format 3": "an SQLite database",
    b"%PDF": "a PDF",
}
"""How files of other formats begin."""

_MARKS: Final = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""Byte order marks, the longer ones first: that of UTF-32 begins like that of UTF-16."""
_REGISTRY_BYTES: Final = 5
"""Serializers with a schema registry write a zero and the schema's number before the value."""


def compression(head: bytes) -> str | None:
    """By what these bytes are compressed, if they are.

    >>> compression(b"\\x1f\\x8b\\x08"), compression(b"{}")
    ('gzip', None)
    """
    return next((name for mark, name in COMPRESSED.items() if head.startswith(mark)), None)


def encoding(head: bytes) -> str | None:
    """The encoding of text that is not UTF-8: by its mark, else by where its first zero stands.

    The name is that of Python's codec; one with a mark is decoded without it.

    >>> encoding("{}".encode("utf-16")), encoding("{}".encode("utf-16-be")), encoding(b"{}")
    ('utf-16', 'utf-16-be', None)
    """
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    zeros = [byte == 0 for byte in head[:4]]
    if zeros in ([False, True, False, True], [False, True]):
        return "utf-16-le"
    if zeros in ([True, False, True, False], [True, False]):
        return "utf-16-be"
    if zeros == [False, True, True, True]:
        return "utf-32-le"
    return "utf-32-be" if zeros == [True, True, True, False] else None


def foreign(head: bytes) -> str | None:
    """What a value is that is no JSON, in words; None where its beginning does not tell.

    >>> foreign(b"\\xef\\xbb\\xbf{}")
    'begins with a byte order mark (EF BB BF)'
    >>> foreign(b'{"type": 1}') is None
    True
    """
    if head.startswith(BOM):
        return "begins with a byte order mark (EF BB BF)"
    packed = compression(head)
    if packed is not None:
        return f"is compressed ({packed})"
    for mark, name in FORMATS.items():
        if head.startswith(mark):
            return f"is {name}"
    if head[:1] == b"\x00" and head[_REGISTRY_BYTES : _REGISTRY_BYTES + 1] == b"{":
        return "begins with the five bytes of a schema registry's serializer"
    text = encoding(head)
    if text is not None:
        return f"is {text[:6].upper()}"
    if head[:1] == b"\x00":
        return "begins with NUL bytes"
    return "is XML or HTML" if head.lstrip()[:1] == b"<" else None
