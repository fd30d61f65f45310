"""The first gate: one validation for all exports of a load, one verdict for each."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from orchestration.checks.great import audit_exports
from orchestration.checks.suites import Expectation, Suite, load_suite

LIMIT = {"unreadable_share_limit": 0.05}
SENDGRID = load_suite("sendgrid")


def profile(folder: Path, *exports: dict, exclude: str = "") -> Path:
    """A profile of exports that are faultless but for the given values."""
    good = {
        "source": "sendgrid",
        "file_name": "a.json",
        "bytes": 1000,
        "records": 100,
        "rejected": 0,
        "rejected_share": 0.0,
        "foreign_records": 0,
        "foreign_share": 0.0,
        "foreign_source": None,
        "no_recipient_share": 0.0,
        "no_time_share": 0.0,
        "no_type_share": 0.0,
    }
    rows = [{"export_id": f"e{number}"} | good | export for number, export in enumerate(exports)]
    path = folder / "profile.parquet"
    with closing(duckdb.connect()) as connection:
        connection.execute("""
            create table profile (
                export_id varchar, source varchar, file_name varchar, bytes bigint, records bigint, rejected bigint,
                rejected_share double, foreign_records bigint, foreign_share double, foreign_source varchar,
                no_recipient_share double, no_time_share double, no_type_share double
            )
        """)
        for row in rows:
            connection.execute(f"insert into profile values ({', '.join('?' * len(row))})", list(row.values()))
        select = f"* exclude ({exclude})" if exclude else "*"
        connection.execute(f"copy (select {select} from profile) to '{path}' (format parquet)")
    return path


def failures(path: Path, suite: Suite = SENDGRID) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for outcome in audit_exports(suite, path, parameters=LIMIT):
        found.setdefault(outcome.batch, [])
        if not outcome.success:
            found[outcome.batch].append(outcome.expectation)
    return found


def test_each_export_is_judged_by_its_own_row(tmp_path):
    path = profile(
        tmp_path,
        {},
        {"records": 0, "rejected_share": None, "foreign_share": None},
        {"rejected": 6, "rejected_share": 0.06},
        {"rejected": 5, "rejected_share": 0.05},
        {"foreign_records": 100, "foreign_share": 1.0, "foreign_source": "postmark"},
        {"no_time_share": 0.01},
    )
    assert failures(path) == {
        "e0": [],
        "e1": ["export_is_not_empty"],
        "e2": ["records_are_readable"],
        "e3": [],
        "e4": ["records_are_of_this_source", "no_record_is_foreign"],
        "e5": ["time_is_always_there"],
    }


def test_an_outcome_says_what_its_own_export_showed(tmp_path):
    path = profile(tmp_path, {"rejected": 12, "rejected_share": 0.12}, {"records": 0, "rejected_share": None})
    observed = {(o.batch, o.expectation): o for o in audit_exports(SENDGRID, path, parameters=LIMIT)}
    refused = observed["e0", "records_are_readable"]
    assert refused.observed == "12 of 100 records rejected (12.0%)"
    assert refused.refuses and refused.involved == ("e0",) and refused.column_name == "rejected_share"
    assert observed["e1", "export_is_not_empty"].observed == "records: 0"
    assert observed["e0", "export_is_not_empty"].involved == ()


def test_there_is_one_outcome_per_export_and_expectation(tmp_path):
    outcomes = audit_exports(SENDGRID, profile(tmp_path, {}, {}, {}), parameters=LIMIT)
    assert len(outcomes) == 3 * len(SENDGRID.expectations)
    assert [o.batch for o in outcomes] == sorted(o.batch for o in outcomes)


def test_a_share_that_was_not_measured_fails(tmp_path):
    path = profile(tmp_path, {"rejected_share": None}, {"records": None}, {})
    assert failures(path) == {"e0": ["records_were_judged"], "e1": ["records_are_counted"], "e2": []}


def test_a_profile_without_a_column_fails_every_export(tmp_path):
    path = profile(tmp_path, {}, {}, exclude="foreign_share")
    assert all("records_are_of_this_source" in failed for failed in failures(path).values())
    outcome = next(
        o for o in audit_exports(SENDGRID, path, parameters=LIMIT) if o.expectation == "records_are_of_this_source"
    )
    assert outcome.observed.startswith("could not be evaluated: ")


def test_what_speaks_of_the_profile_as_a_whole_fails_every_export(tmp_path):
    suite = Suite(
        "sendgrid",
        "",
        ("export_id",),
        (Expectation("few", "expect_table_row_count_to_be_between", {"max_value": 1}, "critical", "Few."),),
    )
    assert failures(profile(tmp_path, {}, {}), suite) == {"e0": ["few"], "e1": ["few"]}


def test_a_majority_of_good_exports_excuses_no_bad_one(tmp_path):
    mostly = Expectation(
        "readable",
        "expect_column_values_to_be_between",
        {"column": "rejected_share", "max_value": 0.05, "mostly": 0.1},
        "critical",
        "Readable.",
    )
    suite = Suite("sendgrid", "", ("export_id",), (mostly,))
    assert failures(profile(tmp_path, {}, {"rejected_share": 0.5}), suite) == {"e0": [], "e1": ["readable"]}


def test_without_exports_there_are_no_outcomes(tmp_path):
    assert audit_exports(SENDGRID, profile(tmp_path), parameters=LIMIT) == []


def test_a_profile_that_is_not_one_row_per_export_is_no_profile(tmp_path):
    with pytest.raises(ValueError, match="one row per export"):
        audit_exports(SENDGRID, profile(tmp_path, {"export_id": "e"}, {"export_id": "e"}), parameters=LIMIT)
    with pytest.raises(ValueError, match="one row per export"):
        audit_exports(SENDGRID, profile(tmp_path, {"export_id": None}), parameters=LIMIT)


def test_a_profile_that_cannot_be_read_raises(tmp_path):
    path = tmp_path / "profile.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(duckdb.Error):
        audit_exports(SENDGRID, path, parameters=LIMIT)


@pytest.mark.parametrize("name", ["postmark", "segment", "campaigns", "links", "subscribers", "assignments"])
def test_the_suite_of_every_source_accepts_a_faultless_export(tmp_path, name):
    suite = load_suite(name)
    path = tmp_path / "profile.parquet"
    shares = [e.column for e in suite.expectations if (e.column or "").startswith("no_")]
    columns = ", ".join(f"0.0::double as {column}" for column in shares)
    with closing(duckdb.connect()) as connection:
        connection.execute(f"""
            copy (
                select 'e' as export_id, 10::bigint as records, 0::bigint as rejected, 0.0::double as rejected_share,
                    0.0::double as foreign_share, {columns}
            ) to '{path}' (format parquet)
        """)
    assert failures(path, suite) == {"e": []}


def test_ten_thousand_exports_are_judged_at_once_and_exactly(tmp_path):
    path = tmp_path / "profile.parquet"
    with closing(duckdb.connect()) as connection:
        connection.execute(f"""
            copy (
                select printf('%064x', i) as export_id, 100::bigint as records, i % 10 as rejected,
                    (i % 10) / 100 as rejected_share, 0.0::double as foreign_share, 0.0::double as no_recipient_share,
                    0.0::double as no_time_share, 0.0::double as no_type_share
                from range(10000) as numbers(i)
            ) to '{path}' (format parquet)
        """)
    refused = {o.batch for o in audit_exports(SENDGRID, path, parameters=LIMIT) if o.refuses}
    assert refused == {f"{i:064x}" for i in range(10_000) if i % 10 > 5}
