"""What is run as one piece: exports to published marts, and decisions of a person about one export."""

from collections.abc import Callable, Sequence

import dagster as dg
from pydantic import Field

from orchestration import due, steps
from orchestration.assets import WAREHOUSE_POOL
from orchestration.checks import factory
from orchestration.checks.masks import masked
from orchestration.exports import ledger, quarantine
from orchestration.exports.load import release
from orchestration.resources import Warehouse
from orchestration.settings import Settings

MAIN_JOB = "exports_to_marts"
# The run's events, thousands of lines, stand in the UI: the terminal of `make dev` shows the course of the run alone.
_TERMINAL = {"loggers": {"console": {"config": {"log_level": "INFO"}}}}
DELIVERY_JOB = "deliver_follow_ups"


def build_main_job():
    """Every asset, from new exports to the published marts."""
    return dg.define_asset_job(
        MAIN_JOB,
        selection=dg.AssetSelection.all(),
        config=_TERMINAL,
        description="Load what is pending in the landing zone, audit it, build the models, audit them, publish.",
    )


def build_delivery_job(assets: Sequence[dg.AssetKey]):
    """The queue of follow-ups as of now, and the delivery of what is due: `assets` are theirs."""
    return dg.define_asset_job(
        DELIVERY_JOB,
        selection=dg.AssetSelection.assets(*assets),
        config=_TERMINAL,
        description="Deliver follow-ups that have become due since the last run, or that their target did not take.",
    )


class AboutExport(dg.Config):
    """Which export, by its id or an unambiguous beginning of it, and why: the reason stays in the ledger."""

    export_id: str
    reason: str = Field(min_length=3, description="Why: it stays in the ledger.")


class Export(dg.Config):
    """Which export, by its id or an unambiguous beginning of it."""

    export_id: str


def build_decision_jobs(settings: Settings) -> list[dg.JobDefinition]:
    """Look at, withdraw, release and refuse an export.

    The sensor then rebuilds the marts; `make withdraw` does both at once.
    """

    def in_ledger(decide: Callable[..., str]) -> Callable[..., str]:
        def decision(context: dg.OpExecutionContext, config: AboutExport, warehouse: Warehouse) -> str:
            with warehouse.get_connection() as connection:
                ledger.create_schema(connection)
                return decide(connection, config.export_id, config.reason)

        return decision

    def let_in(context: dg.OpExecutionContext, config: AboutExport, warehouse: Warehouse) -> str:
        return release(config.export_id, config.reason, warehouse.get_connection, settings, context.run_id)

    return [
        _look_job(settings),
        _decision_job(
            settings,
            "withdraw",
            "Take a published export back: its events leave the marts.",
            in_ledger(ledger.withdraw),
        ),
        _decision_job(
            settings, "release", "Let the readable records of a held, refused or withdrawn export into raw.", let_in
        ),
        _decision_job(
            settings, "refuse", "Keep a held export out for good: it is not tried again.", in_ledger(ledger.refuse)
        ),
    ]


def _decision_job(settings: Settings, name: str, description: str, decide: Callable[..., str]) -> dg.JobDefinition:
    @dg.op(name=name, pool=WAREHOUSE_POOL, description=description)
    @steps.carried_out(settings)
    def decision(context: dg.OpExecutionContext, config: AboutExport, warehouse: Warehouse) -> None:
        due.mark(settings.home)
        export_id = decide(context, config, warehouse)
        context.log.info(f"{name}: export {export_id}. The next run of '{MAIN_JOB}' rebuilds the marts accordingly.")

    @dg.job(name=f"{name}_export", description=description)
    def job() -> None:
        decision()

    return job


def _look_job(settings: Settings) -> dg.JobDefinition:
    description = "Show why an export is held, how many of its records are, and where it lies. Changes nothing."

    @dg.op(name="look", pool=WAREHOUSE_POOL, description=description)
    @steps.carried_out(settings)
    def look(context: dg.OpExecutionContext, config: Export, warehouse: Warehouse) -> None:
        with warehouse.get_connection() as connection:
            ledger.create_schema(connection)
            export = ledger.find(connection, config.export_id)
        folder = quarantine.folder(settings.quarantine, export.source, export.export_id)
        told = quarantine.read_report(folder)
        # Counts and reasons: what is in a record stays in the quarantine, which its owner alone can read.
        context.add_output_metadata(
            {
                "export": export.export_id,
                "source": export.source,
                "file": masked(export.file_name),
                "status": export.status,
                "reason": masked(told.get("reason") or "nothing of it is held"),
                "records": told.get("records", 0),
                "records_rejected": told.get("records_rejected", 0),
                "reasons_of_records": factory.markdown_table(
                    ["reason", "records"], told.get("reasons_of_records", {}).items()
                ),
                "what_next": told.get("what_next", ""),
                "quarantine": dg.MetadataValue.path(folder),
            }
        )
        context.log.info(
            f"Export {export.export_id} ({export.source}) is {export.status}: {masked(told.get('reason') or '')}"
        )

    @dg.job(name="look_at_export", description=description)
    def job() -> None:
        look()

    return job
