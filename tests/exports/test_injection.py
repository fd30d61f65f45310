"""Texts from outside that try to be something else: they are kept to the letter, and nothing takes them for code."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import datetime

import pytest

from orchestration.checks import factory
from orchestration.checks.data_docs import build_data_docs
from orchestration.checks.outcome import Outcome
from orchestration.checks.suites import load_suites
from orchestration.follow_ups.files import harmless
from tests.payloads import sendgrid

ATTEMPTS = {
    "sql": "x'); drop table pipeline.exports; --",
    "sql with a dollar": "$inner_pad; $$; $1",
    "identifier": 'a"; drop schema raw cascade; --',
    "jinja": "{{ 7 * 7 }}{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "shell": "$(touch pwned); `touch pwned` | touch pwned & rm -rf ~",
    "formula": '=HYPERLINK("http://evil.example";"click")',
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "markdown": "[click](javascript:alert(1)) | `x` | ![](http://evil.example)",
    "traversal": "../../../../pwned",
    "format": "%s%n{0.__class__}\\N{BULLET}",
    "json path": '$."a"[*]',
    "glob": "[!a]*?{a,b}",
    "rich markup": "[/red][link=file:///etc/passwd]x[/link]",
    "bidi": "\u202etxt.exe\u200b",
}
_names = pytest.mark.parametrize("text", ATTEMPTS.values(), ids=ATTEMPTS)


def as_file_name(text: str) -> str:
    return f"x{text}".replace("/", "\u2215")[:120]


@_names
def test_a_text_that_would_be_code_is_a_text_wherever_it_stands(bench, text):
    address = f'"{text}"@example.com'
    event = {**sendgrid("click", address, url=f"https://x.example/{text}"), text: {text: [text]}, "category": text}
    bench.land(f"sendgrid/{as_file_name(text)}/{as_file_name(text)}.json", json.dumps([event]))
    table = io.StringIO()
    writer = csv.DictWriter(table, ["email", "signup_source", "attributes", text])
    writer.writeheader()
    writer.writerow({"email": "joe@example.com", "signup_source": text, "attributes": text, text: text})
    bench.land("subscribers/s.csv", table.getvalue())
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(f"{as_file_name(text)}.json", json.dumps([sendgrid("open", message=text)]))
    bench.land("sendgrid/archive.zip", archive.getvalue())

    before = {path for path in bench.home.parent.rglob("*") if not path.is_relative_to(bench.home)}
    assert bench.load("sendgrid").published == 2
    assert bench.load("subscribers").published == 1
    assert {path for path in bench.home.parent.rglob("*") if not path.is_relative_to(bench.home)} == before

    records = [json.loads(record) for record in bench.raw()]
    assert event in records
    (subscriber,) = [json.loads(record) for record in bench.raw("subscribers")]
    assert subscriber["signup_source"] == text and subscriber[text] == text
    assert len(bench.ledger()) == 3


@_names
def test_an_export_that_is_held_shows_its_name_as_a_text_in_the_ui_and_the_data_docs(text, tmp_path):
    shown = factory.markdown_table(["file", "why"], [(text, text)]).value
    body = shown.splitlines()[2]
    for letter in "<>|`*_[]":
        position = body.find(letter, 2)
        while position != -1 and position < len(body) - 2:
            is_border = letter == "|" and body[position - 1] == " " and body[position + 1] == " "
            assert body[position - 1] == "\\" or is_border, (letter, body)
            position = body.find(letter, position + 1)
    suites = {"sendgrid": load_suites()["sendgrid"]}
    expectation = suites["sendgrid"].expectations[0].name
    outcome = Outcome("sendgrid", text, expectation, None, False, text, 1, "critical", text, (text,))
    build_data_docs(tmp_path / "docs", suites, [outcome, outcome], checked_at=datetime(2026, 10, 1))
    for page in (tmp_path / "docs").glob("*.html"):
        html = page.read_text()
        assert "<script>alert" not in html and "<img src=x" not in html and 'href="javascript' not in html


@_names
def test_a_cell_for_a_spreadsheet_begins_no_formula(text):
    assert not harmless(text).lstrip().startswith(("=", "+", "-", "@"))
