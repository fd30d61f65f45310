"""The daily run: what time alone moves (closing cohorts, decay) is published also on days without an export."""

from __future__ import annotations

import dagster as dg

from orchestration.jobs import MAIN_JOB


def build_daily_schedule() -> dg.ScheduleDefinition:
    """Once a day at 03:15 UTC, on by default."""
    return dg.ScheduleDefinition(
        name="daily_marts",
        job_name=MAIN_JOB,
        cron_schedule="15 3 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Rebuild and publish the marts every day, new exports or not.",
    )
