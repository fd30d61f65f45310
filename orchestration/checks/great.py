"""Running suites with Great Expectations on DuckDB.

Belongs here: everything that asks Great Expectations about data, and turning its results into outcomes. Does not belong
here: what is expected (`expectations/suites`), what a gate makes of outcomes, the pages of the Data Docs.

Great Expectations is imported when a suite first runs (3 to 12 seconds, once a process). It reads through connections
that are ours and closed at the end, so nothing holds the warehouse after a check. What cannot be evaluated has failed:
an error is an outcome, never a pass.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from orchestration.checks.outcome import Outcome
from orchestration.checks.sql import literal
from orchestration.checks.suites import COLUMNS, ROW_COUNT, UNEXPECTED_ROWS, Expectation, Suite
from orchestration.checks.unexpected import EXPORT, exports_behind, rows_query
from orchestration.confinement import opened

# Counts alone: no unexpected value leaves the database.
_COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}
_LONGEST_MESSAGE = 300
_PROFILE = "profile"


def run_suites(
    guarded: Iterable[tuple[Suite, str]],
    *,
    database: Path | str,
    batch: str = "",
    parameters: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
) -> list[Outcome]:
    """The outcomes of suites, each on a table or view (`schema.name`) of a DuckDB file, in the suites' order.

    The file is opened read-only with DuckDB's `config` (memory, threads) and closed before this returns; whoever calls
    sees to it that nobody writes meanwhile. `parameters` are the values that the suites ask for: times, numbers, texts
    or lists of texts. Raises ValueError where a parameter is missing and duckdb.Error where the file cannot be opened;
    a table that is missing or unreadable fails every expectation.
    """
    guarded = [(suite, table, _parameters(suite, parameters)) for suite, table in guarded]
    with opened(database, read_only=True, config=config) as connection:
        ask = _Question(connection)
        return [
            _table_outcome(suite, batch, result, connection, table)
            for suite, table, values in guarded
            for result in _validate(suite, ask, table, values)
        ]


def audit_exports(
    suite: Suite,
    profile_parquet: Path | str,
    *,
    parameters: Mapping[str, Any] | None = None,
) -> list[Outcome]:
    """The outcomes of a source's suite on each export of a profile: one per export and expectation, by export.

    The profile has a row per export: `export_id` and what the suite's expectations speak of. All exports are validated
    at once, and each is judged by its own row alone (`mostly` means nothing here); what speaks of the profile as a
    whole, and what cannot be evaluated, fails every export. An empty profile has no outcomes. Raises ValueError where a
    parameter is missing or an export has no row of its own, duckdb.Error where the profile cannot be read.
    """
    parameters = _parameters(suite, parameters)
    with opened(files=[Path(profile_parquet)]) as connection:
        connection.execute(f"create table {_PROFILE} as select * from read_parquet(?)", [str(profile_parquet)])
        exports = _exports(connection)
        if not exports:
            return []
        judged = [
            (result, _refused(connection, result, exports.keys()))
            for result in _validate(suite, _Question(connection), _PROFILE, parameters)
        ]
    return [_export_outcome(suite, result, row, refused) for row in exports.values() for result, refused in judged]


def _parameters(suite: Suite, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    given = given or {}
    if missing := sorted(suite.parameters - given.keys()):
        raise ValueError(f"The suite '{suite.name}' needs a value for: {', '.join(missing)}.")
    return {name: given[name] for name in suite.parameters}


# --- asking Great Expectations ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What Great Expectations says of one expectation on one table.

    `kwargs` have their parameters filled in. `unexpected_count` is None where the table is judged as a whole or `error`
    says why nothing could be evaluated.
    """

    expectation: Expectation
    kwargs: Mapping[str, Any]
    success: bool
    found: Mapping[str, Any]
    error: str | None

    @property
    def unexpected_count(self) -> int | None:
        """How many rows are not as expected."""
        if self.expectation.type == UNEXPECTED_ROWS:
            return self.found.get("observed_value")
        return self.found["unexpected_count"] or 0 if "element_count" in self.found else None

    def rows_query(self, table: str) -> str:
        """A query of these rows."""
        return rows_query(self.expectation.type, self.kwargs, table)


def _validate(suite: Suite, ask: _Question, table: str, parameters: Mapping[str, Any]) -> list[Result]:
    """The results of a suite, in its order."""
    try:
        found = {item["expectation_config"]["meta"]["name"]: item for item in ask(suite, table, parameters)}
        missing = "Great Expectations returned no result for it."
    except Exception as error:  # whatever keeps a suite from running fails all of it: a table that is not there, …
        found, missing = {}, str(error)
    return [
        _result(expectation, found[expectation.name])
        if expectation.name in found
        else Result(expectation, expectation.kwargs, False, {}, _plain(missing))
        for expectation in suite.expectations
    ]


class _Question:
    """Great Expectations over one connection. Its context is made once, which takes longer than most suites."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._connection = connection

    def __call__(self, suite: Suite, table: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Great Expectations' own results, as JSON, in an order of its own."""
        import great_expectations as gx

        schema, _, name = table.rpartition(".")
        asset = self._source.add_table_asset(suite.name, table_name=name, schema_name=schema or None)
        expectations = [_asked(expectation, parameters) for expectation in suite.expectations]
        report = (
            asset.add_batch_definition_whole_table(suite.name)
            .get_batch()
            .validate(
                gx.ExpectationSuite(name=suite.name, expectations=expectations),
                result_format=_COUNTS_ONLY,
                expectation_parameters=dict(parameters),
            )
        )
        return report.to_json_dict()["results"]

    @cached_property
    def _source(self):
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import great_expectations as gx
        from sqlalchemy.pool import NullPool

        from orchestration.checks import duckdb_dialect

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        return context.data_sources.add_sql(
            "duckdb",
            connection_string=duckdb_dialect.URL,
            kwargs={"creator": self._connection.cursor, "poolclass": NullPool},
        )


def _asked(expectation: Expectation, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """An expectation as Great Expectations takes it. It fills in parameters itself, except within SQL."""
    from orchestration.checks import counted_rows

    kind, kwargs = expectation.type, dict(expectation.kwargs)
    if kind == UNEXPECTED_ROWS:
        kind = counted_rows.TYPE
        for name, value in parameters.items():
            written = literal(value).replace("{", "{{").replace("}", "}}")
            kwargs["unexpected_rows_query"] = kwargs["unexpected_rows_query"].replace(f"{{{name}}}", written)
    return {
        "type": kind,
        "kwargs": kwargs,
        "severity": expectation.severity,
        "description": expectation.description,
        "meta": {"name": expectation.name},
    }


def _result(expectation: Expectation, item: Mapping[str, Any]) -> Result:
    # Errors come as one for the expectation or as one for each of its metrics.
    raised = item.get("exception_info") or {}
    each = [raised] if "raised_exception" in raised else list(raised.values())
    errors = [info["exception_message"] or "" for info in each if info["raised_exception"]]
    found = item["result"]
    if found.get("element_count") and found.get("unexpected_count") is None:
        errors.append("The rows were not counted.")  # which Great Expectations takes for none
    return Result(
        expectation=expectation,
        kwargs=item["expectation_config"]["kwargs"],
        success=bool(item["success"]) and not errors,
        found={} if errors else found,
        error=_plain(errors[0]) if errors else None,
    )


def _plain(message: str) -> str:
    """The first line of an error without the driver's prefix and without quoted values, which may be personal."""
    line = re.sub(r".*\(_duckdb\.\w+\) ", "", (message.strip() or "no reason given").splitlines()[0])
    line = re.sub(r"'[^']*'", "'…'", line)
    return re.sub(r"\S+@\S+", "…", line)[:_LONGEST_MESSAGE]


# --- results to outcomes ---------------------------------------------------------------------------------------------


def _table_outcome(
    suite: Suite, batch: str, result: Result, connection: duckdb.DuckDBPyConnection, table: str
) -> Outcome:
    found_rows = result.unexpected_count and not result.success
    return Outcome(
        suite=suite.name,
        batch=batch,
        expectation=result.expectation.name,
        column_name=result.expectation.column,
        success=result.success,
        observed=_observed(result),
        unexpected_count=result.unexpected_count,
        severity=result.expectation.severity,
        description=result.expectation.description,
        involved=exports_behind(connection, suite, result.rows_query(table)) if found_rows else (),
    )


def _export_outcome(suite: Suite, result: Result, row: Mapping[str, Any], refused: set[str]) -> Outcome:
    export_id = row[EXPORT]
    failed = export_id in refused
    return Outcome(
        suite=suite.name,
        batch=export_id,
        expectation=result.expectation.name,
        column_name=result.expectation.column,
        success=not failed,
        observed=_observed(result) if result.error else _worded(result.expectation, row),
        unexpected_count=int(failed),
        severity=result.expectation.severity,
        description=result.expectation.description,
        involved=(export_id,) if failed else (),
    )


def _observed(result: Result) -> str:
    """What a table showed, in numbers."""
    if result.error:
        return f"could not be evaluated: {result.error}"
    kind, found = result.expectation.type, result.found
    if kind == ROW_COUNT:
        return _counted(found["observed_value"], "row")
    if kind == COLUMNS:
        missing = found.get("details", {}).get("mismatched", {}).get("missing", [])
        return f"missing: {', '.join(sorted(missing))}" if missing else _counted(len(found["observed_value"]), "column")
    if kind == UNEXPECTED_ROWS:
        return _counted(result.unexpected_count, "unexpected row")
    rows = found["element_count"]
    share = f" ({result.unexpected_count / rows:.1%})" if result.unexpected_count else ""
    return f"{result.unexpected_count:,} of {_counted(rows, 'row')} unexpected{share}"


def _worded(expectation: Expectation, row: Mapping[str, Any]) -> str:
    """An export's row of the profile in the words of the expectation, else the bare number it speaks of."""
    try:
        if expectation.observed:
            return expectation.observed.format(**row)
    except (KeyError, TypeError, ValueError):  # a value that is not there cannot be worded
        pass
    value = row.get(expectation.column)
    return f"{expectation.column}: {value}" if isinstance(value, int | float) else ""


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# --- the first gate: a profile of exports -----------------------------------------------------------------------------


def _exports(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    cursor = connection.execute(f"select * from {_PROFILE} order by {EXPORT}")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    exports = {row[EXPORT]: row for row in rows}
    if None in exports or len(exports) < len(rows):
        raise ValueError("A profile has one row per export: here an export_id is missing or stands twice.")
    return exports


def _refused(connection: duckdb.DuckDBPyConnection, result: Result, all_exports: Iterable[str]) -> set[str]:
    """The exports that fail an expectation."""
    count = result.unexpected_count
    if count is None:
        return set() if result.success else set(all_exports)
    if count == 0:
        return set()
    rows = connection.execute(f"select {EXPORT} from ({result.rows_query(_PROFILE)})").fetchall()
    if len(rows) != count:
        raise RuntimeError(
            f"'{result.expectation.name}': Great Expectations counts {count} exports, DuckDB finds {len(rows)}."
        )
    return {export_id for (export_id,) in rows}
