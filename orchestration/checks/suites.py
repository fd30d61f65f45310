"""Expectation suites as they stand in `expectations/suites/*.json`: read, checked, typed.

Belongs here: what a suite file may say. Does not belong here: running it (`great.py`). Great Expectations is not
imported, so that Dagster's definitions can list checks without paying for it.

A file holds `name` (its own name), `description`, `key` (the columns of the grain) and `expectations`, each with
`type`, `kwargs`, `severity` (critical or warning), `description` and `meta.name`. Two things are asked of every suite,
since an empty or keyless batch passes everything else: it expects at least one row, or says in `may_be_empty` why none
is legal; and it expects its key to be there and to be unique. Optional are `involved`, SQL that leads from a table's
unexpected rows (`{unexpected}`, with the columns of the key) to the `export_id`s behind them, and an expectation's
`meta.observed`, how the first gate words one export's row of the profile.

Values known only at run time, "now" above all, are parameters: `{"$PARAMETER": "now"}` in place of a value, simple
arithmetic allowed, or `{now}` within SQL, where `{batch}` is the guarded table and literal braces are doubled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

SUITES = Path(__file__).resolve().parents[2] / "expectations" / "suites"

ROW_COUNT = "expect_table_row_count_to_be_between"
COLUMNS = "expect_table_columns_to_match_set"
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"
UNIQUE_TOGETHER = "expect_compound_columns_to_be_unique"
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
UNEXPECTED_ROWS = "unexpected_rows_expectation"

# The expectations proven to work on DuckDB (tests/checks/test_duckdb_dialect.py).
TYPES = frozenset({ROW_COUNT, COLUMNS, NOT_NULL, UNIQUE, UNIQUE_TOGETHER, BETWEEN, IN_SET, UNEXPECTED_ROWS})
SEVERITIES = ("critical", "warning")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_SUITE_FIELDS = {"name", "description", "key", "expectations"}
_OPTIONAL_SUITE_FIELDS = {"may_be_empty", "involved"}
_EXPECTATION_FIELDS = {"type", "kwargs", "severity", "description", "meta"}
# What Great Expectations' arithmetic on parameters knows besides parameters. Its clock is left out on purpose.
_ARITHMETIC = {"timedelta", "days", "hours", "minutes", "seconds", "weeks"}


class SuiteError(ValueError):
    """A suite file that cannot be used; the message names the file, the expectation and what to write instead."""


@dataclass(frozen=True)
class Expectation:
    """One expectation of a suite; `observed` words an export's outcome at the first gate, None elsewhere."""

    name: str
    type: str
    kwargs: Mapping[str, Any]
    severity: str
    description: str
    observed: str | None = None

    @property
    def column(self) -> str | None:
        """The column it speaks of, None where it speaks of the table."""
        return self.kwargs.get("column")

    @property
    def blocks(self) -> bool:
        """Whether its failure makes a gate refuse."""
        return self.severity == "critical"

    @property
    def parameters(self) -> set[str]:
        """The names it needs values for at run time."""
        expressions = [v["$PARAMETER"] for v in self.kwargs.values() if isinstance(v, Mapping) and "$PARAMETER" in v]
        names = {word for expression in expressions for word in _WORD.findall(expression)} - _ARITHMETIC
        return names | (placeholders(self.kwargs.get("unexpected_rows_query", "")) - {"batch"})


@dataclass(frozen=True)
class Suite:
    """What is expected of one table; `key` is its grain, `may_be_empty` why no row at all is legal."""

    name: str
    description: str
    key: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    may_be_empty: str | None = None
    involved: str | None = None

    @property
    def parameters(self) -> set[str]:
        """The names its expectations need values for at run time."""
        return set().union(*(expectation.parameters for expectation in self.expectations))


def load_suite(name: str, folder: Path = SUITES) -> Suite:
    """The suite of a name, from `<folder>/<name>.json`. Raises SuiteError where it cannot be used."""
    path = folder / f"{name}.json"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in folder.glob("*.json"))) or "none"
        raise SuiteError(f"There is no suite '{name}' in {folder}; there are: {known}.") from None
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise SuiteError(f"{path.name}, line {error.lineno}: this is not JSON ({error.msg}).") from None
    suite = _suite(path.name, content)
    if suite.name != name:
        raise SuiteError(f"{path.name}: the suite calls itself '{suite.name}'; name it '{name}' like its file.")
    return suite


def load_suites(folder: Path = SUITES) -> dict[str, Suite]:
    """Every suite of a folder by name, in order of names."""
    return {path.stem: load_suite(path.stem, folder) for path in sorted(folder.glob("*.json"))}


def placeholders(text: str) -> set[str]:
    """The names in braces of a text in Python's format style. Raises ValueError where a brace stands alone."""
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


def _suite(file: str, content: Any) -> Suite:
    _expect_fields(file, content, _SUITE_FIELDS, _OPTIONAL_SUITE_FIELDS)
    expectations = tuple(_expectations(file, content["expectations"]))
    suite = Suite(
        name=content["name"],
        description=content["description"],
        key=tuple(content["key"]),
        expectations=expectations,
        may_be_empty=content.get("may_be_empty"),
        involved=content.get("involved"),
    )
    _expect_rows(file, suite)
    _expect_key(file, suite)
    if suite.involved and placeholders(suite.involved) != {"unexpected"}:
        raise SuiteError(f"{file}: 'involved' must select from {{unexpected}}, the rows that an expectation refused.")
    return suite


def _expectations(file: str, contents: Any) -> Iterator[Expectation]:
    if not isinstance(contents, list) or not contents:
        raise SuiteError(f"{file}: 'expectations' must be a list of at least one expectation.")
    names, bodies = set(), set()
    for number, content in enumerate(contents, start=1):
        where = f"{file}, expectation {number}"
        _expect_fields(where, content, _EXPECTATION_FIELDS, set())
        _expect_fields(f"{where}, 'meta'", content["meta"], {"name"}, {"observed"})
        expectation = Expectation(
            name=content["meta"]["name"],
            type=content["type"],
            kwargs=content["kwargs"],
            severity=content["severity"],
            description=content["description"],
            observed=content["meta"].get("observed"),
        )
        where = f"{file}, expectation '{expectation.name}'"
        _expect_usable(where, expectation)
        body = (expectation.type, json.dumps(expectation.kwargs, sort_keys=True))
        if expectation.name in names:
            raise SuiteError(f"{where}: the name stands twice; outcomes are told apart by it.")
        if body in bodies:
            raise SuiteError(f"{where}: another expectation says the same; leave one of them.")
        names.add(expectation.name)
        bodies.add(body)
        yield expectation


def _expect_fields(where: str, content: Any, required: set[str], optional: set[str]) -> None:
    if not isinstance(content, dict):
        raise SuiteError(f"{where}: a JSON object is expected, with the fields {', '.join(sorted(required))}.")
    if missing := required - content.keys():
        raise SuiteError(f"{where}: {', '.join(sorted(missing))} is missing.")
    if unknown := content.keys() - required - optional:
        raise SuiteError(f"{where}: nothing reads {', '.join(sorted(unknown))}; leave it out or mend its name.")


def _expect_usable(where: str, expectation: Expectation) -> None:
    if not _NAME.fullmatch(expectation.name):
        raise SuiteError(f"{where}: a name is made of lower-case letters, digits and underscores.")
    if expectation.severity not in SEVERITIES:
        raise SuiteError(f"{where}: severity is '{expectation.severity}'; write critical (blocks) or warning.")
    if expectation.type not in TYPES:
        raise SuiteError(
            f"{where}: '{expectation.type}' is not proven on DuckDB; write it as {UNEXPECTED_ROWS}, a query of the "
            f"rows that must not be, or use one of: {', '.join(sorted(TYPES))}."
        )
    if expectation.type != UNEXPECTED_ROWS:
        return
    try:
        found = placeholders(expectation.kwargs.get("unexpected_rows_query", ""))
    except ValueError:
        found = {""}
    if "" in found or any(not _NAME.fullmatch(name) for name in found):
        raise SuiteError(f"{where}: a brace in the query is no parameter; double it, as in [0-9]{{{{2}}}}.")
    if "batch" not in found:
        raise SuiteError(f"{where}: the query must read {{batch}}, the guarded table.")


def _expect_rows(file: str, suite: Suite) -> None:
    if suite.may_be_empty is not None:
        if not suite.may_be_empty.strip():
            raise SuiteError(f"{file}: 'may_be_empty' must say why no row is legal.")
        return
    bounds = [e.kwargs.get("min_value") for e in suite.expectations if e.type == ROW_COUNT and e.blocks]
    if not any(isinstance(bound, int) and bound >= 1 for bound in bounds):
        raise SuiteError(
            f"{file}: an empty table would pass. Add a critical {ROW_COUNT} with min_value 1, or say in "
            "'may_be_empty' why no row is legal."
        )


def _expect_key(file: str, suite: Suite) -> None:
    if not suite.key:
        raise SuiteError(f"{file}: 'key' must name the columns of the table's grain.")
    critical = [e for e in suite.expectations if e.blocks and "mostly" not in e.kwargs]
    present = {e.column for e in critical if e.type == NOT_NULL}
    if missing := [column for column in suite.key if column not in present]:
        raise SuiteError(f"{file}: a row without {missing[0]} would pass. Add a critical {NOT_NULL} for it.")
    unique = {(e.column,) for e in critical if e.type == UNIQUE}
    unique |= {tuple(e.kwargs["column_list"]) for e in critical if e.type == UNIQUE_TOGETHER}
    if suite.key not in unique:
        kind = UNIQUE if len(suite.key) == 1 else UNIQUE_TOGETHER
        raise SuiteError(f"{file}: a key that stands twice would pass. Add a critical {kind} for the key.")
