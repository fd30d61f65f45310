"""Running the pipeline in a test, and reading what it published."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import dagster as dg
import duckdb

from orchestration.definitions import build_defs
from orchestration.jobs import MAIN_JOB
from orchestration.settings import Settings

NOW = datetime(2026, 10, 1)
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def settings_of(home: Path, **changes) -> Settings:
    """A home's settings with "now" pinned and no waiting for files to settle."""
    return replace(Settings(home=home, pinned_now=NOW, given_salt="a salt for tests", settle_seconds=0.0), **changes)


def run(
    settings: Settings, selection: list[str] | None = None, *, instance: dg.DagsterInstance | None = None, **kwargs
):
    """Run the main job in this process, or a part of it by asset keys such as `marts/fct_messages`."""
    defs = kwargs.pop("defs", None) or build_defs(settings=settings)
    job = defs.resolve_job_def(MAIN_JOB) if selection is None else defs.resolve_implicit_global_asset_job_def()
    keys = None if selection is None else [dg.AssetKey(key.split("/")) for key in selection]
    return job.execute_in_process(
        instance=instance, asset_selection=keys, run_config=_QUIET, raise_on_error=False, **kwargs
    )


def canonical_events(settings: Settings) -> list[str]:
    """A selection for `run`: everything up to the canonical events, for a test that asks for no mart."""
    assets = [a for a in build_defs(settings=settings).assets if isinstance(a, dg.AssetsDefinition)]
    wanted = [a for a in assets if a.op.name.startswith("raw__") or a.op.name == "canonical_events"]
    return [key.to_user_string() for a in wanted for key in a.keys]


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What a failed run says."""
    errors = [e.event_specific_data.error for e in result.all_events if e.is_failure and e.is_step_event]
    return "\n".join((error.cause or error).message for error in errors)


def published(home: Path, query: str) -> list[tuple]:
    """Rows of a query on the published marts; tables are named without a schema."""
    with closing(duckdb.connect(str(home / "marts.duckdb"), read_only=True)) as connection:
        connection.execute("use marts.marts")
        return connection.execute(query).fetchall()


def stored(settings: Settings, query: str) -> list[tuple]:
    """Rows of a query on the warehouse, which no run must be using."""
    with closing(duckdb.connect(str(settings.warehouse_path), read_only=True)) as connection:
        return connection.execute(query).fetchall()
