"""Forms of a file with everybody in a segment, made piece by piece."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast

import msgspec

from schemas.figures import CustomerFigures
from streams.files.csv_rows import csv_row
from streams.readmodel.rows import Whole

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Form = Literal["jsonl", "csv", "parquet"]
TYPES: Final[dict[Form, str]] = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
ROW_GROUP: Final = 5_000
"""Rows of a parquet file that are held until they are written."""
_encode: Final = msgspec.json.Encoder().encode
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


def file_name(segment_id: str, form: Form) -> str:
    """What a browser calls the file."""
    return f"segment-{_UNSAFE.sub('-', segment_id)}.{form}"


# -- what is plain ----------------------------------------------------------------------

Column = tuple[str, Literal["text", "whole", "number"], Callable[[CustomerFigures], Any]]


@cache
def columns() -> tuple[Column, ...]:
    """Every figure that is one text, count or number, subjects within it flattened by a dot."""
    return tuple(_of(CustomerFigures, "", lambda figures: figures))


def _of(struct: Any, prefix: str, of: Callable[[CustomerFigures], Any]) -> Iterator[Column]:
    info = cast(msgspec.inspect.StructType, msgspec.inspect.type_info(struct))
    for field in info.fields:
        found, name = _plain(field.type), field.name
        if found is None:
            continue
        get = _getter(of, name)
        if isinstance(found, msgspec.inspect.StructType):
            yield from _of(found.cls, f"{prefix}{name}.", get)
        else:
            yield f"{prefix}{name}", found, get


def _getter(of: Callable[[CustomerFigures], Any], name: str) -> Callable[[CustomerFigures], Any]:
    def get(figures: CustomerFigures) -> Any:
        whole = of(figures)
        return None if whole is None else getattr(whole, name)

    return get


def _plain(kind: msgspec.inspect.Type) -> Any:
    """What a column of it would hold, or the struct within; ``None`` for lists and mappings."""
    parts = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    told = [_kind(part) for part in parts if not isinstance(part, msgspec.inspect.NoneType)]
    return told[0] if len(told) == 1 else None


def _kind(kind: msgspec.inspect.Type) -> Any:
    if isinstance(kind, msgspec.inspect.Metadata):
        return _plain(kind.type)
    if isinstance(kind, msgspec.inspect.StructType):
        return kind
    if isinstance(kind, msgspec.inspect.LiteralType):
        return "text" if all(isinstance(value, str) for value in kind.values) else "whole"
    if isinstance(kind, msgspec.inspect.StrType):
        return "text"
    if isinstance(kind, (msgspec.inspect.IntType, msgspec.inspect.BoolType)):
        return "whole"
    return "number" if isinstance(kind, msgspec.inspect.FloatType) else None


# -- forms ------------------------------------------------------------------------------


class Writing(Protocol):
    """A file being written: bytes that are ready after each call."""

    def add(self, customer: Whole) -> bytes:
        """One more customer."""

    def end(self) -> bytes:
        """What is left."""


class _Lines:
    def add(self, customer: Whole) -> bytes:
        return _encode(customer.figures) + b"\n"

    def end(self) -> bytes:
        return b""


class _Csv:
    def __init__(self) -> None:
        self._head: str | None = csv_row([name for name, _, _ in columns()])

    def add(self, customer: Whole) -> bytes:
        row = csv_row([_number(kind, get(customer.figures)) for _, kind, get in columns()])
        return (self.end() + row.encode()) if self._head else row.encode()

    def end(self) -> bytes:
        head, self._head = self._head, None
        return (head or "").encode()


class _Sink(BytesIO):
    """A file that is only written on: what was taken is gone, and positions go on."""

    def __init__(self) -> None:
        super().__init__()
        self._taken = 0

    def tell(self) -> int:
        """How much was written in all."""
        return self._taken + super().tell()

    def seekable(self) -> bool:
        """No."""
        return False

    def take(self) -> bytes:
        """What was written since."""
        found = self.getvalue()
        self._taken += len(found)
        self.seek(0)
        self.truncate()
        return found


class _Parquet:
    """Row groups one after the other; text, 64-bit integers and doubles."""

    def __init__(self) -> None:
        import pyarrow as pa  # tens of MB, for whoever asks for it
        import pyarrow.parquet as pq

        kinds = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64()}
        self._schema: pa.Schema = pa.schema([(name, kinds[kind]) for name, kind, _ in columns()])
        self._sink = _Sink()
        self._writer: pq.ParquetWriter = pq.ParquetWriter(
            self._sink, self._schema, compression="zstd"
        )
        self._make: Callable[..., pa.Table] = pa.Table.from_arrays
        self._array: Callable[..., pa.Array] = pa.array
        self._rows: list[tuple[Any, ...]] = []

    def add(self, customer: Whole) -> bytes:
        self._rows.append(tuple(_number(kind, get(customer.figures)) for _, kind, get in columns()))
        if len(self._rows) < ROW_GROUP:
            return b""
        self._write()
        return self._sink.take()

    def end(self) -> bytes:
        if self._rows:
            self._write()
        self._writer.close()
        return self._sink.take()

    def _write(self) -> None:
        columns = zip(*self._rows, strict=True)
        arrays = [
            self._array(column, field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_table(self._make(arrays, schema=self._schema))
        self._rows.clear()


def _number(kind: str, value: Any) -> Any:
    if value is None or kind == "text":
        return value
    return int(value) if kind == "whole" else float(value)


FORMS: Final[dict[Form, Callable[[], Writing]]] = {
    "jsonl": _Lines,
    "csv": _Csv,
    "parquet": _Parquet,
}
