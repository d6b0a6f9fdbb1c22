"""Bodies of requests: read up to a bound, unpacked up to the same bound, taken apart."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

import msgspec
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from schemas.foreign import foreign
from streams.serve.problems import Problem

MOST_BYTES: Final = 1024 * 1024
"""Of a body, as it comes and unpacked."""
MOST_SECONDS: Final = 30.0
"""Until a body is whole, from when it is read on."""
MOST_FORM_BYTES: Final = 8 * 1024
MOST_FORM_FIELDS: Final = 16
MOST_MEMBERS: Final = 64
"""Of one gzip body: each is unpacked for itself, and costs even where it is empty."""
MOST_ITEMS: Final = 500
JSON: Final = "application/json"
LINES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
ENCODINGS: Final = ("gzip", "deflate", "zstd")
_BLANK: Final = b" \t\r\n"
_GZIP, _ZLIB, _RAW = 31, 15, -15

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item", bytes, msgspec.Raw)
_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


async def body(request: Request) -> bytes:
    """The unpacked body. Raises ``Problem`` 400, 408, 413 or 415."""
    found, encoding = await packed(request), request.headers.get("content-encoding", "")
    if "zstd" in encoding.lower():  # its library takes long to load at the first
        return await asyncio.to_thread(unpacked, found, encoding)
    return unpacked(found, encoding)


async def packed(request: Request) -> bytes:
    """The body as it came, also where it has been read before. Raises ``Problem`` 408 or 413."""
    kept: bytes | None = getattr(request.state, "packed", None)
    if kept is None:
        request.state.packed = kept = await _read(request, MOST_BYTES)
    return kept


async def form(request: Request) -> dict[str, str]:
    """The fields of a small form, each once; asked of anybody, so nothing large is read.

    Raises ``Problem`` 400, 408 or 413.
    """
    found = await _read(request, MOST_FORM_BYTES)
    try:
        fields = parse_qs(found.decode(), keep_blank_values=True, max_num_fields=MOST_FORM_FIELDS)
    except ValueError:
        raise Problem(400, "invalid", "No form") from None
    return {name: values[-1] for name, values in fields.items()}


async def _read(request: Request, most: int) -> bytes:
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told[:20]) > most:
        raise _too_large(most)
    found = bytearray()
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for chunk in request.stream():
                found += chunk
                if len(found) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise Problem(
            408, "too_slow", "The body came too slowly",
            f"It must be whole within {MOST_SECONDS:.0f} s.", headers={"Connection": "close"},
        ) from None  # fmt: skip
    return bytes(found)


def unpacked(packed: bytes, encoding: str) -> bytes:
    """What was packed in this one way, or in none; never more than the bound."""
    named = [each.strip().lower() for each in encoding.split(",")]
    ways = [each for each in named if each not in {"", "identity"}]
    if not ways:
        return packed
    if len(ways) > 1:
        raise _unknown_encoding()
    try:
        return _unpack(packed, ways[0])
    except (zlib.error, OSError) as error:
        raise Problem(
            400, "not_unpacked", "The body cannot be unpacked", f"It is no whole {ways[0]}."
        ) from error


def _unpack(packed: bytes, name: str) -> bytes:
    if name in {"gzip", "x-gzip"}:
        return _inflated(packed, _GZIP)
    if name == "deflate":
        try:
            return _inflated(packed, _ZLIB)
        except zlib.error:
            return _inflated(packed, _RAW)  # as some clients have it
    if name == "zstd":
        return _of_zstd(packed)
    raise _unknown_encoding()


def _inflated(packed: bytes, form: int) -> bytes:
    """All members of it, one behind the other."""
    found, members = bytearray(), 0
    while packed:
        if (members := members + 1) > MOST_MEMBERS:
            raise zlib.error("it has too many members")
        inflating = zlib.decompressobj(form)
        found += inflating.decompress(packed, MOST_BYTES + 1 - len(found))
        if len(found) > MOST_BYTES:
            raise _too_large()
        if not inflating.eof:
            raise zlib.error("it ends too soon")
        packed = inflating.unused_data
    return bytes(found)


def _of_zstd(packed: bytes) -> bytes:
    import pyarrow as pa  # takes long, and few clients pack so

    with pa.input_stream(pa.py_buffer(packed), compression="zstd") as stream:
        found: bytes = stream.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise _too_large()
    return found


async def model(request: Request, form: type[Model]) -> Model:
    """What the body says, in this form.

    Raises ``Problem`` 400, 408, 413 or 415, and the framework's own error where it does not fit.
    """
    found = await body(request)
    _check_media(request.headers.get("content-type", ""), JSON)
    try:
        return form.model_validate_json(found)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False, include_context=False)
        if told[0]["type"] == "json_invalid":
            raise not_json(told[0]["msg"]) from None
        raise RequestValidationError(
            [{**each, "loc": ("body", *each["loc"])} for each in told]
        ) from None


def schema(form: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model, whole in itself: of models within models are none but parts."""
    made = form.model_json_schema()
    whole: dict[str, Any] = _whole(made, made.pop("$defs", {}))
    return whole


def described(form: type[BaseModel]) -> dict[str, Any]:
    """A body in this form as OpenAPI describes it."""
    made = schema(form)
    examples = made.pop("examples", [])
    named = {f"example {number}": {"value": each} for number, each in enumerate(examples, 1)}
    return {"required": True, "content": {JSON: {"schema": made, "examples": named}}}


def _whole(made: Any, parts: dict[str, Any]) -> Any:
    if isinstance(made, list):
        return [_whole(each, parts) for each in made]
    if not isinstance(made, dict):
        return made
    if "$ref" in made:
        return _whole(parts[made["$ref"].rpartition("/")[2]], parts)
    return {name: _whole(value, parts) for name, value in made.items()}


def items(body: bytes, content_type: str) -> list[bytes]:
    """The events of a body, each as it stands there: one object, an array, or one a line.

    Raises ``Problem`` 400, 413 or 415. Whether a single one is JSON is not looked at.
    """
    media = _check_media(content_type, JSON, *LINES)
    if not (text := body.strip(_BLANK)):
        raise Problem(400, "empty", "The body is empty", "It must hold an event, or some.")
    if media in LINES:
        return _bounded([line for each in text.split(b"\n") if (line := each.strip(_BLANK))])
    return _of_array(text) if text.startswith(b"[") else [text]


def _check_media(content_type: str, *taken: str) -> str:
    """The media type, one of these or none at all."""
    media, *parameters = (part.strip().lower() for part in content_type.split(";"))
    if media and media not in taken:
        raise Problem(
            415, "unknown_media_type", "The body is of a type that is not taken",
            f"Content-Type must be {' or '.join(taken[:2])}.",
        )  # fmt: skip
    if any(each.startswith("charset=") and "utf-8" not in each for each in parameters):
        raise Problem(415, "unknown_charset", "The body must be in UTF-8")
    return media


def _of_array(text: bytes) -> list[bytes]:
    try:
        return [bytes(each) for each in _bounded(_items(text))]
    except RecursionError:
        raise not_json("it is nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        strange = foreign(text)
        raise not_json(str(error) if strange is None else f"it {strange}") from None


def _bounded(found: list[Item]) -> list[Item]:
    if len(found) > MOST_ITEMS:
        raise Problem(
            413, "too_many_items", "There are too many events in one request",
            f"There are {len(found)}; at most {MOST_ITEMS} are taken.",
        )  # fmt: skip
    return found


def not_json(why: str) -> Problem:
    """The body as a whole cannot be read."""
    return Problem(400, "not_json", "The body is not JSON", why)


def _too_large(most: int = MOST_BYTES) -> Problem:
    return Problem(413, "too_large", "The body is too large", f"At most {most} bytes, unpacked.")


def _unknown_encoding() -> Problem:
    return Problem(
        415, "unknown_encoding", "The body is packed in a way that is not known",
        f"Content-Encoding may be one of {', '.join(ENCODINGS)}.",
        headers={"Accept-Encoding": ", ".join(ENCODINGS)},
    )  # fmt: skip
