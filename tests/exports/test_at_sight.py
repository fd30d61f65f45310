"""What is read at sight is what the patient reader reads, to the letter."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestration.exports import json_text
from orchestration.exports.at_sight import AtSight
from orchestration.exports.cutting import Cutter

CUTTERS = {
    "pages": Cutter(pages=["items", "data.results", "results"]),
    "keyed pages": Cutter(pages=["emails", "*@*"]),
    "envelopes": Cutter(pages=["Records"], envelopes=["Message", "detail"], encoded_envelopes=["data"]),
    "documents": Cutter(pages=["data"], envelopes=["payload"], json_api=True),
}
# Keys that mean something, others, and texts that look as the places where elements meet.
KEYS = [
    "items",
    "data",
    "results",
    "emails",
    "a@b",
    "c@d",
    "Message",
    "detail",
    "Records",
    "record",
    "page",
    "id",
    "it\u00e9m",
    "",
]
TEXTS = [
    "",
    "x",
    '},{"id":1',
    "}]",
    "[",
    '"',
    "\\",
    "\n",
    "\ud83d\ude00",
    "{}",
    '{"id":1}',
    ' [{"id":1}]',
    "1e5",
    "\u2028",
]
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

plain = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.sampled_from(TEXTS)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
elements = st.lists(
    st.dictionaries(st.sampled_from(KEYS), values, max_size=3) | st.just({"id": 1}) | values, min_size=0, max_size=4
)


@st.composite
def spelled(draw, what) -> str:
    """A value as some vendor spells it: with blanks or without, escaped or not."""
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " :")]))
    return json.dumps(draw(what), ensure_ascii=draw(st.booleans()), separators=separators)


@st.composite
def lines(draw) -> str:
    """An object that holds records, in one of the ways that sources declare, or none."""
    shape = draw(st.sampled_from(["list", "nested list", "encoded", "base64", "any", "repeated"]))
    key = draw(st.sampled_from(KEYS))
    beside = draw(st.dictionaries(st.sampled_from(KEYS), values, max_size=2))
    inner = draw(spelled(elements))
    if shape == "any":
        return draw(spelled(values))
    if shape == "repeated":
        return f'{{"{key}":{inner},"{key}":{draw(spelled(elements))}}}'
    value = {
        "list": inner,
        "nested list": f'{{"results": {inner}}}',
        "encoded": json.dumps(draw(spelled(values))),
        "base64": json.dumps(base64.b64encode(inner.encode("utf-8", "replace")).decode()),
    }[shape]
    name = json.dumps(key, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        beside = {"c@d": draw(elements), **beside}
    rest = "".join(f",{json.dumps(other)}:{json.dumps(value)}" for other, value in beside.items())
    return draw(st.sampled_from(["", " ", "\ufeff"])) + f"{{{name}:{value}{rest}}}" + draw(st.sampled_from(["", " "]))


@pytest.mark.parametrize("cutter", CUTTERS.values(), ids=CUTTERS)
@SLOW
@given(line=lines())
@example(line='{"a@b":[{"id":1},{"id":2}]}')
@example(line='{"a@b":[{"id":1},{"id":2}],"c@d":[],"e@f":[{"id":3}]}')
@example(line='{"a@b":[{"id":1}],"c@d":[{"id":2}],"a@b":[{"id":3}]}')
@example(line='{"a@b":[{"id":1}],"items":[{"id":2}]}')
@example(line='{"items":[{"id":"},{\\"id\\":1"}, {"id":2}],"paging":{}}')
@example(line='{"data":{"results":[{"x":1},{"id":[{"x":2},{"x":3}]}],"total":2}}')
@example(line='{"Type":"Notification","Message":"{\\"mail\\":{}}","Timestamp":"t"}')
@example(line='{"Message":"{}","n":1.50,"m":12345678901234567890123}')
@example(line='{"items":[{"id":1},]}')
@example(
    line='{"data":[{"type":"e","attributes":{},"relationships":{"p":{"data":{"type":"p","id":1}}}},{"type":"e",'
    '"attributes":{"x":1.50}}],"included":[{"type":"p","id":1,"attributes":{}},{"type":"p","id":2}]}'
)
@example(line='{"data":[{"type":"e","attributes":{}}],"links":{},"data":[]}')
@example(line='{"data":[{"type":"e","attributes":{}},{"type":"e"}],"envelope":{"topic":"x"}}')
@example(line='{"items":[{"id":NaN}]}')
@example(line='{"items":[{"id":"\\ud800"},{"id":2}]}')
def test_a_line_gives_the_records_that_a_patient_look_finds(cutter: Cutter, line: str):
    found = AtSight(cutter).records(line)
    if found is not None:
        assert [json_text.Record(text) for text in found] == list(json_text.records([line], cutter))


@pytest.mark.parametrize(
    ("cutter", "line", "count"),
    [
        ("pages", '{"items":[{"id":1},{"id":2}],"paging":{}}', 2),
        ("pages", '{"data":{"results":[{"id":1} , {"id":2} , {"x":3}],"total":3}}', 3),
        ("keyed pages", '{"a@b":[{"action":"open"},{"action":"click"}]}', 2),
        ("keyed pages", '{"a@b":[]}', 0),
        ("keyed pages", '{"a@b":[{"id":1},{"id":2}], "c@d": [{"x":3}]}', 3),
        ("envelopes", '{"Type":"Notification","Message":"{\\"mail\\":{}}"}', 1),
        ("envelopes", '{"Type":"Notification","Message":"Successfully validated"}', 1),
        ("envelopes", '{"eventType":"Open","mail":{}}', 1),
        ("documents", '{"data":[{"type":"e","attributes":{}},{"type":"e","attributes":{}}],"included":[]}', 2),
    ],
)
def test_what_vendors_write_is_read_at_sight(cutter: str, line: str, count: int):
    assert len(AtSight(CUTTERS[cutter]).records(line)) == count
