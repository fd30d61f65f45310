"""Raw exports as assets, one per source, each behind the first gate.

Belongs here: how a load shows in Dagster. Does not belong here: loading (`exports/`), judging (`expectations/suites`).
The gate decides per export inside the load: what it refuses never enters raw and shows in the check `held_back`, which
blocks nothing, so that the good exports of the same run reach the marts.
"""

from collections.abc import Iterator, Mapping

import dagster as dg

from orchestration import audits, demonstration, freshness, progress, steps
from orchestration.assets import OWNERS, WAREHOUSE_POOL
from orchestration.checks import factory
from orchestration.checks.data_docs import build_data_docs
from orchestration.checks.suites import Suite
from orchestration.exports.landing import UNCLAIMED
from orchestration.exports.ledger import create_schema
from orchestration.exports.load import LoadReport, hold_unclaimed, load_source
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.sources import Source

UNCLAIMED_KEY = dg.AssetKey(["landing", UNCLAIMED])


def build_raw_assets(
    settings: Settings, sources: Mapping[str, Source], suites: Mapping[str, Suite]
) -> list[dg.AssetsDefinition]:
    """`raw/<source>` for every declared source, guarded by the suite its declaration names, and `landing/unclaimed`."""
    raw = [_raw_asset(settings, source, suites, sources) for source in sources.values()]
    return [*raw, _unclaimed_asset(settings, sources)]


def _raw_asset(
    settings: Settings, source: Source, suites: Mapping[str, Suite], sources: Mapping[str, Source]
) -> dg.AssetsDefinition:
    suite = suites[source.suite]
    key = dg.AssetKey(["raw", source.source])
    delivers = source.kind != "reference"

    @dg.asset(
        key=key,
        group_name="raw",
        owners=OWNERS,
        kinds={"duckdb", "file"},
        pool=WAREHOUSE_POOL,
        description=f"{source.description} Verbatim records of the exports below `landing/{source.source}/` that "
        "passed the first gate, each with the export it came from and its position there.",
        check_specs=[
            *factory.asset_check_specs(key, suite),
            factory.held_back_spec(key),
            *([freshness.spec(key)] if delivers else []),
        ],
    )
    @steps.carried_out(settings)
    def raw(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator:
        demonstration.demand_samples_alone(settings)
        say = progress.to(context.log)
        report = load_source(
            source,
            warehouse.get_connection,
            settings,
            context.run_id,
            lambda source, profile: audits.audit_profile(settings, suite, profile),
            say,
            sources,
        )
        if report.outcomes:
            build_data_docs(settings.data_docs, suites, report.outcomes, checked_at=settings.now())
        with warehouse.get_connection() as connection:
            create_schema(connection, sources)  # a source without files has its table, too
            rows = connection.table(f"raw.{source.source}").count("*").fetchone()[0]
            fresh = freshness.of_sources(connection, "pipeline.exports", settings.stale_after_hours, sources)
        yield dg.MaterializeResult(metadata={"dagster/row_count": rows, **_metadata(report)})
        held = [(export.export_id, export.file_name, export.reason) for export in report.held]
        identities = {export_id for export_id, *_ in held}
        docs = settings.data_docs_url
        yield from factory.asset_check_results(key, suite, report.outcomes, identities, docs)
        yield factory.held_back_result(key, held, f"{docs}/{suite.name}.html")
        if delivers:
            yield freshness.result(key, fresh.get(source.source), settings.now())

    return raw


def _unclaimed_asset(settings: Settings, sources: Mapping[str, Source]) -> dg.AssetsDefinition:
    @dg.asset(
        key=UNCLAIMED_KEY,
        group_name="raw",
        owners=OWNERS,
        kinds={"file"},
        pool=WAREHOUSE_POOL,
        description="Files of the landing zone that no source claims: beside the sources' folders, or in a folder that "
        "is none. They are not read; each stands in the ledger and in the quarantine, with its reason.",
        check_specs=[factory.held_back_spec(UNCLAIMED_KEY)],
    )
    @steps.carried_out(settings)
    def unclaimed(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator:
        demonstration.demand_samples_alone(settings)
        say = progress.to(context.log)
        report = hold_unclaimed(warehouse.get_connection, settings, context.run_id, say, sources)
        yield dg.MaterializeResult(
            metadata={"exports_held_back": report.held_back, "exports_known_already": report.known}
        )
        held = [(export.export_id, export.file_name, export.reason) for export in report.held]
        yield factory.held_back_result(UNCLAIMED_KEY, held)

    return unclaimed


def _metadata(report: LoadReport) -> dict[str, object]:
    return {
        "exports_published": report.published,
        "exports_held_back": report.held_back,
        "exports_known_already": report.known,
        "records_loaded": report.records_loaded,
        "records_rejected": report.records_rejected,
        "bytes_read": report.bytes,
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn("export_id", "VARCHAR", "The export a record came from, as in the mart `exports`."),
                dg.TableColumn("position", "BIGINT", "Its position in that export, from 1."),
                dg.TableColumn("record", "VARCHAR", "The record, verbatim; a CSV row as an object of its cells."),
            ]
        ),
    }
