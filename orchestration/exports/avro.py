"""Avro object container files as JSON text, one record at a time.

Belongs here: the container (header, blocks, codecs) in bounded memory, and Avro values as JSON. Decoding a block is
`avro_blocks.py`'s, or fastavro's; writing JSON is orjson's. The container is read here since a hostile block may unpack
to more than memory: fastavro's own reader would follow it.

What a record is, Avro says in the schema alone: the record's JSON begins with the name of its type, `avro_record`,
unless a field is called so.
"""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO
from uuid import UUID

import orjson
import zstandard

from orchestration.exports import avro_blocks
from orchestration.exports.at_sight import ANY_KEY
from orchestration.exports.json_text import Record

MAX_BLOCK_BYTES = 256 * 1024 * 1024
_SYNC_BYTES = 16
NAME = "avro_record"


class AvroError(ValueError):
    """A container that cannot be read; the message is the reason."""


class Broken(AvroError):
    """A container that cannot be read further: what came before is whole."""


def records(file: BinaryIO) -> Iterator[Record]:
    """The records in order; where the container breaks off, a last one says so. Raises AvroError at the header."""
    try:
        for line in lines(file):
            yield Record(line.decode())
    except Broken as error:
        yield Record("", str(error))


def lines(file: BinaryIO, keys: set[str] | None = None) -> Iterator[bytes]:
    """The records in order, as bytes without a line's end. Raises AvroError at the header and Broken behind it.

    Into `keys` go those of every record, or ANY_KEY where the schema does not say them.
    """
    import fastavro

    if file.read(4) != b"Obj\x01":
        raise AvroError("damaged: this is no Avro container")
    try:
        header = fastavro.schemaless_reader(file, {"type": "map", "values": "bytes"})
        schema = fastavro.parse_schema(json.loads(header["avro.schema"]))
        unpack = _codec(header.get("avro.codec", b"null").decode("ascii", "replace"))
        named = _with_name(schema)
        decode = avro_blocks.decoder_of(json.loads(header["avro.schema"]))
        sync = file.read(_SYNC_BYTES)
        if keys is not None:
            keys.update(_keys_of(schema))
    except AvroError:
        raise
    except Exception as error:  # a damaged schema fails in as many ways as there are schemas
        raise AvroError(f"damaged: the header of the Avro container cannot be read ({type(error).__name__})") from error
    while head := file.read(1):
        try:
            count, size = _long(file, head), _long(file)
            packed = _exactly(file, size)
            if _exactly(file, _SYNC_BYTES) != sync:
                raise AvroError("damaged: a block of the Avro container does not end where it should")
            for value in _values(unpack(packed), count, schema, decode):
                yield named(orjson.dumps(value, _as_json, orjson.OPT_PASSTHROUGH_DATETIME))
        except AvroError as error:
            raise Broken(str(error)) from error
        except Exception as error:  # as above: what a damaged block does to a decoder is anybody's guess
            raise Broken(f"damaged: a block of the Avro container cannot be read ({type(error).__name__})") from error


def _values(block: bytes, count: int, schema: Any, decode: avro_blocks.Decoder | None) -> Iterable[Any]:
    """The values of a block, in one go where that can be done: of a damaged one those that are whole come first."""
    if decode:
        with suppress(Exception):
            return decode(block, count)
    return _one_by_one(io.BytesIO(block), count, schema)


def _one_by_one(block: BinaryIO, count: int, schema: Any) -> Iterator[Any]:
    import fastavro

    for _ in range(count):
        yield fastavro.schemaless_reader(block, schema)


def _with_name(schema: dict) -> Callable[[bytes], bytes]:
    """What writes the name of the record's type at the beginning of its JSON."""
    fields = schema.get("fields", []) if isinstance(schema, dict) else []
    if not fields or any(field["name"] == NAME for field in fields):
        return lambda text: text
    beginning = orjson.dumps({NAME: schema["name"]})[:-1] + b","
    return lambda text: beginning + text[1:]


def _keys_of(schema: Any) -> list[str]:
    """The keys at the top of every record."""
    fields = schema.get("fields", []) if isinstance(schema, dict) else []
    return [NAME, *(field["name"] for field in fields)] if fields else [ANY_KEY]


def _codec(name: str):
    if name == "null":
        return lambda packed: packed
    if name == "deflate":
        return lambda packed: _bounded(zlib.decompressobj(wbits=-15).decompress(packed, MAX_BLOCK_BYTES + 1))
    if name == "zstandard":
        return lambda packed: _bounded(zstandard.ZstdDecompressor().stream_reader(packed).read(MAX_BLOCK_BYTES + 1))
    raise AvroError(f"unknown format: Avro packed with {name!r}; export it with deflate, zstandard or no codec")


def _bounded(block: bytes) -> bytes:
    if len(block) > MAX_BLOCK_BYTES:
        raise AvroError(f"too large: a block of the Avro container unpacks to more than {MAX_BLOCK_BYTES:,} bytes")
    return block


def _exactly(file: BinaryIO, size: int) -> bytes:
    if not 0 <= size <= MAX_BLOCK_BYTES:
        raise AvroError("damaged: a block of the Avro container has an impossible size")
    data = file.read(size)
    if len(data) < size:
        raise AvroError("truncated: the Avro container ends before its last block does")
    return data


def _long(file: BinaryIO, head: bytes = b"") -> int:
    """Avro's variable-length integer, zig-zag coded."""
    value = shift = 0
    while True:
        byte = head or _exactly(file, 1)
        head = b""
        value |= (byte[0] & 0x7F) << shift
        if not byte[0] & 0x80:
            return (value >> 1) ^ -(value & 1)
        shift += 7
        if shift > 63:
            raise AvroError("damaged: a block of the Avro container has an impossible size")


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(type(value).__name__)
