"""What stands in the warehouse of the relations the dbt project declares.

Belongs here: which relations are missing, how many rows and which columns they have. Does not belong here: building
them (`dbt.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb


@dataclass(frozen=True)
class Relation:
    """A seed, view or table of the project.

    `kind` is dbt's materialisation (`seed`, `view`, `table`, …); `is_declared` says that declarations alone make it, no
    export.
    """

    name: str
    schema: str
    kind: str
    unique_id: str
    is_declared: bool


def declared_relations(manifest: Mapping[str, Any]) -> dict[str, Relation]:
    """The seeds and models of a dbt manifest, by name."""
    nodes = manifest["nodes"]

    @cache
    def reads_a_source(unique_id: str) -> bool:
        parents = nodes[unique_id].get("depends_on", {}).get("nodes", []) if unique_id in nodes else []
        return any(parent not in nodes or reads_a_source(parent) for parent in parents)

    return {
        node["name"]: Relation(
            node["name"],
            node["schema"],
            "seed" if node["resource_type"] == "seed" else node["config"]["materialized"],
            unique_id,
            is_declared=not reads_a_source(unique_id),
        )
        for unique_id, node in nodes.items()
        if node["resource_type"] in ("model", "seed") and node["config"]["materialized"] != "ephemeral"
    }


def grains(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Which columns tell a model's rows apart, as its tests of uniqueness say; models without one are left out."""
    found: dict[str, list[str]] = {}
    for test in manifest["nodes"].values():
        attached = manifest["nodes"].get(test.get("attached_node"))
        told = test.get("test_metadata") or {}
        if attached and told.get("name") == "unique_combination_of_columns":
            found.setdefault(attached["name"], list(told["kwargs"]["columns"]))
        elif attached and told.get("name") == "unique":
            found.setdefault(attached["name"], [told["kwargs"]["column_name"]])
    return found


def missing(connection: duckdb.DuckDBPyConnection, relations: Iterable[Relation]) -> list[Relation]:
    """Those that the warehouse does not hold yet."""
    present = set(connection.execute("select table_schema, table_name from information_schema.tables").fetchall())
    return [relation for relation in relations if (relation.schema, relation.name) not in present]


def row_count(connection: duckdb.DuckDBPyConnection, relation: Relation) -> int:
    """How many rows a relation holds."""
    (count,) = connection.execute(f'select count(*) from "{relation.schema}"."{relation.name}"').fetchone()
    return count


def columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Every relation's columns, `schema.name` -> column -> type, in their order."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where not internal order by 1, column_index"
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for relation, column, data_type in rows:
        found.setdefault(relation, {})[column] = data_type
    return found
