"""The SQLAlchemy dialect through which Great Expectations reads DuckDB.

Belongs here: what SQLAlchemy must know to run the SELECTs of checks on an open DuckDB connection. Does not belong here:
writing, transactions, opening databases. The dialects that others publish for DuckDB descend from PostgreSQL's and fail
here twice. Great Expectations reads a result after its connection is back in the pool, where DuckDB drops what was not
yet fetched: rows are buffered as soon as a statement ran. And PostgreSQL's reflection asks for catalogues that DuckDB
lacks: columns come from `duckdb_columns()`. Both are covered by `tests/checks/test_duckdb_dialect.py`.
"""

from __future__ import annotations

from types import ModuleType

import duckdb
from sqlalchemy import types
from sqlalchemy.dialects import registry
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.default import DefaultDialect, DefaultExecutionContext
from sqlalchemy.sql.compiler import IdentifierPreparer

from orchestration.confinement import opened

URL = "duckdb+checks://"

_COLUMNS = """
    select column_name, is_nullable
    from duckdb_columns()
    where table_name = ? and schema_name = coalesce(?, current_schema()) and database_name = current_database()
    order by column_index
"""


def _reserved_words() -> frozenset[str]:
    with opened() as connection:
        words = connection.execute(
            "select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'"
        ).fetchall()
    return frozenset(word for (word,) in words)


class BufferedContext(DefaultExecutionContext):
    """Takes all rows from the cursor when a statement has run, so that a result outlives its connection."""

    def post_exec(self) -> None:
        """Called by SQLAlchemy between running a statement and making its result."""
        description = self.cursor.description
        rows = self.cursor.fetchall() if description else ()
        self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, description, rows)


class Quoting(IdentifierPreparer):
    """Quotes the words that DuckDB keeps for itself, a column named `at` for instance."""

    reserved_words = _reserved_words()


class ChecksDialect(DefaultDialect):
    """DuckDB for reading: standard SQL, no transactions, columns by name.

    Great Expectations asks a dialect's name for what it cannot express: regular expressions among them, which a suite
    writes as an `unexpected_rows_expectation` with `regexp_matches`.
    """

    name = "duckdb"
    driver = "checks"
    supports_native_boolean = True
    supports_statement_cache = True
    execution_ctx_cls = BufferedContext
    preparer = Quoting

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """DuckDB's own Python module speaks the DB-API."""
        return duckdb

    def do_begin(self, dbapi_connection) -> None:
        """Nothing is written, so each statement stands alone."""

    def do_commit(self, dbapi_connection) -> None:
        """DuckDB refuses to end a transaction that never began."""

    def do_rollback(self, dbapi_connection) -> None:
        """As `do_commit`."""

    def get_columns(self, connection, table_name, schema=None, **kw) -> list[dict]:
        """The columns of a table or view. Their types stay open: no expectation of a suite asks for them."""
        rows = connection.exec_driver_sql(_COLUMNS, (str(table_name), schema)).fetchall()
        return [
            {"name": name, "type": types.NullType(), "nullable": is_nullable, "default": None}
            for name, is_nullable in rows
        ]

    def get_pk_constraint(self, connection, table_name, schema=None, **kw) -> dict:
        """None: keys are expectations, not constraints."""
        return {"constrained_columns": [], "name": None}


registry.register("duckdb.checks", __name__, ChecksDialect.__name__)
