"""Dagster's instance of a home: made where it is missing, tidied where a dead process left a run behind."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import yaml

from orchestration.settings import REPOSITORY, Settings

_CONFIGURATION = Path(__file__).with_name("dagster.yaml")
STARTED_BY_TAG = "micro_conversions/started_by"
# The process of a run that the daemon did not start and cannot watch.
PROCESS_TAG = "micro_conversions/process"
DAEMON = "daemon"
_EXECUTING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
# Told to every Dagster process: nothing here ever phones home.
QUIET_ENVIRONMENT = {"DAGSTER_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "GX_ANALYTICS_ENABLED": "false"}


def prepare(settings: Settings) -> dict[str, str]:
    """Make the instance folder with its configuration. Returns the environment that Dagster's processes need."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    os.chmod(settings.dagster_home, 0o700)  # what a person types into the UI lies there
    configuration = yaml.safe_load(_CONFIGURATION.read_text())
    configuration["event_log_storage"] = {
        "module": "orchestration.event_log",
        "class": "KeptSqliteEventLogStorage",
        "config": {"base_dir": str(settings.dagster_home / "history" / "runs")},  # where Dagster's own keeps them
    }
    if settings.run_timeout_seconds > 0:
        configuration["run_monitoring"]["max_runtime_seconds"] = settings.run_timeout_seconds
    draft = settings.dagster_home / f".dagster.yaml.{os.getpid()}"
    draft.write_text(yaml.safe_dump(configuration))
    os.replace(draft, settings.dagster_home / "dagster.yaml")
    elsewhere = {"MICRO_CONVERSIONS_LOCAL_HOME": str(settings.home)} if settings.home_url else {}
    return {
        **QUIET_ENVIRONMENT,
        "DAGSTER_EVENT_BATCH_SIZE": "1000",
        # The webserver and the daemon find the instance's event log by its module.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
        "DAGSTER_HOME": str(settings.dagster_home),
        "MICRO_CONVERSIONS_HOME": settings.home_url or str(settings.home),
        **elsewhere,
    }


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The home's instance, for a command in this process."""
    os.environ.update(prepare(settings))
    return dg.DagsterInstance.get()


def started_by(run: dg.DagsterRun | None) -> str:
    """Who started a run, in a word or two."""
    return run.tags.get(STARTED_BY_TAG, DAEMON) if run else DAEMON


def end_orphans(instance: dg.DagsterInstance, *, daemon_is_down: bool = False) -> None:
    """Fail runs whose process is gone and give back what they held, so that nothing waits for them.

    A command's run names its process; the daemon's are taken for gone only while the daemon is.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=_EXECUTING)):
        process = run.tags.get(PROCESS_TAG)
        if daemon_is_down if process is None else not _is_alive(int(process)):
            instance.report_run_failed(
                run, "The process that ran this is gone. What it left unfinished is pending again."
            )
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def free_places(instance: dg.DagsterInstance) -> None:
    """Give back every place in the pools, for a run that has the warehouse to itself and no place yet."""
    for run_id in instance.event_log_storage.get_concurrency_run_ids():
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # alive, and somebody else's
        return True
    return True
