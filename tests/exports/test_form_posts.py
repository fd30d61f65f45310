"""Form posts: their fields are what a browser meant, whatever it had to encode."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestration.exports import form_posts
from orchestration.exports.cutting import Cutter
from orchestration.exports.json_text import NOT_UTF8, TRUNCATED, Record

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def first_values(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """What is to be read of names and values, of which names may be repeated."""
    named = {name: [value for other, value in pairs if other == name] for name, _ in pairs}
    repeated = {name: values for name, values in named.items() if len(values) > 1}
    return {name: values[0] for name, values in named.items()} | ({form_posts.REPEATED: repeated} if repeated else {})


@given(st.dictionaries(NAMES, st.text(st.characters(exclude_categories=["Cs"]))))
def test_what_was_encoded_is_read_back(fields: dict[str, str]):
    assert form_posts.fields(urlencode(fields)) == fields


@given(st.text(st.sampled_from("ab&=+%\\xu0123456789ABCDEFé;N{}\"'")))
@example("a=\udc80&\udc80=b")
def test_any_text_is_read_as_the_standard_library_reads_it(post: str):
    expected = first_values(parse_qsl(post, keep_blank_values=True, errors="surrogateescape"))
    assert form_posts.fields(post) == expected


def test_of_a_name_that_comes_twice_the_first_value_counts_and_none_is_lost():
    assert form_posts.fields("to=ann&tag=a&tag=b&to=joe&ip=1") == {
        "to": "ann",
        "tag": "a",
        "ip": "1",
        form_posts.REPEATED: {"to": ["ann", "joe"], "tag": ["a", "b"]},
    }


def test_a_field_that_holds_a_page_is_cut_into_its_records():
    post = urlencode({"mandrill_events": '[{"event":"open"}, {"event":"click","ü":1}]', "signature": "s"})
    found = list(form_posts.records([post + "\r\n", "\n"], Cutter(["mandrill_events"])))
    assert found == [Record('{"event":"open"}'), Record('{"event":"click","ü":1}')]


def test_bytes_that_are_no_utf_8_make_a_record_that_says_so():
    (found,) = form_posts.records(["event=opened&name=%FF"], Cutter())
    assert found.problem == NOT_UTF8


def multipart(fields: dict[str, bytes], boundary: str = "b1", end: str = "\r\n") -> bytes:
    parts = [
        f'--{boundary}{end}Content-Disposition: form-data; name="{name}"{end}{end}'.encode() + value + end.encode()
        for name, value in fields.items()
    ]
    return b"".join(parts) + f"--{boundary}--{end}".encode()


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_bodies_of_forms_are_records_whatever_their_boundary(end: str):
    bodies = multipart({"event": b"opened", "tag": "ü & \\".encode()}, end=end)
    bodies += multipart({"event": b"a\r\nb", "empty": b""}, "another", end)
    found = [json.loads(record.text) for record in form_posts.multipart_records(io.BytesIO(bodies), Cutter())]
    assert found == [{"event": "opened", "tag": "ü & \\"}, {"event": "a\r\nb", "empty": ""}]


def test_a_body_that_names_a_field_twice_keeps_both_values():
    part = '--b\r\nContent-Disposition: form-data; name="tag"\r\n\r\n'
    body = f"{part}a\r\n{part}b\r\n--b--".encode()
    (found,) = form_posts.multipart_records(io.BytesIO(body), Cutter())
    assert json.loads(found.text) == {"tag": "a", form_posts.REPEATED: {"tag": ["a", "b"]}}


def test_of_an_attached_file_the_name_is_kept():
    body = b'--b\r\nContent-Disposition: form-data; name="attachment-1"; filename="mail.eml"\r\n\r\nFrom: x\r\n--b--'
    assert [record.text for record in form_posts.multipart_records(io.BytesIO(body), Cutter())] == [
        '{"attachment-1":"mail.eml"}'
    ]


def test_a_body_that_never_ends_is_truncated():
    body = multipart({"event": b"opened"})
    (found,) = form_posts.multipart_records(io.BytesIO(body[:-6]), Cutter())
    assert found.problem == TRUNCATED


@given(st.lists(st.text(st.sampled_from("xy&=+%\\u0123é;"), min_size=1), min_size=1, max_size=6))
@example(["x&y=1=2", "x=1&y=2"])
@example(["x=1&&y=2", "x=1&"])
def test_posts_that_are_read_together_are_what_each_is_by_itself(posts: list[str]):
    posts = [post for post in map(str.strip, posts) if post]
    expected = [first_values(parse_qsl(post, keep_blank_values=True)) for post in posts]
    assert [json.loads(record.text) for record in form_posts.records(posts, Cutter())] == expected
