"""Every vendor's fixtures are read as the table beside them says, which a person wrote or looked at line by line."""

from __future__ import annotations

import csv

import pytest

from tests.vendors.reading import EMAIL_SOURCES, FIXTURES, as_text, fixtures


@pytest.mark.parametrize("source", EMAIL_SOURCES)
def test_the_fixtures_are_read_as_the_table_beside_them_says(reading, source: str):
    with (FIXTURES / f"{source}.tsv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    read = reading.staged(source, "fixtures")
    told = [{name: as_text(row[name]) for name in expected[0]} for row in read]
    assert told == expected


@pytest.mark.parametrize("source", EMAIL_SOURCES)
def test_no_fixture_is_held_back(reading, source: str):
    held = reading.rows(
        "select file_name, reason from pipeline.exports where source = ? and starts_with(file_name, 'fixtures/') "
        "and (status <> 'published' or records_rejected > 0)",
        source,
    )
    assert held == []


@pytest.mark.parametrize("source", EMAIL_SOURCES)
def test_a_source_has_fixtures_with_opens_or_clicks_and_times(reading, source: str):
    assert fixtures(source)
    rows = reading.staged(source, "fixtures")
    assert {"opened", "clicked"} & {row["event_type"] for row in rows}
    assert [row for row in rows if row["event_type"] != "control" and row["occurred_at"] is None] == []


def test_every_source_stages_the_same_columns_in_the_same_types(reading):
    columns = reading.rows(
        "select table_name, string_agg(column_name || ' ' || data_type, ', ' order by column_index) as columns "
        "from duckdb_columns() where schema_name = 'staging' and table_name in (select unnest(?)) group by all",
        [f"stg_{source}__events" for source in EMAIL_SOURCES],
    )
    assert len(columns) == len(EMAIL_SOURCES)
    assert len({row["columns"] for row in columns}) == 1
