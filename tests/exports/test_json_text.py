"""JSON text is cut into verbatim records, and a damaged one costs none of its neighbours."""

from __future__ import annotations

import json

import pytest

from orchestration.exports import json_text
from orchestration.exports.cutting import Cutter
from orchestration.exports.json_text import Record, records
from orchestration.exports.strict_json import is_strict


def cut(text: str, **kwargs) -> list[tuple[str, str | None]]:
    return [tuple(record) for record in records([text], **kwargs)]


GOOD = '{"a": 1}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f" \n{GOOD}\r\n",
        f"[{GOOD}]",
        f"\ufeff[{GOOD}]",
        f"[{GOOD},]",
        f"[\n  {GOOD}\n]\n",
    ],
)
def test_one_object_is_one_record_in_any_dress(text: str):
    assert cut(text) == [(GOOD, None)]


@pytest.mark.parametrize("text", ["", " \n", "[]", "[ ]\n[]\n", "[\n]"])
def test_nothing_gives_no_records(text: str):
    assert cut(text) == []


def test_values_one_after_another_are_records_each():
    assert cut('{"a":1}{"b":2} [{"c":3},{"d":4}]\n{"e":5}') == [
        (f'{{"{key}":{value}}}', None) for value, key in enumerate("abcde", start=1)
    ]


def test_a_record_keeps_its_spelling():
    text = '{ "b" : 1.50e3,\t"a":"\\u003cx\\/\\u00e9" }'
    assert cut(f"[{text} , {text}]") == [(text, None)] * 2


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ('{"a":', json_text.NOT_JSON),
        ('{"a": 1,}', json_text.NOT_JSON),
        ('{"a": NaN}', json_text.NOT_JSON),
        ('{"a": -Infinity}', json_text.NOT_JSON),
        ('{"a": "\\ud800"}', json_text.NOT_JSON),
        ('{"a": "tab\there"}', json_text.NOT_JSON),
        ('{"a": "never closed}', json_text.NOT_JSON),
        ("{'a': 1}", json_text.NOT_JSON),
        ('{"a" 1}', json_text.NOT_JSON),
        ("garbage", json_text.NOT_JSON),
        ('1": 2}', json_text.NOT_JSON),
        ("17", json_text.NOT_AN_OBJECT),
        ('"text"', json_text.NOT_AN_OBJECT),
        ("null", json_text.NOT_AN_OBJECT),
        ('{"a": "\udcff"}', json_text.NOT_UTF8),
        ('{"a":' * 3000 + "1" + "}" * 3000, json_text.NOT_JSON),
        ('{"a":' + "1" * 5000 + "}", json_text.NOT_JSON),
    ],
)
def test_a_bad_line_is_kept_with_its_reason_and_costs_no_neighbour(bad: str, problem: str):
    kept = bad.encode("utf-8", "surrogateescape").decode("latin-1") if "\udcff" in bad else bad
    assert cut(f'{{"a":1}}\n{bad}\n{{"b":2}}\n{{"c":3}}\n') == [
        ('{"a":1}', None),
        (kept, problem),
        ('{"b":2}', None),
        ('{"c":3}', None),
    ]


@pytest.mark.parametrize("bad", ['{"a": 1,}', '{"a": NaN}', '{"a" 1}', "17", "[1]", "garbage"])
def test_a_bad_element_of_an_array_costs_no_neighbour(bad: str):
    for text in (f'[{{"a":1}},{bad},{{"b":2}}]', f'[\n {{"a":1}},\n {bad},\n {{"b":2}}\n]'):
        found = cut(text)
        assert [text for text, problem in found if problem is None] == ['{"a":1}', '{"b":2}']
        assert [text for text, problem in found if problem] == [bad]


def test_a_pretty_printed_bad_element_is_one_piece():
    bad = '{\n    "x": {"y": 1,},\n    "z": [{"q": 1}]\n  }'
    assert cut(f'[\n  {{\n    "a": 1\n  }},\n  {bad},\n  {GOOD}\n]') == [
        ('{\n    "a": 1\n  }', None),
        (bad, json_text.NOT_JSON),
        (GOOD, None),
    ]


def test_a_record_between_stray_brackets_is_a_record():
    found = cut('{\n{"a":1}\n{"b":2}\n}\n')
    assert [text for text, problem in found if problem is None] == ['{"a":1}', '{"b":2}']


def test_a_truncated_array_gives_its_whole_elements_and_says_what_happened():
    assert cut('[{"a":1},{"b":2},{"c":') == [
        ('{"a":1}', None),
        ('{"b":2}', None),
        ('{"c":', "truncated"),
        ("", "truncated: the array is never closed"),
    ]


def test_an_array_cut_off_in_a_log_of_arrays_costs_only_its_own_rest():
    assert cut('[{"a":1},{"b":\n[{"c":3}]\n[{"d":4}\n[{"e":5}]\n') == [
        ('{"a":1}', None),
        ('{"b":', json_text.NOT_JSON),
        ("", "truncated: the array is never closed"),
        ('{"c":3}', None),
        ('{"d":4}', None),
        ("", "truncated: the array is never closed"),
        ('{"e":5}', None),
    ]


def test_a_page_gives_the_elements_of_its_list_verbatim():
    text = '{"paging": {"items": 0}, "items": [{"a": 1.0}, {"b":"\\u003c"}], "total": 2}'
    assert cut(text, cutter=Cutter(("items",))) == [('{"a": 1.0}', None), ('{"b":"\\u003c"}', None)]
    assert cut('{"items": "none"}', cutter=Cutter(("items",))) == [('{"items": "none"}', None)]


def test_bytes_that_are_no_utf_8_can_be_had_back():
    original = b'{"a": "caf\xe9", "b": "\xf0\x9f"}'
    (record,) = records([original.decode("utf-8", "surrogateescape")])
    assert (record.text.encode("latin-1"), record.problem) == (original, json_text.NOT_UTF8)


def test_chunks_of_any_size_give_the_same_records(monkeypatch):
    monkeypatch.setattr(json_text, "MAX_RECORD_CHARS", 40)
    text = "[" + ",\n".join(f'{{"number": {n}, "text": "x{n}"}}' for n in range(30)) + ']\n{"a":1}\n{"b":\n{"c":1}'
    whole = cut(text)
    assert len(whole) == 33
    for size in (1, 7, 64):
        assert [tuple(r) for r in records(text[i : i + size] for i in range(0, len(text), size))] == whole


def test_a_record_longer_than_the_limit_is_given_up_in_pieces(monkeypatch):
    monkeypatch.setattr(json_text, "MAX_RECORD_CHARS", 50)
    long = json.dumps({"text": "x" * 200})
    found = cut(f'{{"a":1}}\n{long}\n{{"b":2}}\n')
    assert found[0] == ('{"a":1}', None) and found[-1] == ('{"b":2}', None)
    assert all(problem for _, problem in found[1:-1])
    assert "".join(text for text, _ in found[1:-1]) == long


def test_strict_means_one_object_to_the_letter():
    assert is_strict('{"a": "\\ud83d\\ude00", "b": [1, null]}')
    for text in ('{"a": NaN}', '{"a": 1,}', '{"a": "\\ud800"}', '{"a": 1} {"b": 2}', "[]", "1", ""):
        assert not is_strict(text), text


def test_a_record_without_a_problem_says_so():
    assert Record("{}").problem is None
