"""The quarantine as an asset: the exports that wait for a decision, with what to do about each.

Belongs here: how held exports show in Dagster. Does not belong here: holding them (`exports/`), and the decisions
(`jobs.py`).
"""

from collections.abc import Iterable, Iterator

import dagster as dg

from orchestration import steps
from orchestration.assets import OWNERS, WAREHOUSE_POOL
from orchestration.checks import factory
from orchestration.exports import ledger
from orchestration.exports.load import MAX_NAMED
from orchestration.resources import Warehouse
from orchestration.settings import Settings

KEY = dg.AssetKey(["quarantine", "exports"])


def build_quarantine_asset(settings: Settings, raw: Iterable[dg.AssetsDefinition]) -> dg.AssetsDefinition:
    """`quarantine/exports`, downstream of everything that loads."""

    @dg.asset(
        key=KEY,
        deps=[key for asset in raw for key in asset.keys],
        group_name="raw",
        owners=OWNERS,
        kinds={"file"},
        pool=WAREHOUSE_POOL,
        description="Exports that were held back and wait for a decision. `look_at_export` tells more of one, "
        "`release_export` lets its readable records in, `refuse_export` keeps it out for good, each with a reason that "
        "stays in the ledger; a corrected file is picked up under the same name or another.",
    )
    @steps.carried_out(settings)
    def exports(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator:
        with warehouse.get_connection() as connection:
            ledger.create_schema(connection)
            held = ledger.held(connection)
        rows = [
            (e.source, e.file_name, e.export_id, e.reason, e.seen_at, e.successor or "not yet")
            for e in held[:MAX_NAMED]
        ]
        headings = ["source", "file", "export", "why", "since", "corrected by"]
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(held),
                "waiting": sum(export.successor is None for export in held),
                "exports": factory.markdown_table(headings, rows),
                "folder": dg.MetadataValue.path(settings.quarantine),
            }
        )

    return exports
