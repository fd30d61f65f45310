"""Blocks that are decoded at once hold what fastavro reads of them, value by value."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.exports import avro_blocks

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
longs = st.integers(-(2**63), 2**63 - 1) | st.integers(-200, 200)
VALUES = {
    "string": texts,
    "long": longs,
    "int": st.integers(-(2**31), 2**31 - 1),
    "boolean": st.booleans(),
    "double": st.floats(allow_nan=False),
    "float": st.floats(allow_nan=False, width=32),
    "null": st.none(),
}
kinds = st.sampled_from(list(VALUES))


@st.composite
def fields_and_values(draw) -> tuple[list[dict], list[dict[str, Any]]]:
    """Fields of a record, and values of that record, which takes a byte at least."""
    fields, values = [{"name": "first", "type": "boolean"}], {"first": st.booleans()}
    for number in range(draw(st.integers(1, 8))):
        name, kind = f"f{number}", draw(kinds)
        shape = draw(st.sampled_from(["plain", "nullable", "list", "nullable list"]))
        schema, value = kind, VALUES[kind]
        if "list" in shape:
            kind = "string" if kind == "null" else kind
            schema, value = {"type": "array", "items": kind}, st.lists(VALUES[kind], max_size=3)
        if "nullable" in shape and kind != "null":
            schema, value = ["null", schema], st.none() | value
        fields.append({"name": name, "type": schema})
        values[name] = value
    inner = {"type": "record", "name": "inner", "fields": fields}
    if draw(st.booleans()):
        return [{"name": "within", "type": ["null", inner]}], draw(
            st.lists(st.fixed_dictionaries({"within": st.none() | st.fixed_dictionaries(values)}), max_size=4)
        )
    return fields, draw(st.lists(st.fixed_dictionaries(values), max_size=4))


def block_of(schema: dict, values: list[Any]) -> bytes:
    file = io.BytesIO()
    for value in values:
        fastavro.schemaless_writer(file, fastavro.parse_schema(schema), value)
    return file.getvalue()


@SLOW
@given(drawn=fields_and_values())
def test_what_was_written_is_read_back(drawn):
    fields, values = drawn
    schema = {"type": "record", "name": "event", "fields": fields}
    block = block_of(schema, values)
    file = io.BytesIO(block)
    found = [fastavro.schemaless_reader(file, fastavro.parse_schema(schema)) for _ in values]
    assert avro_blocks.decoder_of(schema)(block, len(values)) == found


@SLOW
@given(drawn=fields_and_values().filter(lambda drawn: drawn[1]), data=st.data())
def test_a_block_that_is_cut_off_or_longer_is_refused(drawn, data):
    fields, values = drawn
    schema = {"type": "record", "name": "event", "fields": fields}
    block = block_of(schema, values)
    decode = avro_blocks.decoder_of(schema)
    with pytest.raises(Exception):  # noqa: B017  what it is does not matter: fastavro then has the last word
        decode(block + b"\x00", len(values))
    if block:
        with pytest.raises(Exception):  # noqa: B017
            decode(block[: data.draw(st.integers(0, len(block) - 1))], len(values))


@pytest.mark.parametrize(
    "kind",
    [
        "bytes",
        {"type": "map", "values": "string"},
        {"type": "fixed", "size": 4, "name": "four"},
        {"type": "enum", "symbols": ["A"], "name": "letters"},
        {"type": "long", "logicalType": "timestamp-millis"},
        {"type": "array", "items": "null"},
        "inner",
    ],
)
def test_other_schemas_are_left_to_fastavro(kind):
    assert avro_blocks.decoder_of({"type": "record", "name": "event", "fields": [{"name": "f", "type": kind}]}) is None


def test_counts_that_no_block_can_hold_end_at_once():
    decode = avro_blocks.decoder_of({"type": "record", "name": "event", "fields": [{"name": "f", "type": "boolean"}]})
    with pytest.raises(avro_blocks.Damaged):
        decode(b"", 2**60)


def test_a_schema_nested_deeper_than_python_goes_is_left_to_fastavro():
    schema: Any = "string"
    for _ in range(200):
        schema = ["null", {"type": "array", "items": schema}]
    assert avro_blocks.decoder_of(schema) is None


def test_records_that_take_no_byte_are_left_to_fastavro():
    nothing = {"type": "record", "name": "event", "fields": [{"name": "a", "type": "null"}]}
    assert avro_blocks.decoder_of(nothing) is None
    assert avro_blocks.decoder_of({**nothing, "fields": [{"name": "within", "type": nothing}]}) is None
