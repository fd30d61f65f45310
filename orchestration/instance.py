"""Dagster's instance of a home: made where it is missing, tidied where a dead process left a run behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import dagster as dg

from orchestration.settings import Settings

_CONFIGURATION = Path(__file__).with_name("dagster.yaml")
STARTED_BY_TAG = "micro_conversions/started_by"
# Told to every Dagster process: nothing here ever phones home.
QUIET_ENVIRONMENT = {"DAGSTER_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "GX_ANALYTICS_ENABLED": "false"}


def prepare(settings: Settings) -> dict[str, str]:
    """Make the instance folder with its configuration. Returns the environment that Dagster's processes need."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_CONFIGURATION, settings.dagster_home / "dagster.yaml")
    return {
        **QUIET_ENVIRONMENT,
        "DAGSTER_HOME": str(settings.dagster_home),
        "MICRO_CONVERSIONS_HOME": str(settings.home),
    }


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The home's instance, for a command in this process."""
    os.environ.update(prepare(settings))
    return dg.DagsterInstance.get()


def end_orphans(instance: dg.DagsterInstance, *, started_by: str) -> None:
    """Fail runs whose process is gone, so that nothing waits for them. Call only while no such process can be alive."""
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])):
        if run.tags.get(STARTED_BY_TAG, "daemon") == started_by:
            instance.report_run_failed(
                run, "The process that ran this is gone. What it left unfinished is pending again."
            )
