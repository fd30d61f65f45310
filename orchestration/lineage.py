"""Which upstream columns a model's column is made of, for Dagster's column lineage.

Belongs here: asking dagster-dbt for the lineage of compiled SQL, once per text. Does not belong here: parsing SQL.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt.core.dbt_cli_event import EventHistoryMetadata, _build_column_lineage_metadata

from orchestration.dbt import Dbt
from orchestration.relations import Relation


class ColumnLineage:
    """Column lineage of models, kept beside the manifest until a model's SQL or its parents' columns change.

    Tracing SQL takes about a second a wide model: neither a run nor another home must pay again for SQL once seen.
    """

    def __init__(self, dbt: Dbt, translator, columns: Mapping[str, Mapping[str, str]]):
        self._dbt = dbt
        self._translator = translator
        self._columns = columns
        self._store = dbt.manifest_path.with_name("lineage.json")
        try:
            self._known: dict[str, Any] = json.loads(self._store.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            self._known = {}

    def metadata(self, relation: Relation) -> dict[str, Any]:
        """`dagster/column_lineage` for a relation, empty where it has none (seeds, or SQL that cannot be traced)."""
        node = self._dbt.manifest["nodes"][relation.unique_id]
        compiled = self._dbt.run_target / "compiled" / node["package_name"] / node["original_file_path"]
        if relation.kind == "seed" or not compiled.exists():
            return {}
        parents = {
            parent["relation_name"]: self._schema(parent)
            for unique_id in node["depends_on"]["nodes"]
            for parent in [self._dbt.manifest["nodes"].get(unique_id) or self._dbt.manifest["sources"][unique_id]]
        }
        # "Now" stands in the compiled SQL of some models and moves no column.
        digest = hashlib.sha256(
            json.dumps([node["checksum"], parents, self._schema(node)], sort_keys=True).encode()
        ).hexdigest()
        known = self._known.get(relation.name)
        if known is None or known["digest"] != digest:
            known = {"digest": digest, "columns": self._trace(node, parents)}
            self._known[relation.name] = known
            draft = self._store.with_suffix(f".{os.getpid()}.tmp")
            draft.write_text(json.dumps(self._known))
            os.replace(draft, self._store)
        return {
            "dagster/column_lineage": dg.TableColumnLineage(
                {
                    column: [dg.TableColumnDep(dg.AssetKey(key), upstream) for key, upstream in deps]
                    for column, deps in known["columns"].items()
                }
            )
        }

    def _schema(self, node: Mapping[str, Any]) -> dict[str, Any]:
        found = self._columns.get(f"{node['schema']}.{node['name']}", {})
        return {column: {"data_type": data_type} for column, data_type in found.items()}

    def _trace(self, node, parents) -> dict[str, list]:
        try:
            metadata = _build_column_lineage_metadata(
                EventHistoryMetadata(columns=self._schema(node), parents=parents),
                node,
                self._dbt.manifest,
                self._translator,
                self._dbt.run_target,
                None,
            )
        except Exception as error:  # lineage is a picture: a model whose SQL cannot be traced still shows
            logging.getLogger(__name__).info("no column lineage for %s: %s", node["name"], error)
            return {}
        lineage = metadata.get("dagster/column_lineage")
        deps = lineage.deps_by_column if lineage else {}
        return {column: [[list(d.asset_key.path), d.column_name] for d in found] for column, found in deps.items()}
