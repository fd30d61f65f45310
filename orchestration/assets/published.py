"""The published marts as an asset: what a run leads to, and the only thing BI ever sees."""

import dagster as dg
import duckdb

from orchestration import due, gates, progress, publication, relations, steps
from orchestration.assets import OWNERS, WAREHOUSE_POOL
from orchestration.assets.raw import UNCLAIMED_KEY
from orchestration.dbt import Dbt
from orchestration.exports import ledger
from orchestration.personal_data import compaction
from orchestration.resources import Warehouse
from orchestration.settings import Settings

KEY = dg.AssetKey(["published", "marts"])


def build_publication_asset(settings: Settings, dbt: Dbt) -> dg.AssetsDefinition:
    """`published/marts`, downstream of every mart."""

    @dg.asset(
        key=KEY,
        # The ledger that is published shall know what this run put into it.
        deps=[*(dg.AssetKey([mart.schema, mart.name]) for mart in _marts(dbt)), UNCLAIMED_KEY],
        group_name="publication",
        owners=OWNERS,
        kinds={"duckdb", "file"},
        pool=WAREHOUSE_POOL,
        metadata={"dbt_docs (make docs)": dg.MetadataValue.path(str(settings.dbt_docs / "index.html"))},
        description="`marts.duckdb`: a complete copy of the audited marts, swapped in at once. BI reads this file, "
        "and readers that hold the former one keep it whole.",
    )
    @steps.carried_out(settings)
    def published_marts(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        with warehouse.exclusive():
            with warehouse.get_connection() as connection:
                ledger.create_schema(connection)
                for gate in (gates.CANONICAL_EVENTS, gates.MARTS):
                    gates.require(connection, gate)
                absent = relations.missing(connection, relations.declared_relations(dbt.manifest).values())
            dbt.build_absent(absent)
            with warehouse.get_connection() as connection:
                rows = publish(connection, settings, dbt, context.run_id)
                built = gates.verdict(connection, gates.MARTS)
            compaction.compact_if_asked(settings)
        progress.to(context.log)(f"published {len(rows)} marts with {sum(rows.values()):,} rows")
        due.clear(settings.home, built.due_token if built else None)
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(settings.marts_path)),
                "bytes": settings.marts_path.stat().st_size,
                "rows": sum(rows.values()),
                "tables": dg.MetadataValue.table(
                    [dg.TableRecord({"table": name, "rows": count}) for name, count in sorted(rows.items())]
                ),
            }
        )

    return published_marts


def publish(connection: duckdb.DuckDBPyConnection, settings: Settings, dbt: Dbt, run_id: str) -> dict[str, int]:
    """Publish every mart of the warehouse as it is. Returns rows by mart."""
    ledger.record_publication(connection, published_at=settings.now(), run_id=run_id)
    return publication.publish(connection, [_described(dbt, mart) for mart in _marts(dbt)], settings.marts_path)


def _marts(dbt: Dbt) -> list[relations.Relation]:
    return [r for r in relations.declared_relations(dbt.manifest).values() if r.schema == publication.SCHEMA]


def _described(dbt: Dbt, mart: relations.Relation) -> publication.Described:
    node = dbt.manifest["nodes"][mart.unique_id]
    columns = {name: column["description"] for name, column in node["columns"].items()}
    return publication.Described(mart.name, node["description"], columns)
