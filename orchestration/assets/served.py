"""The marts on a PostgreSQL server as an asset: the very last step of a run, where a server is set.

Belongs here: how it shows in Dagster. Does not belong here: how it is done (`postgres.py`, imported only where a server
is set). It comes after the marts are published and the follow-ups are out. A server that fails shows in the check
`served`, which blocks nothing: the run has done its work, and the schema holds the publication before.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration import progress, relations, steps
from orchestration.assets import OWNERS, follow_ups
from orchestration.dbt import Dbt
from orchestration.settings import Settings

KEY = dg.AssetKey(["published", "postgres"])
CHECK = "served"


def build_served_assets(settings: Settings, dbt: Dbt) -> list[dg.AssetsDefinition]:
    """`published/postgres`, or nothing where no server is set."""
    if not settings.postgres_url:
        return []
    from orchestration.postgres import PostgresError

    @dg.asset(
        key=KEY,
        deps=[follow_ups.KEY],
        group_name="publication",
        owners=OWNERS,
        kinds={"postgres"},
        output_required=False,
        description=f"The published marts in the schema `{settings.postgres_schema}` of a PostgreSQL server, all "
        f"replaced in one transaction; the role `{settings.postgres_reader}` may read them.",
        check_specs=[
            dg.AssetCheckSpec(CHECK, asset=KEY, blocking=False, description="The server took the published marts.")
        ],
    )
    @steps.carried_out(settings)
    def postgres_marts(context: dg.AssetExecutionContext) -> Iterator:
        try:
            rows = publish(settings, dbt)
        except PostgresError as error:
            progress.to(context.log)(f"{error}")
            yield dg.AssetCheckResult(
                check_name=CHECK, passed=False, severity=dg.AssetCheckSeverity.WARN, description=str(error)
            )
            return
        progress.to(context.log)(f"PostgreSQL: {len(rows)} marts with {sum(rows.values()):,} rows")
        yield dg.MaterializeResult(metadata={"tables": len(rows), "rows": sum(rows.values())})
        yield dg.AssetCheckResult(check_name=CHECK, passed=True)

    return [postgres_marts]


def publish(settings: Settings, dbt: Dbt) -> dict[str, int]:
    """Copy the published marts to the server that the settings name. Returns rows by mart; raises PostgresError."""
    from orchestration import postgres

    return postgres.publish(
        settings.marts_path,
        postgres.Server(settings.postgres_url, settings.postgres_schema, settings.postgres_reader),
        relations.grains(dbt.manifest),
        {"memory_limit": settings.memory_limit, "threads": settings.threads},
    )
