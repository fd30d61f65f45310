"""Data Docs: what their pages show, and that they need nobody else's server."""

from __future__ import annotations

import os
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from orchestration.checks.data_docs import build_data_docs
from orchestration.checks.outcome import Outcome
from orchestration.checks.suites import Expectation, Suite, load_suites

AT = datetime(2026, 1, 3, 12)
RULES = (
    Expectation(
        "id_is_unique", "expect_column_values_to_be_unique", {"column": "id"}, "critical", "An <id> stands once."
    ),
    Expectation(
        "time_is_past",
        "expect_column_values_to_be_between",
        {"column": "at", "max_value": {"$PARAMETER": "now"}},
        "warning",
        "Nothing is of tomorrow.",
    ),
    Expectation(
        "never_less",
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "select * from {batch} where a < b"},
        "critical",
        "Never less.",
    ),
)
SUITES = {
    name: Suite(name, f"About {name}.", ("id",), RULES) for name in ("sendgrid", "int_email_events", "fct_messages")
}


class Page(HTMLParser):
    """The links, texts and loaded things of a page."""

    def __init__(self, path: Path):
        super().__init__()
        self.links, self.loads, self.labels = [], [], []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.text = " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", self.source, flags=re.DOTALL).split())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "a":
            self.links.append(values["href"])
        if tag in ("script", "img", "iframe", "source", "object", "embed"):
            self.loads.append(tag)
        if tag == "link":
            self.loads.append(values.get("href"))
        if "aria-label" in values:
            self.labels.append(values["aria-label"])


def outcome(suite, rule, success=True, batch="", observed="0 of 9 rows unexpected", involved=()):
    expectation = next(e for e in RULES if e.name == rule)
    return Outcome(suite, batch, rule, expectation.column, success, observed, 0, expectation.severity, "", involved)


def passed(suite, batch=""):
    return [outcome(suite, rule.name, batch=batch) for rule in RULES]


def build(directory, outcomes, at=AT) -> Path:
    return build_data_docs(directory, SUITES, outcomes, checked_at=at)


def test_the_index_leads_to_each_suite_with_its_state(tmp_path):
    index = build(
        tmp_path / "data_docs",
        [
            *passed("fct_messages"),
            *passed("int_email_events")[1:],
            outcome("int_email_events", "id_is_unique", False),
            *passed("sendgrid", "e1"),
            *[outcome("sendgrid", rule.name, rule.name != "time_is_past", "e2") for rule in RULES],
        ],
    )
    page = Page(index)
    assert [link for link in page.links if link != "index.html"] == [
        "sendgrid.html",
        "int_email_events.html",
        "fct_messages.html",
    ]
    assert page.labels == ["failed", "warning", "failed", "passed"]  # the whole first, then the suites by gate
    assert page.text.index("First gate") < page.text.index("Second gate") < page.text.index("Third gate")
    for name in SUITES:
        assert "index.html" in Page(index.with_name(f"{name}.html")).links


def test_a_page_shows_what_failed_first_and_how_it_is_checked(tmp_path):
    involved = tuple(f"{number:064x}" for number in range(7))
    failed = outcome("fct_messages", "never_less", False, observed="3 unexpected rows", involved=involved)
    build(tmp_path / "data_docs", [*passed("fct_messages")[:2], failed])
    page = Page(tmp_path / "data_docs" / "fct_messages.html")
    assert page.labels == ["failed", "failed", "passed", "passed"]
    assert page.text.index("Never less.") < page.text.index("An &lt;id&gt; stands once.")
    assert "3 unexpected rows" in page.text and "and 2 more" in page.text
    assert involved[0] in page.source and involved[6] not in page.source
    assert "select * from {batch} where a &lt; b" in page.text
    assert re.search(r"id values must be unique", page.text)
    assert re.search(r"at values must be less than or equal to now", page.text)


def test_exports_are_counted_at_the_first_gate(tmp_path):
    outcomes = [*passed("sendgrid", "e1"), *passed("sendgrid", "e2")]
    outcomes.append(outcome("sendgrid", "id_is_unique", False, "e3", involved=("e3",)))
    build(tmp_path / "data_docs", outcomes)
    page = Page(tmp_path / "data_docs" / "sendgrid.html")
    assert "3 exports judged one by one" in page.text
    assert "2 of 3 exports as expected" in page.text


def test_no_page_loads_anything_from_anywhere(tmp_path):
    build(tmp_path / "data_docs", [o for name in SUITES for o in passed(name)])
    pages = list((tmp_path / "data_docs").glob("*.html"))
    assert len(pages) == 4
    for path in pages:
        page = Page(path)
        assert page.loads == ["data:,"]
        assert all(re.fullmatch(r"\w+\.html", link) for link in page.links)
        assert not re.search(r"//|url\(|@import", page.source)


def test_a_suite_that_was_not_checked_now_keeps_its_newest_result(tmp_path):
    build(tmp_path / "data_docs", passed("fct_messages"), at=datetime(2026, 1, 1))
    build(tmp_path / "data_docs", passed("sendgrid", "e1"))
    assert "2026-01-01 00:00:00" in Page(tmp_path / "data_docs" / "fct_messages.html").text
    assert "2026-01-03 12:00:00" in Page(tmp_path / "data_docs" / "sendgrid.html").text


def test_a_newer_result_takes_the_place_of_the_former(tmp_path):
    build(tmp_path / "data_docs", [outcome("fct_messages", rule.name, False) for rule in RULES])
    build(tmp_path / "data_docs", passed("fct_messages"))
    assert set(Page(tmp_path / "data_docs" / "fct_messages.html").labels) == {"passed"}


def test_a_suite_that_is_gone_leaves_the_pages(tmp_path):
    build(tmp_path / "data_docs", [*passed("fct_messages"), *passed("sendgrid", "e1")])
    build_data_docs(tmp_path / "data_docs", {"sendgrid": SUITES["sendgrid"]}, [], checked_at=AT)
    assert sorted(path.name for path in (tmp_path / "data_docs").glob("*.html")) == ["index.html", "sendgrid.html"]


def test_a_reader_never_meets_half_a_report(tmp_path, monkeypatch):
    directory = tmp_path / "data_docs"
    build(directory, passed("fct_messages"))
    before = {path.name: path.read_text() for path in directory.iterdir()}
    seen = []
    real = os.replace
    monkeypatch.setattr(
        os, "replace", lambda *paths: (seen.append({p.name: p.read_text() for p in directory.iterdir()}), real(*paths))
    )
    build(directory, passed("sendgrid", "e1"))
    assert seen == [before]
    assert (directory / "sendgrid.html").exists()
    assert [path.name for path in tmp_path.glob(".data_docs.*")] == [os.readlink(directory)]


def test_a_build_that_fails_leaves_the_former_report(tmp_path, monkeypatch):
    directory = tmp_path / "data_docs"
    build(directory, passed("fct_messages"))
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        build(directory, passed("sendgrid", "e1"))
    assert (directory / "fct_messages.html").exists() and not (directory / "sendgrid.html").exists()


def test_a_plain_folder_in_the_place_of_the_report_is_replaced(tmp_path):
    (tmp_path / "data_docs").mkdir()
    (tmp_path / "data_docs" / "newest.json").write_text("{ half")
    build(tmp_path / "data_docs", passed("fct_messages"))
    assert "fct_messages" in Page(tmp_path / "data_docs" / "index.html").text


def test_every_shipped_expectation_can_be_worded(tmp_path):
    suites = load_suites()
    outcomes = [
        Outcome(suite.name, "", e.name, e.column, True, "as expected", 0, e.severity, e.description)
        for suite in suites.values()
        for e in suite.expectations
    ]
    build_data_docs(tmp_path / "data_docs", suites, outcomes, checked_at=AT)
    for name, suite in suites.items():
        text = Page(tmp_path / "data_docs" / f"{name}.html").source
        assert text.count("<details>") == len(suite.expectations)
        assert "$" not in text
