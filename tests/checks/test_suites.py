"""What a suite file may say, and what is refused with which words."""

from __future__ import annotations

import json

import pytest

from orchestration.checks.suites import SuiteError, load_suite, load_suites


def expectation(name="rows", type_="expect_table_row_count_to_be_between", severity="critical", **kwargs):
    return {
        "type": type_,
        "kwargs": kwargs,
        "severity": severity,
        "description": f"About {name}.",
        "meta": {"name": name},
    }


def suite(**changes):
    """A suite that is just right."""
    return {
        "name": "things",
        "description": "Things.",
        "key": ["id"],
        "expectations": [
            expectation("rows", min_value=1),
            expectation("id_is_present", "expect_column_values_to_not_be_null", column="id"),
            expectation("id_is_unique", "expect_column_values_to_be_unique", column="id"),
        ],
    } | changes


def load(tmp_path, content):
    (tmp_path / "things.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return load_suite("things", tmp_path)


def refusal(tmp_path, content) -> str:
    with pytest.raises(SuiteError) as refused:
        load(tmp_path, content)
    return str(refused.value)


def test_a_suite_is_read_in_its_order(tmp_path):
    loaded = load(tmp_path, suite())
    assert [e.name for e in loaded.expectations] == ["rows", "id_is_present", "id_is_unique"]
    assert loaded.expectations[1].column == "id" and loaded.expectations[0].column is None
    assert load_suites(tmp_path) == {"things": loaded}


def test_a_suite_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    load(tmp_path, suite())
    with pytest.raises(SuiteError, match=r"no suite 'thing' .* there are: things"):
        load_suite("thing", tmp_path)


def test_a_file_that_is_not_json_is_named_with_the_line(tmp_path):
    assert "things.json, line 2" in refusal(tmp_path, '{\n "name": }')


def test_a_suite_is_named_like_its_file(tmp_path):
    assert "calls itself 'thing'" in refusal(tmp_path, suite(name="thing"))


def test_an_empty_table_must_not_pass_unless_the_suite_says_why(tmp_path):
    without_rows = suite()["expectations"][1:]
    assert "an empty table would pass" in refusal(tmp_path, suite(expectations=without_rows))
    assert "an empty table would pass" in refusal(
        tmp_path, suite(expectations=[expectation("rows", min_value=0), *without_rows])
    )
    assert "an empty table would pass" in refusal(
        tmp_path, suite(expectations=[expectation("rows", severity="warning", min_value=1), *without_rows])
    )
    assert "must say why" in refusal(tmp_path, suite(expectations=without_rows, may_be_empty=" "))
    assert load(tmp_path, suite(expectations=without_rows, may_be_empty="Nothing happened yet."))


def test_a_row_without_a_key_must_not_pass(tmp_path):
    rows, present, unique = suite()["expectations"]
    assert "a row without id would pass" in refusal(tmp_path, suite(expectations=[rows, unique]))
    mostly = expectation("id_is_present", "expect_column_values_to_not_be_null", column="id", mostly=0.9)
    assert "a row without id would pass" in refusal(tmp_path, suite(expectations=[rows, mostly, unique]))
    assert "a key that stands twice would pass" in refusal(tmp_path, suite(expectations=[rows, present]))
    assert "'key' must name" in refusal(tmp_path, suite(key=[]))


def test_a_key_of_several_columns_is_unique_together(tmp_path):
    expectations = [
        *suite()["expectations"],
        expectation("day_is_present", "expect_column_values_to_not_be_null", column="day"),
    ]
    together = expectation("key_is_unique", "expect_compound_columns_to_be_unique", column_list=["id", "day"])
    assert "expect_compound_columns_to_be_unique" in refusal(
        tmp_path, suite(key=["id", "day"], expectations=expectations)
    )
    assert load(tmp_path, suite(key=["id", "day"], expectations=[*expectations, together])).key == ("id", "day")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (expectation("Rows", min_value=2), "lower-case letters"),
        (expectation("rows", min_value=2), "stands twice"),
        (expectation("rows_again", min_value=1), "says the same"),
        (expectation("other", severity="info", min_value=2), "severity is 'info'"),
        (expectation("other", "expect_column_values_to_match_regex", column="id", regex="x"), "not proven on DuckDB"),
        ({"type": "x"}, "description, kwargs, meta, severity is missing"),
        (expectation("other", min_value=2) | {"mostly": 1}, "nothing reads mostly"),
        ("rows", "a JSON object is expected"),
        (expectation("other", "unexpected_rows_expectation", unexpected_rows_query="select 1"), "must read {batch}"),
        (
            expectation(
                "other",
                "unexpected_rows_expectation",
                unexpected_rows_query="select * from {batch} where regexp_matches(id, '^[0-9]{2}$')",
            ),
            "double it",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(tmp_path, broken, said):
    assert said in refusal(tmp_path, suite(expectations=[*suite()["expectations"], broken]))


def test_a_suite_knows_the_parameters_it_needs(tmp_path):
    timed = [
        expectation(
            "times",
            "expect_column_values_to_be_between",
            column="at",
            max_value={"$PARAMETER": "now + timedelta(days=1)"},
        ),
        expectation(
            "since",
            "unexpected_rows_expectation",
            unexpected_rows_query="select * from {batch} where at < {start} and id not like '{{%'",
        ),
    ]
    assert load(tmp_path, suite(expectations=[*suite()["expectations"], *timed])).parameters == {"now", "start"}


def test_the_way_to_the_exports_begins_at_the_unexpected_rows(tmp_path):
    assert "{unexpected}" in refusal(tmp_path, suite(involved="select export_id from events"))
