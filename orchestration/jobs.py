"""What is run as one piece: exports to published marts, and decisions of a person about one export."""

import dagster as dg

from orchestration import due
from orchestration.assets import WAREHOUSE_POOL
from orchestration.exports import ledger
from orchestration.resources import Warehouse
from orchestration.settings import Settings

MAIN_JOB = "exports_to_marts"


def build_main_job():
    """Every asset, from new exports to the published marts."""
    return dg.define_asset_job(
        MAIN_JOB,
        selection=dg.AssetSelection.all(),
        description="Load what is pending in the landing zone, audit it, build the models, audit them, publish.",
    )


class Withdrawal(dg.Config):
    """Which export to take back, by its id or an unambiguous beginning of it, and why."""

    export_id: str
    reason: str = "withdrawn by hand"


def build_withdraw_job(settings: Settings) -> dg.JobDefinition:
    """Take a published export back; the sensor then rebuilds the marts without it. `make withdraw` does both."""

    @dg.op(pool=WAREHOUSE_POOL)
    def withdraw(context: dg.OpExecutionContext, config: Withdrawal, warehouse: Warehouse) -> None:
        due.mark(settings.home)
        with warehouse.get_connection() as connection:
            ledger.create_schema(connection)
            export = ledger.withdraw(connection, config.export_id, config.reason)
        context.log.info(f"Withdrew export {export}. The next run of '{MAIN_JOB}' rebuilds the marts without it.")

    @dg.job(name="withdraw_export", description="Withdraw one published export; its events leave the marts.")
    def withdraw_export() -> None:
        withdraw()

    return withdraw_export
