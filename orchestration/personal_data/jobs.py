"""The jobs about personal data: erase people, age raw out.

Belongs here: their configuration, what they demand first, and the proof they leave. Does not belong here: what is
removed (`erasure.py`, `retention.py`).
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing

import dagster as dg
from pydantic import Field

from orchestration import due, relations, steps
from orchestration.assets import WAREHOUSE_POOL
from orchestration.checks import factory
from orchestration.exports import ledger
from orchestration.jobs import MAIN_JOB
from orchestration.personal_data import compaction, erasure, retention, traces
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.sources import Source

ERASURE_JOB, RETENTION_JOB = "erase_people", "age_out_raw"
_FORGOTTEN = {"ops": {"erase": {"config": {"addresses": ["[erased]"]}}}}
_SECONDS_FOR_DAGSTER = 60
_NEEDED = ("int_email_event_records", "int_site_event_records", "int_email_event_rulings", "int_parameter_messages")


class EventsNotBuilt(RuntimeError):
    """The canonical events do not know yet what raw holds; the message says what to do first."""


class People(dg.Config):
    """Whose data goes, by address; and whether the landing zone is searched for files that still hold them."""

    addresses: list[str] = Field(min_length=1)
    search_landing: bool = True


class Age(dg.Config):
    """How old an export may become, in days since it was published; by default what the setting says."""

    days: int | None = None


def build_personal_data_jobs(settings: Settings, sources: Mapping[str, Source]) -> list[dg.JobDefinition]:
    """`erase_people` and `age_out_raw`. The sensor then rebuilds and publishes."""
    return [_erasure_job(settings, sources), _retention_job(settings, sources)]


def build_retention_schedule() -> dg.ScheduleDefinition:
    """Once a day at 02:45 UTC, for a home that sets how long raw is kept."""
    return dg.ScheduleDefinition(
        name="daily_retention",
        job_name=RETENTION_JOB,
        cron_schedule="45 2 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Remove verbatim records that are older than they may become.",
    )


def _erasure_job(settings: Settings, sources: Mapping[str, Source]) -> dg.JobDefinition:
    description = (
        "Remove people from raw, restricted, quarantine and outbox; their events stay as nobody's. Names the landing "
        "files that still hold their addresses: those are not ours to change."
    )

    @dg.op(name="erase", pool=WAREHOUSE_POOL, description=description)
    @steps.carried_out(settings)
    def erase(context: dg.OpExecutionContext, config: People, warehouse: Warehouse) -> None:
        _forget_configurations(context, settings)
        with warehouse.exclusive():
            with warehouse.get_connection() as connection:
                ledger.create_schema(connection, sources)
                _demand_built(connection, settings)
                addresses = [erasure.normalised(connection, address) for address in config.addresses]
                proofs = [erasure.Erased() for _ in addresses]
                due.mark(settings.home)
                emails = [
                    (email, proof)
                    for address, proof in zip(addresses, proofs, strict=True)
                    for email in traces.variants(address)
                ]
                for email, proof in emails:
                    erasure.erase_from_warehouse(connection, settings, email, context.run_id, sources, proof)
            compaction.ask_again(settings)
            compaction.compact(settings)
        for email, proof in emails:
            erasure.erase_from_quarantine(settings, email, proof)
            erasure.erase_from_outbox(settings, email, proof)
            if config.search_landing:
                erasure.list_landing_files(settings, email, proof, sources)
        counts = [
            (number, *(value for value in proof.proof().values() if isinstance(value, int)))
            for number, proof in enumerate(proofs, start=1)
        ]
        names = [name for name, value in proofs[0].proof().items() if isinstance(value, int)]
        in_landing = sorted({name for proof in proofs for name in proof.landing_files})
        not_looked_into = sorted({name for proof in proofs for name in proof.unreadable_files})
        context.add_output_metadata(
            {
                "people": len(proofs),
                **{name: sum(proof.proof()[name] for proof in proofs) for name in names},
                "by_address_as_given": factory.markdown_table(["address no.", *names], counts),
                "landing_files": dg.MetadataValue.json(in_landing[: erasure.MOST_NAMED]),
                "landing_files_to_remove": len(in_landing),
                "files_not_looked_into": dg.MetadataValue.json(not_looked_into[: erasure.MOST_NAMED]),
                "landing_was_searched": config.search_landing,
            }
        )
        context.log.info(
            f"{len(proofs)} erased. {len(in_landing)} landing files still hold them: remove these by hand. The next "
            f"run of '{MAIN_JOB}' publishes the marts without them."
        )

    @dg.job(name=ERASURE_JOB, description=description)
    def job() -> None:
        erase()

    return job


def _retention_job(settings: Settings, sources: Mapping[str, Source]) -> dg.JobDefinition:
    description = "Remove verbatim records of exports that came in too long ago; their canonical events stay."

    @dg.op(name="age_out", pool=WAREHOUSE_POOL, description=description)
    @steps.carried_out(settings)
    def age_out(context: dg.OpExecutionContext, config: Age, warehouse: Warehouse) -> None:
        days = config.days if config.days is not None else settings.retention_days
        if days is None:
            context.log.info(
                "Raw is kept: nothing says for how long, neither MICRO_CONVERSIONS_RETENTION_DAYS nor the run."
            )
            return
        with warehouse.exclusive():
            with warehouse.get_connection() as connection:
                ledger.create_schema(connection, sources)
                _demand_built(connection, settings)
                proof = retention.age_out(connection, days, settings.now(), context.run_id, sources)
            if proof["raw_records"]:
                compaction.compact(settings)
        context.add_output_metadata({"days": days, **proof})

    @dg.job(name=RETENTION_JOB, description=description)
    def job() -> None:
        age_out()

    return job


def _demand_built(connection, settings: Settings) -> None:
    present = relations.columns(connection)
    if due.token(settings.home) or not all(f"intermediate.{name}" in present for name in _NEEDED):
        raise EventsNotBuilt(
            "The canonical events do not know yet all that was loaded, and events that were never built could not be "
            f"kept. Run '{MAIN_JOB}' first, then this job again."
        )


def _forget_configurations(context: dg.OpExecutionContext, settings: Settings) -> None:
    """Take the addresses out of what Dagster keeps of this run, and of those before it that never came so far."""
    from dagster._core.storage.runs.schema import RunsTable
    from dagster._serdes import serialize_value

    storage = context.instance.run_storage
    if not hasattr(storage, "connect"):
        return
    runs = context.instance.get_runs(dg.RunsFilter(job_name=ERASURE_JOB))
    with storage.connect() as connection:
        for run in runs:
            if run.run_config != _FORGOTTEN and (run.run_id == context.run_id or run.is_finished):
                body = serialize_value(run._replace(run_config=_FORGOTTEN))
                connection.execute(RunsTable.update().where(RunsTable.c.run_id == run.run_id).values(run_body=body))
    # What was overwritten stays readable in the free space of SQLite's file, and in its journal.
    if (path := settings.dagster_home / "history" / "runs.db").exists():
        with closing(sqlite3.connect(path, timeout=_SECONDS_FOR_DAGSTER)) as database:
            database.execute("vacuum")
            database.execute("pragma wal_checkpoint(truncate)")
