"""Publishing to PostgreSQL: the same marts in a schema of a server, for tools that speak only that.

Belongs here: copying `marts.duckdb` into a schema, and who may read it. Does not belong here: deciding when to
(`assets/served.py`). What was published is copied, so no gate and no lock of the warehouse is concerned.

One transaction replaces the rows of all marts and leaves their tables where they are: a reader waits for nobody, each
of its queries (and each of its repeatable-read transactions) sees one publication, and the views, grants and filters of
others stay. Tables or schemas that swap names would break all three: a query under way may take its rows from before
the swap and its names from after it. Where the columns of a mart have changed, its table is altered, without being
written anew, and those who read it wait for the end of that one publication.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import adbc_driver_manager as adbc
import duckdb
from adbc_driver_postgresql import dbapi

from orchestration.confinement import opened
from orchestration.exports import sql
from orchestration.publication import SCHEMA

# Ends the comment of every table that this project has made: no other is ever touched.
MARK = "Published by email-micro-conversions, which replaces its rows."
ROWS_AT_A_TIME = 50_000
# PostgreSQL's indices take entries of 2,704 bytes, and keys hold names from outside.
LONGEST_KEY_BYTES = 2_500
# How long a publication waits for another one, or for those who read a table whose columns change.
LOCK_TIMEOUT_SECONDS = 60
READER_TIMEOUT = "30s"
# A server that is not there shall not hold up a run: seconds, and milliseconds without an answer.
_PATIENCE = {"connect_timeout": "10", "tcp_user_timeout": "120000"}
_TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "DATE": "date",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}  # as `format_type` writes them


class PostgresError(RuntimeError):
    """The marts could not be published to PostgreSQL; the message says why, and never how the server is reached."""


@dataclass(frozen=True)
class Server:
    """A database by its URL, the schema that holds the marts, and the role that may read them."""

    url: str
    schema: str
    reader: str


@dataclass(frozen=True)
class Table:
    """A mart as PostgreSQL holds it: `columns` maps a column to its type, `key` is its grain."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]


def publish(
    marts: Path, server: Server, keys: Mapping[str, Sequence[str]], limits: Mapping[str, Any]
) -> dict[str, int]:
    """Copy every mart of a published file to a server, all at once. Returns rows by mart.

    `keys` names the columns of each mart's grain, `limits` is DuckDB's configuration. Raises PostgresError, and the
    schema is then as it was.
    """
    if not marts.exists():
        raise PostgresError(f"{marts} does not exist: nothing was published yet. Run `make run` first.")
    with closing(_connect(server.url)) as connection, closing(connection.cursor()) as cursor, _told():
        cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
        cursor.execute(f"select pg_advisory_xact_lock(hashtext({sql.text('marts in ' + server.schema)}))")
        with opened(marts, read_only=True, config=limits) as source:
            # The file and its schema share a name.
            source.execute(f"use {sql.name(marts.stem)}.{SCHEMA}")
            tables, held = _tables(source, keys), _held(cursor, server)
            altered = [table for table in tables if table.name in held and held[table.name] != table]
            gone = held.keys() - {table.name for table in tables}
            rows = {table.name: _fill(source, cursor, server, table, held) for table in tables if table not in altered}
            # Last, so that readers wait for these alone.
            _lock(cursor, server, [*gone, *(table.name for table in altered)])
            for name in gone:
                cursor.execute(f"drop table {_qualified(server, name)}")
            rows |= {table.name: _fill(source, cursor, server, table, held) for table in altered}
            _describe(source, cursor, server)
        _let_read(cursor, server, tables)
        connection.commit()
        _tidy(connection, cursor, server, tables)
    return rows


def _tables(source: duckdb.DuckDBPyConnection, keys: Mapping[str, Sequence[str]]) -> list[Table]:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in source.execute(
        "select table_name, column_name, data_type from duckdb_columns() where not internal and schema_name = ? "
        "order by table_name, column_index",
        [SCHEMA],
    ).fetchall():
        found.setdefault(table, {})[column] = _type(f"{table}.{column}", kind)
    return [Table(name, columns, _key(source, name, columns, keys.get(name, ()))) for name, columns in found.items()]


def _key(
    source: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], key: Sequence[str]
) -> tuple[str, ...]:
    """The grain, or none where a name in it is too long for an index."""
    texts = [f"strlen({sql.name(column)})" for column in key if columns[column] == "text"]
    if not texts:
        return tuple(key)
    (longest,) = source.execute(f"select coalesce(max({' + '.join(texts)}), 0) from {sql.name(table)}").fetchone()
    return tuple(key) if longest <= LONGEST_KEY_BYTES else ()


def _type(column: str, kind: str) -> str:
    if match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind):
        return f"numeric({match[1]},{match[2]})"
    if kind not in _TYPES:
        raise PostgresError(f"{column} is of type {kind}, for which PostgreSQL has none; cast it in the mart.")
    return _TYPES[kind]


def _held(cursor, server: Server) -> dict[str, Table]:
    """The marts that the schema holds; it is made unless it is there."""
    cursor.execute(f"select 1 from pg_namespace where nspname = {sql.text(server.schema)}")
    if not cursor.fetchone():
        cursor.execute(f"create schema {sql.name(server.schema)}")
    cursor.execute(
        "select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), "
        "array_position(i.indkey::int2[], a.attnum)::int, coalesce(obj_description(c.oid, 'pg_class'), '') "
        "from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "left join pg_index as i on i.indrelid = c.oid and i.indisprimary "
        f"where c.relnamespace = {sql.text(sql.name(server.schema))}::regnamespace and c.relkind = 'r' "
        "order by c.relname, a.attnum"
    )
    columns: dict[str, dict[str, str]] = {}
    places: dict[str, dict[int, str]] = {}
    for table, column, kind, place, comment in cursor.fetchall():
        if comment.endswith(MARK):
            columns.setdefault(table, {})[column] = kind
            places.setdefault(table, {}).update({place: column} if place is not None else {})
    return {name: Table(name, columns[name], tuple(places[name][n] for n in sorted(places[name]))) for name in columns}


def _lock(cursor, server: Server, names: Sequence[str]) -> None:
    """Keep others from tables whose columns change: all of them or none, so that nobody waits in a circle."""
    if not names:
        return
    tables = ", ".join(_qualified(server, name) for name in names)
    # The server tries again by itself: a statement that fails would end the transaction.
    cursor.execute(
        f"do $$ declare until timestamptz := clock_timestamp() + interval '{LOCK_TIMEOUT_SECONDS}s'; "
        f"begin loop begin lock table {tables} in access exclusive mode nowait; return; "
        "exception when lock_not_available then if clock_timestamp() > until then raise; end if; "
        "end; perform pg_sleep(0.01); end loop; end $$"
    )


def _fill(source, cursor, server: Server, table: Table, held: Mapping[str, Table]) -> int:
    """Replace the rows of a table, which is made or altered where it has to be. Returns their number."""
    name, before = _qualified(server, table.name), held.get(table.name)
    for statement in _alterations(server, before, table):
        cursor.execute(statement)
    if before:
        cursor.execute(f"delete from {name}")
    cells = ", ".join(_cell(column, kind) for column, kind in table.columns.items())
    records = source.execute(f"select {cells} from {sql.name(table.name)}").to_arrow_reader(ROWS_AT_A_TIME)
    count = cursor.adbc_ingest(table.name, records, mode="append", db_schema_name=server.schema)
    if table.key and before != table:
        key = ", ".join(map(sql.name, table.key))
        cursor.execute(f"alter table {name} add constraint {_key_of(table)} primary key ({key})")
    return count


def _alterations(server: Server, before: Table | None, after: Table) -> list[str]:
    """What makes a table of a former shape one of the present, with its rows where they are and without its key."""
    name = _qualified(server, after.name)
    if before is None:
        return [f"create table {name} ({', '.join(_columns(after.columns))})"]
    if before == after:
        return []
    kept = {column for column, kind in before.columns.items() if after.columns.get(column) == kind}
    return [
        f"alter table {name} {change}"
        for change in (
            f"drop constraint if exists {_key_of(after)}",
            *(f"alter column {sql.name(column)} drop not null" for column in before.key if column in kept),
            *(f"drop column {sql.name(column)}" for column in before.columns if column not in kept),
            *(f"add column {column}" for column in _columns({c: k for c, k in after.columns.items() if c not in kept})),
        )
    ]


def _key_of(table: Table) -> str:
    return sql.name(f"{table.name}_pkey")


def _columns(columns: Mapping[str, str]) -> list[str]:
    return [f"{sql.name(column)} {kind}" for column, kind in columns.items()]


def _cell(column: str, kind: str) -> str:
    if kind == "text":  # PostgreSQL has no text with a NUL in it
        return f"replace({sql.name(column)}, chr(0), '') as {sql.name(column)}"
    if kind == "bigint":
        return f"cast({sql.name(column)} as bigint) as {sql.name(column)}"
    return sql.name(column)


def _describe(source: duckdb.DuckDBPyConnection, cursor, server: Server) -> None:
    for table, comment in source.execute(
        "select table_name, comment from duckdb_tables() where not internal"
    ).fetchall():
        text = sql.text(f"{(comment or '').strip()}\n{MARK}".strip())
        cursor.execute(f"comment on table {_qualified(server, table)} is {text}")
    for table, column, comment in source.execute(
        "select table_name, column_name, comment from duckdb_columns() where not internal and comment is not null"
    ).fetchall():
        cursor.execute(
            f"comment on column {_qualified(server, table)}.{sql.name(column)} is {sql.text(comment.strip())}"
        )


def _let_read(cursor, server: Server, tables: Sequence[Table]) -> None:
    """The role that reads has the right to select and no other. One that is there already keeps its own limits.

    A new one can log in as soon as somebody gives it a password.
    """
    reader = sql.name(server.reader)
    cursor.execute(f"select 1 from pg_roles where rolname = {sql.text(server.reader)}")
    if not cursor.fetchone():
        cursor.execute(f"create role {reader} login")
        cursor.execute(f"alter role {reader} set statement_timeout = '{READER_TIMEOUT}'")
        cursor.execute(f"alter role {reader} set default_transaction_read_only = on")
        cursor.execute(f"alter role {reader} set search_path = {sql.name(server.schema)}")
    cursor.execute(f"grant usage on schema {sql.name(server.schema)} to {reader}")
    cursor.execute(f"grant select on {', '.join(_qualified(server, table.name) for table in tables)} to {reader}")


def _tidy(connection, cursor, server: Server, tables: Sequence[Table]) -> None:
    """What the rows before have left is reused by the next ones, and the planner learns what there is now.

    The marts are published by now: where this fails, the server's own vacuum comes to it.
    """
    connection.adbc_connection.set_autocommit(True)
    with suppress(adbc.Error):
        cursor.execute(f"vacuum (analyze) {', '.join(_qualified(server, table.name) for table in tables)}")


def _qualified(server: Server, table: str) -> str:
    return f"{sql.name(server.schema)}.{sql.name(table)}"


def _connect(url: str):
    given = urlsplit(url).query
    patience = "&".join(f"{name}={value}" for name, value in _PATIENCE.items() if f"{name}=" not in given)
    try:
        return dbapi.connect(f"{url}{'&' if given else '?'}{patience}")
    except adbc.Error as error:
        # What libpq says of a URL that it cannot read repeats parts of it, a password perhaps.
        said = _words(error)
        reason = said if said.startswith("connection to server") else "it is no URL that libpq can read"
    raise PostgresError(f"MICRO_CONVERSIONS_POSTGRES_URL leads to no database: {reason}")


@contextmanager
def _told() -> Iterator[None]:
    """What the server refuses, in its own words and with what to do about it."""
    try:
        yield
    except duckdb.Error as error:
        raise PostgresError(f"The published marts could not be read: {error}") from error
    except adbc.Error as error:
        advice = _ADVICE.get(error.sqlstate, "The schema is as it was.")
        raise PostgresError(f"PostgreSQL refused the marts: {_words(error)} {advice}") from None


_ADVICE = {
    "42501": "Publish with a role that may create the schema and the reading role, or have their owner make both and "
    "name them in MICRO_CONVERSIONS_POSTGRES_SCHEMA and MICRO_CONVERSIONS_POSTGRES_READER.",
    "42P07": "A table that is none of this project's has the name of a mart: choose another schema in "
    "MICRO_CONVERSIONS_POSTGRES_SCHEMA.",
    "2BP01": "A view of yours stands on a mart whose columns have changed: drop it, publish, and create it again.",
    "55P03": "Another publication, or a reader of a mart whose columns have changed, holds it: publish again later.",
}


def _words(error: Exception) -> str:
    """libpq's own message, without the driver's frame and the query around it."""
    text = str(error).partition("[libpq] ")[2] or str(error)
    text = re.split(r"\n+Query was:|\. SQLSTATE: ", text)[0]
    return re.sub(r"\s+", " ", re.sub(r"^Failed to connect: ", "", text)).strip()
