"""Which upstream columns a model's column is made of, for Dagster's column lineage.

Belongs here: asking sqlglot about compiled SQL. Does not belong here: parsing SQL. All columns of a model are traced in
one pass over one parse; dagster-dbt's own way begins anew for each column and takes ten times as long.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from sqlglot import MappingSchema, exp
from sqlglot.lineage import lineage

from orchestration.dbt import Dbt
from orchestration.relations import Relation


class ColumnLineage:
    """Column lineage of models, from the SQL that their last build compiled.

    `columns` maps `schema.name` of every relation of the warehouse to its columns and their types.
    """

    def __init__(self, dbt: Dbt, translator: DagsterDbtTranslator, columns: Mapping[str, Mapping[str, str]]):
        self._dbt = dbt
        self._translator = translator
        self._columns = columns
        self._traced = _read(self._remembered)

    def metadata(self, relation: Relation) -> dict[str, Any]:
        """`dagster/column_lineage` for a relation, empty where it has none (seeds, Python, untraceable SQL)."""
        node = self._dbt.manifest["nodes"][relation.unique_id]
        compiled = self._dbt.run_target / "compiled" / node["package_name"] / node["original_file_path"]
        if compiled.suffix != ".sql" or not compiled.exists():
            return {}
        sql = compiled.read_text()
        told = self._digest(node, sql)
        if self._traced.get(relation.unique_id, {}).get("of") != told:
            try:
                found = self._trace(node, sql)
            except Exception as error:  # lineage is a picture: a model whose SQL cannot be traced still shows
                logging.getLogger(__name__).info("no column lineage for %s: %s", node["name"], error)
                return {}
            self._traced[relation.unique_id] = {"of": told, "columns": found}
        columns = self._traced[relation.unique_id]["columns"]
        return {
            "dagster/column_lineage": dg.TableColumnLineage(
                {
                    column: [dg.TableColumnDep(dg.AssetKey(key), upstream) for key, upstream in deps]
                    for column, deps in columns.items()
                }
            )
        }

    def remember(self) -> None:
        """Keep what was traced: the next run traces what has changed."""
        draft = self._remembered.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(self._traced))
        os.replace(draft, self._remembered)

    @property
    def _remembered(self) -> Path:
        return self._dbt.run_target / "lineage.json"

    def _digest(self, node: Mapping[str, Any], sql: str) -> str:
        """Of all that a model's lineage depends on; "now" is in the SQL and says nothing of columns."""
        parents = [self._columns_of(self._parent(unique_id)) for unique_id in node["depends_on"]["nodes"]]
        told = [sql.replace(self._dbt.settings.now().isoformat(), ""), self._columns_of(node), parents]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def _trace(self, node: Mapping[str, Any], sql: str) -> dict[str, list[tuple[list[str], str]]]:
        dialect = self._dbt.manifest["metadata"]["adapter_type"]
        schema = MappingSchema(dialect=dialect)
        parents = {}
        for unique_id in node["depends_on"]["nodes"]:
            parent = self._parent(unique_id)
            table = exp.to_table(parent["relation_name"], dialect=dialect)
            schema.add_table(table, dict(self._columns_of(parent)), dialect=dialect)
            parents[table.db, table.name] = self._translator.get_asset_key(parent)
        traced = lineage(None, sql, schema, dialect=dialect, trim_selects=False)
        found = {}
        for column in self._columns_of(node):
            deps = set()
            for leaf in traced[column].walk() if column in traced else ():
                table = None if leaf.downstream else leaf.expression.find(exp.Table)
                if table is not None and (table.db, table.name) in parents:
                    deps.add((parents[table.db, table.name], exp.to_column(leaf.name).name.lower()))
            found[column] = [(list(key.path), upstream) for key, upstream in sorted(deps)]
        return found

    def _parent(self, unique_id: str) -> Mapping[str, Any]:
        return self._dbt.manifest["nodes"].get(unique_id) or self._dbt.manifest["sources"][unique_id]

    def _columns_of(self, node: Mapping[str, Any]) -> Mapping[str, str]:
        return self._columns.get(f"{node['schema']}.{node['name']}", {})


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):  # not there, or not whole: everything is traced again
        return {}
